"""How an Engine.IO session ends: heartbeats, closes, clients that do not read, and the server's stop."""

import json
import socket
import time

import pytest
import websocket

from engine import PATIENCE, PING_INTERVAL, PING_TIMEOUT, Client, assert_closes
from wire import BINARY, CLOSE, TEXT, Closed, Wire, frame, open_websocket


class TestHeartbeat:
    def test_polling(self, echo):
        sid = echo.handshake()
        for _ in range(3):
            response = echo.get(sid=sid)
            assert (response.status_code, response.text) == (200, "2")
            assert echo.post("3", sid=sid).status_code == 200

    def test_polling_without_pong(self, hasty):
        client = Client(hasty)
        sid = client.handshake()
        # The ping, the end, and then nothing, because polls are no pongs.
        assert [client.get(sid=sid).status_code for _ in range(3)][-1] == 400

    def test_websocket(self, echo):
        pong_sent = time.monotonic()
        ws = echo.connect()
        ws.recv()
        for _ in range(3):
            assert ws.recv() == "2"
            assert time.monotonic() - pong_sent >= PING_INTERVAL
            pong_sent = time.monotonic()
            ws.send("3")
        ws.close()

    def test_websocket_without_pong(self, hasty):
        start = time.monotonic()
        ws = Client(hasty).connect()
        ws.recv()
        assert ws.recv() == "2"
        assert_closes(ws)
        assert time.monotonic() - start >= PING_INTERVAL + PING_TIMEOUT

    def test_messages_do_not_replace_pongs(self, hasty):
        ws = Client(hasty).connect()
        ws.recv()
        start = time.monotonic()
        with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
            while time.monotonic() - start < PATIENCE:
                ws.send("4still here")
                if ws.recv() == "":
                    raise websocket.WebSocketConnectionClosedException


class TestClose:
    def test_a_poll_and_a_close_at_the_same_instant(self, quiet_client):
        """They are on two connections, and the server may read either first."""
        client = quiet_client
        for poller_first in [True, False] * 30:
            sid = client.handshake()
            query = f"{client.path}?EIO=4&transport=polling&sid={sid}"
            with Wire(client.port) as poller, Wire(client.port) as poster:
                requests_ = [
                    (poller, f"GET {query} HTTP/1.1\r\nHost: a\r\n\r\n"),
                    (poster, f"POST {query} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1"),
                ]
                for wire, text in requests_ if poller_first else reversed(requests_):
                    wire.send(text.encode())
                assert poster.response()[::2] == (200, b"ok")
                assert poller.response()[::2] == (200, b"6")
                poller.send(requests_[0][1].encode())
                code, _, body = poller.response()
                assert (code, json.loads(body)["code"]) == (400, 1), "one poll is answered, and no more"

    def test_a_poll_behind_a_close_gets_what_waits(self, quiet_echo):
        sid = quiet_echo.handshake()
        assert quiet_echo.post("4last\x1e1", sid=sid).status_code == 200
        response = quiet_echo.get(sid=sid)
        assert (response.status_code, response.text) == (200, "4last")
        assert quiet_echo.get(sid=sid).status_code == 400

    def test_websocket(self, client):
        ws = client.connect()
        ws.recv()
        ws.send("1")
        assert_closes(ws)


class TestSlowConsumer:
    def test_it_holds_no_more_than_the_bound(self, make_server):
        """The bound is a mebibyte, including the kernel's buffer."""
        server = make_server("--ping-interval", "20000")
        with open_websocket(server.port, "/engine.io/?EIO=4&transport=websocket") as wire:
            wire.socket.settimeout(PATIENCE)
            wire.frame()
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                wire.socket.setsockopt(socket.SOL_SOCKET, option, 32 * 1024)
            chunk, sent = frame(BINARY, bytes(10_000)), 0
            with pytest.raises((ConnectionError, Closed)):
                for _ in range(1000):
                    wire.send(chunk)
                    sent += 10_000
                    # Otherwise a server whose turn has not come would hold more, unread.
                    while not wire.is_read() and not wire.is_ended():
                        pass
        # The unread rest is in the client's own buffers, in either direction.
        assert 300_000 < sent < (1 << 20) + 400_000

    def test_answers_to_polls_that_are_not_read_are_bounded(self, make_server):
        """A client that pipelines polls and reads none of the answers."""
        server = make_server("--ping-interval", "20000", "--max-outbound", "400000")
        client = Client(server)
        sid = client.handshake()
        query = f"{client.path}?EIO=4&transport=polling&sid={sid}"
        with Wire(server.port) as poller:
            poller.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            refused = None
            for _ in range(100):
                poller.send(f"GET {query} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                answer = client.post("4" + "x" * 100_000, sid=sid)
                if answer.status_code != 200:
                    refused = answer
                    break
            assert refused is not None and refused.json()["code"] == 1

    def test_it_is_disconnected(self, make_server):
        server = make_server("--max-outbound", "200000", "--ping-interval", "20000")
        with open_websocket(server.port, "/engine.io/?EIO=4&transport=websocket") as wire:
            wire.socket.settimeout(PATIENCE)
            wire.frame()
            chunk = frame(BINARY, bytes(100_000))
            with pytest.raises((ConnectionError, Closed)):
                # Far more than the kernel's buffers hold, and never read.
                for _ in range(1000):
                    wire.send(chunk)
        with open_websocket(server.port, "/engine.io/?EIO=4&transport=websocket") as wire:
            assert wire.frame()[0] == TEXT


class TestShutdown:
    def test_clients_are_told(self, make_server):
        server = make_server("--ping-interval", "20000")
        client = Client(server)
        sid = client.handshake()
        with Wire(server.port) as poll, open_websocket(server.port, "/engine.io/?EIO=4&transport=websocket") as wire:
            poll.send(f"GET {client.path}?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            wire.frame()
            while not poll.is_read():
                pass
            server.process.terminate()
            opcode, payload, _ = wire.frame()
            assert (opcode, payload[:2]) == (CLOSE, b"\x03\xe9")
            wire.expect_end()
            assert poll.response()[::2] == (200, b"1")
        assert server.process.wait(timeout=PATIENCE) == 0
