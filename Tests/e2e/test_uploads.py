"""Files go up and come back: what is kept, what is served, and who may see it."""

import hashlib
import os
import select
import signal
import socket
import subprocess
import threading
import time

import pytest
import requests

import pictures
from moderation import LIVE, picture
from parley import assert_problem, until

BIG = "PARLEY_BIG" in os.environ


@pytest.fixture(scope="module")
def alice(server):
    """Somebody who uploads, for the tests that need not count what is hers."""
    return server.person("alice")


def digest(content):
    return hashlib.sha256(content).hexdigest()


def temporaries(server):
    return list((server.storage / "uploads" / "tmp").iterdir())


def raw(server, text, *parts, wait=True):
    """Sends a request as it is written here; what comes back until the server closes, or pauses."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(text.encode().replace(b"\n", b"\r\n"))
        for part in parts:
            connection.sendall(part)
        return connection.recv(65536).decode() if wait else ""


# Sending


def test_a_form_with_many_files(server, alice):
    contents = [os.urandom(size) for size in (1, 1000, 300_000, 70_000, 65_536)]
    files = [("file", (f"{n}.bin", content)) for n, content in enumerate(contents)]
    answer = alice.post("/upload", files=[*files, ("note", (None, "no file"))])
    assert answer.status_code == 201
    uploads = answer.json()["uploads"]
    assert [u["name"] for u in uploads] == [f"{n}.bin" for n in range(5)]
    for upload, content in zip(uploads, contents):
        assert upload["size"] == len(content) and upload["sha256"] == digest(content)
        assert upload["ownerId"] == alice.id and upload["kind"] == "file"
        assert server.request("GET", upload["url"]).content == content
        assert alice.get(f"/upload/{upload['id']}").json() == upload
    assert not temporaries(server)


def test_a_body_by_put_and_curl(server, alice, tmp_path):
    content = os.urandom(2_500_000)
    file = tmp_path / "a photo.bin"
    file.write_bytes(content)
    started = time.monotonic()
    output = subprocess.run(
        ["curl", "-sS", "-T", str(file), "-H", f"Authorization: Bearer {alice.token}", f"{server.url}/upload/"],
        capture_output=True, check=True, text=True).stdout
    assert f'"sha256":"{digest(content)}"' in output and '"name":"a photo.bin"' in output
    assert time.monotonic() - started < 0.9, "curl waits a second where 100-continue does not come"
    output = subprocess.run(
        ["curl", "-sS", "-F", f"file=@{file}", "-H", f"Authorization: Bearer {alice.token}", f"{server.url}/upload"],
        capture_output=True, check=True, text=True).stdout
    assert f'"sha256":"{digest(content)}"' in output


@pytest.mark.parametrize("name, kept", [
    ("../../etc/passwd", "passwd"), ("/etc/shadow", "shadow"), ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
    ("a\0b.txt", "ab.txt"), ("line\r\nSet-Cookie: x=1", "lineSet-Cookie: x=1"), ('say "hi".txt', 'say "hi".txt'),
    ("\u202egpj.exe", "gpj.exe"), ("..", "file"), ("", "file"), ("Übung 🎉.pdf", "Übung 🎉.pdf"),
    ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"), ("ü" * 200, "ü" * 127)])
def test_names(server, alice, name, kept):
    boundary = "b0undary"
    quoted = name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    body = (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'
            f'content\r\n--{boundary}--\r\n').encode()
    answer = alice.post("/upload", data=body, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})
    assert answer.status_code == 201, answer.text
    upload = answer.json()["uploads"][0]
    assert upload["name"] == kept
    disposition = server.request("GET", upload["url"]).headers["Content-Disposition"]
    assert disposition.isascii() and disposition.count('"') == 2 and "\r" not in disposition
    sha = digest(b"content")
    assert (server.storage / "uploads" / sha[:2] / sha[2:4] / sha).is_file()


def test_what_is_refused(server, people):
    [alice] = people("alice")
    assert_problem(server.request("PUT", "/upload/x", data=b"x"), 401, "unauthenticated")
    assert_problem(alice.request("PUT", "/upload/x", data=b""), 422, "validation_failed", "file")
    assert_problem(alice.post("/upload", files={"file": ("empty", b"")}), 422, "validation_failed", "file")
    assert_problem(alice.post("/upload", files={"note": (None, "text")}), 422, "validation_failed", "file")
    assert_problem(alice.post("/upload", json={}), 415, "unsupported_media_type")
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for body in (b"nonsense", b'--x\r\nContent-Disposition: form-data; filename="a"\r\n\r\ncut short', b"--x\r\nno colon\r\n\r\n"):
        assert_problem(alice.post("/upload", data=body, headers=form), 400, "malformed_request")
    # All of a form's files are kept, or none.
    half = (b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\nfirst of two\r\n'
            b'--x\r\nContent-Disposition: form-data; name="b"; filename="b"\r\n\r\n\r\n--x--\r\n')
    assert_problem(alice.post("/upload", data=half, headers=form), 422, "validation_failed", "file")
    assert server.sql("SELECT count(*) FROM uploads WHERE owner_id = %s", alice.id) == [(0,)]
    assert not temporaries(server)


def test_too_large_is_said_before_the_body_is_read(start_server):
    server = start_server(MAX_UPLOAD_BYTES="100000")
    alice = server.person()
    head = (f"Host: x\nAuthorization: Bearer {alice.token}\nContent-Length: 50000000000\n")
    for extra in ("", "Expect: 100-continue\n"):
        answer = raw(server, f"PUT /upload/big HTTP/1.1\n{head}{extra}\n")
        assert answer.startswith("HTTP/1.1 413 "), answer
        answer = raw(server, f"POST /upload HTTP/1.1\n{head}Content-Type: multipart/form-data; boundary=x\n{extra}\n")
        assert answer.startswith("HTTP/1.1 413 "), answer

    def chunks():
        for _ in range(40):
            yield b"x" * 5000

    assert_problem(alice.request("PUT", "/upload/big", data=chunks()), 413, "too_large", "file")
    assert_problem(alice.post("/upload", files={"file": ("big", b"x" * 100_001)}), 413, "too_large", "file")
    assert alice.request("PUT", "/upload/fits", data=b"x" * 100_000).status_code == 201
    assert not temporaries(server)


def test_only_who_knows_interim_answers_gets_one(server, alice):
    for version, status in (("1.1", "100"), ("1.0", "201")):
        answer = raw(
            server, f"PUT /upload/x HTTP/{version}\nHost: x\nAuthorization: Bearer {alice.token}\nContent-Length: 1\n"
            "Expect: 100-continue\n\n", version[-1].encode())
        assert answer.split()[1] == status, answer


def test_a_body_that_is_cut_short_leaves_nothing(server, people):
    [alice] = people("alice")
    head = f"PUT /upload/cut HTTP/1.1\nHost: x\nAuthorization: Bearer {alice.token}\n"
    raw(server, f"{head}Content-Length: 1000000\n\n", b"x" * 400_000, wait=False)
    raw(server, f"{head}Transfer-Encoding: chunked\n\n", b"61a80\r\n" + b"x" * 400_000 + b"\r\n", wait=False)
    until(lambda: not temporaries(server), "the cut uploads to be cleared away")
    # Both requests are over: the uploads under way are none, and none of them became a row.
    assert server.sql("SELECT count(*) FROM uploads WHERE owner_id = %s", alice.id) == [(0,)]


# What the bytes are


def test_a_photo_is_turned_and_cleaned(server, people):
    alice, bob = people("alice", "bob")
    content = pictures.picture("jpg", 4000, 3000, orientation=6)
    assert pictures.metadata(content, "before.jpg")["GPSLatitude"]
    upload = alice.upload(content, "IMG_0001.jpg")
    assert (upload["kind"], upload["type"]) == ("image", "image/jpeg")
    assert (upload["width"], upload["height"]) == (3000, 4000) and upload["blurhash"]
    assert upload["sha256"] == digest(content) and upload["size"] == len(content)
    assert [(t["size"], t["width"], t["height"]) for t in upload["thumbnails"]] == [
        ("small", 120, 160), ("medium", 360, 480), ("large", 960, 1280)]
    conversation = alice.direct(bob)
    received = alice.send(conversation, "", attachments=[upload["id"]])["attachments"][0]
    for person in (alice, bob):
        served = person.get(f"/upload/{upload['id']}/file")
        found = pictures.metadata(served.content, "served.jpg")
        assert (found["ImageWidth"], found["ImageHeight"]) == (3000, 4000)
        assert not any(key.startswith("GPS") or key in ("Make", "City") for key in found), found
        assert found.get("Orientation", 1) == 1
        red, _, blue = pictures.pixel(served.content, "served.jpg", 100, 100)
        assert red > 150 > blue, "the left half is the upper half now"
    for thumbnail in received["thumbnails"]:
        image = server.request("GET", thumbnail["url"])
        assert image.headers["Content-Type"] == "image/webp"
        red, _, blue = pictures.pixel(image.content, "thumbnail.webp", 10, 10)
        assert red > 150 > blue
        assert b"Secret" not in image.content


@pytest.mark.parametrize("kind, type", [
    ("png", "image/png"), ("webp", "image/webp"), ("heic", "image/heic"), ("tif", "image/tiff"), ("gif", "image/gif")])
def test_pictures_of_every_format(server, alice, kind, type):
    upload = alice.upload(pictures.picture(kind), f"picture.{kind}")
    assert (upload["type"], upload["kind"], upload["width"], upload["height"]) == (type, "image", 400, 300)
    assert upload["thumbnails"][0]["size"] == "small" and upload["blurhash"]
    assert b"Secret" not in server.request("GET", upload["url"]).content


def test_moving_pictures_and_films(server, alice):
    gif = alice.upload(pictures.moving("gif"), "moving.gif")
    assert (gif["kind"], gif["width"], gif["height"]) == ("image", 320, 240)
    medium = next(t for t in gif["thumbnails"] if t["size"] == "medium")
    assert server.request("GET", medium["url"]).content.count(b"ANMF") == 5, "it keeps moving"
    film = alice.upload(
        pictures.moving("mp4", "-pix_fmt", "yuv420p", "-metadata", "location=+48.8584+002.2945/"), "film.mp4")
    assert (film["type"], film["kind"], film["width"], film["height"]) == ("video/mp4", "video", 320, 240)
    assert 0.8 < film["duration"] < 1.3 and film["thumbnails"]
    assert b"+48.8584" not in server.request("GET", film["url"]).content


def test_bytes_that_are_not_what_their_name_says(server, alice):
    text = alice.upload(b"just words\n", "picture.jpg")
    assert (text["type"], text["kind"], text["thumbnails"]) == ("text/plain", "file", [])
    cases = [(b"<html><body><script>alert(1)</script></body></html>", "a.png", "text/html"),
             (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "a.png", "image/svg+xml"),
             (open("/bin/true", "rb").read(), "a.png", None)]
    for content, name, type in cases:
        upload = alice.upload(content, name)
        assert type in (None, upload["type"]) and upload["kind"] == "file"
        served = server.request("GET", upload["url"])
        assert served.headers["Content-Disposition"].startswith("attachment;")
        assert served.headers["Content-Type"].split(";")[0] not in ("image/png",)


def test_a_picture_cut_short_and_one_that_lies(server, alice):
    whole = pictures.picture("jpg")
    half = alice.upload(whole[:len(whole) // 2], "half.jpg")
    assert half["type"] == "image/jpeg"
    bomb = bytearray(pictures.picture("png"))
    bomb[16:24] = b"\x7f\xff\xff\xff" * 2  # IHDR's width and height; its checksum is wrong now as well.
    started = time.monotonic()
    lying = alice.upload(bytes(bomb), "bomb.png")
    assert time.monotonic() - started < 3 and lying["thumbnails"] == []
    if lying["kind"] == "file":
        # It could not be cleaned, so nobody but its owner gets it.
        bob = server.person()
        alice.send(alice.direct(bob), "look", attachments=[lying["id"]])
        assert_problem(bob.get(f"/upload/{lying['id']}/file"), 404, "not_found")
        served = alice.get(f"/upload/{lying['id']}/file")
        assert served.status_code == 200 and served.content == bytes(bomb)
        assert served.headers["Content-Disposition"].startswith("attachment;")


# Serving


def test_headers_of_every_file_answer(server, alice):
    upload = alice.upload(pictures.picture("png"), "picture.png")
    for url in (upload["url"], upload["thumbnails"][0]["url"]):
        for headers in ({}, {"Range": "bytes=0-9"}):
            answer = server.request("GET", url, headers=headers)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["Cache-Control"].startswith("private, max-age=")
            assert answer.headers["Cache-Control"].endswith(", immutable")
            assert 3600 <= int(answer.headers["Cache-Control"].split("=")[1].split(",")[0]) <= 7 * 3600
            assert answer.headers["Content-Disposition"].startswith("inline;")


def test_headers_of_every_refusal_of_a_file(server, alice):
    upload = alice.upload(b"plain")
    path = f"/upload/{upload['id']}"
    for answer in (server.request("GET", upload["url"], headers={"Range": "bytes=9-"}),
                   server.request("GET", upload["url"], headers={"If-Match": '"another"'}),
                   server.request("GET", f"{path}/file?token=x"), server.request("GET", f"{path}/file"),
                   alice.get(f"{path}/thumbnail/small"), alice.get("/upload/unknown/file")):
        assert answer.status_code in (401, 404, 412, 416)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_ranges_and_conditions(server, alice):
    content = os.urandom(1000)
    upload = alice.upload(content)
    url = upload["url"]

    def get(method="GET", **headers):
        return server.request(method, url, headers={name.replace("_", "-"): value for name, value in headers.items()})

    whole = get()
    tag = whole.headers["ETag"]
    assert whole.content == content and tag.startswith('"') and whole.headers["Accept-Ranges"] == "bytes"
    head = get("HEAD")
    assert head.status_code == 200 and head.content == b"" and head.headers["Content-Length"] == "1000"
    for header, expected in (("bytes=0-0", slice(0, 1)), ("bytes=10-19", slice(10, 20)), ("bytes=990-", slice(990, 1000)),
                             ("bytes=-5", slice(995, 1000)), ("bytes=0-99999", slice(0, 1000)), ("bytes=-9999", slice(0, 1000))):
        part = get(Range=header)
        assert part.status_code == 206 and part.content == content[expected], header
        assert part.headers["Content-Range"] == f"bytes {expected.start}-{expected.stop - 1}/1000"
        assert part.headers["ETag"] == tag
    for header in ("bytes=1000-", "bytes=5000-6000", "bytes=-0"):
        refused = get(Range=header)
        assert_problem(refused, 416, "range_not_satisfiable")
        assert refused.headers["Content-Range"] == "bytes */1000"
    for header in ("bytes=5-1", "items=0-1", "bytes=a-b", "bytes=0-1,5-6"):
        assert get(Range=header).status_code == 200
    for value in (tag, f'"other", {tag}', "*", f"W/{tag}"):
        unchanged = get(If_None_Match=value)
        assert unchanged.status_code == 304 and unchanged.content == b"" and unchanged.headers["ETag"] == tag
    assert get(If_None_Match='"other"').status_code == 200
    assert get(Range="bytes=0-9", If_Range=tag).status_code == 206
    assert get(Range="bytes=0-9", If_Range='"other"').status_code == 200
    assert get("HEAD", Range="bytes=0-9").content == b""


def test_tokens(server, people):
    alice, bob = people("alice", "bob")
    upload = alice.upload(pictures.picture("png"), "picture.png")
    path, token = upload["url"].split("?token=")
    other = alice.upload(b"something else")
    assert_problem(server.request("GET", path), 401, "unauthenticated")
    for forged in (token[:-2] + "AA", "zzzzzz." + token.split(".")[1], "", "nonsense", token + "x"):
        assert_problem(server.request("GET", path, params={"token": forged}), 401, "unauthenticated")
    assert_problem(server.request("GET", other["url"].split("?")[0], params={"token": token}), 401, "unauthenticated")
    assert_problem(bob.get(path), 404, "not_found")
    assert alice.get(path).status_code == 200
    before = sorted(server.storage.rglob("*"))
    for size in ("huge", "small.webp", "..%2fx", "160"):
        assert_problem(alice.get(f"/upload/{upload['id']}/thumbnail/{size}"), 404, "not_found")
    assert sorted(server.storage.rglob("*")) == before, "nothing is made for a size that does not exist"


def test_who_sees_a_file(server, people):
    alice, bob, carol = people("alice", "bob", "carol")
    upload = alice.upload(b"for the group")
    path = f"/upload/{upload['id']}"
    assert_problem(bob.get(path), 404, "not_found")
    group = alice.group(bob, carol)
    message = alice.send(group, "here", attachments=[upload["id"]])
    assert bob.get(path).status_code == 200 and bob.get(f"{path}/file").content == b"for the group"
    assert_problem(bob.request("DELETE", path), 403, "forbidden")
    assert_problem(alice.request("DELETE", path), 409, "conflict")
    # Nobody else may send it on, and who has left sees it no more.
    assert_problem(
        bob.post("/messages", json={"conversationId": group, "attachments": [upload["id"]]}), 422, "validation_failed",
        "attachments")
    assert alice.request("DELETE", f"/conversations/{group}/members/{carol.id}").status_code in (200, 204)
    assert_problem(carol.get(f"{path}/file"), 404, "not_found")
    assert alice.request("DELETE", f"/messages/{message['id']}").status_code == 200
    assert_problem(server.request("GET", upload["url"]), 410, "gone")
    assert_problem(alice.get(f"{path}/file"), 410, "gone")
    assert_problem(bob.get(f"{path}/file"), 404, "not_found")


@pytest.mark.parametrize("removal", ["message", "avatar", "sql"])
def test_a_file_that_many_open_is_gone_when_it_is_removed(server, people, removal):
    """What the database said of such a file is kept for a moment."""
    alice, bob = people("alice", "bob")
    upload = alice.upload(picture())
    message = alice.send(alice.direct(bob), attachments=[upload["id"]])
    if removal == "avatar":
        assert alice.request("PATCH", "/auth/me", json={"avatarUploadId": upload["id"]}).status_code == 200
        assert alice.request("DELETE", f"/messages/{message['id']}").status_code == 200
    paths = [upload["url"], upload["thumbnails"][0]["url"]]
    with requests.Session() as browser:
        for path in paths * 20:
            assert browser.get(server.url + path, timeout=60).status_code == 200
        if removal == "sql":
            server.sql("UPDATE messages SET deleted_at = now() WHERE id = %s", message["id"])
            until(lambda: browser.get(server.url + paths[0]).status_code != 200, "the file to go", timeout=LIVE)
        elif removal == "avatar":
            assert alice.request("PATCH", "/auth/me", json={"avatarUploadId": ""}).status_code == 200
        else:
            assert alice.request("DELETE", f"/messages/{message['id']}").status_code == 200
        for path in paths:
            assert_problem(browser.get(server.url + path), 410, "gone")


def test_the_same_bytes_are_stored_once_and_deleted_with_the_last_reference(server, people):
    alice, bob = people("alice", "bob")
    content = os.urandom(5000)
    sha = digest(content)
    file = server.storage / "uploads" / sha[:2] / sha[2:4] / sha
    hers, his = alice.upload(content, "hers"), bob.upload(content, "his")
    assert hers["id"] != his["id"] and file.read_bytes() == content
    assert_problem(bob.get(f"/upload/{hers['id']}"), 404, "not_found")
    assert alice.request("DELETE", f"/upload/{hers['id']}").status_code == 204
    assert_problem(server.request("GET", hers["url"]), 404, "not_found")
    assert bob.get(f"/upload/{his['id']}/file").content == content
    assert bob.request("DELETE", f"/upload/{his['id']}").status_code == 204
    assert not file.exists()
    again = alice.upload(content)
    assert alice.get(f"/upload/{again['id']}/file").content == content


@pytest.mark.skipif(not BIG, reason="it writes nine gigabytes; set PARLEY_BIG")
def test_a_film_of_more_than_two_gigabytes(start_server, tmp_path):
    server = start_server(MAX_UPLOAD_BYTES=str(1 << 32))
    alice, bob = server.people("alice", "bob")
    for name, options in (("film.mov", "-c:v rawvideo -pix_fmt rgb24"), ("film.mkv", "-c:v huffyuv -vf noise=alls=40:allf=t")):
        film = tmp_path / name
        subprocess.run(
            f"ffmpeg -v error -f lavfi -i testsrc2=size=1920x1080:rate=25 -t 60 {options} -metadata title=SecretTitle "
            f"-fs 2300000000 {film}", shell=True, check=True)
        with open(film, "rb") as content:
            answer = alice.request("PUT", f"/upload/{name}", data=content)
        assert answer.status_code == 201, answer.text
        upload = answer.json()["uploads"][0]
        assert upload["kind"] == "video" and len(upload["thumbnails"]) == 3
        alice.send(alice.direct(bob), attachments=[upload["id"]])
        with bob.request("GET", f"/upload/{upload['id']}/file", stream=True) as served:
            length = int(served.headers["Content-Length"])
            assert 2_200_000_000 < length <= film.stat().st_size
            received = 0
            for chunk in served.iter_content(1 << 20):
                received += len(chunk)
                assert b"SecretTitle" not in chunk
            assert received == length
        film.unlink()


def test_memory_stays_flat(start_server, tmp_path):
    """A gigabyte where PARLEY_BIG is set, 300 megabytes else."""
    size = (1 << 30) if BIG else 300_000_000
    server = start_server(MAX_UPLOAD_BYTES=str(size))
    alice = server.person()
    alice.upload(b"x" * 1_000_000)

    def resident(field):
        with open(f"/proc/{server.process.pid}/status") as status:
            return int(next(line for line in status if line.startswith(field)).split()[1]) * 1024

    before = resident("VmRSS")
    content = tmp_path / "large"
    with open(content, "wb") as file:
        file.truncate(size)
    with open(content, "rb") as file:
        answer = alice.request("PUT", "/upload/large", data=file)
    assert answer.status_code == 201 and answer.json()["uploads"][0]["size"] == size
    assert resident("VmHWM") - before < 32 * 1024 * 1024
    downloaded = 0
    for chunk in server.request("GET", answer.json()["uploads"][0]["url"], stream=True).iter_content(1 << 20):
        downloaded += len(chunk)
    assert downloaded == size
    assert resident("VmHWM") - before < 100 * 1024 * 1024
    # Readers who stop reading hold what is between two chunks, not the file.
    before = resident("VmRSS")
    stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(10)]
    for connection in stalled:
        connection.sendall(f"GET {answer.json()['uploads'][0]['url']} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
    assert resident("VmRSS") - before < 32 * 1024 * 1024
    for connection in stalled:
        connection.close()


class Trickle:
    """Uploads that begin and bring next to nothing, each on a connection of its own, from one address."""

    def __init__(self, server, address):
        self.server, self.address, self.connections = server, address, []

    def begin(self, person, path="/upload/x", method="PUT", fields=""):
        connection = socket.create_connection(
            ("127.0.0.1", self.server.port), timeout=10, source_address=(self.address, 0))
        connection.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {person.token}\r\n{fields}"
            "Content-Length: 1000\r\n\r\nx".encode())
        self.connections.append(connection)

    def refused(self):
        """How many have an answer: whoever was let in waits for the rest of its own body."""
        return len(select.select(self.connections, [], [], 0)[0])

    def end(self):
        for connection in self.connections:
            connection.close()


def test_many_slow_uploads_leave_room_for_others(start_server):
    server = start_server(RATE_LIMITS="off")
    greedy = [server.person() for _ in range(16)]
    other = server.person()
    trickles = [Trickle(server, "127.0.0.2")]
    try:
        for person in greedy:
            for _ in range(16):
                trickles[0].begin(person)
        # A third of all 256 places is an address's share.
        until(lambda: trickles[0].refused() >= 256 - 85, "those beyond the address's share to be refused")
        assert trickles[0].refused() == 256 - 85
        assert other.request("PUT", "/upload/x", data=os.urandom(1000)).status_code == 201
        # And the same from an address of their own each.
        for n, person in enumerate(greedy):
            trickles.append(Trickle(server, f"127.0.0.{3 + n}"))
            for _ in range(16):
                trickles[-1].begin(person)
        until(lambda: trickles[-1].refused(), "the last one to be refused most")
        assert other.request("PUT", "/upload/x", data=os.urandom(1000)).status_code == 201
        assert other.upload(b"by a form")["size"] == 9
    finally:
        for trickle in trickles:
            trickle.end()


def test_pieces_count_as_uploads(start_server):
    server = start_server(RATE_LIMITS="off")
    alice = server.person()
    create = {"Tus-Resumable": "1.0.0", "Upload-Length": "1000"}
    piece = "Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
    locations = [alice.post("/upload", headers=create).headers["Location"] for _ in range(20)]
    trickle = Trickle(server, "127.0.0.1")
    try:
        for location in locations:
            trickle.begin(alice, location, "PATCH", piece)
        until(lambda: trickle.refused() >= 4, "those beyond the share to be refused")
        assert trickle.refused() == 4
        assert_problem(alice.request("PUT", "/upload/x", data=b"x"), 429, "rate_limited")
        assert server.person().request("PUT", "/upload/x", data=b"x").status_code == 201
    finally:
        trickle.end()


def workers(server):
    """The ids of the media workers."""
    children = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(server.process.pid)], capture_output=True, text=True)
    return [int(line.split()[0]) for line in children.stdout.splitlines() if "media-worker" in line]


def test_what_somebody_else_has_takes_the_same_work_as_what_is_new(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    picture = pictures.picture("jpg", 640, 480)
    first = alice.upload(picture, "hers.jpg")
    for worker in workers(server):
        os.kill(worker, signal.SIGSTOP)
    assert alice.upload(picture, "again.jpg")["sha256"] == first["sha256"], "her own needs no worker"
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(bob.upload(picture, "his.jpg")))
    waiting.start()
    # Nothing is served, nor known, before a worker has looked at it.
    until(lambda: len(temporaries(server)) > 0, "his bytes to arrive")
    waiting.join(1)
    assert not answers
    for worker in workers(server):
        os.kill(worker, signal.SIGCONT)
    waiting.join(60)
    [his] = answers
    assert his["sha256"] == first["sha256"] and his["thumbnails"] and his["width"] == 640
    assert server.request("GET", his["url"]).content == server.request("GET", first["url"]).content
    assert not temporaries(server)
