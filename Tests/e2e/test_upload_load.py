"""Many, slow and very large uploads: what they hold, and what they leave to others."""

import os
import select
import signal
import socket
import subprocess
import threading

import pytest

import pictures
from parley import PATIENCE, assert_problem, until
from uploading import noise, temporaries

BIG = "PARLEY_BIG" in os.environ


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
    """A gigabyte if PARLEY_BIG is set, else 300 megabytes."""
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
    # Readers that stop reading hold a chunk or two, not the file.
    before = resident("VmRSS")
    stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(10)]
    for connection in stalled:
        connection.sendall(f"GET {answer.json()['uploads'][0]['url']} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
    assert resident("VmRSS") - before < 32 * 1024 * 1024
    for connection in stalled:
        connection.close()


class Trickle:
    """Uploads from one address that begin and send next to nothing, each on its own connection."""

    def __init__(self, server, address):
        self.server, self.address, self.connections = server, address, []

    def begin(self, person, path="/upload/x", method="PUT", fields=""):
        connection = socket.create_connection(
            ("127.0.0.1", self.server.port), timeout=PATIENCE, source_address=(self.address, 0))
        connection.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {person.token}\r\n{fields}"
            "Content-Length: 1000\r\n\r\nx".encode())
        self.connections.append(connection)

    def refused(self):
        """How many have an answer. An accepted upload still waits for its body."""
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
        assert other.request("PUT", "/upload/x", data=noise(1000)).status_code == 201
        # The same again, each from an address of its own.
        for n, person in enumerate(greedy):
            trickles.append(Trickle(server, f"127.0.0.{3 + n}"))
            for _ in range(16):
                trickles[-1].begin(person)
        until(lambda: trickles[-1].refused(), "the last one to be refused most")
        assert other.request("PUT", "/upload/x", data=noise(1000)).status_code == 201
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


def test_what_somebody_else_has_takes_the_same_work_as_what_is_new(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    picture = pictures.picture("jpg", 640, 480)
    first = alice.upload(picture, "hers.jpg")
    [worker] = server.media_workers()
    os.kill(worker, signal.SIGSTOP)
    assert alice.upload(picture, "again.jpg")["sha256"] == first["sha256"], "her own needs no worker"
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(bob.upload(picture, "his.jpg")))
    waiting.start()
    # Nothing is served or known before a worker has processed it.
    until(lambda: len(temporaries(server)) > 0, "his bytes to arrive")
    waiting.join(1)
    assert not answers
    os.kill(worker, signal.SIGCONT)
    waiting.join(PATIENCE)
    [his] = answers
    assert his["sha256"] == first["sha256"] and his["thumbnails"] and his["width"] == 640
    assert server.request("GET", his["url"]).content == server.request("GET", first["url"]).content
    assert not temporaries(server)
