"""The content of Engine.IO sessions, over polling and over WebSocket."""

import base64
import json
import os
import threading

import pytest
import requests

from engine import PATIENCE, assert_closes, receive
from wire import TEXT, Wire, frame, open_websocket


class TestMessages:
    @pytest.mark.parametrize("payload", ["4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA==", "4κόσμε €\x1eb"])
    def test_polling(self, quiet_echo, payload):
        sid = quiet_echo.handshake()
        response = quiet_echo.post(payload.encode(), sid=sid)
        assert (response.status_code, response.text) == (200, "ok")
        response = quiet_echo.get(sid=sid)
        assert response.status_code == 200
        assert response.content.decode() == payload

    def test_sixteen_packets_at_most_in_one_answer(self, echo):
        sid = echo.handshake()
        echo.post("\x1e".join(f"4{number}" for number in range(40)), sid=sid)
        received = []
        while len(received) < 40:
            packets = echo.get(sid=sid).text.split("\x1e")
            assert len(packets) <= 16
            received += [packet for packet in packets if packet != "2"]
            if "2" in packets:
                echo.post("3", sid=sid)
        assert received == [f"4{number}" for number in range(40)]

    def test_an_answer_is_no_longer_than_the_payload_limit(self, echo):
        sid = echo.handshake()
        echo.post("\x1e".join("4" + "x" * 300_000 for _ in range(3)), sid=sid)
        sizes = []
        while sum(sizes) < 900_000:
            response = echo.get(sid=sid)
            assert response.status_code == 200 and len(response.content) <= 1_000_000
            sizes.append(len(response.content))
            if "\x1e2" in response.text or response.text == "2":
                echo.post("3", sid=sid)

    def test_websocket(self, echo):
        ws = echo.connect()
        ws.recv()
        ws.send("4hello")
        assert receive(ws) == "4hello"
        ws.send_binary(bytes([1, 2, 3, 4]))
        assert receive(ws) == bytes([1, 2, 3, 4])
        ws.close()

    @pytest.mark.parametrize(
        "encode",
        [
            base64.b64encode,
            base64.encodebytes,  # a line feed every 76 characters, as the client for Java does it
            lambda data: base64.encodebytes(data).replace(b"\n", b"\r\n"),
            base64.urlsafe_b64encode,
            lambda data: base64.b64encode(data).rstrip(b"="),
            lambda data: base64.urlsafe_b64encode(data).rstrip(b"="),
        ],
    )
    @pytest.mark.parametrize("length", [0, 1, 2, 3, 5000])
    def test_binary_over_polling_in_every_dialect_of_base64(self, quiet_echo, encode, length):
        data = os.urandom(length)
        sid = quiet_echo.handshake()
        assert quiet_echo.post(b"4before\x1eb" + encode(data) + b"\x1e4after", sid=sid).status_code == 200
        packets = quiet_echo.get(sid=sid).text.split("\x1e")
        assert packets == ["4before", "b" + base64.b64encode(data).decode(), "4after"]

    @pytest.mark.parametrize("body", ["abc", "", "4ok\x1e", "4ok\x1exyz", "b?notbase64", "2", "4\xff".encode("latin-1")])
    def test_an_invalid_payload_ends_the_session(self, echo, body):
        sid = echo.handshake()
        response = echo.post(body, sid=sid)
        assert response.status_code == (200 if body == "2" else 400)
        assert echo.get(sid=sid).status_code == 400

    @pytest.mark.parametrize("message", ["abc", "", "2", "2probe"])
    def test_an_invalid_packet_ends_the_session(self, client, message):
        ws = client.connect()
        ws.recv()
        ws.send(message)
        assert_closes(ws)

    def test_a_body_over_the_limit(self, echo):
        sid = echo.handshake()
        assert echo.post("4" + "x" * 1_000_000, sid=sid).status_code == 413
        assert echo.post("4" + "x" * 999_999, sid=sid).status_code == 200

    def test_a_chunked_body_over_the_limit(self, echo):
        sid = echo.handshake()
        pieces = (b"4" * 100_000 for _ in range(11))
        try:
            response = requests.post(echo.url, params={"EIO": 4, "transport": "polling", "sid": sid}, data=pieces, timeout=PATIENCE)
            assert response.status_code == 413
        except requests.ConnectionError:
            pass  # the connection may go while the body is still being sent

    def test_a_message_over_the_limit(self, make_server):
        server = make_server("--ping-interval", "20000")
        with open_websocket(server.port, "/engine.io/?EIO=4&transport=websocket") as wire:
            wire.frame()
            wire.send(frame(TEXT, b"4" + b"x" * 999_999))
            opcode, payload, _ = wire.frame()
            assert (opcode, len(payload)) == (TEXT, 1_000_000)
            wire.send(frame(TEXT, b"only the header came", length=1_000_001))
            wire.expect_close(1009)


class TestPolls:
    def test_a_second_poll_ends_the_session(self, quiet_client):
        client = quiet_client
        sid = client.handshake()
        responses = []
        polls = [threading.Thread(target=lambda: responses.append(client.get(sid=sid))) for _ in range(2)]
        for poll in polls:
            poll.start()
        for poll in polls:
            poll.join()
        first, second = sorted(responses, key=lambda response: response.status_code)
        assert (first.status_code, first.text) == (200, "1")
        assert second.status_code == 400
        assert client.get(sid=sid).status_code == 400

    def test_a_cancelled_poll_ends_the_session(self, quiet_client):
        client = quiet_client
        sid = client.handshake()
        with Wire(client.port) as wire:
            wire.send(f"GET {client.path}?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            while not wire.is_read():
                pass
        # Code 3, a second poll, if the server hears of it before it hears of the first one's end. They are on two
        # connections, so it may even take this one for the first, which the other one ends.
        response = client.get(sid=sid)
        assert response.status_code == 400 and response.json()["code"] in (1, 3) or response.text == "1"
        assert client.get(sid=sid).json()["code"] == 1

    def test_the_client_closes(self, quiet_client):
        client = quiet_client
        sid = client.handshake()
        responses = []
        poll = threading.Thread(target=lambda: responses.append(client.get(sid=sid)))
        poll.start()
        # Whichever comes first, a poll after the end gets the same answer.
        assert client.post("1", sid=sid).status_code == 200
        poll.join()
        assert (responses[0].status_code, responses[0].text) == (200, "6")
        assert client.get(sid=sid).status_code == 400

    def test_a_websocket_session_cannot_be_polled(self, client):
        ws = client.connect()
        sid = json.loads(ws.recv()[1:])["sid"]
        response = client.get(sid=sid)
        assert (response.status_code, response.json()["code"]) == (400, 3)
        ws.close()
