"""What stays on disk and what does not: orphans, quotas, full disks, dying decoders."""

import hashlib
import itertools
import os
import pathlib
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import pictures
from parley import assert_problem, until
from tus_requests import create, head, patch
from uploading import noise, raw


def stored(server, content):
    sha = hashlib.sha256(content).hexdigest()
    return server.storage / "uploads" / sha[:2] / sha[2:4] / sha


def age(server, table, column, id):
    server.sql(f"UPDATE {table} SET {column} = now() - interval '25 hours' WHERE id = %s", id)


def test_what_nobody_sent_or_what_was_taken_back_goes_after_a_day(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    conversation = alice.direct(bob)
    names = ("never sent", "new", "sent", "avatar", "taken back", "taken back just now", "removed by another", "shared")
    contents = {name: name.encode() * 1000 for name in names}
    contents["avatar"] = pictures.picture("png")
    uploads = {name: alice.upload(content, name) for name, content in contents.items()}
    shared = bob.upload(contents["shared"])
    bob.send(conversation, attachments=[shared["id"]])
    assert alice.request("PATCH", "/auth/me", json={"avatarUploadId": uploads["avatar"]["id"]}).status_code == 200
    for name in ("sent", "taken back", "taken back just now", "removed by another"):
        message = alice.send(conversation, attachments=[uploads[name]["id"]])
        if name != "sent":
            assert alice.request("DELETE", f"/messages/{message['id']}").status_code == 200
        if name == "removed by another":
            server.sql("UPDATE messages SET deleted_by = %s WHERE id = %s", bob.id, message["id"])
        if name != "taken back just now":
            server.sql("UPDATE messages SET deleted_at = deleted_at - interval '25 hours' WHERE id = %s", message["id"])
    for name, upload in uploads.items():
        if name != "new":
            age(server, "uploads", "created_at", upload["id"])
    server.stop()
    server.restart()
    until(lambda: not stored(server, contents["taken back"]).exists(), "the sweep")
    until(lambda: not stored(server, contents["never sent"]).exists(), "the sweep")
    kept = {name for name, content in contents.items() if stored(server, content).exists()}
    assert kept == {"new", "sent", "avatar", "taken back just now", "removed by another", "shared"}
    for name in ("never sent", "shared"):
        until(lambda name=name: alice.get(f"/upload/{uploads[name]['id']}").status_code == 404, f"the row of {name} to go")
    assert_problem(alice.get(f"/upload/{uploads['taken back']['id']}"), 410, "gone")
    assert_problem(server.request("GET", uploads["taken back"]["url"]), 410, "gone")
    assert bob.get(f"/upload/{shared['id']}/file").content == contents["shared"]
    refused = alice.post("/messages", json={"conversationId": conversation, "attachments": [uploads["taken back"]["id"]]})
    assert_problem(refused, 422, "validation_failed", "attachments")
    # The same bytes sent again are a new upload.
    again = alice.upload(contents["taken back"])
    assert server.request("GET", again["url"]).content == contents["taken back"]


def test_a_quota_holds_for_uploads_side_by_side(start_server):
    server = start_server(USER_QUOTA_BYTES="1000000")
    alice, bob = server.people("alice", "bob")
    statuses = []

    def upload(number):
        content = bytes([number]) * 300_000
        if number % 2:
            answer = alice.request("PUT", "/upload/x", data=content)
        else:
            answer = alice.post("/upload", files={"file": ("x", content)})
        statuses.append((answer.status_code, answer.status_code == 201 or answer.json()["code"]))

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert set(statuses) <= {(201, True), (413, "quota_exceeded")}
    [(used,)] = server.sql("SELECT coalesce(sum(size), 0) FROM uploads WHERE owner_id = %s", alice.id)
    assert 300_000 <= used <= 900_000 and used == 300_000 * statuses.count((201, True))
    while alice.request("PUT", "/upload/x", data=noise(300_000)).status_code == 201:
        pass
    assert_problem(alice.request("PUT", "/upload/x", data=b"x" * 100_001), 413, "quota_exceeded")
    assert_problem(alice.request("PUT", "/upload/x", data=iter([b"x" * 100_001])), 413, "quota_exceeded")
    assert_problem(create(alice, 100_001), 413, "quota_exceeded")
    # Unfinished uploads count with their announced size, until they are given up.
    location = create(alice, 90_000).headers["Location"]
    assert_problem(alice.request("PUT", "/upload/x", data=b"x" * 20_000), 413, "quota_exceeded")
    assert alice.request("DELETE", location, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
    assert alice.request("PUT", "/upload/x", data=b"x" * 20_000).status_code == 201
    assert bob.upload(b"x" * 500_000)
    assert not list((server.storage / "uploads" / "tmp").iterdir())


def test_a_quota_knows_what_is_given_back(start_server):
    server = start_server(USER_QUOTA_BYTES="1000000")
    alice = server.person()
    for _ in range(5):
        upload = alice.upload(noise(400_000))
        assert alice.request("DELETE", f"/upload/{upload['id']}").status_code == 204
    alice.upload(noise(600_000))
    assert_problem(alice.request("PUT", "/upload/x", data=noise(400_001)), 413, "quota_exceeded")
    assert alice.request("PUT", "/upload/x", data=noise(400_000)).status_code == 201


def test_an_upload_deleted_while_it_is_sent(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    conversation = alice.direct(bob)
    outcomes = set()
    with ThreadPoolExecutor(2) as pool:
        for _ in range(60):
            upload = alice.upload(noise(10))["id"]
            deleted = pool.submit(alice.request, "DELETE", f"/upload/{upload}")
            sent = pool.submit(
                alice.post, "/messages", json={"conversationId": conversation, "attachments": [upload]})
            outcomes.add((deleted.result().status_code, sent.result().status_code))
    assert outcomes <= {(204, 422), (409, 201)}, outcomes


def test_too_many_unfinished_uploads(people):
    [alice] = people("alice")
    for _ in range(64):
        assert create(alice, 10).status_code == 201
    refused = create(alice, 10)
    assert_problem(refused, 429, "rate_limited")
    assert refused.headers["Retry-After"]


def allows_user_namespaces():
    """Whether an ordinary user may mount a file system that nobody else sees (user_namespaces(7))."""
    return subprocess.run(["unshare", "-Urm", "true"], stderr=subprocess.DEVNULL).returncode == 0


@pytest.fixture(params=["mounted by root", "in a user namespace"])
def small_disk(request, tmp_path):
    """A disk of 30 MB at `storage/uploads`: the command prefix for a server that has it, and its path."""
    disk = tmp_path / "storage" / "uploads"
    disk.mkdir(parents=True)
    if request.param == "mounted by root":
        if os.geteuid() != 0:
            pytest.skip("only root may mount the small disk that this fills")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", disk], check=True)
        yield (), lambda server: disk
        subprocess.run(["umount", "-l", disk], check=True)
    else:
        if not allows_user_namespaces():
            pytest.skip("no user namespaces here: a small disk cannot be mounted in one")
        mount = 'mount -t tmpfs -o size=30m tmpfs "$0" && exec "$@"'
        yield ("unshare", "-Urm", "sh", "-c", mount, str(disk)), lambda server: pathlib.Path(
            f"/proc/{server.process.pid}/root{disk}")


def test_a_full_disk(start_server, tmp_path, small_disk):
    prefix, disk_of = small_disk
    server = start_server(storage=tmp_path / "storage", prefix=prefix)
    disk = disk_of(server)
    alice, bob = server.people("alice", "bob")
    first = alice.upload(noise(20_000_000))
    assert os.statvfs(disk).f_blocks * os.statvfs(disk).f_frsize == 30 << 20
    content = noise(20_000_000)
    for answer in (alice.request("PUT", "/upload/x", data=content), alice.post("/upload", files={"file": content})):
        assert_problem(answer, 507, "storage_full")
    # A client that announces the size is told before it has sent the bytes.
    announcement = f"PUT /upload/x HTTP/1.1\nHost: x\nAuthorization: Bearer {alice.token}\nContent-Length: {len(content)}\n\n"
    assert raw(server, announcement, content[:1_000_000]).startswith("HTTP/1.1 507 ")
    until(lambda: not list((disk / "tmp").iterdir()), "the disk to be cleared")
    assert alice.send(alice.direct(bob), "still talking")["seq"] == 1
    # The received bytes of a resumable upload are kept until there is room again.
    location = create(alice, len(content)).headers["Location"]
    assert_problem(patch(alice, location, 0, content), 507, "storage_full")
    offset = until(lambda: head(alice, location), "the offset")
    assert 0 < offset < len(content)
    assert_problem(alice.get(location), 404, "not_found")
    assert alice.request("DELETE", f"/upload/{first['id']}").status_code == 204
    assert patch(alice, location, offset, content[offset:]).status_code == 204
    assert alice.get(f"{location}/file").content == content
    # However small the files are, some room is left for others. Some are sound and pass through the workers.
    heads = itertools.cycle((b"", b"\xff\xfb\x90\x64"))
    while (answer := alice.request("PUT", "/upload/x", data=next(heads) + noise(100_000))).status_code == 201:
        pass
    assert_problem(answer, 507, "storage_full")
    assert os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize > 1_400_000
    server.stop()


def test_pictures_where_root_is_alone_in_its_user_namespace(start_server, tmp_path):
    """As in a rootless container that maps one account: the workers cannot become anybody else."""
    server = start_server(storage=tmp_path / "storage", prefix=("unshare", "-Urm"))
    upload = server.person("alice").upload(pictures.picture("jpg", 640, 480), "photo.jpg")
    assert (upload["kind"], upload["width"]) == ("image", 640)
    assert upload["thumbnails"]
    server.stop()


def is_decoding(pid):
    """Whether the process has an upload open."""
    try:
        return any("/uploads/tmp/" in os.readlink(file) for file in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:
        return False


def has_ended(pid):
    """Whether the process is gone, or a zombie (proc(5), `stat`)."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_decoder_that_dies_costs_one_picture(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    photo = pictures.picture("jpg", 4000, 3000)
    alice.upload(pictures.picture("gif"))
    # Known beforehand: looking for them takes longer than some jobs.
    workers = server.media_workers()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(alice.upload(photo, "photo.jpg")))
    thread.start()
    os.kill(until(lambda: next(filter(is_decoding, workers), None), "a worker at work", interval=0.001), signal.SIGKILL)
    thread.join()
    [upload] = answers
    assert upload["kind"] == "file" and upload["type"] == "image/jpeg" and upload["thumbnails"] == []
    path = f"/upload/{upload['id']}/file"
    alice.send(alice.direct(bob), attachments=[upload["id"]])
    assert_problem(bob.get(path), 404, "not_found")
    served = alice.get(path)
    assert served.content == photo and served.headers["Content-Disposition"].startswith("attachment;")
    # Another upload of the same picture works, and mends the first one.
    again = bob.upload(photo, "photo.jpg")
    assert again["kind"] == "image" and len(again["thumbnails"]) == 3
    assert alice.get(f"/upload/{upload['id']}").json()["kind"] == "image" and bob.get(path).status_code == 200
    assert sorted(file.name.removeprefix(again["sha256"]) for file in stored(server, photo).parent.iterdir()) == [
        "", ".large.webp", ".medium.webp", ".small.webp"]
    # Nobody notices a worker that dies while it waits.
    assert alice.upload(pictures.picture("png"))["kind"] == "image"
    for pid in server.media_workers():
        os.kill(pid, signal.SIGKILL)
        until(lambda: has_ended(pid), "the worker's end")
    assert alice.upload(pictures.picture("webp"))["kind"] == "image"
