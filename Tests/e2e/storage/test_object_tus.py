"""Resumable uploads whose pieces are objects: any server continues what another one began."""

import concurrent.futures
import contextlib
import hashlib
import random
import threading

import pytest

from parley import PATIENCE, Server, assert_problem, until
from test_upload_draft import Connection
from tus_requests import TUS, begin_patch, checksum, create, head, patch
from uploading import noise

SECRET = "a secret that all servers share, long enough"
MIB = 1 << 20


@contextlib.contextmanager
def two_servers(postgres, tmp_path, settings):
    database = postgres.clone()
    servers = [Server(database=database, storage=tmp_path / f"{number}", settings=settings) for number in range(2)]
    with servers[0], servers[1]:
        yield servers
    postgres.drop(database)


@pytest.fixture
def nodes(postgres, bucket, tmp_path):
    """Two servers with nothing but the database and the bucket in common."""
    with two_servers(postgres, tmp_path, bucket.settings(JWT_SECRET=SECRET)) as servers:
        yield servers


def at(server, person):
    """The person's next requests go to this server."""
    person.server = server
    return person


def sent(nodes, person, location):
    upload = at(nodes[0], person).get(location).json()
    return nodes[1].request("GET", upload["url"]).content


def pieces(server):
    return server.sql("SELECT start, length FROM upload_pieces ORDER BY start")


def test_each_request_may_come_to_another_server(nodes, bucket):
    alice = nodes[0].person()
    content = noise(20 * MIB + 5)
    location = create(alice, len(content)).headers["Location"]
    offset, turn = 0, 0
    for length in (1, 17 * MIB, 3, len(content)):
        person = at(nodes[turn % 2], alice)
        assert head(person, location) == offset
        answer = patch(person, location, offset, content[offset:offset + length])
        assert answer.status_code == 204, answer.text
        offset, turn = min(offset + length, len(content)), turn + 1
        assert answer.headers["Upload-Offset"] == str(offset)
    assert sent(nodes, alice, location) == content
    until(lambda: bucket.objects("tmp/") == {} and pieces(nodes[0]) == [], "the pieces to go")
    assert len(bucket.objects()) == 1
    for server in nodes:
        assert list((server.storage / "uploads" / "tmp").iterdir()) == []


def at_once(nodes, ask):
    """What `ask(server, number)` answers for each server, asked at the same time."""
    barrier = threading.Barrier(len(nodes))

    def wait_and_ask(number):
        barrier.wait()
        return ask(nodes[number], number)

    with concurrent.futures.ThreadPoolExecutor(len(nodes)) as pool:
        return list(pool.map(wait_and_ask, range(len(nodes))))


def write_at_once(nodes, alice, location, bodies, offset=0):
    """One PATCH of the same place for each server."""
    return at_once(nodes, lambda server, number: server.request("PATCH", location, data=bodies[number], headers={
        **TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset),
        "Authorization": f"Bearer {alice.token}"}))


def the_one_taken(answers, bodies):
    """The body of the request that was answered 204; the other one has got 409."""
    assert sorted(answer.status_code for answer in answers) == [204, 409], [answer.text for answer in answers]
    [lost] = [answer for answer in answers if answer.status_code == 409]
    assert_problem(lost, 409, "upload_offset_mismatch")
    return next(body for answer, body in zip(answers, bodies, strict=True) if answer.status_code == 204)


def test_of_two_writers_at_one_offset_one_wins(nodes):
    alice = nodes[0].person()
    for _ in range(5):
        bodies = noise(MIB), noise(MIB)
        location = create(alice, 2 * MIB).headers["Location"]
        winner = the_one_taken(write_at_once(nodes, alice, location, bodies), bodies)
        assert patch(at(nodes[1], alice), location, MIB, b"x" * MIB).status_code == 204
        assert sent(nodes, alice, location) == winner + b"x" * MIB


@pytest.mark.parametrize("size", [1, MIB, 16 * MIB])
def test_of_two_requests_with_a_whole_upload_one_is_the_upload(nodes, bucket, size):
    alice = nodes[0].person()
    for _ in range(3):
        bodies = noise(size), noise(size)
        location = create(alice, size).headers["Location"]
        winner = the_one_taken(write_at_once(nodes, alice, location, bodies), bodies)
        assert sent(nodes, alice, location) == winner
    until(lambda: len(bucket.objects()) == 3, "the objects of those who lost to go")


@pytest.mark.parametrize("held", ["GET", "PUT"], ids=["while it gathers the pieces", "while it stores the file"])
def test_whoever_finishes_an_upload_second_finds_it_finished(postgres, bucket, proxy, tmp_path, held):
    with two_servers(postgres, tmp_path, bucket.settings(proxy.url, JWT_SECRET=SECRET)) as nodes:
        alice, content, gate, first = nodes[0].person(), noise(MIB), threading.Event(), []
        location = create(alice, 2 * MIB).headers["Location"]
        assert patch(alice, location, 0, content).status_code == 204
        # It is complete now, and no server knows.
        nodes[0].sql("UPDATE partial_uploads SET length = %s", MIB)

        def hold(method, path):
            if method == held and "list-type" not in path and not first:
                first.append(path)
                gate.wait(PATIENCE)
            return None

        proxy.fault = hold
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(server.request, "HEAD", location, headers={**TUS, "Authorization": f"Bearer {alice.token}"})
                     for server in nodes]
            until(lambda: first and any(answer.done() for answer in asked), "one of them to finish it")
            until(lambda: bucket.objects("tmp/") == {}, "the pieces to go")
            gate.set()
            answers = [answer.result() for answer in asked]
        assert [(answer.status_code, answer.headers.get("Upload-Offset")) for answer in answers] == [(200, str(MIB))] * 2
        assert sent(nodes, alice, location) == content
        until(lambda: len(bucket.objects()) == 1, "the objects of the second to go")
        assert all("could not be stored" not in server.log for server in nodes)


def test_cut_again_and_again_with_a_server_killed(nodes):
    alice = nodes[0].person()
    content = noise(6 * MIB)
    location = create(alice, len(content)).headers["Location"]
    chance = random.Random(21)
    for cut in range(100):
        server = nodes[cut % 2]
        if cut == 50:
            with begin_patch(at(server, alice), location, head(alice, location), MIB) as connection:
                connection.sendall(content[:1000])
                server.kill()
            server.restart()
            alice.token = nodes[1].request(
                "POST", "/auth/login", json={"username": alice.username, "password": "correct horse battery"}).json()["accessToken"]
        person = at(server, alice)
        offset = until(lambda: answered(person, location), "an offset") - 1
        length = min(chance.randrange(1, 100_000), len(content) - offset - 1)
        with begin_patch(person, location, offset, len(content) - offset) as connection:
            connection.sendall(content[offset:offset + length])
    person = at(nodes[0], alice)
    while True:
        offset = until(lambda: answered(person, location), "an offset") - 1
        answer = patch(person, location, offset, content[offset:])
        if answer.status_code == 204:
            break
        assert answer.status_code == 409, answer.text
    assert hashlib.sha256(sent(nodes, alice, location)).digest() == hashlib.sha256(content).digest()


def answered(person, location):
    """One more than the offset, so that it is never false."""
    answer = person.request("HEAD", location, headers=TUS)
    return answer.status_code == 200 and int(answer.headers["Upload-Offset"]) + 1


def test_what_was_acknowledged_survives_the_server_that_took_it(nodes, bucket):
    alice = nodes[0].person()
    content = noise(40 * MIB)
    location = create(alice, len(content)).headers["Location"]
    with begin_patch(alice, location, 0, len(content)) as connection:
        connection.sendall(content[:33 * MIB])
        until(lambda: pieces(nodes[0]) == [(0, 16 * MIB), (16 * MIB, 16 * MIB)], "two pieces")
        nodes[0].kill()
    person = at(nodes[1], alice)
    assert head(person, location) == 32 * MIB
    assert patch(person, location, 32 * MIB, content[32 * MIB:]).status_code == 204
    upload = person.get(location).json()
    assert nodes[1].request("GET", upload["url"]).content == content


def test_bytes_that_do_not_match_their_checksum_count_for_nothing(nodes, bucket):
    alice = nodes[0].person()
    content = noise(18 * MIB)
    location = create(alice, len(content) + 1).headers["Location"]
    wrong = patch(alice, location, 0, content, **checksum("sha256", content[1:]))
    assert wrong.status_code == 460
    assert head(at(nodes[1], alice), location) == 0
    until(lambda: bucket.objects("tmp/") == {}, "the pieces to go")
    assert patch(alice, location, 0, content, **checksum("sha256", content)).status_code == 204
    assert head(at(nodes[0], alice), location) == len(content)
    assert patch(alice, location, len(content), b"!", **checksum("md5", b"!")).status_code == 204
    assert sent(nodes, alice, location) == content + b"!"


def test_parts_that_came_to_different_servers_become_one_upload(nodes, bucket):
    alice = nodes[0].person()
    parts, contents = [], [noise(MIB), noise(17 * MIB)]
    for server, content in zip(nodes, contents, strict=True):
        person = at(server, alice)
        location = create(person, len(content), **{"Upload-Concat": "partial"}).headers["Location"]
        assert patch(person, location, 0, content).status_code == 204
        parts.append(location)
    final = at(nodes[0], alice).post("/upload", headers={**TUS, "Upload-Concat": f"final;{' '.join(parts)}"})
    assert final.status_code == 201, final.text
    assert sent(nodes, alice, final.headers["Location"]) == b"".join(contents)
    until(lambda: bucket.objects("tmp/") == {}, "the pieces to go")


def test_the_drafts_uploads_go_on_elsewhere(nodes):
    alice = nodes[0].person()
    content = noise(2 * MIB)
    with Connection(alice) as connection:
        connection.send("POST", "/upload", {
            "Upload-Draft-Interop-Version": "6", "Upload-Complete": "?0", "Content-Type": "application/octet-stream"},
            content[:MIB])
        assert connection.read()[0] == 104
        status, fields, _ = connection.read()
    assert status == 201
    path = "/upload/" + fields["Location"].rsplit("/", 1)[1]
    person = at(nodes[1], alice)
    where = person.request("HEAD", path, headers={"Upload-Draft-Interop-Version": "6"})
    assert where.headers["Upload-Offset"] == str(MIB)
    ended = person.request("PATCH", path, data=content[MIB:], headers={
        "Upload-Draft-Interop-Version": "6", "Upload-Complete": "?1", "Upload-Offset": str(MIB),
        "Content-Type": "application/partial-upload"})
    assert ended.status_code == 201, ended.text
    assert nodes[0].request("GET", ended.json()["uploads"][0]["url"]).content == content


def test_an_upload_that_is_given_up_leaves_nothing(nodes, bucket):
    alice = nodes[0].person()
    location = create(alice, 2 * MIB).headers["Location"]
    assert patch(alice, location, 0, b"x" * MIB).status_code == 204
    assert len(bucket.objects("tmp/")) == 1
    assert at(nodes[1], alice).request("DELETE", location, headers=TUS).status_code == 204
    until(lambda: bucket.objects() == {}, "the pieces to go")
    assert patch(alice, location, MIB, b"x").status_code in (404, 410)
