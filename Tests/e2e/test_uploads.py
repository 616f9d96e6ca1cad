"""Uploads by forms, PUT and curl: what is refused, and what a truncated body leaves."""

import subprocess

import pytest

from parley import PATIENCE, assert_problem, until
from uploading import digest, noise, raw, temporaries


@pytest.fixture(scope="module")
def alice(server):
    """A person who uploads, shared by tests that do not count her uploads."""
    return server.person("alice")


def test_a_form_with_many_files(server, alice):
    contents = [noise(size) for size in (1, 1000, 300_000, 70_000, 65_536)]
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
    content = noise(2_500_000)
    file = tmp_path / "a photo.bin"
    file.write_bytes(content)
    # curl waits for the server's permission for longer than this test may take.
    output = subprocess.run(
        ["curl", "-sS", "--expect100-timeout", "600", "-T", str(file), "-H", f"Authorization: Bearer {alice.token}",
         f"{server.url}/upload/"], capture_output=True, check=True, text=True, timeout=PATIENCE).stdout
    assert f'"sha256":"{digest(content)}"' in output and '"name":"a photo.bin"' in output
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
    # A form's files are stored all or none.
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
    # Both requests are over. No upload is in progress, and none became a row.
    assert server.sql("SELECT count(*) FROM uploads WHERE owner_id = %s", alice.id) == [(0,)]
