"""Resumable uploads: tus 1.0 by raw requests, and by the official Python client."""

import datetime
import email.utils
import hashlib

import pytest
import requests
from tusclient.client import TusClient

from parley import PATIENCE, assert_problem, until
from tus_requests import BYTES, TUS, checksum, create, head, patch
from uploading import noise, temporaries


@pytest.fixture(scope="module")
def alice(server):
    """A person who uploads, shared by tests that do not count her uploads."""
    return server.person("alice")


def test_what_the_server_can_do(server):
    for path in ("/upload", "/upload/01a1fbfe-c86c-7e67-a7d1-b1bed26d1f9e"):
        answer = server.request("OPTIONS", path)
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
        assert answer.headers["Tus-Extension"] == (
            "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration,concatenation")
        assert answer.headers["Tus-Max-Size"] == "104857600"
        assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256,md5"


def test_an_upload_in_pieces(server, people):
    alice, eve = people("alice", "eve")
    content = noise(100_000)
    created = create(alice, len(content), "../holiday\u202e.bin")
    assert created.status_code == 201 and created.headers["Tus-Resumable"] == "1.0.0"
    location = created.headers["Location"]
    assert location.startswith("/upload/")
    expires = email.utils.parsedate_to_datetime(created.headers["Upload-Expires"])
    ahead = expires - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(hours=23) < ahead <= datetime.timedelta(hours=24)
    assert_problem(alice.get(location), 404, "not_found")

    assert head(alice, location) == 0
    first = patch(alice, location, 0, content[:60_000])
    assert first.status_code == 204 and first.headers["Upload-Offset"] == "60000" and first.headers["Upload-Expires"]
    assert head(alice, location) == 60_000
    for offset in (0, 59_999, 60_001):
        assert_problem(patch(alice, location, offset, b"x"), 409, "upload_offset_mismatch")
    assert_problem(alice.get(location), 404, "not_found")
    for answer in (eve.request("HEAD", location, headers=TUS), patch(eve, location, 60_000, b"x"),
                   eve.request("DELETE", location, headers=TUS)):
        assert answer.status_code == 404
    assert_problem(patch(alice, location, 60_000, content), 413, "too_large")

    last = patch(alice, location, 60_000, content[60_000:])
    assert last.status_code == 204 and last.headers["Upload-Offset"] == "100000"
    assert "Upload-Expires" not in last.headers
    upload = alice.get(location).json()
    assert upload["id"] == location.split("/")[-1] and upload["name"] == "holiday.bin"
    assert upload["size"] == 100_000 and upload["sha256"] == hashlib.sha256(content).hexdigest()
    assert server.request("GET", upload["url"]).content == content
    assert head(alice, location) == 100_000
    finished = alice.request("HEAD", location, headers=TUS).headers
    assert finished["Upload-Metadata"] == created.request.headers["Upload-Metadata"] and "Upload-Expires" not in finished
    assert patch(alice, location, 100_000, b"").status_code == 204
    assert_problem(patch(alice, location, 100_000, b"x"), 409, "upload_offset_mismatch")
    assert not list((server.storage / "uploads" / "tmp").iterdir())


def test_creation_with_upload_empty_uploads_and_termination(server, alice):
    content = b"all at once"
    whole = alice.post("/upload", headers={**BYTES, "Upload-Length": str(len(content))}, data=content)
    assert whole.status_code == 201 and whole.headers["Upload-Offset"] == str(len(content))
    assert alice.get(whole.headers["Location"]).json()["name"] == "file"
    part = alice.post("/upload", headers={**BYTES, "Upload-Length": "100"}, data=content)
    assert part.status_code == 201 and part.headers["Upload-Offset"] == "11" and part.headers["Upload-Expires"]

    empty = create(alice, 0, "empty")
    assert empty.status_code == 201
    assert alice.get(empty.headers["Location"]).json()["size"] == 0

    for location in (part.headers["Location"], whole.headers["Location"]):
        assert alice.request("DELETE", location, headers=TUS).status_code == 204
        assert alice.request("HEAD", location, headers=TUS).status_code == 404
        assert_problem(alice.request("DELETE", location, headers=TUS), 404, "not_found")
    assert not list((server.storage / "uploads" / "tmp").iterdir())


def test_a_checksum_that_does_not_match_keeps_nothing_of_the_piece(alice):
    content = noise(3000)
    location = create(alice, len(content)).headers["Location"]
    for start, algorithm in ((0, "sha1"), (1000, "sha256"), (2000, "md5")):
        piece = content[start:start + 1000]
        wrong = patch(alice, location, start, piece, **checksum(algorithm, b"something else"))
        assert_problem(wrong, 460, "checksum_mismatch")
        assert wrong.headers["Tus-Resumable"] == "1.0.0"
        assert head(alice, location) == start
        assert patch(alice, location, start, piece, **checksum(algorithm, piece)).status_code == 204
    assert alice.get(location).json()["sha256"] == hashlib.sha256(content).hexdigest()
    other = create(alice, 10).headers["Location"]
    for text in ("crc32 AAAA", "sha1", "sha1 not-base64!"):
        assert_problem(patch(alice, other, 0, b"x", **{"Upload-Checksum": text}), 400, "malformed_request")


def test_what_a_refused_creation_brought_leaves_nothing(server, people):
    [alice] = people("alice")
    before = set(temporaries(server))
    wrong = checksum("sha1", b"others")
    for headers, content, status, code in [
            (wrong, b"0123456789", 460, "checksum_mismatch"), ({}, b"x" * 50, 413, "too_large"),
            ({}, iter([b"x" * 50]), 413, "too_large"), ({"Content-Type": "text/plain"}, b"x", 415, "unsupported_media_type")]:
        answer = alice.post("/upload", headers={**BYTES, "Upload-Length": "10", **headers}, data=content)
        assert_problem(answer, status, code)
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert_problem(alice.post("/upload", headers={**BYTES, "Upload-Length": "0"}, data=b"x"), 413, "too_large")
    assert server.sql("SELECT count(*) FROM partial_uploads WHERE owner_id = %s", alice.id) == [(0,)]
    assert set(temporaries(server)) == before


def test_a_refusal_by_anybody_names_the_version(server, alice):
    for answer in (server.request("POST", "/upload", headers={**TUS, "Authorization": "Bearer nonsense"}),
                   server.request("PATCH", "/upload/x", headers=BYTES),
                   alice.post("/upload/01a1fbfe-c86c-7e67-a7d1-b1bed26d1f9e", headers=TUS)):
        assert answer.status_code in (401, 405) and answer.headers["Tus-Resumable"] == "1.0.0", answer.status_code


def test_what_is_not_understood(alice):
    for version in ("0.2.2", "1.0.1", ""):
        refused = create(alice, 5, **{"Tus-Resumable": version})
        assert_problem(refused, 412, "tus_version")
        assert refused.headers["Tus-Version"] == "1.0.0"
    location = create(alice, 5).headers["Location"]
    for headers in ({"Upload-Length": ""}, {"Upload-Length": "-5"}, {"Upload-Length": "x"}, {"Upload-Concat": "parts"},
                    {"Upload-Defer-Length": "1"}, {"Upload-Metadata": "filename ***"}):
        assert_problem(create(alice, 5, **headers), 400, "malformed_request")
    assert_problem(create(alice, 104_857_601), 413, "too_large")
    assert_problem(create(alice, 5, **{"Upload-Metadata": b"filename " + b"\xff" * 8000}), 400, "malformed_request")
    assert patch(alice, location, 0, b"x", **{"Content-Type": "Application/Offset+Octet-Stream"}).status_code == 204
    assert_problem(alice.request("PATCH", location, headers={**BYTES, "Tus-Resumable": None}, data=b"x"), 412, "tus_version")
    assert_problem(
        patch(alice, location, 0, b"x", **{"Content-Type": "application/octet-stream"}), 415, "unsupported_media_type")
    assert_problem(alice.request("PATCH", location, headers=BYTES, data=b"x"), 400, "malformed_request")
    assert_problem(patch(alice, "/upload/nonsense", 0, b"x"), 404, "not_found")
    assert_problem(alice.server.request("PATCH", location, headers={**BYTES, "Upload-Offset": "0"}), 401, "unauthenticated")
    assert_problem(alice.post(location, headers=BYTES), 405, "method_not_allowed")


def test_method_override(alice):
    location = create(alice, 3).headers["Location"]

    def override(method, by="POST", data=None, **headers):
        return alice.request(by, location, headers={**BYTES, "X-HTTP-Method-Override": method, **headers}, data=data)

    assert override("PATCH", data=b"ab", **{"Upload-Offset": "0"}).status_code == 204
    # Whatever the method: a PUT would store a file of its own.
    assert override("PATCH", by="PUT", data=b"c", **{"Upload-Offset": "2"}).status_code == 204
    assert override("HEAD").headers["Upload-Offset"] == "3"
    assert override("DELETE").status_code == 204
    assert_problem(alice.get(location), 404, "not_found")


def test_an_expired_upload_is_gone_and_its_bytes_are_swept(start_server):
    server = start_server()
    alice = server.person()
    location = create(alice, 10).headers["Location"]
    kept = create(alice, 10).headers["Location"]
    patch(alice, location, 0, b"12345")
    patch(alice, kept, 0, b"12345")
    server.sql("UPDATE partial_uploads SET expires_at = now() WHERE id = %s", location.split("/")[-1])
    assert alice.request("HEAD", location, headers=TUS).status_code == 410
    assert_problem(patch(alice, location, 5, b"6"), 410, "gone")
    server.stop()
    server.restart()
    until(lambda: [file.name for file in temporaries(server)] == [kept.split("/")[-1]], "the sweep")
    assert_problem(patch(alice, location, 5, b"6"), 410, "gone")
    assert patch(alice, kept, 5, b"67890").status_code == 204


@pytest.mark.parametrize("chunk", [7_000, 1_000_000])
def test_tuspy(server, alice, tmp_path, chunk):
    content = noise(200_000)
    file = tmp_path / "from-tuspy.bin"
    file.write_bytes(content)
    client = TusClient(server.url + "/upload", headers={"Authorization": f"Bearer {alice.token}"})
    uploader = client.uploader(str(file), chunk_size=chunk, metadata={"filename": "from-tuspy.bin"}, upload_checksum=True)
    uploader.upload()
    upload = requests.get(uploader.url, headers={"Authorization": f"Bearer {alice.token}"}, timeout=PATIENCE).json()
    assert upload["name"] == "from-tuspy.bin" and upload["sha256"] == hashlib.sha256(content).hexdigest()
