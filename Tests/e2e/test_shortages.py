"""What happens to files when something runs short or goes away: descriptors, room, the disk, a file's bytes."""

import os
import resource
import socket

import requests

import pictures
from parley import PATIENCE, assert_problem, until
from test_storage import stored
from tus_requests import create, head, patch
from uploading import noise


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def test_without_descriptors_files_wait_and_all_else_goes_on(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    conversation = alice.direct(bob)
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {alice.token}"
        assert session.get(f"{server.url}/auth/me").status_code == 200
        # The server reserves some of these for files, but none of a lower limit that is set behind its back.
        limit = max(int(name) for name in os.listdir(f"/proc/{server.process.pid}/fd")) + 40
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        # More connections than descriptors, so any descriptor that becomes free is taken.
        idle = [socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) for _ in range(limit)]
        until(lambda: descriptors(server) == limit, "all descriptors to be taken")
        # Uses each of the four threads for files for the first time.
        for _ in range(8):
            refused = session.put(f"{server.url}/upload/photo.jpg", data=pictures.picture("jpg"))
            assert_problem(refused, 503, "unavailable")
            assert refused.headers["Retry-After"]
        message = session.post(
            f"{server.url}/messages", json={"conversationId": conversation, "text": "still talking"})
        assert message.status_code == 201
    for connection in idle:
        connection.close()
    until(lambda: descriptors(server) < limit - 20, "the connections to be let go")
    for n in range(8):
        upload = alice.upload(pictures.picture("jpg", 300 + n, 200))
        assert upload["type"] == "image/jpeg" and len(upload["thumbnails"]) == 3
    server.stop()


def test_the_disk_that_went_away_is_no_expired_upload(start_server):
    server = start_server()
    alice = server.person()
    content = noise(300_000)
    location = create(alice, len(content)).headers["Location"]
    assert patch(alice, location, 0, content[:200_000]).status_code == 204
    assert server.request("GET", "/ready").status_code == 200
    temporary, elsewhere = server.storage / "uploads" / "tmp", server.storage / "elsewhere"
    temporary.rename(elsewhere)
    assert server.request("GET", "/ready").status_code == 503
    assert_problem(patch(alice, location, 200_000, content[200_000:]), 503, "unavailable")
    assert_problem(alice.request("PUT", "/upload/x", data=content), 503, "unavailable")
    elsewhere.rename(temporary)
    assert server.request("GET", "/ready").status_code == 200
    assert head(alice, location) == 200_000
    assert patch(alice, location, 200_000, content[200_000:]).status_code == 204
    assert alice.get(f"{location}/file").content == content


def test_a_damaged_file_is_not_served_and_comes_back_with_the_next_upload(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    contents = [noise(300_000), pictures.picture("jpg", 400, 300)]
    for content, damaged, path in (
        (contents[0], stored(server, contents[0]), "file"),
        (contents[1], f"{stored(server, contents[1])}.medium.webp", "thumbnail/medium"),
    ):
        upload = alice.upload(content)
        whole = alice.get(f"/upload/{upload['id']}/{path}").content
        os.truncate(damaged, 200_000 if path == "file" else 0)
        assert_problem(alice.get(f"/upload/{upload['id']}/{path}"), 500, "internal")
        again = bob.upload(content)
        for person, id in ((bob, again["id"]), (alice, upload["id"])):
            assert person.get(f"/upload/{id}/{path}").content == whole


def test_what_the_disk_does_not_give_up_is_gone_for_its_owner(start_server):
    server = start_server()
    alice = server.person()
    content = noise(1000)
    upload = alice.upload(content)
    # A directory entry that no program can unlink, not even as root.
    file = stored(server, content)
    file.unlink()
    file.mkdir()
    assert alice.request("DELETE", f"/upload/{upload['id']}").status_code == 204
    assert_problem(alice.get(f"/upload/{upload['id']}"), 404, "not_found")
    assert "could not be deleted" in server.log
