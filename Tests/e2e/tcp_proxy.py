"""A proxy for TCP that can cut, freeze and delay what passes."""

import os
import socket
import threading
import time


class TCPProxy:
    """Passes connections on to an address: a port of this machine, or the path of a Unix socket.

    With a path, `directory` is where it listens: PostgreSQL's clients find its socket there.
    """

    def __init__(self, target, directory=None):
        self.target = target
        self.directory = directory
        self.delay = 0
        """Seconds by which everything is late, as long as it passes in order."""
        self._flows = threading.Event()
        self._flows.set()
        self._refuses = False
        self._lock = threading.Lock()
        self._ends = set()

    def __enter__(self):
        if self.directory:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(os.path.join(self.directory, ".s.PGSQL.5432"))
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.cut()
        self._flows.set()

    def cut(self):
        """Ends every connection."""
        with self._lock:
            ends, self._ends = self._ends, set()
        for end in ends:
            close(end)

    def refuse(self):
        """Ends every connection, and every new one, until `accept`."""
        self._refuses = True
        self.cut()

    def accept(self):
        self._refuses = False

    def freeze(self):
        """Nothing passes until `thaw`, and nobody is told."""
        self._flows.clear()

    def thaw(self):
        self._flows.set()

    def _connect(self):
        if self.directory:
            backend = socket.socket(socket.AF_UNIX)
            backend.connect(self.target)
            return backend
        return socket.create_connection(("127.0.0.1", self.target))

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                if self._refuses:
                    raise ConnectionRefusedError
                backend = self._connect()
            except OSError:
                client.close()
                continue
            with self._lock:
                self._ends |= {client, backend}
            for source, sink in ((client, backend), (backend, client)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source, sink):
        try:
            while data := source.recv(65536):
                if self.delay:
                    time.sleep(self.delay)
                self._flows.wait()
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            close(end)
        with self._lock:
            self._ends -= {source, sink}


def close(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
