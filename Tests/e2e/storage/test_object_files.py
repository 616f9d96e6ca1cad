"""Files in an object store: kept, served, shared by servers, and deleted."""

import concurrent.futures
import io
import pathlib
import zipfile

import pytest
import requests

import pictures
from parley import PATIENCE, Server, assert_problem, until
from uploading import digest, noise, temporaries

SECRET = "a secret that both servers share, long enough"


@pytest.fixture
def served(start_server, bucket):
    """A server that keeps its files in the bucket."""
    return start_server(**bucket.settings())


def key_of(server, upload):
    [[key]] = server.sql("SELECT object_key FROM blobs WHERE sha256 = %s", upload["sha256"])
    return key


def on_disk(server):
    """Files of contents under the storage directory."""
    return [path for path in (server.storage / "uploads").glob("??/??/*")]


def test_files_are_in_the_bucket_and_served_as_from_the_disk(served, bucket):
    alice = served.person()
    photo, text = pictures.picture("jpg"), noise(3_000_001)
    picture, file = alice.upload(photo, "photo.jpg"), alice.upload(text, "file.bin")
    keys = {key_of(served, upload) for upload in (picture, file)}
    sizes = [thumbnail["size"] for thumbnail in picture["thumbnails"]]
    assert set(bucket.objects()) == {*keys, *(f"{key_of(served, picture)}.{size}.webp" for size in sizes)}
    assert on_disk(served) == [] and temporaries(served) == []
    assert all(key.startswith(f"{u['sha256'][:2]}/{u['sha256'][2:4]}/{u['sha256']}/") for key, u in
               ((key_of(served, picture), picture), (key_of(served, file), file)))

    whole = served.request("GET", file["url"])
    assert whole.content == text and whole.headers["ETag"] == f'"{digest(text)}"'
    assert whole.headers["Content-Length"] == str(len(text)) and whole.headers["Accept-Ranges"] == "bytes"
    for first, last in ((0, 0), (1_000_000, 2_999_999), (2_999_990, 3_000_000)):
        part = served.request("GET", file["url"], headers={"Range": f"bytes={first}-{last}"})
        assert part.status_code == 206 and part.content == text[first:last + 1]
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(text)}"
    for url in (picture["url"], picture["thumbnails"][0]["url"], file["url"]):
        for again in range(2):
            answer = served.request("GET", url)
            assert answer.status_code == 200 and answer.headers["X-Content-Type-Options"] == "nosniff", again
            assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["Cache-Control"].startswith("private, max-age=")
        assert served.request("GET", url, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
        head = served.request("HEAD", url)
        assert head.headers["Content-Length"] == str(len(answer.content)) and head.headers["ETag"] == answer.headers["ETag"]
    assert b"SecretCam" not in served.request("GET", picture["url"]).content


def test_what_is_made_later_is_kept_in_the_bucket(served, bucket):
    alice, bob = served.people("alice", "bob")
    picture, text = alice.upload(pictures.picture("webp"), "photo.webp"), alice.upload(b"text" * 1000, "a.txt")
    jpeg = served.request("GET", picture["url"] + "&format=jpeg")
    assert jpeg.status_code == 200 and jpeg.content[:2] == b"\xff\xd8"
    assert bucket.get(f"{key_of(served, picture)}.jpeg") == jpeg.content
    assert served.request("GET", picture["url"] + "&format=jpeg").content == jpeg.content
    message = alice.send(alice.direct(bob), attachments=[picture["id"], text["id"]])
    archive = bob.get(f"/messages/{message['id']}/files.zip")
    with zipfile.ZipFile(io.BytesIO(archive.content)) as files:
        assert files.testzip() is None and files.read("a.txt") == b"text" * 1000
        assert files.read("photo.webp") == served.request("GET", picture["url"]).content


def test_equal_files_are_kept_once_and_go_with_the_last(served, bucket):
    alice, bob = served.people("alice", "bob")
    content = noise(1000)
    first, again, other = alice.upload(content), alice.upload(content), bob.upload(content)
    key = key_of(served, first)
    until(lambda: set(bucket.objects()) == {key}, "bob's own objects to go")
    assert [person.request("DELETE", f"/upload/{upload['id']}").status_code
            for person, upload in ((alice, first), (alice, again))] == [204, 204]
    assert served.request("GET", other["url"]).content == content
    assert bob.request("DELETE", f"/upload/{other['id']}").status_code == 204
    until(lambda: bucket.objects() == {}, "the object to go")
    until(lambda: served.sql("SELECT * FROM dropped_objects") == [], "nothing to be left to do")
    assert_problem(served.request("GET", other["url"]), 404, "not_found")


def test_a_lost_object_is_stored_again_by_who_uploads_it_again(served, bucket):
    alice, bob = served.people("alice", "bob")
    content = noise(2_000_000)
    upload = alice.upload(content)
    bucket.delete(key_of(served, upload))
    assert_problem(served.request("GET", upload["url"]), 500, "internal")
    bob.upload(content)
    assert served.request("GET", upload["url"]).content == content


def test_two_servers_serve_each_others_files_without_a_shared_directory(postgres, bucket, tmp_path):
    database = postgres.clone()
    settings = bucket.settings(JWT_SECRET=SECRET)
    first = Server(database=database, storage=tmp_path / "one", settings=settings)
    second = Server(database=database, storage=tmp_path / "two", settings=settings)
    with first, second:
        alice = first.person()
        upload = alice.upload(pictures.picture("jpg"), "photo.jpg")
        for url in (upload["url"], *(thumbnail["url"] for thumbnail in upload["thumbnails"])):
            assert second.request("GET", url).content == first.request("GET", url).content != b""
        urls = [upload["url"], *(thumbnail["url"] for thumbnail in upload["thumbnails"])]
        until(lambda: all(list((server.storage / "cache").glob("??/*small.webp,*")) for server in (first, second)), "the caches")
        alice.server = second
        assert alice.request("DELETE", f"/upload/{upload['id']}").status_code == 204
        assert [server.request("GET", url).status_code for server in (second, first) for url in urls] == [404] * 2 * len(urls)
        until(lambda: bucket.objects() == {}, "the objects to go")
    postgres.drop(database)


def test_no_race_of_two_servers_loses_a_content(postgres, bucket, tmp_path):
    """One server deletes the last upload of a content while the other stores another one of it."""
    database = postgres.clone()
    settings = bucket.settings(JWT_SECRET=SECRET)
    first = Server(database=database, storage=tmp_path / "one", settings=settings)
    second = Server(database=database, storage=tmp_path / "two", settings=settings)
    with first, second, concurrent.futures.ThreadPoolExecutor(4) as races, concurrent.futures.ThreadPoolExecutor(8) as pool:
        alice, bob = first.person("alice"), second.person("bob")

        def race(_):
            content = noise(100)
            mine = alice.upload(content)
            deleted = pool.submit(alice.request, "DELETE", f"/upload/{mine['id']}")
            added = pool.submit(bob.upload, content)
            assert deleted.result().status_code == 204
            return added.result(), content

        kept = list(races.map(race, range(300)))
        assert all(second.request("GET", upload["url"]).content == content for upload, content in kept)
        until(lambda: len(bucket.objects()) == len(kept), "what was dropped to go")
        assert sorted(bucket.objects()) == sorted(key for key, in first.sql("SELECT object_key FROM blobs"))
    postgres.drop(database)


def test_whoever_opens_a_file_can_be_sent_to_the_store(start_server, bucket):
    server = start_server(**bucket.settings(MEDIA_REDIRECT="on"))
    alice = server.person()
    upload = alice.upload(pictures.picture("jpg"), "ein Bild ü.jpg")
    for url, kind in ((upload["url"], "image/jpeg"), (upload["thumbnails"][0]["url"], "image/webp")):
        answer = server.request("GET", url, allow_redirects=False)
        assert answer.status_code == 302 and answer.headers["Location"].startswith(bucket.store.url)
        assert answer.headers["Cache-Control"].startswith("private, max-age=")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        there = requests.get(answer.headers["Location"], timeout=PATIENCE)
        assert there.status_code == 200 and there.headers["Content-Type"] == kind
        assert "%C3%BC" in there.headers["Content-Disposition"] and there.headers["Content-Disposition"].startswith("inline")
        with_a_token = server.request("GET", url, allow_redirects=False, headers={"Authorization": f"Bearer {alice.token}"})
        assert with_a_token.status_code == 200, "the store must not get the token"
        changed = answer.headers["Location"].replace(upload["sha256"], "0" * 64)
        assert requests.get(changed, timeout=PATIENCE).status_code == 403
        assert server.request("HEAD", url).status_code == 200
    by_its_owner = alice.request("GET", f"/upload/{upload['id']}/file", allow_redirects=False)
    assert by_its_owner.status_code == 200 and by_its_owner.content


def test_a_large_file_is_stored_in_parts_and_takes_little_memory(start_server, bucket, tmp_path):
    server = start_server(**bucket.settings(MAX_UPLOAD_BYTES=str(1 << 30)))
    alice = server.person()
    alice.upload(noise(1000))
    size, piece, source = 150 << 20, noise(1 << 20), tmp_path / "large.bin"
    with source.open("wb") as file:
        for _ in range(150):
            file.write(piece)

    def peak():
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) << 10

    before = peak()
    with source.open("rb") as file:
        answer = alice.request("PUT", "/upload/large.bin", data=file)
    assert answer.status_code == 201, answer.text
    upload = answer.json()["uploads"][0]
    assert bucket.objects()[key_of(server, upload)] == size
    with server.request("GET", upload["url"], stream=True) as download:
        assert all(chunk == piece for chunk in download.iter_content(1 << 20))
    growth = peak() - before
    assert growth < 48_000_000, f"{growth} bytes: flat, whatever the file's size is"
