"""A proxy between the server and PostgreSQL that stops a transaction at the moment that a test needs."""

import shutil
import socket
import struct
import tempfile
import threading

from processes import PATIENCE


class Stop:
    """A stop on one connection: at the COMMIT of a transaction, or at one statement."""

    def __init__(self, statement, at_commit):
        self.statement = statement
        self.at_commit = at_commit
        self.asked = threading.Event()
        """Waits until the server has sent the statement that is stopped here."""
        self._forward = threading.Event()
        self._answer = threading.Event()
        self._link = None

    def wait(self, timeout=PATIENCE):
        assert self.asked.wait(timeout), f"nobody asked for {self.statement}"

    def forward(self):
        """Lets PostgreSQL execute the statement, and withholds its answer."""
        self._forward.set()

    def release(self):
        """Lets everything pass."""
        self._forward.set()
        self._answer.set()

    def cut(self):
        """Breaks the connection, so the server never learns the outcome."""
        self._link.close()
        self.release()


class Link:
    """One connection, in both directions (PostgreSQL 15, chapter 55: frontend/backend protocol)."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.backend = socket.socket(socket.AF_UNIX)
        self.backend.connect(proxy.target)
        self.stop = None
        for run in (self._ask, self._answer):
            threading.Thread(target=run, daemon=True).start()

    def close(self):
        for end in (self.client, self.backend):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _ask(self):
        statements, seen = {}, []
        received, begun = b"", False
        try:
            while data := self.client.recv(65536):
                received += data
                # The first message, which starts the session, has no type.
                head = 0 if not begun else 1
                while len(received) >= head + 4:
                    length = head + struct.unpack_from(">I", received, head)[0]
                    if len(received) < length:
                        break
                    message, received = received[:length], received[length:]
                    begun, head = True, 1
                    if message[:1] == b"P":
                        name, text = message[5:].split(b"\0")[:2]
                        statements[name] = text.decode()
                    elif message[:1] == b"B":
                        text = statements.get(message[5:].split(b"\0")[1], "")
                        seen = [] if text == "BEGIN" else seen + [text]
                        self._stop_at(text, seen)
                    self.backend.sendall(message)
        except OSError:
            pass
        self.close()

    def _stop_at(self, text, seen):
        with self.proxy.lock:
            stop = self.proxy.stop
            if not stop or not any(stop.statement in one for one in (seen if stop.at_commit else [text])):
                return
            if stop.at_commit and text != "COMMIT":
                return
            self.proxy.stop = None
        stop._link = self
        self.stop = stop
        stop.asked.set()
        stop._forward.wait(PATIENCE)

    def _answer(self):
        try:
            while data := self.backend.recv(65536):
                if self.stop:
                    self.stop._answer.wait(PATIENCE)
                self.client.sendall(data)
        except OSError:
            pass
        self.close()


class PostgresProxy:
    """A proxy to a `Postgres`, for one server."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.target = f"{postgres.directory}/.s.PGSQL.5432"
        self.directory = tempfile.mkdtemp(prefix="parley-proxy-")
        self.lock = threading.Lock()
        self.stop = None

    def clone(self):
        """Makes a migrated, empty database behind the proxy. Returns its connection string."""
        return self.postgres.clone().replace(self.postgres.directory, self.directory)

    def stop_commit_of(self, statement):
        """Stops the next transaction with a statement of this text at its COMMIT."""
        return self._set(Stop(statement, at_commit=True))

    def stop_at(self, statement):
        """Stops the next statement with this text."""
        return self._set(Stop(statement, at_commit=False))

    def _set(self, stop):
        with self.lock:
            self.stop = stop
        return stop

    def _accept(self):
        try:
            while True:
                Link(self, self.listener.accept()[0])
        except OSError:
            pass  # closed

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.directory}/.s.PGSQL.5432")
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        shutil.rmtree(self.directory, ignore_errors=True)
