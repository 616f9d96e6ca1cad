"""Starts programs so that none outlives the run, and waits for the line that says they are ready."""

import contextlib
import queue
import resource
import subprocess
import threading
import time


def raise_file_limit():
    """Raises the limit of open files, for this process and its children, to the system's: each connection takes one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def spawn(command, privileges=(), **options):
    """Starts a program that gets SIGTERM when this process ends, however it ends. `privileges` are further options of
    setpriv(1)."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *privileges, "--", *map(str, command)], **options)


def read_line(stream, timeout):
    """One line of a program's output; empty at its end or after `timeout` seconds."""
    lines = queue.Queue()
    threading.Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
    try:
        return lines.get(timeout=timeout).strip()
    except queue.Empty:
        return ""


def end(process, timeout=40):
    """Sends SIGTERM, and SIGKILL to a process that has not ended within `timeout` seconds."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout:
        process.stdout.close()


@contextlib.contextmanager
def running(command, ready, log, timeout=30, **options):
    """A program while the block runs. It is ready when it prints a line that begins with `ready`; yields the process
    and what follows on that line."""
    with open(log, "ab") as output:
        process = spawn(command, stdout=subprocess.PIPE, stderr=output, text=True, **options)
    try:
        line = read_line(process.stdout, timeout)
        if not line.startswith(ready):
            raise RuntimeError(f"{command[0]} did not start; see {log}")
        yield process, line[len(ready):].strip()
    finally:
        end(process)


def wait_until_quiet(pids, cpu_seconds, limit=30, step=0.3):
    """Waits, at most `limit` seconds, until these processes take next to no CPU: what a run left behind (thousands of
    people leaving) is not the next one's cost."""
    for _ in range(int(limit / step)):
        before = sum(map(cpu_seconds, pids))
        time.sleep(step)
        if sum(map(cpu_seconds, pids)) - before < 0.03 * step:
            return
