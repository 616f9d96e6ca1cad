"""Files come back: headers, ranges, tokens, and who may see them."""


import pytest
import requests

import pictures
from moderation import picture
from parley import PATIENCE, assert_problem, until
from uploading import digest, noise


@pytest.fixture(scope="module")
def alice(server):
    """A person who uploads, shared by tests that do not count her uploads."""
    return server.person("alice")


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
    content = noise(1000)
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
    for forged in (token[:-2] + ("BA" if token.endswith("AA") else "AA"), "zzzzzz." + token.split(".")[1], "", "nonsense", token + "x"):
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
    # Nobody else may send it on, and a person who has left no longer sees it.
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
    """The database's answer about such a file is kept for a moment."""
    alice, bob = people("alice", "bob")
    upload = alice.upload(picture())
    message = alice.send(alice.direct(bob), attachments=[upload["id"]])
    if removal == "avatar":
        assert alice.request("PATCH", "/auth/me", json={"avatarUploadId": upload["id"]}).status_code == 200
        assert alice.request("DELETE", f"/messages/{message['id']}").status_code == 200
    paths = [upload["url"], upload["thumbnails"][0]["url"]]
    with requests.Session() as browser:
        for path in paths * 20:
            assert browser.get(server.url + path, timeout=PATIENCE).status_code == 200
        if removal == "sql":
            server.sql("UPDATE messages SET deleted_at = now() WHERE id = %s", message["id"])
            until(lambda: browser.get(server.url + paths[0]).status_code != 200, "the file to go")
        elif removal == "avatar":
            assert alice.request("PATCH", "/auth/me", json={"avatarUploadId": ""}).status_code == 200
        else:
            assert alice.request("DELETE", f"/messages/{message['id']}").status_code == 200
        for path in paths:
            assert_problem(browser.get(server.url + path), 410, "gone")


def test_the_same_bytes_are_stored_once_and_deleted_with_the_last_reference(server, people):
    alice, bob = people("alice", "bob")
    content = noise(5000)
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
