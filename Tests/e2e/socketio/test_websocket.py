"""RFC 6455 on /ws, and RFC 7692 if negotiated: the well-known cases of the Autobahn test suite."""

import os
import random
import struct
import time
import zlib

import pytest

from engine import PATIENCE
from wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Closed, Wire, frame, open_websocket, upgrade_request


@pytest.fixture
def ws(server):
    with open_websocket(server.port, "/ws") as wire:
        yield wire


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65535, 65536, 1 << 20])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_echo(ws, opcode, size):
    payload = b"*" * size
    ws.send(frame(opcode, payload))
    ws.expect(opcode, payload)


def test_echo_of_16_mebibytes(ws):
    payload = os.urandom(16 << 20)
    ws.socket.settimeout(PATIENCE)
    ws.send(frame(BINARY, payload))
    ws.expect(BINARY, payload)


def test_more_than_16_mebibytes_is_refused_before_it_is_sent(ws):
    ws.send(frame(BINARY, b"only the header came", length=(16 << 20) + 1))
    ws.expect_close(1009)


def test_fragments_together_are_limited_too(ws):
    for index in range(17):
        ws.send(frame(BINARY if index == 0 else CONTINUATION, bytes(1 << 20), fin=False))
    ws.expect_close(1009)


def test_a_frame_that_comes_byte_by_byte(ws):
    for byte in frame(TEXT, b"slowly but surely"):
        ws.send(bytes([byte]))
    ws.expect(TEXT, b"slowly but surely")


def test_many_frames_in_one_packet(ws):
    ws.send(b"".join(frame(TEXT, b"%d" % number) for number in range(500)))
    for number in range(500):
        ws.expect(TEXT, b"%d" % number)


def test_fragments_with_control_frames_between_them(ws):
    ws.send(frame(TEXT, b"one ", fin=False))
    ws.send(frame(PING, b"first"))
    ws.expect(PONG, b"first")
    ws.send(frame(CONTINUATION, b"two ", fin=False) + frame(PONG, b"unasked") + frame(PING))
    ws.expect(PONG, b"")
    ws.send(frame(CONTINUATION, b"", fin=False) + frame(CONTINUATION, b"three"))
    ws.expect(TEXT, b"one two three")


def test_pings_are_answered_in_order(ws):
    for number in range(10):
        ws.send(frame(PING, b"%d" % number))
    for number in range(10):
        ws.expect(PONG, b"%d" % number)
    ws.send(frame(PING, b"x" * 125))
    ws.expect(PONG, b"x" * 125)


@pytest.mark.parametrize(
    "frames",
    [
        frame(PING, b"x" * 126),
        frame(PING, fin=False),
        frame(CLOSE, struct.pack("!H", 1000), fin=False),
        frame(TEXT, b"x", rsv=1),
        frame(TEXT, b"x", rsv=2),
        frame(TEXT, b"x", rsv=4),
        frame(PING, rsv=4),
        frame(TEXT, b"x", masked=False),
        frame(CONTINUATION, b"of nothing"),
        frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"),
        frame(TEXT, b"a", fin=False) + frame(BINARY, b"b", fin=False),
        frame(CLOSE, b"\x03"),
        *(frame(opcode, b"x") for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]),
    ],
)
def test_what_breaks_the_protocol_is_closed_with_1002(ws, frames):
    ws.send(frames)
    ws.expect_close(1002)


@pytest.mark.parametrize(
    "frames, code",
    [
        (frame(PING, b"x" * 126), 1002),
        (frame(TEXT, b"x", rsv=1), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (frame(BINARY, b"only the header came", length=(16 << 20) + 1), 1009),
        (frame(CLOSE, b"\x03") + frame(TEXT, b"more") * 1000, 1002),
    ],
)
def test_the_connection_ends_with_the_close_frame(server, ws, frames, code):
    with open_websocket(server.port, "/engine.io/?EIO=4&transport=websocket") as other:
        # This is no error of the WebSocket protocol, so the server waits for the client's close frame.
        other.frame()
        began = time.monotonic()
        other.send(frame(TEXT, b"abc"))
        while other.frame()[0] != CLOSE:
            pass
        ws.send(frames)
        opcode, payload, _ = ws.frame()
        assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", code))
        with pytest.raises(Closed):
            ws.take(1)
        other.socket.setblocking(False)
        try:
            other.take(1)
        except BlockingIOError:
            pass
        except Closed:
            assert time.monotonic() - began >= 3, "it waits for three seconds"


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
def test_a_close_code_is_echoed(ws, code):
    ws.send(frame(CLOSE, struct.pack("!H", code) + "Grüße".encode()))
    ws.expect_close(code)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_an_invalid_close_code_is_refused(ws, code):
    ws.send(frame(CLOSE, struct.pack("!H", code)))
    ws.expect_close(1002)


def test_a_close_without_code(ws):
    ws.send(frame(CLOSE))
    ws.expect(CLOSE, b"")
    ws.expect_end()


def test_nothing_is_answered_after_a_close(ws):
    ws.send(frame(CLOSE, struct.pack("!H", 1000)) + frame(PING) + frame(TEXT, b"late"))
    ws.expect_close(1000)


@pytest.mark.parametrize(
    "text",
    ["κόσμε", "\U0010ffff", "\ufffe", "\u0800", "\U00010000", "\ud7ff", "\x7f", "Hello-µ@ßöäüàá-UTF-8!!"],
)
def test_text_is_echoed_when_split_anywhere(ws, text):
    payload = text.encode()
    for position in range(len(payload) + 1):
        ws.send(frame(TEXT, payload[:position], fin=False) + frame(CONTINUATION, payload[position:]))
        ws.expect(TEXT, payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf0\x80\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\x80",
        b"abc\xce",
        "κόσμε".encode()[:-1],
        b"longer than a machine word \xed\xa0\x80 edited",
    ],
)
def test_invalid_text_is_closed_with_1007(ws, payload):
    ws.send(frame(TEXT, payload))
    ws.expect_close(1007)


def test_invalid_text_is_noticed_before_the_message_ends(ws):
    ws.send(frame(TEXT, b"\xce\xba", fin=False) + frame(CONTINUATION, b"\xf4\x90", fin=False))
    ws.expect_close(1007)


def test_an_invalid_close_reason(ws):
    ws.send(frame(CLOSE, struct.pack("!H", 1000) + b"\xce"))
    ws.expect_close(1007)


def test_random_bytes_end_the_connection_only(server):
    generator = random.Random(6455)
    for _ in range(50):
        with open_websocket(server.port, "/ws") as wire:
            wire.send(generator.randbytes(generator.randrange(1, 2000)))
    with open_websocket(server.port, "/ws") as wire:
        wire.send(frame(TEXT, b"still there"))
        wire.expect(TEXT, b"still there")


def test_a_reader_that_stops_is_not_read_from(server):
    """The server's queue for it must not grow without bound, so writing to it must block in the end."""
    with open_websocket(server.port, "/ws") as wire:
        wire.socket.settimeout(1)
        chunk = frame(BINARY, bytes(1 << 20))
        with pytest.raises(TimeoutError):
            for _ in range(200):
                wire.send(chunk)


@pytest.mark.parametrize(
    "change, status",
    [
        (("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"), 426),
        (("Sec-WebSocket-Key: ", "Sec-WebSocket-Key: short"), 400),
        (("Sec-WebSocket-Key: ", "X-Not-A-Key: "), 400),
        (("Upgrade: websocket\r\n", ""), 426),
        (("Connection: Upgrade", "Connection: keep-alive"), 426),
        (("GET", "POST"), 400),
    ],
)
def test_a_handshake_that_is_none(server, change, status):
    with Wire(server.port) as wire:
        wire.send(upgrade_request("/ws").decode().replace(*change).encode())
        assert wire.response()[0] == status


def test_the_first_frame_may_come_with_the_request(server):
    with Wire(server.port) as wire:
        wire.send(upgrade_request("/ws") + frame(TEXT, b"early"))
        assert wire.response()[0] == 101
        wire.expect(TEXT, b"early")


class TestDeflate:
    OFFER = ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]

    @pytest.fixture
    def deflating(self, make_server):
        return make_server("--deflate")

    @staticmethod
    def compress(payload):
        compressor = zlib.compressobj(wbits=-15)
        return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]

    @staticmethod
    def decompress(payload):
        return zlib.decompressobj(wbits=-15).decompress(payload + b"\0\0\xff\xff")

    def test_both_directions(self, deflating):
        with open_websocket(deflating.port, "/ws", self.OFFER) as wire:
            assert wire.headers["sec-websocket-extensions"].startswith("permessage-deflate")
            for payload in [b"", b"a" * 10000, "κόσμε".encode() * 500]:
                wire.send(frame(TEXT, self.compress(payload), rsv=4))
                opcode, answer, is_deflated = wire.frame()
                assert opcode == TEXT
                assert (self.decompress(answer) if is_deflated else answer) == payload
                assert is_deflated or len(payload) < 100

    def test_fragments(self, deflating):
        with open_websocket(deflating.port, "/ws", self.OFFER) as wire:
            data = self.compress(b"fragment " * 1000)
            wire.send(frame(BINARY, data[:7], fin=False, rsv=4) + frame(CONTINUATION, data[7:]))
            _, answer, _ = wire.frame()
            assert self.decompress(answer) == b"fragment " * 1000

    def test_a_bomb_is_refused(self, deflating):
        with open_websocket(deflating.port, "/ws", self.OFFER) as wire:
            wire.socket.settimeout(PATIENCE)
            wire.send(frame(BINARY, self.compress(bytes(64 << 20)), rsv=4))
            wire.expect_close(1009)

    def test_what_does_not_inflate_is_refused(self, deflating):
        with open_websocket(deflating.port, "/ws", self.OFFER) as wire:
            wire.send(frame(TEXT, b"\xff\xff\xff\xff", rsv=4))
            wire.expect_close(1007)

    def test_inflated_text_is_checked(self, deflating):
        with open_websocket(deflating.port, "/ws", self.OFFER) as wire:
            wire.send(frame(TEXT, self.compress(b"\xff"), rsv=4))
            wire.expect_close(1007)

    @pytest.mark.parametrize("bits", range(8, 16))
    def test_the_client_may_have_a_smaller_window(self, deflating, bits):
        offer = [f"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits={bits}; client_max_window_bits"]
        with open_websocket(deflating.port, "/ws", offer) as wire:
            assert f"server_max_window_bits={bits}" in wire.headers["sec-websocket-extensions"]
            payload = b"".join(b"%d, " % (number % 3000) for number in range(20000))
            wire.send(frame(TEXT, self.compress(payload), rsv=4))
            _, answer, is_deflated = wire.frame()
            assert is_deflated
            inflater = zlib.decompressobj(wbits=-bits)
            assert inflater.decompress(answer + b"\0\0\xff\xff") == payload

    def test_an_offer_with_unknown_parameters_is_declined(self, deflating):
        offer = ["Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16, x-other"]
        with open_websocket(deflating.port, "/ws", offer) as wire:
            assert "sec-websocket-extensions" not in wire.headers
            wire.send(frame(TEXT, b"plain"))
            wire.expect(TEXT, b"plain")
