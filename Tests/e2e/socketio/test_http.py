"""Sharing the port with an ordinary HTTP application: keep-alive, pipelining and refused upgrades."""

import json

from wire import TEXT, Wire, frame, open_websocket, upgrade_request


def request(target, headers="", method="GET", body=""):
    return f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n{body}".encode()


HANDSHAKE = request("/engine.io/?EIO=4&transport=polling")


def test_requests_of_both_kinds_on_one_connection(server):
    with Wire(server.port) as wire:
        for _ in range(3):
            wire.send(request("/nothing-here"))
            assert wire.response()[0] == 404
            wire.send(HANDSHAKE)
            code, _, body = wire.response()
            assert code == 200 and body[:1] == b"0"


def test_pipelined_requests_are_answered_in_order(server):
    with Wire(server.port) as wire:
        wire.send((HANDSHAKE + request("/a") + HANDSHAKE + HANDSHAKE + request("/b")) * 4)
        assert [wire.response()[0] for _ in range(20)] == [200, 404, 200, 200, 404] * 4


def test_a_request_pipelined_behind_a_poll(server):
    with Wire(server.port) as wire:
        wire.send(HANDSHAKE)
        sid = json.loads(wire.response()[2][1:])["sid"]
        wire.send(request(f"/engine.io/?EIO=4&transport=polling&sid={sid}") + request("/after"))
        assert wire.response()[2] == b"2"
        assert wire.response()[0] == 404


def test_an_upgrade_may_be_a_later_request(server):
    for earlier in [request("/nothing-here"), HANDSHAKE]:
        with Wire(server.port) as wire:
            wire.send(earlier)
            wire.response()
            wire.send(upgrade_request("/ws") + frame(TEXT, b"early"))
            assert wire.response()[0] == 101
            wire.expect(TEXT, b"early")
            # What handled the earlier request ends meanwhile, and reads no more.
            for number in range(100):
                wire.send(frame(TEXT, b"%d" % number))
                wire.expect(TEXT, b"%d" % number)


def test_an_upgrade_that_is_not_honored_leaves_the_connection_usable(server):
    upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    with Wire(server.port) as wire:
        wire.send(request("/nothing-here", upgrade))
        assert wire.response()[0] == 404
        wire.send(request("/nothing-here", upgrade) + request("/again"))
        assert [wire.response()[0] for _ in range(2)] == [404, 404]
        wire.send(HANDSHAKE)
        assert wire.response()[0] == 200


def test_a_websocket_at_a_path_without_one(server):
    with Wire(server.port) as wire:
        wire.send(upgrade_request("/nothing-here"))
        assert wire.response()[0] == 404


def test_connection_close_is_honored(server):
    with Wire(server.port) as wire:
        wire.send(request("/engine.io/?EIO=4&transport=polling", "Connection: close\r\n"))
        code, headers, _ = wire.response()
        assert (code, headers["connection"]) == (200, "close")
        wire.expect_end()


def test_what_is_not_http(server):
    for garbage in [b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"nonsense\r\n\r\n"]:
        with Wire(server.port) as wire:
            wire.send(garbage + b"\r\n\r\n")
            wire.expect_end()
    with open_websocket(server.port, "/ws") as wire:
        wire.send(frame(TEXT, b"still there"))
        wire.expect(TEXT, b"still there")


def test_a_body_announced_too_large_is_refused_at_once(server):
    with Wire(server.port) as wire:
        wire.send(request("/engine.io/?EIO=4&transport=polling&sid=x", "Content-Length: 99999999\r\n", "POST"))
        assert wire.response()[0] == 413


def test_expect_continue(server):
    with Wire(server.port) as wire:
        wire.send(HANDSHAKE)
        sid = json.loads(wire.response()[2][1:])["sid"]
        head = request(
            f"/engine.io/?EIO=4&transport=polling&sid={sid}", "Content-Length: 2\r\nExpect: 100-continue\r\n", "POST"
        )
        wire.send(head)
        assert wire.response()[0] == 100
        wire.send(b"4x")
        assert wire.response()[0] == 200
