"""The Socket.IO protocol, revision 5: the cases of the protocol's own conformance suite, and other rules."""

import json
import time

import pytest
import websocket

from engine import PATIENCE, assert_closes, receive


def connect(server):
    ws = websocket.create_connection(f"{server.ws}/socket.io/?EIO=4&transport=websocket", timeout=PATIENCE)
    assert ws.recv()[0] == "0"
    return ws


@pytest.fixture
def raw(server):
    ws = connect(server)
    yield ws
    ws.close()


@pytest.fixture
def ws(raw):
    raw.send("40")
    assert receive(raw).startswith("40")
    assert receive(raw) == '42["auth",{}]'
    return raw


class TestConnect:
    @pytest.mark.parametrize(
        "packet, prefix, auth",
        [
            ("40", "", "{}"),
            ("40/", "", "{}"),
            ('40{"token":"123"}', "", '{"token":"123"}'),
            ("40/custom,", "/custom,", "{}"),
            ("40/custom", "/custom,", "{}"),
            ('40/custom,{"token":"abc"}', "/custom,", '{"token":"abc"}'),
        ],
    )
    def test_namespaces(self, raw, packet, prefix, auth):
        raw.send(packet)
        answer = receive(raw)
        assert answer.startswith("40" + prefix)
        handshake = json.loads(answer[2 + len(prefix):])
        assert set(handshake) == {"sid"} and isinstance(handshake["sid"], str)
        assert receive(raw) == f'42{prefix}["auth",{auth}]'

    def test_an_unknown_namespace(self, raw):
        raw.send("40/random")
        assert receive(raw) == '44/random,{"message":"Invalid namespace"}'

    @pytest.mark.parametrize("packet", ["4abc", '40"text"', "40[]", "40{", "40{}x", '42["early"]', "41"])
    def test_an_invalid_handshake(self, raw, packet):
        raw.send(packet)
        assert_closes(raw)

    def test_without_a_handshake(self, make_server):
        start = time.monotonic()
        ws = connect(make_server("--connect-timeout", "1000", "--ping-timeout", "60000"))
        with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
            while True:
                if receive(ws) == "":
                    raise websocket.WebSocketConnectionClosedException
        assert time.monotonic() - start >= 1

    def test_twice_to_the_same_namespace(self, ws):
        ws.send("40")
        assert_closes(ws)


class TestDisconnect:
    def test_from_the_main_namespace(self, ws):
        ws.send("41")
        assert ws.recv() == "2"

    def test_from_a_custom_namespace(self, ws):
        ws.send("40/custom")
        receive(ws)
        receive(ws)
        ws.send("41/custom")
        ws.send('42["message","to main"]')
        assert receive(ws) == '42["message-back","to main"]'

    def test_and_connect_again(self, ws):
        ws.send("41")
        ws.send("40")
        assert receive(ws).startswith('40{"sid"')


class TestMessages:
    @pytest.mark.parametrize(
        "arguments",
        [
            '1,"2",{"3":[true]}',
            '"κόσμε \\u20ac \\ud83d\\ude00"',
            "null,false,-0.5e-7,[],{}",
            '{"nested":{"deep":[[[[{"a":" , ] } "}]]]]}}',
            ' 1 , [ 2 ] ',
        ],
    )
    def test_text(self, ws, arguments):
        ws.send(f'42["message",{arguments}]')
        answer = receive(ws)
        assert answer.startswith('42["message-back",')
        assert json.loads(answer[2:])[1:] == json.loads(f"[{arguments}]")

    def test_no_argument(self, ws):
        ws.send('42["message"]')
        assert receive(ws) == '42["message-back"]'

    def test_binary(self, ws):
        ws.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
        ws.send_binary(bytes([1, 2, 3]))
        ws.send_binary(bytes([4, 5, 6]))
        assert receive(ws) == '452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
        assert receive(ws) == bytes([1, 2, 3])
        assert receive(ws) == bytes([4, 5, 6])

    def test_acknowledgement(self, ws):
        ws.send('42456["message-with-ack",1,"2",{"3":[false]}]')
        assert receive(ws) == '43456[1,"2",{"3":[false]}]'

    def test_binary_acknowledgement(self, ws):
        ws.send('452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
        ws.send_binary(bytes([1, 2, 3]))
        ws.send_binary(bytes([4, 5, 6]))
        assert receive(ws) == '462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
        assert receive(ws) == bytes([1, 2, 3])
        assert receive(ws) == bytes([4, 5, 6])

    @pytest.mark.parametrize(
        "packet",
        [
            "4abc",
            "4",
            "47",
            "42{}",
            "42",
            "42[]",
            "42[{}]",
            '42["message"',
            '42["message",]',
            '42["message",01]',
            '42["message"]x',
            '42["connect"]',
            '42["disconnect"]',
            '42abc["message-with-ack",1]',
            '421e3["message-with-ack"]',
            '429999999999999999999["message"]',
            "43[]",
            "44",
            '42/unknown,["message"]',
            '45-["message"]',
            '450-["message"]',
            '4511-["message"]',
            '451["message"]',
            '451-["message",{"_placeholder":true,"num":1}]',
            '451-["message",{"_placeholder":true,"num":-1}]',
            '451-["message",{"_placeholder":true,"num":"0"}]',
            '451-["message",{"_placeholder":true}]',
            '42["message",' + "[" * 10_000 + "]" * 10_000 + "]",
        ],
    )
    def test_a_malformed_packet_ends_the_connection(self, ws, packet):
        ws.send(packet)
        if packet.startswith("451-"):
            ws.send_binary(b"x")
        assert_closes(ws)

    def test_text_in_place_of_an_attachment(self, ws):
        ws.send('451-["message",{"_placeholder":true,"num":0}]')
        ws.send('42["message"]')
        assert_closes(ws)

    def test_an_attachment_of_nothing(self, ws):
        ws.send_binary(b"x")
        assert_closes(ws)

    def test_order_of_many(self, ws):
        for number in range(1000):
            ws.send(f'42["message",{number}]')
        assert [receive(ws) for _ in range(1000)] == [f'42["message-back",{number}]' for number in range(1000)]
