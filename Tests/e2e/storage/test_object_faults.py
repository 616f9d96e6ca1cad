"""What happens to files while their object store fails, and what does not."""

import contextlib
import os
import pathlib
import threading
import time

import pytest
import requests

import pictures
from parley import PATIENCE, Server, assert_problem, free_port, until
from test_object_files import key_of
from uploading import noise


@pytest.fixture
def served(start_server, bucket, proxy):
    """A server whose requests to the store pass a proxy."""
    port = free_port()
    server = start_server(**bucket.settings(proxy.url, METRICS_PORT=str(port)))
    server.metrics_port = port
    return server


def metric(server, name):
    text = requests.get(f"http://127.0.0.1:{server.metrics_port}/metrics", timeout=PATIENCE).text
    return float(text.split(f"\n{name} ")[1].split()[0])


@pytest.mark.parametrize("fault", ["cut", "refuse", "lose", 500, 503])
def test_what_fails_once_is_tried_again(served, bucket, proxy, fault):
    alice = served.person()
    content = noise(3_000_000)
    failed = set()

    def once(method, path):
        if (method, path) in failed or "list-type" in path:
            return None
        failed.add((method, path))
        return fault

    proxy.fault = once
    upload = alice.upload(content)
    assert served.request("GET", upload["url"]).content == content
    assert len(bucket.objects()) == 1 and metric(served, "parley_object_store_up") == 1


def test_a_store_that_is_away_stops_files_and_nothing_else(served, proxy):
    alice, bob = served.people("alice", "bob")
    cached, large = alice.upload(pictures.picture("jpg"), "a.jpg"), alice.upload(noise(2_000_000))
    thumbnail = cached["thumbnails"][0]["url"]
    assert served.request("GET", thumbnail).status_code == 200
    until(lambda: list((served.storage / "cache").glob("??/*small.webp,*")), "the cache")
    proxy.fault = lambda method, path: "refuse"
    refused = alice.post("/upload", files={"file": ("b.bin", noise(1000))})
    assert_problem(refused, 503, "unavailable")
    assert refused.headers["Retry-After"]
    download = served.request("GET", large["url"])
    assert_problem(download, 503, "unavailable")
    assert download.headers["Retry-After"] and download.headers["X-Content-Type-Options"] == "nosniff"
    assert served.request("GET", thumbnail).status_code == 200, "from the cache"
    assert served.request("HEAD", large["url"]).status_code == 200
    assert served.request("GET", "/ready").status_code == 200, "or every server would leave its balancer"
    assert metric(served, "parley_object_store_up") == 0
    conversation = alice.direct(bob)
    with bob.connect() as device:
        alice.send(conversation, "still here")
        device.wait_for("message:received", lambda event: event["text"] == "still here")
    assert served.log.count("the object store is away") == 1, "said once"
    proxy.fault = lambda method, path: None
    until(lambda: served.request("GET", large["url"]).status_code == 200, "the store to be found again")
    assert alice.upload(noise(1000)) and metric(served, "parley_object_store_up") == 1


@pytest.mark.parametrize("status, body", [
    (403, "<Error><Code>AccessDenied</Code></Error>"), (404, "<Error><Code>NoSuchBucket</Code></Error>")])
def test_a_store_that_refuses_everything_is_none(served, proxy, status, body):
    alice = served.person()
    large = alice.upload(noise(2_000_000))
    proxy.fault = lambda method, path: (status, body)
    for answer in (served.request("GET", large["url"]), alice.post("/upload", files={"file": ("b.bin", noise(1000))})):
        assert_problem(answer, 503, "unavailable")
        assert answer.headers["Retry-After"]
    assert metric(served, "parley_object_store_up") == 0
    assert served.log.count("the object store refuses this server") + served.log.count("the object store is away") == 1
    proxy.fault = lambda method, path: None
    until(lambda: served.request("GET", large["url"]).status_code == 200, "the store to be found again")
    until(lambda: metric(served, "parley_object_store_up") == 1, "the metric")


def test_an_object_that_cannot_be_deleted_holds_up_no_other(served, bucket, proxy):
    alice = served.person()
    locked, *others = [alice.upload(noise(1000 + number)) for number in range(4)]
    key = key_of(served, locked)
    proxy.fault = lambda method, path: (
        (403, "<Error><Code>AccessDenied</Code></Error>") if method == "DELETE" and key in path else None)
    for upload in (locked, *others):
        assert alice.request("DELETE", f"/upload/{upload['id']}").status_code == 204
    until(lambda: set(bucket.objects()) == {key}, "the others to go")
    until(lambda: served.sql("SELECT key FROM dropped_objects") == [(key,)], "one to be left")
    until(lambda: "cannot be deleted" in served.log, "the line")
    assert metric(served, "parley_object_store_up") == 1 and served.log.count("cannot be deleted") == 1
    proxy.fault = lambda method, path: None
    served.sql("UPDATE dropped_objects SET dropped_at = now()")
    assert alice.request("DELETE", f"/upload/{alice.upload(b'to make it look')['id']}").status_code == 204
    until(lambda: bucket.objects() == {}, "it to go")


def test_a_key_that_may_not_delete_is_said_once(served, bucket, proxy):
    alice = served.person()
    uploads = [alice.upload(noise(1000 + number)) for number in range(5)]
    keys = {key_of(served, upload) for upload in uploads}
    proxy.fault = lambda method, path: (403, "<Error><Code>AccessDenied</Code></Error>") if method == "DELETE" else None
    began = time.monotonic()
    # All at once, so that one round sees them all.
    served.sql("INSERT INTO dropped_objects (key, dropped_at) SELECT 'tmp/' || n || '/x', now() FROM generate_series(1, 20) n")
    assert alice.request("DELETE", f"/upload/{uploads[0]['id']}").status_code == 204
    until(lambda: "may the key delete" in served.log, "the line")
    until(lambda: served.sql("SELECT count(*) FROM dropped_objects WHERE dropped_at > now()")[0][0] >= 20, "the pause")
    seen = len(proxy.seen)
    for upload in uploads[1:]:
        assert alice.request("DELETE", f"/upload/{upload['id']}").status_code == 204
    [[pauses]] = served.sql("SELECT taken_by IS NOT NULL FROM jobs WHERE name = 'dropped objects'")
    asked = [one for one in proxy.seen[seen:] if one[0] == "DELETE"]
    # The pause is ten seconds. A machine that is slower shows nothing.
    if time.monotonic() - began < 10:
        assert pauses and not asked
    assert served.log.count("cannot be deleted") == 1 and metric(served, "parley_object_store_up") == 1
    assert keys == set(bucket.objects())


@pytest.mark.parametrize("code, status", [("AccessDenied", 503), ("InvalidObjectState", 500)])
def test_an_object_that_is_refused_is_not_the_store(served, proxy, code, status):
    alice = served.person()
    large, other = (alice.upload(noise(2_000_000)) for _ in range(2))
    proxy.fault = lambda method, path: (
        (403, f"<Error><Code>{code}</Code></Error>") if large["sha256"] in path else None)
    assert served.request("GET", large["url"]).status_code == status
    assert metric(served, "parley_object_store_up") == 1 and "refuses this server" not in served.log
    assert served.request("GET", other["url"]).status_code == 200


def test_a_body_that_is_cut_short_is_not_cached(served, bucket, proxy):
    """A proxy on the way that says that half of it is all."""
    alice = served.person()
    upload = alice.upload(pictures.picture("jpg"), "a.jpg")
    urls = [upload["url"], upload["thumbnails"][0]["url"]]
    whole = [bucket.get(key_of(served, upload)), bucket.get(f"{key_of(served, upload)}.{upload['thumbnails'][0]['size']}.webp")]
    proxy.fault = lambda method, path: "shorten" if method == "GET" and upload["sha256"] in path else None
    for url in urls:
        assert_problem(served.request("GET", url), 500, "internal")
    proxy.fault = lambda method, path: None
    assert [served.request("GET", url).content for url in urls] == whole


@pytest.mark.parametrize("fault", [500, "lose"])
def test_the_beginning_of_an_upload_in_parts_is_tried_again(served, bucket, proxy, fault):
    alice = served.person()
    failed = []

    def once(method, path):
        if method == "POST" and path.endswith("?uploads=") and not failed:
            failed.append(path)
            return fault
        return None

    proxy.fault = once
    content = noise(1 << 20) * 65
    upload = alice.upload(content)
    assert failed and bucket.objects()[key_of(served, upload)] == len(content)
    assert bucket.uploads_in_parts() == [], "also not the one whose answer was lost"


def test_a_key_that_may_not_list_uploads_in_parts_is_enough(served, bucket, proxy):
    alice = served.person()
    begun = []

    def fault(method, path):
        if method == "GET" and "uploads=" in path:
            return 403, "<Error><Code>AccessDenied</Code></Error>"
        if method == "POST" and path.endswith("?uploads="):
            begun.append(path)
            return "lose" if len(begun) == 2 else None
        return None

    proxy.fault = fault
    alice.upload(noise(1 << 20) * 65)
    assert not [one for one in proxy.seen if one[0] == "GET" and "uploads=" in one[1]], "nothing was begun twice"
    alice.upload(noise(1 << 20) * 65)
    assert [one for one in proxy.seen if one[0] == "GET" and "uploads=" in one[1]]
    assert len(bucket.objects()) == 2 and metric(served, "parley_object_store_up") == 1


def test_a_slow_store_holds_nobody_else(served, proxy):
    alice, bob = served.people("alice", "bob")
    files = [alice.upload(noise(1_200_000)) for _ in range(3)]
    gate = threading.Event()
    proxy.fault = lambda method, path: gate if method == "GET" and "list-type" not in path else None
    answers = []
    readers = [threading.Thread(target=lambda file=file: answers.append(served.request("GET", file["url"])))
               for file in files * 20]
    for reader in readers:
        reader.start()
    proxy.wait_for(lambda method, path: method == "GET" and files[0]["sha256"] in path)
    conversation = alice.direct(bob)
    with bob.connect() as device:
        for number in range(20):
            alice.send(conversation, f"message {number}")
        device.wait_for("message:received", lambda event: event["text"] == "message 19")
    gate.set()
    for reader in readers:
        reader.join()
    assert [answer.status_code for answer in answers] == [200] * 60


def test_an_upload_that_is_given_up_leaves_nothing(served, bucket, proxy):
    alice = served.person()
    proxy.fault = lambda method, path: 403 if method == "PUT" and not path.endswith("webp") else None
    refused = alice.post("/upload", files={"file": ("a.jpg", pictures.picture("jpg"))})
    assert refused.status_code == 503
    proxy.fault = lambda method, path: None
    until(lambda: bucket.objects() == {}, "the thumbnails to go")
    assert served.sql("SELECT count(*) FROM blobs") == [(0,)]
    assert list((served.storage / "uploads" / "tmp").iterdir()) == []


@pytest.mark.parametrize("status, attempts, answered", [(503, 3, 503), (413, 1, 500), (None, 3, 503)])
def test_a_store_that_answers_early_leaves_nothing_open(served, proxy, status, attempts, answered):
    """It answers, or resets, after a MiB of an upload, and reads no more: what sends the rest must not wait for ever."""
    alice = served.person()
    content = noise(16 << 20)

    def open_files():
        """The descriptors of stored and received files, of those too that have no name any more."""
        found = []
        for descriptor in pathlib.Path(f"/proc/{served.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                found.append(os.readlink(descriptor))
        return [name for name in found if f"{served.storage}/uploads" in name]

    before = open_files()
    proxy.fault = lambda method, path: ("early", status) if method == "PUT" else None
    refused = alice.post("/upload", files={"file": ("a.bin", content)})
    assert refused.status_code == answered
    assert sum(method == "PUT" for method, _ in proxy.seen) == attempts, "none waited until it took too long"
    until(lambda: open_files() == before, f"the files to be closed: {open_files()}")
    proxy.fault = lambda method, path: None
    until(lambda: alice.post("/upload", files={"file": ("a.bin", content)}).status_code == 201, "the store to be found again")
    until(lambda: open_files() == before, "the files to be closed")


def test_a_deletion_that_fails_is_made_up_for(served, bucket, proxy):
    alice = served.person()
    upload = alice.upload(noise(1000))
    key = key_of(served, upload)
    proxy.fault = lambda method, path: 503 if method == "DELETE" else None
    assert alice.request("DELETE", f"/upload/{upload['id']}").status_code == 204
    proxy.wait_for(lambda method, path: method == "DELETE")
    assert served.sql("SELECT key FROM dropped_objects") == [(key,)]
    served.kill()
    proxy.fault = lambda method, path: None
    served.restart()
    until(lambda: bucket.objects() == {}, "the next server to delete it")
    until(lambda: served.sql("SELECT key FROM dropped_objects") == [], "the note to go")


def test_what_a_server_dropped_another_one_deletes(postgres, bucket, proxy, tmp_path):
    """The first one dies before it could."""
    database = postgres.clone()
    settings = bucket.settings(proxy.url, JWT_SECRET="a secret that both servers share")
    first, second = (Server(database=database, storage=tmp_path / name, settings=settings) for name in ("one", "two"))
    with first, second:
        alice = first.person()
        dropped, kept = (alice.upload(noise(1000)) for _ in range(2))
        keys = [key_of(first, upload) for upload in (dropped, kept)]
        proxy.fault = lambda method, path: 503 if method == "DELETE" else None
        assert alice.request("DELETE", f"/upload/{dropped['id']}").status_code == 204
        proxy.wait_for(lambda method, path: method == "DELETE" and keys[0] in path)
        first.kill()
        assert second.sql("SELECT key FROM dropped_objects") == [(keys[0],)] and set(bucket.objects()) == set(keys)
        proxy.fault = lambda method, path: None
        until(lambda: set(bucket.objects()) == {keys[1]}, "the other server to delete it")
        until(lambda: second.sql("SELECT key FROM dropped_objects") == [], "the note to go")
        assert second.request("GET", kept["url"]).status_code == 200
    postgres.drop(database)


def test_an_upload_in_parts_that_fails_is_aborted(start_server, bucket, proxy):
    server = start_server(**bucket.settings(proxy.url, MAX_UPLOAD_BYTES=str(1 << 30)))
    alice = server.person()
    proxy.fault = lambda method, path: 403 if "partNumber=2" in path else None
    answer = alice.request("PUT", "/upload/a.bin", data=noise(70 << 20))
    assert answer.status_code == 503
    proxy.wait_for(lambda method, path: method == "DELETE" and "uploadId=" in path)
    assert bucket.objects() == {}


@pytest.mark.parametrize("change, said", [
    ({"S3_SECRET_KEY": "wrong"}, "S3_ENDPOINT: "), ({"S3_ACCESS_KEY": "nobody"}, "S3_ENDPOINT: "),
    ({"S3_BUCKET": "no-such-bucket"}, "S3_BUCKET: there is no no-such-bucket"), ({"S3_ENDPOINT": "ftp://x"}, "S3_ENDPOINT: "),
    ({"S3_BUCKET": ""}, "S3_BUCKET: S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY go together"),
])
def test_wrong_settings_are_one_line_at_the_start(postgres, bucket, tmp_path, change, said):
    database = postgres.clone()
    server = Server(database=database, storage=tmp_path / "storage", settings={**bucket.settings(), **change})
    with pytest.raises(RuntimeError):
        server.start()
    [line] = [line for line in server.log_file.read_text().splitlines() if line.startswith("parley: ")]
    assert line.startswith(f"parley: {said}")
    assert bucket.settings()["S3_SECRET_KEY"] not in server.log_file.read_text()
    postgres.drop(database)


def test_a_store_that_is_away_at_the_start_may_come_later(postgres, object_store, bucket, proxy, tmp_path):
    database = postgres.clone()
    proxy.fault = lambda method, path: "refuse"
    with Server(database=database, storage=tmp_path / "storage", settings=bucket.settings(proxy.url)) as server:
        alice = server.person()
        assert_problem(alice.post("/upload", files={"file": ("a", b"abc")}), 503, "unavailable")
        proxy.fault = lambda method, path: None
        until(lambda: alice.post("/upload", files={"file": ("a", b"abc")}).status_code == 201, "the store")
    postgres.drop(database)


def test_without_the_store_its_files_are_not_forgotten(start_server, bucket):
    server = start_server(**bucket.settings())
    server.person().upload(b"abc")
    server.stop()
    server.settings = {name: value for name, value in server.settings.items() if not name.startswith("S3_")}
    with pytest.raises(RuntimeError):
        server.restart()
    assert "parley: S3_ENDPOINT: files are in an object store" in server.log
