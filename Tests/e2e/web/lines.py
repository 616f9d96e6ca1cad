"""A network line between a browser and the server, which a test can cut."""

import select
import socket
import threading


class Line:
    """A TCP proxy. `cut` breaks every connection and refuses new ones until `mend`."""

    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.is_cut = False
        self._lock = threading.Lock()
        self._ends = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        with self._lock:
            self.is_cut = True
            ends = list(self._ends)
        for end in ends:
            self._shut(end)

    def mend(self):
        with self._lock:
            self.is_cut = False

    def close(self):
        self.cut()
        self._shut(self.listener)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client):
        with client:
            with self._lock:
                if self.is_cut:
                    return
            try:
                server = socket.create_connection(self.target)
            except OSError:
                return
            with server:
                with self._lock:
                    self._ends |= {client, server}
                    if self.is_cut:
                        self._ends -= {client, server}
                        return
                try:
                    self._copy(client, server)
                except OSError:
                    pass
                finally:
                    with self._lock:
                        self._ends -= {client, server}

    def _copy(self, client, server):
        others = {client: server, server: client}
        while True:
            for end in select.select(list(others), [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return
                others[end].sendall(data)

    @staticmethod
    def _shut(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
