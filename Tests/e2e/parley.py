"""The server under test. What most tests use of its clients and programs can be imported from here as well."""

import contextlib
import itertools
import os
import pathlib
import signal
import subprocess
import tempfile
import time
from urllib.parse import urlsplit

import psycopg
import requests

from person import PASSWORD, Client, Device, Person
from postgres_server import Postgres
from processes import PARLEY, PATIENCE, ROOT, cpu_seconds, free_port, is_alive, read_line, unprivileged, until

__all__ = [
    "PARLEY", "PASSWORD", "PATIENCE", "ROOT", "Client", "Device", "Person", "Postgres", "Server", "assert_problem",
    "cpu_seconds", "free_port", "is_alive", "unprivileged", "until",
]

_numbers = itertools.count(1)


class Server:
    """A running `parley serve`. Without a database it makes a private one."""

    def __init__(self, database=None, storage=None, settings=None, prefix=()):
        self.database = database
        self.prefix = prefix
        self.program = PARLEY
        self.storage = pathlib.Path(storage or tempfile.mkdtemp(prefix="parley-storage-"))
        self.settings = {"RATE_LIMITS": "off", "READY_GRACE": "0", "LINK_CARDS": "off", **(settings or {})}
        self.process = None
        self.port = 0

    def start(self, port=None, timeout=PATIENCE):
        port = port or free_port()
        self.storage.mkdir(parents=True, exist_ok=True)
        self.log_file = self.storage / "server.log"
        environment = {
            **os.environ, "STORAGE_DIR": str(self.storage), "PORT": str(port), "LOG_LEVEL": "info",
            **({"DATABASE_URL": self.database} if self.database else {}), **self.settings,
        }
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, self.program, "serve"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        line = read_line(self.process.stdout, timeout)
        if not line.startswith("Parley is at "):
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"the server did not start: {self.log}")
        self.url = line.split()[-1]
        self.port = urlsplit(self.url).port
        return self

    def restart(self):
        """Restarts on the same port."""
        return self.start(port=self.port)

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def media_workers(self):
        """The process ids of its media workers. Read without starting a program, which would take longer than some jobs,
        and not from `/proc/<id>/task/*/children`, which may leave some out (proc(5))."""
        ids = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid and b"media-worker" in (process / "cmdline").read_bytes():
                    ids.append(int(process.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
        return ids

    @property
    def log(self):
        return self.log_file.read_text(errors="replace")[-5000:]

    def stop(self, timeout=PATIENCE):
        if self.is_running:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=timeout)
        if self.process:
            self.process.stdout.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    @contextlib.contextmanager
    def away(self, end=None):
        """Stops the server for a block (by `end`, for example `server.kill`), and restarts it on the same port, even if the
        test fails in between: the file's other tests use the same server."""
        try:
            (end or self.stop)()
            yield
        finally:
            if self.is_running:
                self.stop()
            self.restart()

    @property
    def cpu_seconds(self):
        """The server's CPU time on all processors."""
        return cpu_seconds(self.process.pid)

    def cpu_seconds_beside_a_busy_loop(self):
        """The server's CPU time while this process uses half a second: next to nothing for an idle server, about as much for
        a busy one, whatever else the machine does."""
        before, end = self.cpu_seconds, time.process_time() + 0.5
        while time.process_time() < end:
            pass
        return self.cpu_seconds - before

    def sql(self, query, *parameters):
        """Rows of a query, as the owner of the database."""
        database = self.database or f"host={self.storage}/postgres user=parley dbname=parley"
        with psycopg.connect(database, autocommit=True) as connection:
            cursor = connection.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def person(self, name="person", **fields):
        return Person(self, f"{name}{next(_numbers)}", **fields)

    def people(self, *names):
        return [self.person(name) for name in names]

    def request(self, method, path, **options):
        return requests.request(method, self.url + path, timeout=PATIENCE, **options)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def assert_problem(answer, status, code, field=None):
    """Checks a refusal: the form of RFC 9457 with a code of docs/API.md."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status and problem["code"] == code, problem
    assert problem["title"] and problem["type"] == "about:blank"
    if field:
        assert problem["field"] == field and problem["detail"].startswith(field), problem
    return problem
