"""Clients that are slow, malformed or too greedy (claims 25, 40, 42), and TLS."""

import json
import os
import socket
import ssl
import subprocess
import time

import pytest
import socketio

from parley import PATIENCE, until
from uploading import noise


class Raw:
    """A connection on which a test writes bytes that no client library would."""

    def __init__(self, server, timeout=PATIENCE):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=timeout)
        self.received = b""

    def write(self, data):
        self.socket.sendall(data)
        return self

    def answer(self):
        """The next answer: status, header fields, body."""
        while b"\r\n\r\n" not in self.received:
            self._more()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(fields.get("content-length", 0))
        while len(self.received) < length:
            self._more()
        body, self.received = self.received[:length], self.received[length:]
        return int(first.split()[1]), fields, body

    def statuses(self, count):
        """The statuses of that many answers to requests sent at once, or of fewer if the server closes the connection. No
        body may look like an answer."""
        while self.received.count(b"HTTP/1.1 ") < count or not self.received.endswith(b"}"):
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                break
            if not data:
                break
            self.received += data
        answers, self.received = self.received.split(b"HTTP/1.1 ")[1:], b""
        return [answer[:3] for answer in answers]

    def _more(self):
        data = self.socket.recv(65536)
        assert data, f"closed after {self.received!r}"
        self.received += data

    def is_closed(self, within=PATIENCE):
        """Whether the server closes the connection by then without sending more."""
        self.socket.settimeout(within)
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def is_problem(answer, status, code):
    got, fields, body = answer
    assert got == status, answer
    assert fields["content-type"] == "application/problem+json", answer
    problem = json.loads(body)
    assert problem["code"] == code and problem["status"] == status, problem
    return True


@pytest.mark.parametrize("request_text", [
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
    b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"nonsense\r\n\r\n",
])
def test_a_malformed_head_is_400_and_the_connection_closed(server, request_text):
    with Raw(server) as raw:
        answer = raw.write(request_text).answer()
        assert is_problem(answer, 400, "malformed_request")
        assert answer[1]["connection"] == "close" and raw.is_closed()


def test_the_second_request_of_a_connection_can_be_malformed_as_well(server):
    with Raw(server) as raw:
        assert raw.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").answer()[0] == 200
        raw.write(b"POST /messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        assert is_problem(raw.answer(), 400, "malformed_request") and raw.is_closed()


@pytest.mark.parametrize("chunks", [b"zz\r\nabc\r\n", b"3\r\nabcdef\r\n", b"-1\r\n", b"ffffffffffffffffffff\r\n"])
def test_malformed_chunks_are_400_and_the_connection_closed(server, people, chunks):
    [alice] = people("alice")
    head = f"PUT /upload/x.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Raw(server) as raw:
        raw.write(head.encode() + b"3\r\nabc\r\n" + chunks)
        assert is_problem(raw.answer(), 400, "malformed_request") and raw.is_closed()
    until(lambda: not list((server.storage / "uploads" / "tmp").iterdir()), "the temporary file to go")
    assert server.sql("SELECT count(*) FROM uploads WHERE owner_id = %s", alice.id) == [(0,)]


@pytest.mark.parametrize("fields", [
    b"X-Long: " + b"x" * 100_000 + b"\r\n",
    b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(90)),
    b"".join(b"X-%d: y\r\n" % n for n in range(5000)),
])
def test_header_bombs_are_431_and_the_connection_closed(server, fields):
    with Raw(server) as raw:
        try:
            raw.write(b"GET /health HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n")
        except ConnectionError:
            pass
        assert is_problem(raw.answer(), 431, "header_too_large") and raw.is_closed()


def test_a_refused_upload_is_not_read(server, people):
    [alice] = people("alice")
    head = f"PUT /upload/x.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.token}\r\nContent-Length: 9000000000\r\n\r\n"
    with Raw(server) as raw:
        answer = raw.write(head.encode() + b"x" * 1000).answer()
        assert is_problem(answer, 413, "too_large") and answer[1]["connection"] == "close"
        assert raw.is_closed(), "what is left of 9 GB is not waited for"


def test_an_upload_without_a_token_is_not_read(server):
    with Raw(server) as raw:
        answer = raw.write(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n\r\n").answer()
        assert is_problem(answer, 401, "unauthenticated") and answer[1]["connection"] == "close" and raw.is_closed()


@pytest.mark.parametrize("path", [
    "/nope", "/auth/me", "/messages", "/auth/login", "/upload", "/upload/unknown", "/upload/unknown/file",
    "/upload/unknown/thumbnail/small", "/openapi.yaml", "/health"])
@pytest.mark.parametrize("extra", ["", "Tus-Resumable: 1.0.0\r\n", "Authorization: Bearer nonsense\r\n", "Origin: https://x\r\n"])
def test_head_is_answered_without_a_body(server, path, extra):
    with Raw(server) as connection:
        connection.write(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode())
        connection.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        while connection.received.count(b"\r\n\r\n") < 2:
            connection._more()
        first, second, body = connection.received.split(b"\r\n\r\n")
        assert first.startswith(b"HTTP/1.1 ") and second.startswith(b"HTTP/1.1 200 "), connection.received
        assert json.loads(body)["status"] == "ok"


def test_a_length_beyond_all_numbers_is_too_large(server, people):
    [alice] = people("alice")
    for length in (2**63 - 1, 2**63, 2**64 - 1):
        for fields, status in (("", 401), (f"Authorization: Bearer {alice.token}\r\n", 413)):
            with Raw(server) as raw:
                raw.write(f"PUT /upload/x HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: {length}\r\n\r\nx".encode())
                answer = raw.answer()
                assert (answer[0], answer[1]["connection"]) == (status, "close") and raw.is_closed()


@pytest.mark.parametrize("length", [1000, 500_000])
def test_a_body_that_ends_early_has_one_answer(server, people, length):
    [alice] = people("alice")
    with Raw(server) as raw:
        raw.write(f"PUT /upload/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.token}\r\nContent-Length: {length}\r\n\r\n".encode())
        raw.write(b"x" * 500).socket.shutdown(socket.SHUT_WR)
        answer = raw.answer()
        assert is_problem(answer, 400, "malformed_request") and answer[1]["connection"] == "close"
        assert raw.received == b"" and raw.is_closed()


def test_an_old_client_sees_the_end(server):
    with Raw(server) as raw:
        assert raw.write(b"GET /health HTTP/1.0\r\n\r\n").answer()[0] == 200 and raw.is_closed()
    with Raw(server) as raw:
        for _ in range(2):
            assert raw.write(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer()[0] == 200


def test_a_small_refused_body_leaves_the_connection_open(server):
    with Raw(server) as raw:
        raw.write(b"POST /messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)
        assert raw.answer()[0] == 401
        assert raw.write(b"x" * 500 + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").answer()[0] == 200


@pytest.fixture(scope="module")
def hasty(postgres, tmp_path_factory):
    """A server with timeouts that are short enough for a test."""
    from parley import Server
    with Server(postgres.clone(), tmp_path_factory.mktemp("hasty"), {"REQUEST_TIMEOUT": "4"}) as server:
        yield server


def test_slow_heads_and_idle_connections_are_closed(hasty):
    with Raw(hasty) as silent, Raw(hasty) as slow, Raw(hasty) as idle:
        assert idle.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").answer()[0] == 200
        slow.write(b"GET /health HTTP/1.1\r\n")
        try:
            for n in range(150):
                slow.write(b"X-%d: y\r\n" % n)
                if slow.is_closed(within=0.4):
                    break
            else:
                pytest.fail("a head may be sent for a minute")
        except ConnectionError:
            pass
        assert silent.is_closed() and idle.is_closed()


@pytest.mark.parametrize("length", [1_000_000, 1000])
def test_a_slow_body_is_408(hasty, length):
    alice = hasty.person()
    head = f"PUT /upload/x.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.token}\r\nContent-Length: {length}\r\n\r\n"
    with Raw(hasty) as raw:
        raw.write(head.encode())
        raw.socket.settimeout(0.3)
        for _ in range(30):
            raw.write(b"x")
            try:
                raw.received += raw.socket.recv(1000)
                break
            except TimeoutError:
                pass
        raw.socket.settimeout(PATIENCE)
        answer = raw.answer()
        assert is_problem(answer, 408, "timeout") and answer[1]["connection"] == "close" and raw.is_closed()
    until(lambda: not list((hasty.storage / "uploads" / "tmp").iterdir()), "the temporary file to go")


def test_a_steady_body_takes_as_long_as_it_needs(hasty):
    alice = hasty.person("alice")
    head = f"PUT /upload/x.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.token}\r\nContent-Length: 20000\r\n\r\n"
    with Raw(hasty) as raw:
        raw.write(head.encode())
        # This takes longer than the server waits for one piece.
        for _ in range(20):
            raw.write(b"x" * 1000)
            time.sleep(0.25)
        assert raw.answer()[0] == 201


def test_an_answer_that_nobody_reads_ends_the_connection(hasty):
    alice = hasty.person("alice")
    url = alice.upload(noise(8 << 20))["url"]
    with Raw(hasty) as raw:
        raw.write(f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        until(lambda: not established(hasty.port, raw.socket.getsockname()[1]), "the connection to be closed", interval=0.2)


def established(server_port, client_port):
    """Whether the server's end of a connection is still open (proc(5), /proc/net/tcp; 01 is ESTABLISHED)."""
    with open("/proc/net/tcp") as table:
        for line in list(table)[1:]:
            local, remote, state = line.split()[1:4]
            if int(local.split(":")[1], 16) == server_port and int(remote.split(":")[1], 16) == client_port:
                return state == "01"
    return False


# --- TLS

def make_certificate(directory, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", directory / "new.key",
         "-out", directory / "new.pem"], check=True, stderr=subprocess.DEVNULL)
    os.replace(directory / "new.key", directory / "tls.key")
    os.replace(directory / "new.pem", directory / "tls.pem")


def certificate_of(server):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as plain:
        with context.wrap_socket(plain) as secure:
            return secure.getpeercert(binary_form=True)


def test_tls_and_its_reload(start_server, tmp_path):
    make_certificate(tmp_path, "first")
    server = start_server(TLS_CERT=str(tmp_path / "tls.pem"), TLS_KEY=str(tmp_path / "tls.key"))
    assert server.url.startswith("https://")
    request = {"verify": str(tmp_path / "tls.pem")}
    page = {"X-Parley-Cookie": "1", "Origin": server.url}
    made = server.request(
        "POST", "/auth/register", json={"username": "alice", "password": "correct horse battery"}, headers=page, **request)
    assert made.status_code == 201 and "Secure" in made.headers["Set-Cookie"]
    client = socketio.Client(reconnection=False, ssl_verify=False, request_timeout=PATIENCE)
    client.connect(server.url, auth={"token": made.json()["accessToken"]}, transports=["websocket"], wait_timeout=PATIENCE)
    client.disconnect()

    first = certificate_of(server)
    (tmp_path / "tls.pem").write_text("broken")
    until(lambda: "cannot be used" in server.log, "the broken file to be noticed")
    assert certificate_of(server) == first
    make_certificate(tmp_path, "second")
    until(lambda: certificate_of(server) != first, "the new certificate", interval=0.2)
    assert server.request("GET", "/health", verify=str(tmp_path / "tls.pem")).status_code == 200


def test_tls_behind_a_trusted_proxy_makes_the_cookie_secure(start_server):
    server = start_server(TRUSTED_PROXIES="127.0.0.1")
    page = {"X-Parley-Cookie": "1", "Origin": server.url.replace("http:", "https:"), "X-Forwarded-Proto": "https"}
    made = server.request(
        "POST", "/auth/register", json={"username": "alice", "password": "correct horse battery"}, headers=page)
    assert made.status_code == 201 and "Secure" in made.headers["Set-Cookie"]
