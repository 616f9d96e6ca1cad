"""Resumable uploads: tus 1.0 by raw requests, and by the official Python client."""

import base64
import datetime
import email.utils
import hashlib
import os
import pathlib
import random
import socket
import threading

import psycopg
import pytest
import requests
from tusclient.client import TusClient

from parley import assert_problem, until
from uploading import temporaries

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def alice(server):
    """A person who uploads, shared by tests that do not count her uploads."""
    return server.person("alice")


def create(person, length, name="file.bin", **headers):
    encoded = base64.b64encode(name.encode()).decode()
    return person.post(
        "/upload", headers={**TUS, "Upload-Length": str(length), "Upload-Metadata": f"filename {encoded},empty", **headers})


def patch(person, location, offset, content, **headers):
    return person.request("PATCH", location, headers={**BYTES, "Upload-Offset": str(offset), **headers}, data=content)


def head(person, location):
    answer = person.request("HEAD", location, headers=TUS)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def checksum(algorithm, content):
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"}


def begin_patch(person, location, offset, length, **headers):
    """A PATCH whose body the caller sends byte by byte."""
    connection = socket.create_connection(("127.0.0.1", person.server.port))
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection.sendall(
        f"PATCH {location} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {person.token}\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n{more}\r\n"
        .encode())
    return connection


def is_open(server, location):
    """Whether somebody writes to an unfinished upload. Asks the kernel, which disturbs nothing."""
    files = pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()
    return any(os.path.realpath(file).endswith(location.split("/")[-1]) for file in files)


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
    content = os.urandom(100_000)
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
    content = os.urandom(3000)
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
    files = [file.name for file in (server.storage / "uploads" / "tmp").iterdir()]
    assert files == [kept.split("/")[-1]]
    assert_problem(patch(alice, location, 5, b"6"), 410, "gone")
    assert patch(alice, kept, 5, b"67890").status_code == 204


def test_a_hundred_cuts(alice):
    """The connection is cut at random positions. After each cut the server says where to continue."""
    randomness = random.Random(5)
    content = randomness.randbytes(3_000_000)
    location = create(alice, len(content)).headers["Location"]
    cuts = 0
    while cuts < 100:
        offset = head(alice, location)
        rest = len(content) - offset
        # Later cuts take larger pieces, so all hundred find something left to send.
        sent = randomness.randint(0, min(rest - 1, 2 * rest // (101 - cuts)))
        with begin_patch(alice, location, offset, rest) as connection:
            connection.sendall(content[offset:offset + sent])
            if cuts % 2:
                # A reset instead of an orderly end.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        cuts += 1

        def is_free():
            now = head(alice, location)
            probe = patch(alice, location, now, b"")
            return probe.status_code == 204

        until(is_free, "the cut request to end")
        now = head(alice, location)
        assert offset <= now <= offset + sent
    offset = head(alice, location)
    assert offset > len(content) // 4, "what arrived before a cut is kept"
    assert patch(alice, location, offset, content[offset:]).status_code == 204
    assert alice.get(location).json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_what_came_before_a_cut_with_a_checksum_does_not_count(start_server):
    server = start_server()
    alice = server.person()
    content = os.urandom(1_000_000)
    location = create(alice, len(content)).headers["Location"]
    patch(alice, location, 0, content[:100])
    file = server.storage / "uploads" / "tmp" / location.split("/")[-1]
    for is_killed in (False, True):
        with begin_patch(alice, location, 100, 999_900, **checksum("sha1", content[100:])) as connection:
            connection.sendall(b"!" * 600_000)
            until(lambda: file.stat().st_size > 100_000, "bytes to be written")
            if is_killed:
                with server.away(server.kill):
                    pass
        assert head(alice, location) == 100
        until(lambda: patch(alice, location, 100, b"").status_code == 204, "the cut request to end")
    assert patch(alice, location, 100, content[100:]).status_code == 204
    assert alice.get(location).json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_two_writers_at_one_offset(alice):
    content = os.urandom(400_000)
    for _ in range(5):
        location = create(alice, len(content)).headers["Location"]
        statuses = []
        threads = [
            threading.Thread(target=lambda: statuses.append(patch(alice, location, 0, content).status_code))
            for _ in range(2)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert sorted(statuses) == [204, 409]
        assert alice.get(location).json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_writer_whose_network_went_away_gives_way(alice):
    """The writer closes nothing and says nothing, like a phone that lost its network."""
    location = create(alice, 1000).headers["Location"]
    with begin_patch(alice, location, 0, 1000) as connection:
        connection.sendall(b"a" * 300)
        until(lambda: is_open(alice.server, location), "the writer to have its turn")
        assert_problem(patch(alice, location, 0, b""), 409, "upload_offset_mismatch")
        until(lambda: patch(alice, location, head(alice, location), b"").status_code == 204, "the writer to give way",
              interval=0.5)
        assert head(alice, location) == 300
        assert patch(alice, location, 300, b"b" * 700).status_code == 204
    assert alice.get(location).json()["sha256"] == hashlib.sha256(b"a" * 300 + b"b" * 700).hexdigest()


def test_kill_9_in_the_middle_and_resume(start_server):
    server = start_server()
    alice = server.person()
    content = os.urandom(6_000_000)
    location = create(alice, len(content)).headers["Location"]
    patch(alice, location, 0, content[:1_000_000])
    with begin_patch(alice, location, 1_000_000, 5_000_000) as connection:
        connection.sendall(content[1_000_000:4_000_000])
        until(lambda: head(alice, location) > 2_000_000, "bytes to be written")
        server.kill()
    server.restart()
    offset = head(alice, location)
    assert 2_000_000 < offset <= 4_000_000
    assert patch(alice, location, offset, content[offset:]).status_code == 204
    upload = alice.get(location).json()
    assert upload["sha256"] == hashlib.sha256(content).hexdigest()
    assert server.request("GET", upload["url"]).content == content


def test_bytes_that_are_all_there_are_finished_after_a_restart(start_server):
    """The server ends between the last byte and the row."""
    server = start_server()
    alice = server.person()
    location = create(alice, 5).headers["Location"]
    patch(alice, location, 0, b"123")
    server.kill()
    with open(server.storage / "uploads" / "tmp" / location.split("/")[-1], "ab") as file:
        file.write(b"45")
    server.restart()
    assert_problem(alice.get(location), 404, "not_found")
    assert head(alice, location) == 5
    assert alice.get(location).json()["sha256"] == hashlib.sha256(b"12345").hexdigest()


def test_a_lost_outcome_loses_no_bytes(start_server):
    """The database's connection breaks, or the server dies, while the row of a complete upload is written."""
    server = start_server()
    alice = server.person()
    content = os.urandom(300_000)
    for dies in (False, True):
        content = content[1:]
        location = create(alice, len(content)).headers["Location"]
        with psycopg.connect(server.database) as blocker:
            blocker.execute("LOCK TABLE blobs IN SHARE ROW EXCLUSIVE MODE")
            answers = []
            thread = threading.Thread(target=lambda: answers.append(finish(alice, location, content)))
            thread.start()
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%INTO blobs%%'"
            [(pid,)] = until(lambda: server.sql(waiting), "the row to wait")
            if dies:
                server.kill()
            server.sql("SELECT pg_terminate_backend(%s)", pid)
            thread.join()
        if dies:
            server.restart()
        else:
            assert_problem(answers[0], 503, "unavailable")
        assert head(alice, location) == len(content)
        assert alice.get(f"{location}/file").content == content
        assert server.sql("SELECT count(*) FROM partial_uploads") == [(0,)] and not temporaries(server)


def finish(person, location, content):
    try:
        return patch(person, location, 0, content)
    except requests.ConnectionError:
        return None


@pytest.mark.parametrize("chunk", [7_000, 1_000_000])
def test_tuspy(server, alice, tmp_path, chunk):
    content = os.urandom(200_000)
    file = tmp_path / "from-tuspy.bin"
    file.write_bytes(content)
    client = TusClient(server.url + "/upload", headers={"Authorization": f"Bearer {alice.token}"})
    uploader = client.uploader(str(file), chunk_size=chunk, metadata={"filename": "from-tuspy.bin"}, upload_checksum=True)
    uploader.upload()
    upload = requests.get(uploader.url, headers={"Authorization": f"Bearer {alice.token}"}, timeout=60).json()
    assert upload["name"] == "from-tuspy.bin" and upload["sha256"] == hashlib.sha256(content).hexdigest()
