"""Which pages may use the server, by which names it may be called, and for whose address a request counts."""

import json
import threading

import pytest
import requests
import websocket

from parley import PATIENCE, Server, until
from test_hardening import Raw, is_problem

PAGE = {"X-Parley-Cookie": "1"}


def ask(server, *lines, method="GET", path="/users/x"):
    """The answer to a request with exactly these header fields."""
    with Raw(server) as raw:
        return raw.write("\r\n".join([f"{method} {path} HTTP/1.1", *lines, *([] if "" in lines else ["", ""])]).encode()).answer()


def handshake(server, host, origin, **fields):
    try:
        socket = websocket.create_connection(
            f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket", host=host, origin=origin, header=fields, timeout=PATIENCE)
        socket.close()
        return 101
    except websocket.WebSocketBadStatusException as error:
        return error.status_code


def polling(server, host, origin, *lines):
    path = "/socket.io/?EIO=4&transport=polling"
    status, _, body = ask(server, f"Host: {host}", f"Origin: {origin}", *lines, path=path)
    if status == 200:
        closing = ask(server, f"Host: {host}", "Content-Length: 1", "", "1", method="POST", path=f"{path}&sid={json.loads(body[1:])['sid']}")
        assert closing[0] == 200
    return status


def assert_own(server, host, origin, *lines):
    assert ask(server, f"Host: {host}", f"Origin: {origin}", *lines)[0] == 401
    assert polling(server, host, origin, *lines) == 200


def assert_stranger(server, host, origin, *lines):
    assert is_problem(ask(server, f"Host: {host}", f"Origin: {origin}", *lines), 403, "forbidden")
    assert polling(server, host, origin, *lines) == 403


@pytest.mark.parametrize("host, origin", [
    ("127.0.0.1:8080", "http://127.0.0.1:8080"), ("127.0.0.1", "http://127.0.0.1"), ("127.0.0.1:80", "http://127.0.0.1"),
    ("127.0.0.1", "http://127.0.0.1:80"), ("localhost", "HTTP://LocalHost"), ("a.localhost:1", "http://a.localhost:1"),
    ("127.0.0.1", "http://127.0.0.1/"), ("127.0.0.1", "http://127.0.0.1/a/path?x#y"),
    ("[::1]:8080", "http://[0:0:0:0:0:0:0:1]:8080"), ("[2001:DB8::A]", "http://[2001:db8:0::a]"),
])
def test_the_servers_own_page_is_known_in_every_spelling(server, host, origin):
    assert_own(server, host, origin)
    assert handshake(server, host, origin) == 101


@pytest.mark.parametrize("host, origin", [
    ("127.0.0.1:8080", "https://127.0.0.1:8080"), ("127.0.0.1", "https://127.0.0.1"), ("127.0.0.1:443", "https://127.0.0.1"),
    ("127.0.0.1", "http://127.0.0.1:81"), ("127.0.0.1", "http://127.0.0.2"), ("127.0.0.1", "null"), ("127.0.0.1", ""),
    ("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "http://user@127.0.0.1"), ("127.0.0.1", "http://127.0.0.1@evil.example"),
    ("127.0.0.1", "http://evil.example/127.0.0.1"), ("127.0.0.1", "http://127.0.0.1.evil.example"), ("127.0.0.1", "ws://127.0.0.1"),
    ("127.0.0.1", "http://127.0.0.1, http://evil.example"), ("localhost", "http://127.0.0.1"), ("127.0.0.1", "http://127.0.0.1\\@evil.example"),
    ("localhost", "http://localhost."),
])
def test_every_other_page_is_a_stranger(server, host, origin):
    assert_stranger(server, host, origin)
    if origin:
        assert handshake(server, host, origin) == 403


def test_without_a_public_url_a_server_goes_by_whatever_name_it_is_called(server):
    assert_own(server, "chat.example", "http://chat.example")
    assert_stranger(server, "chat.example", "https://chat.example")


def test_behind_a_proxy_the_scheme_is_the_one_it_names(start_server):
    server = start_server(TRUSTED_PROXIES="127.0.0.1")
    assert_own(server, "chat.example", "https://chat.example", "X-Forwarded-Proto: https")
    assert_own(server, "chat.example", "http://chat.example", "X-Forwarded-Proto: http")
    assert_own(server, "chat.example", "http://chat.example")
    assert_stranger(server, "chat.example", "http://chat.example", "X-Forwarded-Proto: https")
    assert_stranger(server, "chat.example", "https://chat.example")


def test_a_scheme_that_nobody_trusted_names_is_not_believed(server):
    assert_stranger(server, "127.0.0.1", "https://127.0.0.1", "X-Forwarded-Proto: https")


def test_pages_elsewhere_count_by_their_authority(start_server):
    server = start_server(CORS_ORIGINS="https://Friend.example:443/, http://[::1]:3000")
    for origin in ("https://friend.example", "https://friend.example/x", "http://[0::1]:3000/"):
        status, fields, _ = ask(server, "Host: 127.0.0.1", f"Origin: {origin}")
        assert (status, fields["access-control-allow-origin"]) == (401, origin)
        status, fields, _ = ask(server, "Host: a", f"Origin: {origin}", "Access-Control-Request-Method: PUT", method="OPTIONS")
        assert status == 204 and "PUT" in fields["access-control-allow-methods"]
    for origin in ("http://friend.example", "https://friend.example:444", "http://[::1]:3001"):
        assert_stranger(server, "127.0.0.1", origin)


# --- PUBLIC_URL


@pytest.fixture(scope="module")
def pinned(postgres, tmp_path_factory):
    with Server(postgres.clone(), tmp_path_factory.mktemp("pinned"), {"PUBLIC_URL": "https://Chat.Example/"}) as server:
        yield server


@pytest.mark.parametrize("host", ["chat.example", "CHAT.example", "chat.example:443", "chat.example:"])
def test_the_public_name_is_answered(pinned, host):
    assert ask(pinned, f"Host: {host}")[0] == 401
    assert ask(pinned, f"Host: {host}", path="/")[0] == 200


@pytest.mark.parametrize("path", ["/", "/users/x", "/openapi.yaml", "/nope", "/healthy", "/health/x", "/socket.io/?EIO=4&transport=polling"])
@pytest.mark.parametrize("host", [
    "evil.example", "127.0.0.1", "localhost", "chat.example:80", "chat.example:8443", "chat.example.", "chat.example.evil.example", "[::1]"])
def test_every_other_name_is_421(pinned, host, path):
    answer = ask(pinned, f"Host: {host}", path=path)
    assert is_problem(answer, 421, "misdirected_request") and answer[1]["connection"] == "close"
    absolute = ask(pinned, "Host: chat.example", path=f"http://{host}{path}")
    assert is_problem(absolute, 421, "misdirected_request")


def test_a_websocket_by_another_name_is_421(pinned):
    assert handshake(pinned, "evil.example", "http://evil.example") == 421
    assert handshake(pinned, "chat.example", "https://chat.example") == 101
    assert handshake(pinned, "chat.example", "http://chat.example") == 403


def test_checks_call_the_server_by_its_address(pinned):
    assert ask(pinned, f"Host: 127.0.0.1:{pinned.port}", path="/health")[0] == 200
    assert ask(pinned, f"Host: 127.0.0.1:{pinned.port}", path="/ready?x")[0] == 200
    with Raw(pinned) as raw:
        assert raw.write(b"GET /health HTTP/1.0\r\n\r\n").answer()[0] == 200
    with Raw(pinned) as raw:
        assert raw.write(b"GET /users/x HTTP/1.0\r\n\r\n").answer()[0] == 421


def test_the_public_url_is_the_own_page(pinned):
    assert ask(pinned, "Host: chat.example", "Origin: https://chat.example")[0] == 401
    for origin in ("http://chat.example", "https://chat.example:8443", "https://evil.example", f"http://127.0.0.1:{pinned.port}"):
        assert is_problem(ask(pinned, "Host: chat.example", f"Origin: {origin}"), 403, "forbidden")
    made = requests.post(
        pinned.url + "/auth/register", json={"username": "alice", "password": "correct horse battery"}, timeout=PATIENCE,
        headers={**PAGE, "Host": "chat.example", "Origin": "https://chat.example"})
    assert made.status_code == 201 and "Secure" in made.headers["Set-Cookie"]


# --- The client's address


class Flood:
    """Keeps the bucket of requests without a token empty by spending it as fast as it refills."""

    def __init__(self, server, *lines):
        self.server = server
        self.request = "\r\n".join(["GET /nope HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()
        self.is_empty, self.is_over = threading.Event(), threading.Event()
        self.asked = 0
        self.threads = [threading.Thread(target=self._run) for _ in range(2)]

    def _run(self):
        with Raw(self.server) as connection:
            while not self.is_over.is_set():
                # Counted and not read: this must be faster than the bucket refills, on a busy machine too.
                answers = connection.write(self.request * 100).statuses(100)
                self.asked += 100
                if answers.count(b"429") > 50:
                    self.is_empty.set()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        # Twenty times as many as it holds.
        until(lambda: self.is_empty.is_set() or self.asked > 40_000, "the bucket to be empty")
        if not self.is_empty.is_set():
            self.__exit__()
            pytest.skip("this machine answers more slowly than the bucket refills")
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


def first_limited(refused):
    """The first answer that is rate-limited, or None. The bucket refills now and then, and the next request takes it, whoever
    sends it."""
    return next((answer for answer in (refused() for _ in range(2000)) if answer[0] == 429), None)


REFUSED = {
    "an unknown path": lambda server, *lines: ask(server, "Host: 127.0.0.1", *lines, path="/nope"),
    "a token that is none": lambda server, *lines: ask(server, "Host: 127.0.0.1", "Authorization: Bearer x", *lines),
    "no token": lambda server, *lines: ask(server, "Host: 127.0.0.1", *lines),
    "a page": lambda server, *lines: ask(server, "Host: 127.0.0.1", *lines, path="/"),
    "a foreign page": lambda server, *lines: ask(server, "Host: 127.0.0.1", "Origin: https://evil.example", *lines),
    "a preflight": lambda server, *lines: ask(
        server, "Host: 127.0.0.1", "Origin: https://friend.example", "Access-Control-Request-Method: PUT", *lines, method="OPTIONS"),
    "a bad Host": lambda server, *lines: ask(server, "Host: a b", *lines),
    "a method": lambda server, *lines: ask(server, "Host: 127.0.0.1", *lines, method="TRACE", path="/health"),
    "an unknown session": lambda server, *lines: ask(server, "Host: 127.0.0.1", *lines, path="/socket.io/?EIO=4&transport=polling&sid=x"),
    "an unknown transport": lambda server, *lines: ask(server, "Host: 127.0.0.1", *lines, path="/socket.io/"),
}


@pytest.fixture(scope="module")
def limited(postgres, tmp_path_factory):
    settings = {"RATE_LIMITS": "on", "CORS_ORIGINS": "https://friend.example", "TRUSTED_PROXIES": "127.0.0.0/8, 10.0.0.0/8"}
    with Server(postgres.clone(), tmp_path_factory.mktemp("limited"), settings) as server:
        yield server


def test_whatever_is_refused_is_paid_for(limited):
    alice = limited.person("alice")
    with Flood(limited, "X-Forwarded-For: 203.0.113.1"):
        for what, refused in REFUSED.items():
            answer = first_limited(lambda: refused(limited, "X-Forwarded-For: 203.0.113.1"))
            assert answer and int(answer[1]["retry-after"]) >= 1, what
        def friend():
            return ask(limited, "X-Forwarded-For: 203.0.113.1", "Host: a", "Origin: https://friend.example")
        fields = first_limited(friend)[1]
        assert fields["access-control-allow-origin"] == "https://friend.example" and "retry-after" in fields["access-control-expose-headers"]
        assert alice.get("/auth/me", headers={"X-Forwarded-For": "203.0.113.1"}).status_code == 200, "who is signed in pays for themselves"


def test_what_cannot_be_read_is_paid_for(start_server):
    server = start_server(RATE_LIMITS="on")

    def unreadable():
        with Raw(server) as raw:
            return raw.write(b"nonsense\r\n\r\n").answer()
    with Flood(server):
        assert is_problem(first_limited(unreadable), 429, "rate_limited")


def registrations(server, forwarded, count=1):
    """The statuses of that many empty registrations. Their limit refills slowly enough for a test."""
    lines = [f"X-Forwarded-For: {forwarded}"] if forwarded is not None else []
    request = "\r\n".join(["POST /auth/register HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 2", *lines, "", "{}"]).encode()
    with Raw(server) as raw:
        raw.write(request * count)
        return {raw.answer()[0] for _ in range(count)}


def exhaust(server, forwarded):
    assert registrations(server, forwarded, 70) == {422, 429}


def is_limited(server, forwarded):
    # One may have come back meanwhile.
    return 429 in registrations(server, forwarded, 2)


def test_the_address_of_a_forwarded_request_is_read_in_every_form(limited):
    exhaust(limited, "203.0.113.7")
    for same in (
        "203.0.113.7:4711", '"203.0.113.7"', '"203.0.113.7:4711"', "::ffff:203.0.113.7", "[::ffff:203.0.113.7]:1", "9.9.9.9, 203.0.113.7",
        "203.0.113.7, 10.1.2.3", "203.0.113.7:1,10.1.2.3:2, ", "garbage, 203.0.113.7"):
        assert is_limited(limited, same), same
    for other in ("203.0.113.8", "203.0.113.8:4711", "203.0.113.7, 203.0.113.8", None, "unknown", "203.0.113.7x", "203.0.113.7:99999999", ""):
        assert not is_limited(limited, other), other
    exhaust(limited, "[2001:db8:1:2::1]:443")
    for same in ("2001:db8:1:2::1", "[2001:db8:1:2::2]", "2001:db8:1:2:3:4:5:6", '"[2001:db8:1:2::1]:80"', "[2001:DB8:1:2:0::9]:1"):
        assert is_limited(limited, same), same
    for other in ("2001:db8:1:3::1", "[2001:db8:1:3::1]:443"):
        assert not is_limited(limited, other), other


def test_garbage_counts_for_nobody_but_garbage(limited):
    exhaust(limited, "unknown")
    for garbage in ("_hidden", "203.0.113.70, nonsense", "[::1", "1.2.3", "127.0.0.1, -", "203.0.113.70:x", "[203.0.113.70]", "1.2.3.4 5.6.7.8"):
        assert is_limited(limited, garbage), garbage
    assert not is_limited(limited, None), "the proxy's own checks go on"
    assert not is_limited(limited, "127.0.0.1") and not is_limited(limited, "203.0.113.70")
