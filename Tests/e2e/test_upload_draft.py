"""Resumable uploads by the IETF's draft (draft-ietf-httpbis-resumable-upload), as its text and URLSession send them: raw
requests, because no Python client reads interim answers."""

import email.parser
import hashlib
import socket

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from parley import PATIENCE, assert_problem, until
from pictures import metadata, picture
from tus_requests import create, is_open, patch
from uploading import noise, temporaries

VERSIONS = [3, 4, 5, 6, 7, 8]


@pytest.fixture(scope="module")
def alice(server):
    return server.person("alice")


class Connection:
    """One connection, on which each answer is read with its interim ones."""

    def __init__(self, person):
        self.person = person
        self.socket = socket.create_connection(("127.0.0.1", person.server.port), timeout=PATIENCE)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, method, path, headers, body=b"", cut=None):
        host = f"127.0.0.1:{self.person.server.port}"
        fields = {"Host": host, "Authorization": f"Bearer {self.person.token}", "Content-Length": len(body), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
        self.socket.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body[:cut])

    def read(self):
        """One answer, interim or final: its status, fields and content."""
        status = int(self.file.readline().split()[1])
        fields = email.parser.BytesParser().parsebytes(b"".join(iter(self.file.readline, b"\r\n")), headersonly=True)
        return status, fields, self.file.read(int(fields.get("Content-Length", 0))) if status >= 200 else b""


def words(version, complete):
    """The draft's own fields of a request."""
    field = {"Upload-Incomplete": "?0" if complete else "?1"} if version == 3 else {
        "Upload-Complete": "?1" if complete else "?0"}
    return {"Upload-Draft-Interop-Version": version, **field}


def is_complete(fields):
    return fields.get("Upload-Complete") == "?1" or fields.get("Upload-Incomplete") == "?0"


def head(person, path, version=8):
    answer = person.request("HEAD", path, headers={"Upload-Draft-Interop-Version": str(version)})
    assert answer.status_code == 204 and answer.headers["Cache-Control"] == "no-store", answer.status_code
    assert answer.headers["Upload-Draft-Interop-Version"] == str(version)
    return answer.headers


def append(person, path, offset, content, complete, version=8, **headers):
    fields = {**{k: str(v) for k, v in words(version, complete).items()}, "Upload-Offset": str(offset),
              "Content-Type": "application/partial-upload", **headers}
    return person.request("PATCH", path, headers=fields, data=content)


def path_of(location):
    return "/" + location.split("/", 3)[3]


def start(person, content=b"", complete=False, version=8, **headers):
    """Begins an upload. Python's `http.client` takes an interim answer for the final one, so this reads it itself."""
    answer = requests.Response()
    with Connection(person) as connection:
        connection.send(
            "POST", "/upload", {**words(version, complete), "Content-Type": "application/octet-stream", **headers}, content)
        status = 104
        while status == 104:
            status, fields, answer._content = connection.read()
    answer.status_code, answer.headers = status, CaseInsensitiveDict(fields.items())
    return answer


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("method, path", [("PUT", "/upload/holiday.bin"), ("POST", "/upload")])
def test_an_upload_that_is_not_interrupted(alice, version, method, path):
    """As URLSession sends every upload: the answer is that of a plain one, and a 104 before it says where to resume."""
    content = noise(100_000)
    disposition = {"Content-Disposition": "inline; filename=\"holiday.bin\""} if method == "POST" else {}
    with Connection(alice) as connection:
        connection.send(method, path, {**words(version, True), **disposition}, content)
        status, fields, _ = connection.read()
        assert status == 104 and fields["Upload-Draft-Interop-Version"] == str(version)
        assert fields["Location"].startswith(f"http://127.0.0.1:{alice.server.port}/upload/")
        assert ("Upload-Limit" in fields) == (version >= 6)
        final, answer, body = connection.read()
        assert final == 201 and is_complete(answer) and answer["Content-Type"] == "application/json"
        assert f'"sha256":"{hashlib.sha256(content).hexdigest()}"'.encode() in body
        assert b'"name":"holiday.bin"' in body and body.startswith(b'{"uploads":[')
        # The connection goes on.
        connection.send("GET", path_of(fields["Location"]), {})
        assert connection.read()[0] == 200
    done = head(alice, path_of(fields["Location"]), version)
    assert is_complete(done) and done["Upload-Offset"] == "100000"


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upload_that_is_cut_goes_on(alice, version):
    content = noise(1_000_000)
    with Connection(alice) as connection:
        connection.send("PUT", "/upload/cut.bin", words(version, True), content, cut=700_000)
        status, fields, _ = connection.read()
        assert status == 104
        path = path_of(fields["Location"])
    offset = int(head(alice, path, version)["Upload-Offset"])
    assert offset <= 700_000 and not is_complete(head(alice, path, version))
    if version >= 6:
        assert head(alice, path, version)["Upload-Length"] == "1000000"
    # By two more requests.
    middle = append(alice, path, offset, content[offset:900_000], False, version)
    assert middle.status_code == 204 and not is_complete(middle.headers)
    last = append(alice, path, 900_000, content[900_000:], True, version)
    assert last.status_code == 201 and is_complete(last.headers)
    upload = last.json()["uploads"][0]
    assert upload["sha256"] == hashlib.sha256(content).hexdigest() and upload["name"] == "cut.bin"
    assert alice.get(path).json() == upload


def test_a_stream_of_unknown_length(alice):
    begun = start(alice)
    assert begun.status_code == 201 and begun.headers["Upload-Complete"] == "?0"
    path = path_of(begun.headers["Location"])
    assert "Upload-Length" not in head(alice, path)
    assert append(alice, path, 0, iter([b"abc", b"def"]), False).status_code == 204
    assert_problem(alice.get(path), 404, "not_found")
    assert append(alice, path, 6, b"", False).status_code == 204
    done = append(alice, path, 6, b"", True)
    assert done.status_code == 201 and done.json()["uploads"][0]["sha256"] == hashlib.sha256(b"abcdef").hexdigest()
    # The last answer was lost.
    again = append(alice, path, 6, b"", True)
    assert again.status_code == 201 and again.json() == done.json()
    assert_problem(append(alice, path, 6, b"x", True), 409, "upload_offset_mismatch")


def test_all_bytes_are_not_the_end(alice):
    """Only the client says that an upload is complete."""
    begun = start(alice, b"abc", **{"Upload-Length": "3"})
    path = path_of(begun.headers["Location"])
    assert head(alice, path)["Upload-Offset"] == head(alice, path)["Upload-Length"] == "3"
    assert head(alice, path)["Upload-Complete"] == "?0"
    assert_problem(alice.get(path), 404, "not_found")
    assert append(alice, path, 3, b"", True).status_code == 201


def test_a_wrong_offset_comes_with_the_right_one(alice):
    path = path_of(start(alice, b"abc").headers["Location"])
    for offset in (0, 2, 4):
        answer = append(alice, path, offset, b"x", False)
        assert_problem(answer, 409, "upload_offset_mismatch")
        assert answer.headers["Upload-Offset"] == "3" and answer.headers["Upload-Complete"] == "?0"


def test_lengths_that_do_not_match(alice):
    assert_problem(start(alice, b"abc", True, **{"Upload-Length": "4"}), 400, "malformed_request")
    path = path_of(start(alice, b"abc", **{"Upload-Length": "6"}).headers["Location"])
    assert_problem(append(alice, path, 3, b"d", True), 400, "malformed_request")
    assert_problem(append(alice, path, 3, b"def", True, **{"Upload-Length": "7"}), 400, "malformed_request")
    assert_problem(append(alice, path, 3, b"defg", False), 413, "too_large")
    assert append(alice, path, 3, b"def", True).status_code == 201
    too_large = start(alice, b"", **{"Upload-Length": "104857601"})
    assert_problem(too_large, 413, "too_large")


def test_what_is_not_understood(alice):
    path = path_of(start(alice).headers["Location"])
    assert_problem(append(alice, path, 0, b"x", True, **{"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    assert_problem(append(alice, path, 0, b"x", True, **{"Upload-Complete": "yes"}), 400, "malformed_request")
    assert_problem(append(alice, path, 0, b"x", True, **{"Upload-Offset": "-1"}), 400, "malformed_request")
    assert append(alice, path, 0, b"x", True, 5, **{"Content-Type": "text/plain"}).status_code == 201
    assert_problem(start(alice, b"", True), 422, "validation_failed", "file")
    # Of a later version nothing is known, so the upload is a plain one.
    with Connection(alice) as connection:
        connection.send("PUT", "/upload/x", words(99, True), b"abc")
        assert connection.read()[0] == 201


def test_a_form_stays_a_form(alice):
    """URLSession adds its fields to forms as well."""
    headers = {"Upload-Draft-Interop-Version": "6", "Upload-Complete": "?1"}
    answer = alice.post("/upload", files={"file": ("a.txt", b"abc")}, headers=headers)
    assert answer.status_code == 201 and answer.json()["uploads"][0]["size"] == 3


def test_a_request_that_was_given_up_gives_way_at_once(server, alice):
    """The client has moved to another network, and the server still waits for bytes of the first connection."""
    content = noise(500_000)
    with Connection(alice) as old:
        old.send("PUT", "/upload/moved", words(8, True), content, cut=200_000)
        path = path_of(old.read()[1]["Location"])
        until(lambda: is_open(server, path), "the writer")
        offset = int(head(alice, path)["Upload-Offset"])
        assert offset <= 200_000
        assert append(alice, path, offset, content[offset:], True).status_code == 201
    assert alice.get(path).json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_nobody_else_reaches_it(server, alice):
    eve = server.person("eve")
    path = path_of(start(alice, b"abc").headers["Location"])
    assert eve.request("HEAD", path, headers={"Upload-Draft-Interop-Version": "8"}).status_code == 404
    assert_problem(append(eve, path, 3, b"x", True), 404, "not_found")
    assert_problem(eve.request("DELETE", path, headers={"Upload-Draft-Interop-Version": "8"}), 404, "not_found")
    assert head(alice, path)["Upload-Offset"] == "3"
    assert alice.request("DELETE", path, headers={"Upload-Draft-Interop-Version": "8"}).status_code == 204
    assert alice.request("HEAD", path, headers={"Upload-Draft-Interop-Version": "8"}).status_code == 404


def test_both_protocols_can_continue_an_upload(alice):
    location = create(alice, 6).headers["Location"]
    assert append(alice, location, 0, b"abc", False).status_code == 204
    assert patch(alice, location, 3, b"def").status_code == 204
    assert alice.get(location).json()["sha256"] == hashlib.sha256(b"abcdef").hexdigest()


def test_pictures_are_cleaned_like_all_others(server, alice):
    content = picture("jpg")
    done = start(alice, content, True, **{"Content-Disposition": "inline; filename*=UTF-8''sea%20side.jpg"})
    upload = done.json()["uploads"][0]
    assert upload["name"] == "sea side.jpg" and upload["kind"] == "image" and len(upload["thumbnails"]) == 3
    assert "GPSLatitude" not in metadata(server.request("GET", upload["url"]).content, "by-draft.jpg")


def test_what_the_server_can_do(server):
    answer = server.request("OPTIONS", "/upload")
    assert "application/partial-upload" in answer.headers["Accept-Patch"]
    assert answer.headers["Upload-Limit"] == "max-size=104857600"


def test_quota_and_expiry_are_those_of_all_uploads(start_server):
    server = start_server(USER_QUOTA_BYTES="1000", MAX_UPLOAD_BYTES="1000")
    alice = server.person()
    path = path_of(start(alice, b"abc").headers["Location"])
    assert_problem(start(alice, b"abc", True), 413, "quota_exceeded")
    assert_problem(append(alice, path, 3, b"x" * 998, True), 413, "too_large")
    server.sql("UPDATE partial_uploads SET expires_at = now()")
    assert alice.request("HEAD", path, headers={"Upload-Draft-Interop-Version": "8"}).status_code == 410
    server.kill()
    server.restart()
    until(lambda: not temporaries(server), "the sweep")
    assert start(alice, b"abc", True).status_code == 201


@pytest.mark.parametrize("version", VERSIONS)
def test_an_empty_file_is_refused_as_elsewhere(alice, version):
    chunked = {"Content-Length": None, "Transfer-Encoding": "chunked", **words(version, True)}
    with Connection(alice) as connection:
        connection.send("POST", "/upload", chunked, b"0\r\n\r\n")
        while (answer := connection.read())[0] < 200:
            pass
    assert answer[0] == 422, answer


def test_http_1_0_gets_no_interim_answer(alice):
    with socket.create_connection(("127.0.0.1", alice.server.port), timeout=PATIENCE) as plain:
        head = "POST /upload HTTP/1.0\r\nContent-Length: 7\r\nUpload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\n"
        plain.sendall(f"{head}Authorization: Bearer {alice.token}\r\n\r\ncontent".encode())
        assert b" 104 " not in b"".join(iter(lambda: plain.recv(65536), b""))
