"""The Engine.IO protocol, revision 4: what the protocol's own conformance suite checks, and the rules beside it."""

import base64
import json
import os
import socket
import threading
import time

import pytest
import requests
import websocket

from wire import BINARY, CLOSE, TEXT, Closed, Wire, frame, open_websocket

PING_INTERVAL, PING_TIMEOUT = 0.3, 0.2


class Client:
    """One Engine.IO path of the server."""

    def __init__(self, server, path="/engine.io/"):
        self.port, self.path = server.port, path
        self.url, self.ws_url = server.http + path, server.ws + path

    def get(self, **query):
        return requests.get(self.url, params={"EIO": 4, "transport": "polling", **query}, timeout=5)

    def post(self, body, **query):
        return requests.post(
            self.url, params={"EIO": 4, "transport": "polling", **query}, data=body, timeout=5
        )

    def handshake(self):
        return json.loads(self.get().text[1:])["sid"]

    def connect(self, **query):
        text = "&".join(f"{name}={value}" for name, value in {"EIO": 4, "transport": "websocket", **query}.items())
        return websocket.create_connection(f"{self.ws_url}?{text}", timeout=5)


@pytest.fixture(params=["/engine.io/", "/socket.io/"])
def client(server, request):
    return Client(server, request.param)


@pytest.fixture
def echo(server):
    return Client(server)


def receive(ws):
    """The next packet that is no ping."""
    while (data := ws.recv()) == "2":
        ws.send("3")
    return data


def assert_closes(ws):
    with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
        while ws.recv() != "":
            pass
        raise websocket.WebSocketConnectionClosedException


class TestHandshake:
    def check(self, packet, upgrades):
        assert packet[0] == "0"
        value = json.loads(packet[1:])
        assert set(value) == {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
        assert isinstance(value["sid"], str) and len(value["sid"]) == 20
        assert value["upgrades"] == upgrades
        assert (value["pingInterval"], value["pingTimeout"], value["maxPayload"]) == (300, 200, 1_000_000)

    def test_polling(self, client):
        response = client.get()
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/plain; charset=UTF-8"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        self.check(response.text, ["websocket"])

    def test_websocket(self, client):
        ws = client.connect()
        self.check(ws.recv(), [])
        ws.close()

    @pytest.mark.parametrize(
        "query, code, message",
        [
            ("EIO=4", 0, "Transport unknown"),
            ("EIO=4&transport=abc", 0, "Transport unknown"),
            ("EIO=4&transport=constructor", 0, "Transport unknown"),
            ("EIO=4&transport=polling&sid=nobody", 1, "Session ID unknown"),
            ("EIO=4&transport=websocket", 3, "Bad request"),
            ("transport=polling", 5, "Unsupported protocol version"),
            ("EIO=abc&transport=polling", 5, "Unsupported protocol version"),
            ("EIO=3&transport=polling", 5, "Unsupported protocol version"),
        ],
    )
    def test_a_bad_request(self, client, query, code, message):
        response = requests.get(f"{client.url}?{query}", timeout=5)
        assert response.status_code == 400
        assert response.headers["Content-Type"] == "application/json"
        assert response.text == f'{{"code":{code},"message":"{message}"}}'

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
    def test_a_bad_method(self, client, method):
        response = requests.request(method, f"{client.url}?EIO=4&transport=polling", timeout=5)
        assert response.status_code == 400
        assert response.json() == {"code": 2, "message": "Bad handshake method"}

    @pytest.mark.parametrize(
        "query", ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc", "EIO=4&transport=polling"]
    )
    def test_a_bad_websocket_request_gets_a_real_answer(self, client, query):
        with pytest.raises(websocket.WebSocketBadStatusException) as failure:
            websocket.create_connection(f"{client.ws_url}?{query}", timeout=5)
        assert failure.value.status_code == 400
        assert b'"code":' in failure.value.resp_body

    def test_preflight(self, client):
        response = requests.options(
            client.url, headers={"Origin": "http://other.example", "Access-Control-Request-Headers": "x-custom"}, timeout=5
        )
        assert response.status_code == 204
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert {"GET", "POST", "PUT"} <= set(response.headers["Access-Control-Allow-Methods"].split(","))
        assert response.headers["Access-Control-Allow-Headers"] == "x-custom"

    def test_the_path_without_its_slash(self, client):
        assert requests.get(client.url[:-1] + "?EIO=4&transport=polling", timeout=5).status_code == 200


class TestMessages:
    @pytest.mark.parametrize("payload", ["4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA==", "4κόσμε €\x1eb"])
    def test_polling(self, echo, payload):
        sid = echo.handshake()
        response = echo.post(payload.encode(), sid=sid)
        assert (response.status_code, response.text) == (200, "ok")
        response = echo.get(sid=sid)
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
    def test_binary_over_polling_in_every_dialect_of_base64(self, echo, encode, length):
        data = os.urandom(length)
        sid = echo.handshake()
        assert echo.post(b"4before\x1eb" + encode(data) + b"\x1e4after", sid=sid).status_code == 200
        packets = echo.get(sid=sid).text.split("\x1e")
        assert packets[:3] == ["4before", "b" + base64.b64encode(data).decode(), "4after"]

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
            response = requests.post(echo.url, params={"EIO": 4, "transport": "polling", "sid": sid}, data=pieces, timeout=5)
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
    def test_a_second_poll_ends_the_session(self, client):
        sid = client.handshake()
        responses = []
        first = threading.Thread(target=lambda: responses.append(client.get(sid=sid)))
        first.start()
        time.sleep(0.05)  # the first poll has to be there, which no answer tells
        second = client.get(sid=sid, t="burst")
        first.join()
        assert (responses[0].status_code, responses[0].text) == (200, "1")
        assert second.status_code == 400
        assert client.get(sid=sid).status_code == 400

    def test_a_cancelled_poll_ends_the_session(self, client):
        sid = client.handshake()
        with Wire(client.port) as wire:
            wire.send(f"GET {client.path}?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            time.sleep(0.05)  # the poll has to be there, which no answer tells
        response = client.get(sid=sid)
        assert response.status_code == 400
        assert response.json()["code"] == 1

    def test_the_client_closes(self, client):
        sid = client.handshake()
        responses = []
        poll = threading.Thread(target=lambda: responses.append(client.get(sid=sid)))
        poll.start()
        time.sleep(0.05)  # the poll has to be there, which no answer tells
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


class TestHeartbeat:
    def test_polling(self, echo):
        sid = echo.handshake()
        for _ in range(3):
            response = echo.get(sid=sid)
            assert (response.status_code, response.text) == (200, "2")
            assert echo.post("3", sid=sid).status_code == 200

    def test_polling_without_pong(self, echo):
        sid = echo.handshake()
        time.sleep(PING_INTERVAL + PING_TIMEOUT)
        assert echo.get(sid=sid).status_code == 400

    def test_websocket(self, echo):
        ws = echo.connect()
        ws.recv()
        for _ in range(3):
            start = time.monotonic()
            assert ws.recv() == "2"
            assert 0.2 < time.monotonic() - start < 0.6
            ws.send("3")
        ws.close()

    def test_websocket_without_pong(self, echo):
        ws = echo.connect()
        ws.recv()
        start = time.monotonic()
        assert ws.recv() == "2"
        assert_closes(ws)
        assert 0.4 < time.monotonic() - start < 0.8

    def test_messages_do_not_replace_pongs(self, echo):
        ws = echo.connect()
        ws.recv()
        start = time.monotonic()
        with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
            while time.monotonic() - start < 3:
                ws.send("4still here")
                if ws.recv() == "":
                    raise websocket.WebSocketConnectionClosedException
        assert time.monotonic() - start < 1


class TestClose:
    def test_a_poll_and_a_close_at_the_same_instant(self, client):
        """They are on two connections, and nobody knows which of them the server reads first."""
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

    def test_a_poll_behind_a_close_gets_what_waits(self, echo):
        sid = echo.handshake()
        assert echo.post("4last\x1e1", sid=sid).status_code == 200
        response = echo.get(sid=sid)
        assert (response.status_code, response.text) == (200, "4last")
        assert echo.get(sid=sid).status_code == 400

    def test_websocket(self, client):
        ws = client.connect()
        ws.recv()
        start = time.monotonic()
        ws.send("1")
        assert_closes(ws)
        assert time.monotonic() - start < 0.2


class TestUpgrade:
    def probe(self, client):
        sid = client.handshake()
        ws = client.connect(sid=sid)
        ws.send("2probe")
        assert ws.recv() == "3probe"
        return sid, ws

    def test_upgrade(self, echo):
        sid, ws = self.probe(echo)
        response = echo.get(sid=sid)
        assert (response.status_code, response.text) == (200, "6")
        ws.send("5")
        ws.send("4hello")
        assert receive(ws) == "4hello"
        ws.close()

    def test_a_waiting_poll_is_released(self, echo):
        sid = echo.handshake()
        responses = []
        poll = threading.Thread(target=lambda: responses.append(echo.get(sid=sid)))
        poll.start()
        ws = echo.connect(sid=sid)
        ws.send("2probe")
        assert ws.recv() == "3probe"
        poll.join(0.2)
        assert responses and (responses[0].status_code, responses[0].text) == (200, "6")
        ws.send("5")
        ws.close()

    def test_messages_on_the_way_are_neither_lost_nor_doubled(self, echo):
        for _ in range(10):
            sid, ws = self.probe(echo)
            assert echo.post("4before1\x1e4before2", sid=sid).status_code == 200
            ws.send("5")
            ws.send("4after")
            assert [receive(ws) for _ in range(3)] == ["4before1", "4before2", "4after"]
            ws.close()

    def test_the_session_is_not_polled_any_more(self, client):
        sid, ws = self.probe(client)
        ws.send("5")
        assert client.get(sid=sid).status_code == 400
        assert client.post("4x", sid=sid).status_code == 400
        ws.close()

    def test_a_second_websocket_is_closed(self, echo):
        sid, ws = self.probe(echo)
        ws.send("5")
        second = echo.connect(sid=sid)
        assert_closes(second)
        ws.send("4hello")
        assert receive(ws) == "4hello"
        ws.close()

    def test_without_waiting_for_the_probe(self, client):
        for _ in range(20):
            sid = client.handshake()
            ws = client.connect(sid=sid)
            ws.send("2probe")
            ws.send("5")
            assert client.get(sid=sid).status_code == 400
            assert ws.recv() == "3probe"
            ws.close()

    def test_without_a_probe(self, echo):
        """As elephant.io does it: what is under way comes once, and in its order."""
        for _ in range(10):
            sid = echo.handshake()
            assert echo.post("4before1\x1e4before2", sid=sid).status_code == 200
            ws = echo.connect(sid=sid)
            ws.send("5")
            ws.send("4after")
            assert [receive(ws) for _ in range(3)] == ["4before1", "4before2", "4after"]
            assert echo.get(sid=sid).status_code == 400
            ws.close()

    def test_without_a_probe_while_a_poll_waits(self, echo):
        with Wire(echo.port) as poller:
            sid = echo.handshake()
            poller.send(f"GET {echo.path}?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            ws = echo.connect(sid=sid)
            ws.send("5")
            # 400 where it came when the WebSocket was already there.
            code, _, body = poller.response()
            assert (code, body) == (200, b"6") or code == 400
            ws.send("4hello")
            assert receive(ws) == "4hello"
            ws.close()

    @pytest.mark.parametrize("packets", [["2probe", "2probe", "5"], ["2probe", "5", "5", "6"], ["5", "5"]])
    def test_packets_of_the_upgrade_that_come_twice(self, echo, packets):
        sid = echo.handshake()
        ws = echo.connect(sid=sid)
        for packet in packets:
            ws.send(packet)
        ws.send("4hello")
        assert [receive(ws) for _ in range(packets.count("2probe"))] == ["3probe"] * packets.count("2probe")
        assert receive(ws) == "4hello"
        ws.close()

    def test_a_noop_in_place_of_the_upgrade_closes_the_websocket(self, echo):
        sid, ws = self.probe(echo)
        ws.send("6")
        assert_closes(ws)
        assert echo.post("4still", sid=sid).status_code == 200

    def test_an_upgrade_given_up_leaves_polling_alive(self, echo):
        sid, ws = self.probe(echo)
        ws.close()
        assert echo.post("4hello", sid=sid).status_code == 200
        received = []
        while "4hello" not in received:
            received += echo.get(sid=sid).text.split("\x1e")

    def test_anything_but_a_probe_closes_the_websocket(self, echo):
        sid = echo.handshake()
        ws = echo.connect(sid=sid)
        ws.send("4hello")
        assert_closes(ws)
        assert echo.post("4still", sid=sid).status_code == 200

    def test_an_unknown_session(self, client):
        with pytest.raises(websocket.WebSocketBadStatusException) as failure:
            client.connect(sid="nobody")
        assert failure.value.status_code == 400


class TestSlowConsumer:
    def test_it_holds_no_more_than_the_bound(self, make_server):
        """A mebibyte, the kernel's buffer included."""
        server = make_server("--ping-interval", "20000")
        with open_websocket(server.port, "/engine.io/?EIO=4&transport=websocket") as wire:
            wire.socket.settimeout(30)
            wire.frame()
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                wire.socket.setsockopt(socket.SOL_SOCKET, option, 32 * 1024)
            chunk, sent = frame(BINARY, bytes(10_000)), 0
            with pytest.raises((ConnectionError, Closed)):
                for _ in range(1000):
                    wire.send(chunk)
                    sent += 10_000
        # What it has not read is on the way to it, or back, in its own buffers.
        assert 300_000 < sent < (1 << 20) + 400_000

    def test_answers_to_polls_that_are_not_read_are_bounded(self, make_server):
        """A client that sends polls one behind the other and reads none of the answers."""
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
            wire.socket.settimeout(10)
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
        responses = []
        poll = threading.Thread(target=lambda: responses.append(client.get(sid=sid)))
        poll.start()
        with open_websocket(server.port, "/engine.io/?EIO=4&transport=websocket") as wire:
            wire.frame()
            time.sleep(0.05)  # the poll has to be there, which no answer tells
            server.process.terminate()
            opcode, payload, _ = wire.frame()
            assert (opcode, payload[:2]) == (CLOSE, b"\x03\xe9")
            wire.expect_end()
        poll.join()
        assert (responses[0].status_code, responses[0].text) == (200, "1")
        assert server.process.wait(timeout=10) == 0
