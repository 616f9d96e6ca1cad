"""Clients other than a `Device`: one that reads only when told to, and one that reconnects by itself."""

import socket
import threading

import websocket

from parley import PATIENCE, Client, until


def raw_socket(person, receive_buffer=None):
    """A connection past its `ready` that reads only when told to."""
    options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)] if receive_buffer else []

    def connect():
        connection = websocket.create_connection(
            person.server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket", timeout=PATIENCE,
            sockopt=options)
        connection.recv()
        connection.send('40{"token":"%s"}' % person.token)
        try:
            while not (packet := connection.recv()).startswith('42["ready"'):
                assert not packet.startswith("44") or '"unavailable"' in packet, packet
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            # A server with too much to do cuts whom it cannot welcome, so that they come again.
            return None
        return connection

    return until(connect, "a welcome")


def ended(connection):
    """Reads to the end of a connection that the server has closed, and discards the data."""
    try:
        while connection.recv():
            pass
    except (websocket.WebSocketConnectionClosedException, ConnectionError):
        pass


class Returning:
    """A client that reconnects by itself, as clients do."""

    def __init__(self, person):
        self.client = Client(reconnection=True, reconnection_delay=0.05, reconnection_delay_max=0.2)
        self.came = threading.Condition()
        self.events = []
        self.client.on("*", self._take)
        self.client.connect(person.server.url, auth={"token": person.token}, transports=["websocket"], wait_timeout=PATIENCE)
        self.wait_for_ready(1)

    def _take(self, event, *arguments):
        with self.came:
            self.events.append((event, arguments[0] if arguments else None))
            self.came.notify_all()

    def wait_for(self, condition, what):
        with self.came:
            assert self.came.wait_for(condition, PATIENCE), f"no {what}; came: {[name for name, _ in self.events]}"

    def wait_for_ready(self, count):
        self.wait_for(lambda: [name for name, _ in self.events].count("ready") >= count, f"{count}. ready")

    def texts(self):
        return [payload["text"] for name, payload in list(self.events) if name == "message:received"]

    def wait_for_text(self, text):
        self.wait_for(lambda: text in self.texts(), text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
