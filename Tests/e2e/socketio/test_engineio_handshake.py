"""How an Engine.IO session begins, and how it moves to a WebSocket."""

import json
import threading

import pytest
import requests
import websocket

from engine import PATIENCE, assert_closes, receive
from wire import Wire


class TestHandshake:
    def check(self, packet, upgrades):
        assert packet[0] == "0"
        value = json.loads(packet[1:])
        assert set(value) == {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
        assert isinstance(value["sid"], str) and len(value["sid"]) == 20
        assert value["upgrades"] == upgrades
        assert (value["pingInterval"], value["pingTimeout"], value["maxPayload"]) == (300, 60_000, 1_000_000)

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
        response = requests.get(f"{client.url}?{query}", timeout=PATIENCE)
        assert response.status_code == 400
        assert response.headers["Content-Type"] == "application/json"
        assert response.text == f'{{"code":{code},"message":"{message}"}}'

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
    def test_a_bad_method(self, client, method):
        response = requests.request(method, f"{client.url}?EIO=4&transport=polling", timeout=PATIENCE)
        assert response.status_code == 400
        assert response.json() == {"code": 2, "message": "Bad handshake method"}

    @pytest.mark.parametrize(
        "query", ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc", "EIO=4&transport=polling"]
    )
    def test_a_bad_websocket_request_gets_a_real_answer(self, client, query):
        with pytest.raises(websocket.WebSocketBadStatusException) as failure:
            websocket.create_connection(f"{client.ws_url}?{query}", timeout=PATIENCE)
        assert failure.value.status_code == 400
        assert b'"code":' in failure.value.resp_body

    def test_preflight(self, client):
        response = requests.options(
            client.url, headers={"Origin": "http://other.example", "Access-Control-Request-Headers": "x-custom"}, timeout=PATIENCE
        )
        assert response.status_code == 204
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert {"GET", "POST", "PUT"} <= set(response.headers["Access-Control-Allow-Methods"].split(","))
        assert response.headers["Access-Control-Allow-Headers"] == "x-custom"

    def test_the_path_without_its_slash(self, client):
        assert requests.get(client.url[:-1] + "?EIO=4&transport=polling", timeout=PATIENCE).status_code == 200


class TestUpgrade:
    def probe(self, client):
        sid = client.handshake()
        ws = client.connect(sid=sid)
        ws.send("2probe")
        assert ws.recv() == "3probe"
        return sid, ws

    def finish(self, ws, path="/engine.io/"):
        """Completes the upgrade. The answer shows that the server has done so; other connections may be read before this one."""
        ws.send("5")
        self.ask(ws, path)

    def ask(self, ws, path):
        """Sends something that is answered: a message, or Socket.IO's request to connect."""
        ws.send("40" if path == "/socket.io/" else "4hello")
        assert receive(ws).startswith("40{" if path == "/socket.io/" else "4hello")

    def test_upgrade(self, quiet_echo):
        sid, ws = self.probe(quiet_echo)
        response = quiet_echo.get(sid=sid)
        assert (response.status_code, response.text) == (200, "6")
        self.finish(ws)
        ws.close()

    def test_a_waiting_poll_is_released(self, quiet_echo):
        sid = quiet_echo.handshake()
        responses = []
        poll = threading.Thread(target=lambda: responses.append(quiet_echo.get(sid=sid)))
        poll.start()
        ws = quiet_echo.connect(sid=sid)
        ws.send("2probe")
        assert ws.recv() == "3probe"
        poll.join()
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
        self.finish(ws, client.path)
        assert client.get(sid=sid).status_code == 400
        assert client.post("4x", sid=sid).status_code == 400
        ws.close()

    def test_a_second_websocket_is_closed(self, echo):
        sid, ws = self.probe(echo)
        self.finish(ws)
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
            assert ws.recv() == "3probe"
            self.ask(ws, client.path)
            assert client.get(sid=sid).status_code == 400
            ws.close()

    def test_without_a_probe(self, echo):
        """Upgrades as elephant.io does. Packets in transit arrive once and in order."""
        for _ in range(10):
            sid = echo.handshake()
            assert echo.post("4before1\x1e4before2", sid=sid).status_code == 200
            ws = echo.connect(sid=sid)
            ws.send("5")
            ws.send("4after")
            assert [receive(ws) for _ in range(3)] == ["4before1", "4before2", "4after"]
            assert echo.get(sid=sid).status_code == 400
            ws.close()

    def test_without_a_probe_while_a_poll_waits(self, quiet_echo):
        echo = quiet_echo
        with Wire(echo.port) as poller:
            sid = echo.handshake()
            poller.send(f"GET {echo.path}?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            ws = echo.connect(sid=sid)
            ws.send("5")
            # 400 if the poll came when the WebSocket was already connected.
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
