"""A message's files as one zip archive: by unzip and Python's zipfile, in parts, slowly, and while files disappear."""

import concurrent.futures
import hashlib
import io
import os
import socket
import subprocess
import zipfile

import pytest

from parley import assert_problem, until
from pictures import metadata, picture
from test_url_epochs import pass_minutes
from uploading import noise


@pytest.fixture(scope="module")
def pair(server):
    alice, bob = server.people("alice", "bob")
    return alice, bob, alice.direct(bob)


def send(person, conversation, *files):
    """A message with these files: (name, content)."""
    ids = [person.upload(content, name)["id"] for name, content in files]
    return person.send(conversation, "files", attachments=ids)


def path(message):
    return f"/messages/{message['id']}/files.zip"


def contents(answer):
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def test_the_files_of_a_message(server, pair, tmp_path):
    alice, bob, conversation = pair
    files = [("a.bin", noise(300_000)), ("Übung 🎉.txt", b"hello"), ("A.BIN", noise(70_000))]
    message = send(alice, conversation, *files)
    answer = bob.get(path(message))
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/zip"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    day = message["createdAt"][:10]
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="files-{day}.zip"')
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "private, no-cache"
    assert contents(answer) == {"a.bin": files[0][1], "Übung 🎉.txt": b"hello", "A (2).BIN": files[2][1]}
    (tmp_path / "a.zip").write_bytes(answer.content)
    tested = subprocess.run(["unzip", "-t", tmp_path / "a.zip"], capture_output=True, text=True)
    assert tested.returncode == 0 and "No errors detected" in tested.stdout, tested.stdout
    # Read from its beginning, without its directory.
    streamed = subprocess.run(["funzip"], input=answer.content, capture_output=True)
    assert streamed.stdout == files[0][1]

    head = bob.request("HEAD", path(message))
    assert head.status_code == 200 and not head.content
    for name in ("Content-Length", "Content-Type", "Content-Disposition", "ETag"):
        assert head.headers[name] == answer.headers[name]
    assert bob.get(path(message), headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    size = len(answer.content)
    for first, last in ((0, 9), (29, 200), (299_990, 300_200), (size - 400, size - 1)):
        part = bob.get(path(message), headers={"Range": f"bytes={first}-{last}", "If-Range": answer.headers["ETag"]})
        assert part.status_code == 206 and part.content == answer.content[first:last + 1]
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    assert_problem(bob.get(path(message), headers={"Range": f"bytes={size}-"}), 416, "range_not_satisfiable")


def test_pictures_are_cleaned(pair):
    alice, bob, conversation = pair
    message = send(alice, conversation, ("photo.jpg", picture("jpg")))
    served = bob.get(bob.get(f"/messages/{message['id']}").json()["message"]["attachments"][0]["url"]).content
    assert contents(bob.get(path(message))) == {"photo.jpg": served}
    assert contents(alice.get(path(message))) == {"photo.jpg": served}, "for its owner too"
    assert "GPSLatitude" not in metadata(served, "archived.jpg")


def test_who_may_have_them(server, pair):
    alice, bob, conversation = pair
    message = send(alice, conversation, ("a", b"a"))
    eve = server.person("eve")
    assert_problem(eve.get(path(message)), 404, "not_found")
    assert_problem(server.request("GET", path(message)), 401, "unauthenticated")
    assert_problem(bob.get("/messages/nonsense/files.zip"), 404, "not_found")
    assert_problem(bob.get(path(alice.send(conversation, "no files"))), 404, "not_found")
    assert_problem(bob.post(path(message)), 405, "method_not_allowed")
    alice.request("DELETE", f"/messages/{message['id']}")
    assert_problem(bob.get(path(message)), 410, "gone")


def test_a_page_can_link_to_them(server, pair):
    alice, bob, conversation = pair
    with bob.connect() as device:
        message = send(alice, conversation, ("a", b"one"), ("b", b"two"))
        live = device.wait_for("message:received", lambda other: other["id"] == message["id"])
    url = message["filesUrl"]
    seen = bob.get(f"/messages/{message['id']}").json()["message"]
    assert url.startswith(path(message) + "?token=") and live["filesUrl"] == url == seen["filesUrl"]
    answer = server.request("GET", url)
    assert contents(answer) == {"a": b"one", "b": b"two"}
    assert answer.headers["ETag"] == bob.get(path(message)).headers["ETag"]
    assert server.request("HEAD", url).headers["Content-Length"] == str(len(answer.content))
    assert server.request("GET", url, headers={"Range": "bytes=0-9"}).content == answer.content[:10]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    other = send(alice, conversation, ("c", b"c"), ("d", b"d"))
    token = url.split("token=")[1]
    upload = message["attachments"][0]
    for wrong in (f"{path(other)}?token={token}", url + "x", f"{path(message)}?token=",
                  f"{path(message)}?{upload['url'].split('?')[1]}", f"/upload/{upload['id']}/file?token={token}"):
        assert_problem(server.request("GET", wrong), 401, "unauthenticated")
    # Of one file, and of none, there is no archive to link to.
    assert "filesUrl" not in send(alice, conversation, ("e", b"e"))
    assert "filesUrl" not in alice.send(conversation, "no files")
    # What only its owner can read is for their Bearer alone.
    jxl = b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(64)
    mixed = send(alice, conversation, ("photo.jxl", jxl), ("f", b"f"))
    assert contents(server.request("GET", mixed["filesUrl"])) == {"f": b"f"}
    assert contents(alice.get(path(mixed))) == {"photo.jxl": jxl, "f": b"f"}
    alice.request("DELETE", f"/messages/{message['id']}")
    assert_problem(server.request("GET", url), 410, "gone")


def test_the_link_ends_minutes_after_somebody_went(server):
    alice, bob, carol = server.people("alice", "bob", "carol")
    group = alice.group(bob, carol)
    message = send(alice, group, ("a", b"one"), ("b", b"two"))
    alice.request("DELETE", f"/conversations/{group}/members/{bob.id}")
    assert_problem(bob.get(path(message)), 404, "not_found")
    assert server.request("GET", message["filesUrl"]).status_code == 200
    pass_minutes(server, group)
    assert_problem(server.request("GET", message["filesUrl"]), 401, "token_expired")
    fresh = carol.get(f"/messages/{message['id']}").json()["message"]["filesUrl"]
    assert server.request("GET", fresh).status_code == 200


def test_a_slow_reader_costs_no_memory_and_one_descriptor(server, pair):
    alice, bob, conversation = pair
    message = send(alice, conversation, *((f"{n}.bin", noise(20_000_000)) for n in range(5)))

    def descriptors():
        return sum("/uploads/" in os.path.realpath(f"/proc/{server.process.pid}/fd/{name}")
                   for name in os.listdir(f"/proc/{server.process.pid}/fd"))

    def memory():
        with open(f"/proc/{server.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))

    bob.get(path(message))
    before = memory()
    slow = []
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(
            f"GET {path(message)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bob.token}\r\n\r\n".encode())
        assert connection.recv(15).startswith(b"HTTP/1.1 200 OK")
        slow.append(connection)
    assert descriptors() <= 20
    assert memory() - before < 20 * 1024, "a fraction of 20 archives of 100 MB"
    # The others go on meanwhile.
    assert len(bob.get(path(message)).content) > 100_000_000
    for connection in slow:
        connection.close()
    until(lambda: descriptors() == 0, "the files to be closed")


def test_many_at_once_get_the_same(pair):
    alice, bob, conversation = pair
    message = send(alice, conversation, *((f"{n}.bin", noise(3_000_000)) for n in range(4)))
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda person: person.get(path(message)).content, [alice, bob] * 6))
    assert len({hashlib.sha256(answer).digest() for answer in answers}) == 1
    assert zipfile.ZipFile(io.BytesIO(answers[0])).testzip() is None


def test_a_file_that_is_lost_while_the_archive_is_sent_ends_it(server, pair):
    """The client sees an archive cut short, never one that looks whole."""
    alice, bob, conversation = pair
    message = send(alice, conversation, ("a", noise(30_000_000)), ("b", noise(1000)))
    lost = message["attachments"][1]["sha256"]
    file = server.storage / "uploads" / lost[:2] / lost[2:4] / lost
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"GET {path(message)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bob.token}\r\n\r\n".encode())
        received = connection.recv(10_000)
        file.unlink()
        while part := connection.recv(1 << 20):
            received += part
    length = int(received.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    assert len(received.split(b"\r\n\r\n", 1)[1]) < length
    assert_problem(bob.get(path(message)), 500, "internal")
