"""Virus scans by the real clamd, with signatures made here, so no database has to be downloaded."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

from parley import PATIENCE, assert_problem, free_port, unprivileged, until
from tus_requests import BYTES, create, head, patch
from uploading import noise

CLAMD = shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
LIMIT = 2 << 20
"""clamd's StreamMaxLength, in bytes."""
INFECTED = b"harmless bytes around PARLEY-TEST-VIRUS-7f3a and after"
PICTURE = b"\x89PNG\r\n\x1a\n" + INFECTED

pytestmark = pytest.mark.skipif(CLAMD is None, reason="no clamd: install clamav-daemon to run the scanner's tests")


class Clamd:
    """A clamd in a temporary directory with one signature."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="parley-clamd-"))
        self.socket = self.directory / "clamd.sock"
        self.port = free_port()
        database = self.directory / "database"
        database.mkdir()
        # Name, any type of file, any place, the bytes (ClamAV's manual, "Body-based signatures").
        (database / "test.ndb").write_text(f"Parley.Test:0:*:{b'PARLEY-TEST-VIRUS-7f3a'.hex()}\n")
        self.configuration = self.directory / "clamd.conf"
        self.configuration.write_text(
            f"DatabaseDirectory {database}\nLocalSocket {self.socket}\nTCPSocket {self.port}\nTCPAddr 127.0.0.1\n"
            f"Foreground yes\nStreamMaxLength {LIMIT}\nTemporaryDirectory {self.directory}\n")
        self.prefix, account = unprivileged()
        if account:
            for path in (self.directory, database):
                os.chown(path, account.pw_uid, account.pw_gid)
            os.chmod(self.directory, 0o755)
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [*self.prefix, CLAMD, "--config-file", self.configuration], cwd="/", stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        until(self._answers, "clamd to answer")

    def _answers(self):
        assert self.process.poll() is None, self.process.stdout.read()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
                connection.sendall(b"zPING\0")
                return connection.recv(10) == b"PONG\0"
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture(scope="module")
def clamd():
    with Clamd() as clamd:
        yield clamd


def address(clamd, way):
    return str(clamd.socket) if way == "socket" else f"127.0.0.1:{clamd.port}"


def attempts(person, content):
    """The answers to the same file by each way of uploading: multipart, PUT, and tus in two pieces."""
    yield person.post("/upload", files={"file": ("note.txt", content)})
    yield person.request("PUT", "/upload/note.txt", data=content)
    location = create(person, len(content)).headers["Location"]
    patch(person, location, 0, content[:30])
    yield patch(person, location, 30, content[30:])


@pytest.mark.parametrize("way", ["socket", "tcp"])
def test_an_infected_file_is_refused_however_it_comes(clamd, start_server, way):
    server = start_server(CLAMD_ADDRESS=address(clamd, way))
    alice = server.person("alice")
    for content in (INFECTED, PICTURE):
        for answer in attempts(alice, content):
            problem = assert_problem(answer, 422, "validation_failed", "file")
            assert problem["detail"] == "file: refused by the virus scanner"
    whole = alice.post("/upload", headers={**BYTES, "Upload-Length": str(len(INFECTED))}, data=INFECTED)
    assert_problem(whole, 422, "validation_failed", "file")
    two = alice.post("/upload", files=[("file", ("fine.txt", b"fine")), ("file", ("note.txt", INFECTED))])
    assert_problem(two, 422, "validation_failed", "file")
    assert server.sql("SELECT count(*) FROM uploads") == [(0,)] and not list((server.storage / "uploads" / "tmp").iterdir())
    clean = INFECTED.replace(b"VIRUS", b"GUEST")
    for answer in attempts(alice, clean):
        assert answer.status_code in (201, 204), answer.text
    [(count,)] = server.sql("SELECT count(*) FROM uploads")
    assert count == 3


def test_a_file_beyond_what_clamd_takes_has_no_verdict(clamd, start_server):
    strict = start_server(CLAMD_ADDRESS=address(clamd, "tcp"))
    lax = start_server(CLAMD_ADDRESS=address(clamd, "socket"), CLAMD_UNREACHABLE="accept")
    content = noise(4 * LIMIT)
    alice, bob = strict.person("alice"), lax.person("bob")
    for answer in attempts(alice, content):
        assert_problem(answer, 422, "validation_failed", "file")
        assert "larger than the virus scanner takes" in answer.json()["detail"]
    assert not list((strict.storage / "uploads" / "tmp").iterdir())
    assert bob.request("PUT", "/upload/large", data=content).status_code == 201
    for person in (alice, bob):
        assert person.request("PUT", "/upload/small", data=content[:LIMIT // 2]).status_code == 201
        assert_problem(person.request("PUT", "/upload/x", data=INFECTED), 422, "validation_failed", "file")


def test_a_clamd_that_goes_and_comes_back(start_server):
    with Clamd() as clamd:
        strict = start_server(CLAMD_ADDRESS=address(clamd, "tcp"))
        lax = start_server(CLAMD_ADDRESS=address(clamd, "socket"), CLAMD_UNREACHABLE="accept")
        alice, bob = strict.person("alice"), lax.person("bob")
        assert alice.upload(b"one") and bob.upload(b"one")
        clamd.stop()
        refused = alice.request("PUT", "/upload/x", data=b"two")
        assert_problem(refused, 503, "unavailable")
        assert int(refused.headers["Retry-After"]) >= 1
        assert bob.request("PUT", "/upload/x", data=b"two").status_code == 201
        # A resumable upload waits for the verdict, and gets it.
        location, infected = [create(alice, len(content)).headers["Location"] for content in (b"three", INFECTED)]
        assert_problem(patch(alice, location, 0, b"three"), 503, "unavailable")
        assert_problem(patch(alice, infected, 0, INFECTED), 503, "unavailable")
        assert_problem(alice.get(location), 404, "not_found")
        clamd.start()
        assert alice.upload(b"four")
        assert head(alice, location) == 5 and alice.get(location).status_code == 200
        assert_problem(patch(alice, infected, len(INFECTED), b""), 422, "validation_failed", "file")
        assert_problem(alice.get(infected), 404, "not_found")


def test_an_address_that_is_none_stops_the_start(start_server):
    with pytest.raises(RuntimeError, match="CLAMD_ADDRESS"):
        start_server(CLAMD_ADDRESS="nonsense")
