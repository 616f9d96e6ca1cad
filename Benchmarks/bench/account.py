"""CPU time and memory of processes, by the kernel's account. These figures hold where wall-clock rates do not."""

import os
import time

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """CPU time of one process and all its threads, including threads that have ended, in seconds (ns resolution)."""
    # The clock id that clock_getcpuclockid(3) derives from a process id.
    return time.clock_gettime(~pid << 3 | 2)


def tree_cpu_seconds(pid, without=None):
    """CPU time of a process and its descendants, in seconds, without the tree of `without`.

    Of children that ended it is what their parents were told when they collected them, in ticks of 10 ms.
    """
    total = 0
    for member in tree(pid, without):
        try:
            total += cpu_seconds(member) + sum(map(int, _stat(member)[13:15])) / _TICK
        except OSError:
            # The process has ended meanwhile.
            continue
    return total


def tree(pid, without=None):
    """Process ids of a process and its descendants, without `without` and its descendants."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                children.setdefault(int(_stat(name)[1]), []).append(int(name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found, waiting = [], [pid]
    while waiting:
        member = waiting.pop()
        if member != without:
            found.append(member)
            waiting += children.get(member, [])
    return found


def memory_kb(pid):
    """Resident and proportional set size of one process, in kB."""
    sizes = {}
    with open(f"/proc/{pid}/smaps_rollup") as lines:
        for line in lines:
            name, *rest = line.split()
            if name in ("Rss:", "Pss:"):
                sizes[name[:-1].lower()] = int(rest[0])
    return sizes


def busy_seconds():
    """CPU time that the whole machine has spent, in seconds."""
    with open("/proc/stat") as lines:
        values = list(map(int, lines.readline().split()[1:9]))
    user, nice, system, _idle, _iowait, interrupts, soft_interrupts, _stolen = values
    return (user + nice + system + interrupts + soft_interrupts) / _TICK


def _stat(pid):
    """The fields of /proc/PID/stat (proc(5)) from the third on. The second may hold spaces."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()


class Account:
    """What a with-block costs: `cpu_seconds` of the server process alone, `children_cpu_seconds` of what it started
    (media workers), `database_cpu_seconds` of PostgreSQL's processes, `seconds`, and `rss_kb` at its end."""

    def __init__(self, pid, database_pid=None):
        self.pid = pid
        self.database_pid = database_pid

    def _read(self):
        own = cpu_seconds(self.pid)
        children = tree_cpu_seconds(self.pid, self.database_pid) - own
        database = tree_cpu_seconds(self.database_pid) if self.database_pid else 0
        return time.monotonic(), own, children, database

    def __enter__(self):
        self._before = self._read()
        return self

    def __exit__(self, *_):
        self.seconds, self.cpu_seconds, self.children_cpu_seconds, self.database_cpu_seconds = (
            after - before for before, after in zip(self._before, self._read()))
        self.rss_kb = memory_kb(self.pid)["rss"]
