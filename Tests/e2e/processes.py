"""Programs that tests start: where they are, what they use, and waiting for them."""

import itertools
import os
import pathlib
import pwd
import queue
import random
import socket
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("PARLEY_BIN_DIR", ROOT / ".build" / "debug"))
PARLEY = BINARIES / "parley"

PATIENCE = 300
"""Seconds after which an expected event counts as hung. This is never a bound on the server's speed: a busy machine may take
a minute for what an idle one does in a second."""


def unprivileged():
    """A command prefix for programs that refuse to run as root."""
    if os.geteuid() != 0:
        return [], None
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        command = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--"]
        return command, account
    raise RuntimeError("no unprivileged account for PostgreSQL")


# The parallel processes of one run have ranges of their own: among several hundred random ports two are the same more
# often than one thinks, and a port is not bound yet when it is chosen. They begin anywhere, for the sake of other runs.
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
PORTS = 1000 if WORKER else 12_000
FIRST_PORT = 20_000 + (PORTS * (int(WORKER.removeprefix("gw")) % 12) if WORKER else 0)
_ports = itertools.count(random.randrange(PORTS))


def free_port():
    """A port below the kernel's ephemeral range. While a test's server is down, no other server and no connection of a
    parallel test gets the port, so the server can come back to it."""
    while True:
        port = FIRST_PORT + next(_ports) % PORTS
        with socket.socket() as probe:
            # Bound like the server: a connection that has ended does not prevent listening.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def read_line(stream, timeout):
    """A line of a process's output; empty at its end."""
    lines = queue.Queue()
    threading.Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
    try:
        return lines.get(timeout=timeout).strip()
    except queue.Empty:
        return ""


def cpu_seconds(pid):
    """The system and user CPU time of a process (proc(5))."""
    user, system = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(condition, what, timeout=PATIENCE, interval=0.02):
    """Polls for a condition that sends no event."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited {timeout} s for {what}"
        time.sleep(interval)
    return result
