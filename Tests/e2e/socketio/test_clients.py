"""python-socketio, an independent client, over both transports, the upgrade, and cut connections."""

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import socketio

from engine import PATIENCE
from person import Client


@pytest.fixture(params=[["websocket"], ["polling"], ["polling", "websocket"]], ids="+".join)
def transports(request):
    return request.param


class Cutter:
    """A TCP proxy that can cut all its connections at once."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self.target))
            self.pairs += [client, upstream]
            for source, sink in [(client, upstream), (upstream, client)]:
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    @staticmethod
    def _copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        pairs, self.pairs = self.pairs, []
        for end in pairs:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
        self.cut()


@pytest.fixture
def patient(make_server):
    """A server with a heartbeat that a busy machine keeps."""
    return make_server("--ping-interval", "2000", "--ping-timeout", "60000", "--connect-timeout", "60000")


def test_echo(patient, transports):
    with socketio.SimpleClient(request_timeout=PATIENCE) as client:
        client.connect(patient.http, transports=transports, auth={"token": "abc"}, wait_timeout=PATIENCE)
        assert client.receive(timeout=PATIENCE) == ["auth", {"token": "abc"}]
        client.emit("message", ("text", b"\x00\xff" * 1000, {"nested": [1, b"abc"]}))
        event, *arguments = client.receive(timeout=PATIENCE)
        assert event == "message-back"
        assert arguments == ["text", b"\x00\xff" * 1000, {"nested": [1, b"abc"]}]
        assert client.call("message-with-ack", (1, "2", b"3"), timeout=PATIENCE) == (1, "2", b"3")


def test_a_custom_namespace(patient, transports):
    with socketio.SimpleClient(request_timeout=PATIENCE) as client:
        client.connect(patient.http, namespace="/custom", transports=transports, wait_timeout=PATIENCE)
        assert client.receive(timeout=PATIENCE) == ["auth", {}]
        assert client.call("message-with-ack", "hello", timeout=PATIENCE) == "hello"


def test_an_unknown_namespace(patient, transports):
    client = socketio.Client(reconnection=False, request_timeout=PATIENCE)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(patient.http, namespaces=["/nowhere"], transports=transports, wait_timeout=PATIENCE)
    client.disconnect()


def test_a_burst_in_order(patient, transports):
    numbers = []
    done = threading.Event()
    client = Client()

    @client.on("message-back")
    def _(number):
        numbers.append(number)
        if len(numbers) == 500:
            done.set()

    client.connect(patient.http, transports=transports, wait_timeout=PATIENCE)
    for number in range(500):
        client.emit("message", number)
    assert done.wait(PATIENCE)
    client.disconnect()
    assert numbers == list(range(500))


def test_reconnecting_over_a_cut_connection(patient, transports):
    cutter = Cutter(patient.port)
    client = socketio.Client(
        reconnection_delay=0.01, reconnection_delay_max=0.05, randomization_factor=0, request_timeout=PATIENCE)
    client.connect(f"http://127.0.0.1:{cutter.port}", transports=transports, wait_timeout=PATIENCE)

    def call(number):
        # A polling session that is cut between two requests goes on. All others come back as new sessions. When a POST
        # is cut, python-engineio notices it only at the end of its poll: after the ping timeout of 60 s.
        deadline = time.monotonic() + 2 * PATIENCE
        while time.monotonic() < deadline:
            try:
                return client.call("message-with-ack", number, timeout=1)
            except socketio.exceptions.SocketIOError:
                time.sleep(0.01)
        raise TimeoutError

    try:
        for number in range(8):
            assert call(number) == number
            cutter.cut()
        assert call("last") == "last"
    finally:
        client.disconnect()
        cutter.close()


def test_many_at_once(patient):
    async def one(number):
        client = socketio.AsyncSimpleClient(request_timeout=PATIENCE)
        transports = [["websocket"], ["polling"], ["polling", "websocket"]][number % 3]
        await client.connect(patient.http, transports=transports, wait_timeout=PATIENCE)
        assert await client.call("message-with-ack", number, timeout=PATIENCE) == number
        await client.disconnect()

    async def everyone():
        await asyncio.gather(*(one(number) for number in range(60)))

    # In a thread of its own: a browser of another test may keep an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, everyone()).result()
