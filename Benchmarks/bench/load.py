"""Runs the realtime load tool (load/realtime.cpp)."""

import json
import subprocess
import tempfile

from . import WORK
from .process import end, read_line, spawn
from .report import record


class Violation(Exception):
    """A message was lost, repeated, misdirected or out of order. `result` says how many."""

    def __init__(self, result):
        counts = ("lost", "repeated", "misdirected", "out_of_order", "sequence_breaks")
        super().__init__(", ".join(f"{name} {result[name]}" for name in counts))
        self.result = result


def realtime(port, people, restart=None, **options):
    """Puts load on a server. Returns what the tool prints, as a dictionary. `options` are the tool's, `_` for `-`.

    people: (token, room) for each connection.
    restart: is called when all are connected, ends the server and starts another. It returns the port and the process ids of
    that one and its database (or 0). All connect to it at once, and the figures are those of this second time.
    Raises Violation when not every message came exactly once and in order.
    """
    with tempfile.NamedTemporaryFile("w", dir=WORK, prefix="people-") as file:
        file.writelines(f"{token} {room}\n" for token, room in people)
        file.flush()
        arguments = [part for name, value in options.items() for part in ("--" + name.replace("_", "-"), str(value))]
        process = spawn(
            [WORK / "realtime", "--port", port, "--people", file.name, *arguments, *(["--reconnect", 1] if restart else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            successor = None
            if restart and read_line(process.stdout, timeout=300) == "connected":
                successor = " ".join(map(str, restart()))
            output, complaint = process.communicate(successor, timeout=600)
        finally:
            end(process)
    if process.returncode not in (0, 3):
        raise RuntimeError(f"the load tool ended with {process.returncode}: {complaint.strip()}")
    result = json.loads(output)
    if process.returncode == 3:
        raise Violation(result)
    return result


def measure(scenario, server, people, database=None, subject=None, also=None, **options):
    """Puts load on a server (a Parley or a Peer) and records what it costs.

    database: the process id of the PostgreSQL that it stores in, if it does.
    also: makes further metrics of the tool's result.
    A peer may break the order of messages, and the report says how often; Parley may not.
    """
    try:
        result = realtime(server.port, people, dialect=server.dialect, server=server.pid, database=database or 0, **options)
    except Violation as violation:
        if server.name == "parley" or violation.result["lost"] or violation.result["repeated"]:
            raise
        result = violation.result
    if database and "message_server_us" in result:
        result["message_us"] = result["message_server_us"] + result["message_database_us"]
    record(scenario, subject or server.name, **result, **(also(result) if also else {}))
    return result
