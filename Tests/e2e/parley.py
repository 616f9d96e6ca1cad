"""The server under test and its clients."""

import contextlib
import glob
import itertools
import os
import pathlib
import pwd
import queue
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from urllib.parse import urlsplit

import engineio
import psycopg
import requests
import socketio

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("PARLEY_BIN_DIR", ROOT / ".build" / "debug"))
PARLEY = BINARIES / "parley"
PASSWORD = "correct horse battery"

PATIENCE = 60
"""Seconds after which an expected event counts as hung. This is never a bound on the server's speed."""

_numbers = itertools.count(1)


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


class Postgres:
    """A PostgreSQL in a temporary directory, reachable over its Unix socket only."""

    def __init__(self, fsync=False):
        self.directory = tempfile.mkdtemp(prefix="parley-test-")
        self.fsync = fsync
        self.programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.prefix, account = unprivileged()
        if account:
            os.chown(self.directory, account.pw_uid, account.pw_gid)
            # For root of a user namespace, who is nobody here.
            os.chmod(self.directory, 0o711)
        self.process = None

    def __enter__(self):
        subprocess.run(
            [*self.prefix, f"{self.programs}/initdb", "-D", f"{self.directory}/data", "-U", "parley", "-A", "trust",
             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd="/")
        self.start()
        with self.connect("postgres") as connection:
            connection.execute("CREATE DATABASE template_parley")
        subprocess.run(
            [PARLEY, "migrate"], check=True, cwd=ROOT, stderr=subprocess.DEVNULL,
            env={**os.environ, "DATABASE_URL": self.url("template_parley"), "LOG_LEVEL": "error"})
        return self

    def start(self):
        fsync = "on" if self.fsync else "off"
        self.process = subprocess.Popen(
            [*self.prefix, f"{self.programs}/postgres", "-D", f"{self.directory}/data", "-k", self.directory,
             "-c", "listen_addresses=", "-c", f"fsync={fsync}", "-c", "max_connections=300"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        until(lambda: self._answers(), "PostgreSQL to answer")

    def _answers(self):
        try:
            self.connect("postgres").close()
            return True
        except psycopg.OperationalError:
            return False

    def kill(self):
        """Kills it as a power failure would."""
        # Stopped first, so it starts no child that outlives it and blocks the next start.
        self.process.send_signal(signal.SIGSTOP)
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        self.process.kill()
        for pid in children:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        # While one of them runs, its shared memory blocks the next start.
        until(lambda: not any(is_alive(pid) for pid in children), "PostgreSQL's processes to end", interval=0.002)

    def url(self, database):
        return f"host={self.directory} user=parley dbname={database}"

    def connect(self, database):
        return psycopg.connect(self.url(database), autocommit=True)

    def clone(self):
        """Makes a migrated, empty database. Returns its connection string."""
        name = f"test{next(_numbers)}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template_parley")
        return self.url(name)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=PATIENCE)
        shutil.rmtree(self.directory, ignore_errors=True)


def free_port():
    """A port below the kernel's ephemeral range. While a test's server is down, no other server and no connection of a
    parallel test gets the port, so the server can come back to it."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe:
            # Bound like the server: a connection that has ended does not prevent listening.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Server:
    """A running `parley serve`. Without a database it makes a private one."""

    def __init__(self, database=None, storage=None, settings=None, prefix=()):
        self.database = database
        self.prefix = prefix
        self.storage = pathlib.Path(storage or tempfile.mkdtemp(prefix="parley-storage-"))
        self.settings = {"RATE_LIMITS": "off", "READY_GRACE": "0", **(settings or {})}
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
                [*self.prefix, PARLEY, "serve"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
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


class Person:
    """A person with an account: their requests and sockets."""

    def __init__(self, server, username, password=PASSWORD, display_name=None):
        self.server = server
        self.username = username
        answer = server.request(
            "POST", "/auth/register",
            json={"username": username, "password": password, **({"displayName": display_name} if display_name else {})})
        assert answer.status_code == 201, answer.text
        self.session = answer.json()
        self.id = self.session["user"]["id"]
        self.token = self.session["accessToken"]

    def request(self, method, path, **options):
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.server.request(method, path, headers=headers, **options)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def upload(self, content, name="file.bin"):
        """Uploads by multipart. Returns the upload."""
        answer = self.post("/upload", files={"file": (name, content)})
        assert answer.status_code == 201, answer.text
        return answer.json()["uploads"][0]

    def direct(self, other):
        """Opens the direct conversation with a person, who opens it as well: it is in the lists of both. Returns its id."""
        id = self.open_direct(other)
        other.open_direct(self)
        return id

    def open_direct(self, other):
        """Opens the direct conversation with a person, who does not see a new one before its first message."""
        answer = self.post("/conversations", json={"kind": "direct", "userId": other.id})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["id"]

    def group(self, *others, title="A group", **fields):
        answer = self.post(
            "/conversations", json={"kind": "group", "title": title, "memberIds": [o.id for o in others], **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def send(self, conversation, text="hello", **fields):
        answer = self.post("/messages", json={"conversationId": conversation, "text": text, **fields})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["message"]

    def connect(self, **options):
        return Device(self, **options)


class InOrder(engineio.Client):
    """Passes messages on one by one. Plain engineio starts a thread for each message, and these race."""

    def _trigger_event(self, event, *arguments, run_async=False, **options):
        return super()._trigger_event(event, *arguments, run_async=False, **options)


class Client(socketio.Client):
    """A Socket.IO client that calls its handlers in the order of the events. Handlers must not wait for the client."""

    def _engineio_client_class(self):
        return InOrder


class Device:
    """A connected Socket.IO client that keeps its events in their order."""

    def __init__(self, person, token=None, transports=("websocket",)):
        self.person = person
        self.events = []
        self.changed = threading.Condition()
        self.client = Client(reconnection=False)
        self.client.on("*", self._take)
        self.client.on("disconnect", lambda *_: self._take("disconnect"))
        self.client.connect(
            person.server.url, auth={"token": token or person.token}, transports=list(transports),
            wait_timeout=PATIENCE)
        self.ready = self.wait_for("ready")

    def _take(self, event, *arguments):
        with self.changed:
            self.events.append((event, arguments[0] if arguments else None))
            self.changed.notify_all()

    def emit(self, event, payload):
        """Sends an event and returns its acknowledgement."""
        return self.client.call(event, payload, timeout=PATIENCE)

    def send(self, conversation, text="hello", **fields):
        answer = self.emit("message:send", {"conversationId": conversation, "text": text, **fields})
        assert answer["ok"], answer
        return answer["message"]

    def wait_for(self, event, matching=lambda payload: True, timeout=PATIENCE):
        """The payload of the first such event, waiting for it if necessary."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                for name, payload in self.events:
                    if name == event and matching(payload):
                        return payload
                remaining = deadline - time.monotonic()
                assert remaining > 0, f"no {event} within {timeout} s; came: {[name for name, _ in self.events]}"
                self.changed.wait(remaining)

    def all(self, event):
        with self.changed:
            return [payload for name, payload in self.events if name == event]

    def forget(self):
        with self.changed:
            self.events.clear()

    def close(self):
        self.client.disconnect()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


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
