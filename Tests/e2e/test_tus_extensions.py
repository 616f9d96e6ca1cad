"""Uploads of unknown length, and uploads made of others: their bounds, their refusals, and what a dying server leaves."""

import concurrent.futures
import contextlib
import hashlib
import itertools

import pytest
import requests

from parley import Server, assert_problem, until
from tus_requests import TUS, begin_patch, create, head, is_open, patch
from uploading import noise, temporaries


@pytest.fixture(scope="module")
def small(postgres, tmp_path_factory):
    """A server for files of a megabyte, and three of them for each person."""
    settings = {"MAX_UPLOAD_BYTES": "1000000", "USER_QUOTA_BYTES": "3000000"}
    with Server(postgres.clone(), tmp_path_factory.mktemp("storage"), settings) as server:
        yield server


def defer(person, **headers):
    return person.post("/upload", headers={**TUS, "Upload-Defer-Length": "1", **headers})


def part(person, content):
    location = create(person, len(content), **{"Upload-Concat": "partial"}).headers["Location"]
    if content:
        assert patch(person, location, 0, content).status_code == 204
    return location


def join(person, *locations, **headers):
    return person.post("/upload", headers={**TUS, "Upload-Concat": f"final;{' '.join(locations)}", **headers})


def expired(person, location):
    return person.server.sql(
        "UPDATE partial_uploads SET expires_at = now() WHERE id = %s RETURNING 1", location.split("/")[-1])


# Unknown length.

def test_a_deferred_length_is_bounded(small):
    alice = small.person()
    location = defer(alice).headers["Location"]
    assert patch(alice, location, 0, b"x" * 600_000).status_code == 204
    assert_problem(patch(alice, location, 600_000, b"x" * 400_001), 413, "too_large")
    assert head(alice, location) == 600_000

    def chunks():
        yield from itertools.repeat(b"x" * 50_000, 20)

    # Of unknown size: the limit holds all the same.
    with contextlib.suppress(requests.ConnectionError):
        assert_problem(patch(alice, location, 600_000, chunks()), 413, "too_large")
    until(lambda: patch(alice, location, head(alice, location), b"").status_code == 204, "the refused request to end")
    assert head(alice, location) <= 1_000_000
    assert_problem(patch(alice, location, head(alice, location), b"", **{"Upload-Length": "1000001"}), 413, "too_large")
    assert_problem(patch(alice, location, head(alice, location), b"", **{"Upload-Length": "5"}), 400, "malformed_request")
    offset = head(alice, location)
    assert patch(alice, location, offset, b"", **{"Upload-Length": str(offset)}).status_code == 204
    assert alice.get(location).json()["size"] == offset


def test_a_deferred_length_is_within_the_quota(small):
    alice = small.person()
    first, second, third = (defer(alice).headers["Location"] for _ in range(3))
    assert_problem(defer(alice), 413, "quota_exceeded")
    # What is known to be small gives the rest back.
    assert patch(alice, first, 0, b"x" * 10, **{"Upload-Length": "10"}).status_code == 204
    fourth = defer(alice)
    assert fourth.status_code == 201
    location = fourth.headers["Location"]
    assert_problem(patch(alice, location, 0, b"x" * 999_999), 413, "quota_exceeded")
    assert patch(alice, location, 0, b"x" * 999_990).status_code == 204
    for other in (second, third, location):
        assert alice.request("DELETE", other, headers=TUS).status_code == 204
    assert alice.request("PUT", "/upload/whole", data=b"x" * 999_999).status_code == 201


def test_what_is_said_of_the_length(server):
    alice = server.person()
    for headers in ({"Upload-Defer-Length": "2"}, {"Upload-Defer-Length": "1", "Upload-Length": "5"}, {}):
        assert_problem(alice.post("/upload", headers={**TUS, **headers}), 400, "malformed_request")
    location = defer(alice).headers["Location"]
    answer = alice.request("HEAD", location, headers=TUS)
    assert answer.headers["Upload-Defer-Length"] == "1" and "Upload-Length" not in answer.headers
    assert patch(alice, location, 0, b"abc", **{"Upload-Length": "6"}).status_code == 204
    assert alice.request("HEAD", location, headers=TUS).headers["Upload-Length"] == "6"
    assert_problem(patch(alice, location, 3, b"def", **{"Upload-Length": "7"}), 400, "malformed_request")
    assert patch(alice, location, 3, b"def", **{"Upload-Length": "6"}).status_code == 204
    assert alice.get(location).json()["sha256"] == hashlib.sha256(b"abcdef").hexdigest()
    empty = defer(alice).headers["Location"]
    assert patch(alice, empty, 0, b"", **{"Upload-Length": "0"}).status_code == 204
    assert alice.get(empty).json()["size"] == 0


# Parts.

def test_parts_are_no_files(server):
    alice, bob = server.people("alice", "bob")
    content = noise(1000)
    location = part(alice, content)
    assert_problem(alice.get(location), 404, "not_found")
    assert_problem(alice.get(f"{location}/file"), 404, "not_found")
    assert_problem(
        alice.post("/messages", json={
            "conversationId": alice.direct(bob), "attachments": [location.split("/")[-1]]}), 422, "validation_failed")
    assert head(alice, location) == 1000
    assert patch(alice, location, 1000, b"").status_code == 204
    assert_problem(patch(alice, location, 1000, b"x"), 413, "too_large")


def test_what_is_no_finished_part_is_refused(server):
    alice, eve = server.people("alice", "eve")
    good, unfinished = part(alice, b"abc"), create(alice, 5, **{"Upload-Concat": "partial"}).headers["Location"]
    plain, foreign = create(alice, 5).headers["Location"], part(eve, b"xyz")
    gone = part(alice, b"old")
    expired(alice, gone)
    unknown = "/upload/01a1fbfe-c86c-7e67-a7d1-b1bed26d1f9e"
    for other, status, code in ((unfinished, 409, "conflict"), (plain, 404, "not_found"), (foreign, 404, "not_found"),
                                (unknown, 404, "not_found"), (gone, 410, "gone")):
        assert_problem(join(alice, good, other), status, code)
    for text in ("final;", "final", "partia", f"final;{good} {good}", "final;/elsewhere/x"):
        assert_problem(
            alice.post("/upload", headers={**TUS, "Upload-Concat": text, "Upload-Length": "1"}), 400, "malformed_request")
    assert_problem(
        alice.post("/upload", headers={**TUS, "Upload-Concat": f"final;{good}",
                                       "Content-Type": "application/offset+octet-stream"}, data=b"x"), 403, "forbidden")
    # All that changed nothing.
    assert head(alice, good) == 3 and head(eve, foreign) == 3
    joined = join(alice, good)
    assert joined.status_code == 201
    assert alice.get(joined.headers["Location"]).json()["sha256"] == hashlib.sha256(b"abc").hexdigest()


def test_a_joined_upload_takes_nothing_more(server):
    alice = server.person()
    parts = [part(alice, b"abc"), part(alice, b""), part(alice, b"def")]
    joined = join(alice, *(server.url + location for location in parts), **{"Upload-Metadata": "filename YS50eHQ="})
    assert joined.status_code == 201 and joined.headers["Upload-Offset"] == "6"
    location = joined.headers["Location"]
    upload = alice.get(location).json()
    assert upload["name"] == "a.txt" and upload["sha256"] == hashlib.sha256(b"abcdef").hexdigest()
    assert_problem(patch(alice, location, 6, b""), 403, "forbidden")
    assert_problem(patch(alice, location, 6, b"x"), 403, "forbidden")
    for used in parts:
        assert alice.request("HEAD", used, headers=TUS).status_code == 404
    assert not {used.split("/")[-1] for used in [*parts, location]} & {file.name for file in temporaries(server)}
    assert alice.request("DELETE", location, headers=TUS).status_code == 204


def test_joining_stays_within_the_limits(small):
    alice = small.person()
    parts = [part(alice, b"x" * 900_000) for _ in range(3)]
    assert_problem(join(alice, *parts[:2]), 413, "too_large")
    assert_problem(create(alice, 300_001), 413, "quota_exceeded")
    # The parts' bytes become the upload's: it needs no second room.
    assert join(alice, parts[0]).status_code == 201
    assert_problem(create(alice, 300_001), 413, "quota_exceeded")
    assert create(alice, 300_000).status_code == 201


def test_parts_expire(start_server):
    server = start_server()
    alice = server.person()
    locations = [part(alice, b"abc") for _ in range(3)]
    for location in locations:
        expired(alice, location)
        assert alice.request("HEAD", location, headers=TUS).status_code == 410
    assert_problem(join(alice, *locations), 410, "gone")
    server.kill()
    server.restart()
    until(lambda: not temporaries(server), "the sweep")


def test_many_join_the_same_parts_at_once(server):
    alice = server.person()
    parts = [part(alice, noise(200_000)) for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: join(alice, *parts), range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.headers["Location"] for answer in answers if answer.status_code == 201}) == 1
    assert server.sql("SELECT count(*) FROM uploads WHERE owner_id = %s", alice.id) == [(1,)]
    # Other orders are other files, and the parts are gone.
    assert_problem(join(alice, *reversed(parts)), 404, "not_found")


def test_a_part_that_is_written_to_is_not_joined(server):
    alice = server.person()
    location = create(alice, 10, **{"Upload-Concat": "partial"}).headers["Location"]
    with begin_patch(alice, location, 0, 10) as writer:
        writer.sendall(b"x" * 9)
        until(lambda: is_open(server, location), "the writer")
        assert_problem(join(alice, location), 409, "upload_offset_mismatch")
        writer.sendall(b"x")
        assert writer.recv(100).startswith(b"HTTP/1.1 204")
    assert join(alice, location).status_code == 201


def test_a_server_that_dies_while_joining(start_server):
    """The rows of the parts are gone and the bytes are not together: the next HEAD puts them together."""
    server = start_server()
    alice = server.person()
    contents = [noise(100_000) for _ in range(3)]
    parts = [part(alice, content) for content in contents]
    ids = [location.split("/")[-1] for location in parts]
    whole = hashlib.sha256(b"".join(contents)).hexdigest()
    joined = "01a1fbfe-c86c-7e67-a7d1-b1bed26d1f9e"
    server.kill()
    # As it dies after its row was written, in the middle of copying.
    server.sql("DELETE FROM partial_uploads WHERE id = ANY(%s::uuid[])", ids)
    server.sql(
        "INSERT INTO partial_uploads (id, owner_id, name, length, concat, parts, expires_at) "
        "VALUES (%s, %s, 'x', 300000, 'final;', %s::uuid[], now() + interval '1 day')", joined, alice.id, ids)
    (server.storage / "uploads" / "tmp" / joined).write_bytes(contents[0] + b"half")
    server.restart()
    assert_problem(alice.get(f"/upload/{joined}"), 404, "not_found")
    assert head(alice, f"/upload/{joined}") == 300_000
    assert alice.get(f"/upload/{joined}").json()["sha256"] == whole
    assert not temporaries(server)

    # After the bytes are together, and before they are a file.
    server.kill()
    other = joined[:-1] + "d"
    server.sql(
        "INSERT INTO partial_uploads (id, owner_id, name, length, concat, expires_at) "
        "VALUES (%s, %s, 'x', 7, 'final;', now() + interval '1 day')", other, alice.id)
    (server.storage / "uploads" / "tmp" / other).write_bytes(b"content")
    server.restart()
    assert head(alice, f"/upload/{other}") == 7
    assert alice.get(f"/upload/{other}").json()["size"] == 7


def test_an_unfinished_join_can_be_given_up(start_server):
    server = start_server()
    alice = server.person()
    location = part(alice, b"abc")
    joined = "01a1fbfe-c86c-7e67-a7d1-b1bed26d1f9e"
    server.sql("DELETE FROM partial_uploads")
    server.sql(
        "INSERT INTO partial_uploads (id, owner_id, name, length, concat, parts, expires_at) "
        "VALUES (%s, %s, 'x', 3, 'final;', %s::uuid[], now() + interval '1 day')",
        joined, alice.id, [location.split("/")[-1]])
    assert alice.request("DELETE", f"/upload/{joined}", headers=TUS).status_code == 204
    assert not temporaries(server)
    assert alice.request("HEAD", f"/upload/{joined}", headers=TUS).status_code == 404


def test_parts_count_among_the_unfinished_uploads(server):
    alice = server.person()
    answers = [create(alice, 1, **{"Upload-Concat": "partial"}).status_code for _ in range(65)]
    assert answers == [201] * 64 + [429]


# Those that were left behind.

def test_what_was_cut_an_hour_ago_gives_way(small):
    """The quota is for what comes, and not for what an app gave up and began anew."""
    alice = small.person()

    def cut(minutes):
        location = create(alice, 900_000).headers["Location"]
        assert patch(alice, location, 0, b"x" * 1000).status_code == 204
        small.sql("UPDATE partial_uploads SET expires_at = expires_at - make_interval(mins => %s) WHERE id = %s",
                  minutes, location.split("/")[-1])
        return location

    older, old, young = cut(90), cut(70), cut(50)
    # 2,700,000 bytes of 3,000,000 are taken.
    assert alice.upload(b"x" * 250_000)
    assert head(alice, older) == 1000
    assert alice.upload(b"y" * 250_000)
    assert alice.request("HEAD", older, headers=TUS).status_code == 410
    assert head(alice, old) == head(alice, young) == 1000
    # For a new one that is begun, too.
    assert create(alice, 800_000).status_code == 201
    assert alice.request("HEAD", old, headers=TUS).status_code == 410
    assert_problem(create(alice, 999_999), 413, "quota_exceeded")
    assert head(alice, young) == 1000
