"""Resumable uploads over cut connections, killed servers and lost outcomes."""

import hashlib
import random
import socket
import threading
import time

import psycopg
import pytest
import requests

from parley import assert_problem, until
from tus_requests import begin_patch, checksum, create, head, is_open, patch
from uploading import noise, temporaries


@pytest.fixture(scope="module")
def alice(server):
    return server.person("alice")


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
    content = noise(1_000_000)
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
    content = noise(400_000)
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
    began = time.monotonic()
    with begin_patch(alice, location, 0, 1000) as connection:
        connection.sendall(b"a" * 300)
        until(lambda: is_open(alice.server, location), "the writer to have its turn")
        refused = patch(alice, location, 0, b"")
        # It has its turn for five silent seconds. A machine that is slower shows nothing.
        if time.monotonic() - began < 5:
            assert_problem(refused, 409, "upload_offset_mismatch")
        until(lambda: patch(alice, location, head(alice, location), b"").status_code == 204, "the writer to give way",
              interval=0.5)
        assert head(alice, location) == 300
        assert patch(alice, location, 300, b"b" * 700).status_code == 204
    assert alice.get(location).json()["sha256"] == hashlib.sha256(b"a" * 300 + b"b" * 700).hexdigest()


def test_kill_9_in_the_middle_and_resume(start_server):
    server = start_server()
    alice = server.person()
    content = noise(6_000_000)
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
    content = noise(300_000)
    for dies in (False, True):
        content = content[1:]
        location = create(alice, len(content)).headers["Location"]
        with psycopg.connect(server.database) as blocker, psycopg.connect(server.database, autocommit=True) as watcher:
            blocker.execute("LOCK TABLE blobs IN SHARE ROW EXCLUSIVE MODE")
            answers = []
            thread = threading.Thread(target=lambda: answers.append(finish(alice, location, content)))
            thread.start()
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INTO blobs%'"
            # It waits for a quarter of a second at a time, and for three seconds in all.
            [(pid,)] = until(lambda: watcher.execute(waiting).fetchall(), "the row to wait", interval=0.002)
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
