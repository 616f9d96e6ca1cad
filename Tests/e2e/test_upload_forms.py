"""Forms and names as different clients write them."""

import http.client
import json

import pytest

from parley import PATIENCE, assert_problem
from uploading import noise, temporaries

FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def alice(server):
    return server.person("alice")


def part(disposition, content=b"content"):
    """A part of a form with the boundary x."""
    return b"--x\r\nContent-Disposition: form-data; " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"


def send(person, *parts, **options):
    return person.post("/upload", data=b"".join(parts) + b"--x--\r\n", headers=FORM, **options)


@pytest.mark.parametrize("disposition, name", [
    ('name="a"; filename="photo.jpg"', "photo.jpg"),
    ("name=a; filename=photo.jpg", "photo.jpg"),
    ('filename = "photo.jpg" ; name="a"', "photo.jpg"),
    # RFC 8187, alone and beside a name for old receivers.
    ("name=\"a\"; filename*=UTF-8''na%C3%AFve%20plan.txt", "naïve plan.txt"),
    ("name=\"a\"; filename=\"=?utf-8?B?w5xi?=\"; filename*=utf-8''%C3%9Cb.txt", "Üb.txt"),
    ("name=\"a\"; filename=\"plain.txt\"; filename*=latin9''%A4.txt", "plain.txt"),
    # Escapes of curl, of browsers, and none at all.
    (r'name="a"; filename="a \"quoted\" \\ name.txt"', "name.txt"),
    ('name="a"; filename="a %22quoted%22 name.txt"', 'a "quoted" name.txt'),
    (r'name="a"; filename="C:\Users\me\photo.jpg"', "photo.jpg"),
    ('name="my filename=x"; filename="real; name.txt"', "real; name.txt"),
    # A mark belongs to a character, and a character has five at most.
    ('name="a"; filename="\u0301x.txt"', "x.txt"),
])
def test_how_a_part_says_its_name(alice, disposition, name):
    answer = send(alice, part(disposition))
    assert answer.status_code == 201, answer.text
    assert [upload["name"] for upload in answer.json()["uploads"]] == [name]


def test_a_field_that_speaks_of_files_is_none(alice):
    assert_problem(send(alice, part('name="the filename=x of it"')), 422, "validation_failed", "file")


def test_an_input_left_empty_is_passed_over(server, alice):
    answer = send(alice, part('name="a"; filename=""', b""), part('name="b"; filename="b.txt"'))
    assert answer.status_code == 201 and [u["name"] for u in answer.json()["uploads"]] == ["b.txt"]
    assert_problem(send(alice, part('name="a"; filename=""', b"")), 422, "validation_failed", "file")
    unnamed = send(alice, part('name="a"; filename=""', b"it has content"))
    assert unnamed.status_code == 201 and unnamed.json()["uploads"][0]["name"] == "file"
    assert_problem(alice.post("/upload", data=b"", headers=FORM), 422, "validation_failed", "file")
    assert not temporaries(server)


def test_a_form_of_unknown_length_has_the_same_bounds(start_server):
    server = start_server(MAX_UPLOAD_BYTES="100000")
    alice = server.person()
    files = [part(f'name="a"; filename="{number}"', noise(90_000)) for number in range(2)]
    for body in (files, [b"preamble " * 20_000, b"\r\n", files[0]], [files[0], b"--x--\r\n", b"epilogue " * 20_000]):
        assert_problem(alice.post("/upload", data=iter([*body, b"--x--\r\n"]), headers=FORM), 413, "too_large", "file")
    assert server.sql("SELECT count(*) FROM uploads") == [(0,)] and not temporaries(server)
    assert alice.post("/upload", data=iter([files[0], b"--x--\r\n"]), headers=FORM).status_code == 201


@pytest.mark.parametrize("path, name", [
    ("..%2F%CC%81passwd", "passwd"), ("dir%2F%CC%81x", "x"), ("..%5C%CC%81evil", "evil"),
    ("a%FFb.txt", "a\ufffdb.txt"), ("100%zz.txt", "100%zz.txt"), ("%2541.txt", "%41.txt"), ("a%00b%0D%0A.txt", "ab.txt"),
    ("%CC%81" * 150, "file"), ("a" + "%CC%81" * 150 + ".txt", "a" + "\u0301" * 5 + ".txt"),
    ("%C3%A9" * 150 + ".txt", "\u00e9" * 125 + ".txt"),
])
def test_names_in_paths(server, alice, path, name):
    # From a client that sends the path as it is.
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("PUT", f"/upload/{path}", b"content", {"Authorization": f"Bearer {alice.token}"})
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    assert json.load(answer)["uploads"][0]["name"] == name


def test_a_part_does_not_pass_for_the_whole(alice):
    refused = alice.request("PUT", "/upload/x", data=b"second half", headers={"Content-Range": "bytes 11-21/22"})
    assert_problem(refused, 400, "malformed_request")
