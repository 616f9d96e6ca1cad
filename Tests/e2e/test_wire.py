"""What HTTP requires of a server, request by request on the wire: hosts, targets, methods, refusals, TLS."""

import json
import socket
import ssl
import subprocess

import pytest
import requests

from processes import PATIENCE
from test_hardening import Raw, is_problem, make_certificate


def head(*lines):
    return "\r\n".join([*lines, "", ""]).encode()


GET = "GET /health HTTP/1.1"

# --- Host (RFC 9112, section 3.2)


@pytest.mark.parametrize("lines", [
    [GET],
    [GET, "Host: a", "Host: a"],
    [GET, "Host: a", "host: b"],
    [GET, "Host:"],
    [GET, "Host: a, b"],
    [GET, "Host: a b"],
    [GET, "Host: user@a"],
    [GET, "Host: a/b"],
    [GET, "Host: a?b"],
    [GET, "Host: a#b"],
    [GET, "Host: http://a"],
    [GET, "Host: a:b"],
    [GET, "Host: a:80:80"],
    [GET, "Host: a:65536"],
    [GET, "Host: a:-1"],
    [GET, "Host: :80"],
    [GET, "Host: [::1"],
    [GET, "Host: ::1"],
    [GET, "Host: [1.2.3.4]"],
    [GET, "Host: [::1]x"],
    [GET, "Host: [fe80::1%25eth0]"],
    [GET, "Host: a%zz"],
    [GET, "Host: a%4"],
    [GET, "Host: a\\b"],
    [GET, "Host: b\u00fccher.example"],
    [GET, f"Host: {'a' * 300}"],
    ["GET /health HTTP/1.0", "Host: a", "Host: a"],
    ["GET /health HTTP/1.0", "Host: a b"],
    ["GET http://a/health HTTP/1.1"],
    ["GET http://user@a/health HTTP/1.1", "Host: a"],
    ["GET http:///health HTTP/1.1", "Host: a"],
    ["GET ftp://a/health HTTP/1.1", "Host: a"],
    ["GET health HTTP/1.1", "Host: a"],
    ["GET * HTTP/1.1", "Host: a"],
    ["GET /socket.io/?EIO=4&transport=polling HTTP/1.1"],
    ["GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"],
    ["POST /auth/login HTTP/1.0", "Transfer-Encoding: chunked"],
    ["POST /auth/login HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked"],
    ["POST /auth/login HTTP/1.1", "Host: a", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked"],
    ["GET /health HTTP/2.0", "Host: a"],
])
def test_a_request_that_is_no_http_is_400_and_the_connection_ends(server, lines):
    with Raw(server) as raw:
        answer = raw.write(head(*lines)).answer()
        assert is_problem(answer, 400, "malformed_request")
        assert answer[1]["connection"] == "close" and raw.is_closed()


@pytest.mark.parametrize("lines", [
    ["GET /health HTTP/1.0"],
    [GET, "Host: a"],
    [GET, "Host: A.EXAMPLE.:80"],
    [GET, "Host: a:"],
    [GET, "host:  a  "],
    [GET, "Host:\ta\t"],
    [GET, "Host: 127.0.0.1:65535"],
    [GET, "Host: [::1]:80"],
    [GET, "Host: a_b-c.d~!$&'()*+;=%41"],
    [GET, "Host: xn--bcher-kva.example"],
    ["GET http://a.example/health HTTP/1.1", "Host: another.example"],
    ["GET HTTP://a.example:80/health?x HTTP/1.1", "Host: a"],
    ["GET https://[::1]/health HTTP/1.0"],
])
def test_a_request_with_a_host_is_answered(server, lines):
    with Raw(server) as raw:
        status, _, body = raw.write(head(*lines)).answer()
        assert status == 200 and json.loads(body)["status"] == "ok"


def test_an_absolute_target_reaches_the_sockets_too(server):
    with Raw(server) as raw:
        status, _, body = raw.write(head("GET http://a/socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: b")).answer()
        assert status == 200 and body.startswith(b"0{")


def test_the_server_as_a_whole_says_its_methods(server):
    with Raw(server) as raw:
        status, fields, _ = raw.write(head("OPTIONS * HTTP/1.1", "Host: a")).answer()
        assert status == 204 and "PATCH" in fields["allow"]


# --- Methods


@pytest.mark.parametrize("target, allowed", [
    ("/health", "GET, HEAD"), ("/messages", "GET, HEAD, POST"), ("/auth/login", "POST"), ("/", "GET, HEAD"), ("/nope", "GET, HEAD"),
    ("/socket.io/?EIO=4&transport=polling", "GET, OPTIONS, POST"), ("/upload", "OPTIONS, POST")])
def test_trace_is_405_and_says_what_is_allowed(server, target, allowed):
    with Raw(server) as raw:
        answer = raw.write(head(f"TRACE {target} HTTP/1.1", "Host: a")).answer()
        assert is_problem(answer, 405, "method_not_allowed") and answer[1]["allow"] == allowed


@pytest.mark.parametrize("target, method", [("/health", "PROPFIND"), ("/nope", "PURGE"), ("a.example:443", "CONNECT"), ("/messages", "QUERY")])
def test_a_method_that_nothing_answers_to_is_refused(server, target, method):
    with Raw(server) as raw:
        answer = raw.write(head(f"{method} {target} HTTP/1.1", "Host: a")).answer()
        if method == "QUERY":  # The parser has never heard of it.
            assert answer[0] in (400, 405) and answer[1]["content-type"] == "application/problem+json"
        else:
            assert is_problem(answer, 405, "method_not_allowed") and "GET" in answer[1]["allow"]


def test_a_page_takes_no_post(server):
    with Raw(server) as raw:
        answer = raw.write(head("POST / HTTP/1.1", "Host: a", "Content-Length: 0")).answer()
        assert is_problem(answer, 405, "method_not_allowed") and answer[1]["allow"] == "GET, HEAD"


@pytest.mark.parametrize("target", ["/socket.io/", "/socket.io/?EIO=4&transport=polling", "/socket.io/?sid=x&transport=polling"])
def test_head_of_the_sockets_has_no_body(server, target):
    with Raw(server) as raw:
        raw.write(head(f"HEAD {target} HTTP/1.1", "Host: a") + head(GET, "Host: a"))
        while raw.received.count(b"\r\n\r\n") < 2:
            raw._more()
        assert raw.received.split(b"\r\n\r\n")[1].startswith(b"HTTP/1.1 200 ")


# --- Every refusal in one form


@pytest.mark.parametrize("connection", ["close", "keep-alive, close", "close, keep-alive", "Keep-Alive,Close", "te, close"])
@pytest.mark.parametrize("lines, status, code", [
    (["GET /nope HTTP/1.1", "Host: a"], 404, "not_found"),
    (["GET /auth/me HTTP/1.1", "Host: a"], 401, "unauthenticated"),
    (["POST /auth/login HTTP/1.1", "Host: a", "Content-Length: 0"], 400, "malformed_request"),
    (["GET /health HTTP/1.1"], 400, "malformed_request"),
])
def test_a_refusal_of_a_last_request_is_a_problem(server, connection, lines, status, code):
    with Raw(server) as raw:
        answer = raw.write(head(*lines, f"Connection: {connection}")).answer()
        assert is_problem(answer, status, code) and raw.is_closed()


@pytest.mark.parametrize("more", [head(GET, "Host: a"), b"nonsense\r\n\r\n"])
def test_what_follows_a_last_request_is_not_answered(server, more):
    with Raw(server) as raw:
        answer = raw.write(head("GET /nope HTTP/1.1", "Host: a", "Connection: keep-alive, close") + more).answer()
        assert is_problem(answer, 404, "not_found") and raw.received == b"" and raw.is_closed()


@pytest.mark.parametrize("broken, status, code", [
    (b"nonsense\r\n\r\n", 400, "malformed_request"),
    (head("GET /health HTTP/1.1"), 400, "malformed_request"),
    (head(GET, "Host: a", *(f"X-{n}: y" for n in range(200))), 431, "header_too_large"),
    (head("POST /auth/login HTTP/1.1", "Host: a", "Content-Length: 1", "Transfer-Encoding: chunked"), 400, "malformed_request"),
])
@pytest.mark.parametrize("before", [1, 3])
def test_what_cannot_be_read_is_answered_after_the_requests_before_it(server, broken, status, code, before):
    with Raw(server) as raw:
        raw.write(head("GET /auth/me HTTP/1.1", "Host: a") * before + broken)
        for _ in range(before):
            assert is_problem(raw.answer(), 401, "unauthenticated")
        assert is_problem(raw.answer(), status, code) and raw.is_closed()


def test_a_body_of_the_sockets_that_cannot_be_read_is_400(server):
    with Raw(server) as raw:
        raw.write(head("POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + b"zz\r\n")
        assert is_problem(raw.answer(), 400, "malformed_request") and raw.is_closed()


def test_a_websocket_without_a_key_is_400(server):
    with Raw(server) as raw:
        raw.write(head(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13"))
        assert is_problem(raw.answer(), 400, "malformed_request") and raw.is_closed()


# --- Pages and TLS


def test_pages_are_alone_and_may_use_no_device_but_the_microphone(server):
    for path in ("/", "/c/1"):
        fields = server.request("GET", path, headers={"Accept": "text/html"}).headers
        assert fields["Cross-Origin-Opener-Policy"] == "same-origin"
        for feature, allowed in (("camera", "()"), ("microphone", "(self)"), ("geolocation", "()")):
            assert f"{feature}={allowed}" in fields["Permissions-Policy"]
        assert "Strict-Transport-Security" not in fields


def offered(server, ciphers):
    """The cipher suite that TLS 1.2 negotiates; None if there is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as plain:
            with context.wrap_socket(plain) as secure:
                return secure.cipher()[0]
    except ssl.SSLError:
        return None


@pytest.mark.parametrize("kind", [["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], ["-newkey", "rsa:2048"]])
def test_tls_has_no_cbc_and_says_for_how_long_it_stays(start_server, tmp_path, kind):
    subprocess.run(
        ["openssl", "req", "-x509", *kind, "-nodes", "-days", "2", "-subj", "/CN=a", "-keyout", tmp_path / "tls.key", "-out", tmp_path / "tls.pem"],
        check=True, stderr=subprocess.DEVNULL)
    server = start_server(TLS_CERT=str(tmp_path / "tls.pem"), TLS_KEY=str(tmp_path / "tls.key"), HSTS_SECONDS="86400")
    assert "GCM" in offered(server, "ECDHE+AESGCM:@SECLEVEL=0") and "CHACHA20" in offered(server, "ECDHE+CHACHA20")
    for bad in ("ECDHE+AES:!AESGCM:!AESCCM:@SECLEVEL=0", "kRSA:@SECLEVEL=0", "AES128-SHA:AES256-SHA:@SECLEVEL=0"):
        assert offered(server, bad) is None, bad
    for path in ("/", "/nope", "/health", "/auth/me"):
        fields = requests.get(server.url + path, verify=False, timeout=PATIENCE).headers
        assert fields["Strict-Transport-Security"] == "max-age=86400", path


def test_tls_says_nothing_unasked(start_server, tmp_path):
    make_certificate(tmp_path, "a")
    server = start_server(TLS_CERT=str(tmp_path / "tls.pem"), TLS_KEY=str(tmp_path / "tls.key"))
    assert "Strict-Transport-Security" not in requests.get(server.url + "/", verify=False, timeout=PATIENCE).headers


def test_hsts_is_for_tls_alone(start_server):
    server = start_server(HSTS_SECONDS="60", TRUSTED_PROXIES="127.0.0.1")
    assert "Strict-Transport-Security" not in server.request("GET", "/").headers
    secure = server.request("GET", "/", headers={"X-Forwarded-Proto": "https"}).headers
    assert secure["Strict-Transport-Security"] == "max-age=60"
