"""What systemd is told: readiness, the watchdog, and lines for its journal."""

import os
import pathlib
import select
import signal
import socket

from parley import PATIENCE, until


def is_waiting(manager, seconds=0):
    return bool(select.select([manager], [], [], seconds)[0])


def states(pid):
    """The states of a process's threads (proc(5), `stat`)."""
    return {file.read_text().rpartition(")")[2].split()[0] for file in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")}


def receive_until(manager, wanted):
    while manager.recv(4096).decode() != wanted:
        pass


def test_readiness_watchdog_and_stopping(start_server, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(PATIENCE)
        manager.bind(path)
        server = start_server(NOTIFY_SOCKET=path, WATCHDOG_USEC="200000")
        receive_until(manager, "READY=1")
        receive_until(manager, "WATCHDOG=1")
        # A process that does not run does not answer.
        os.kill(server.process.pid, signal.SIGSTOP)
        until(lambda: states(server.process.pid) == {"T"}, "every thread to stand still")
        while is_waiting(manager):
            manager.recv(4096)
        assert not is_waiting(manager, seconds=1)
        os.kill(server.process.pid, signal.SIGCONT)
        receive_until(manager, "WATCHDOG=1")
        server.process.send_signal(signal.SIGTERM)
        receive_until(manager, "STOPPING=1")
        assert server.process.wait(PATIENCE) == 0


def test_lines_for_the_journal_have_priorities_and_no_time(start_server, tmp_path):
    log = tmp_path / "journal" / "server.log"
    log.parent.mkdir()
    log.touch()
    status = log.stat()
    server = start_server(storage=log.parent, JOURNAL_STREAM=f"{status.st_dev}:{status.st_ino}")
    assert server.log.startswith("<6>Parley ")
