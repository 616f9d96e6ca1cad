"""The commands of operators, with files in an object store: move, verify, backup, restore, doctor."""

import concurrent.futures
import contextlib
import io
import os
import signal
import subprocess
import threading
import zipfile

import pytest
import requests

import pictures
from parley import PARLEY, PATIENCE, ROOT, Server, until
from test_object_files import key_of, on_disk
from uploading import digest, noise


def run(server, *arguments, **settings):
    """Runs `parley …` with a server's settings."""
    environment = {
        **os.environ, "STORAGE_DIR": str(server.storage), "DATABASE_URL": server.database, "LOG_LEVEL": "error",
        **server.settings, **settings}
    return subprocess.run([PARLEY, *map(str, arguments)], cwd=ROOT, env=environment, text=True, capture_output=True, timeout=300)


def begin(server, *arguments):
    environment = {
        **os.environ, "STORAGE_DIR": str(server.storage), "DATABASE_URL": server.database, "LOG_LEVEL": "error",
        **server.settings}
    return subprocess.Popen(
        [PARLEY, *arguments], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture
def filled(start_server, bucket, proxy):
    """A server with files on the disk, whose settings name a bucket from its next start on. Its requests pass the proxy."""
    server = start_server()
    alice = server.person()
    contents = {}
    for content, name in [(pictures.picture("jpg"), "a.jpg"), (pictures.picture("webp"), "b.webp"),
                          *((noise(1000 + number), f"{number}.bin") for number in range(40))]:
        upload = alice.upload(content, name)
        contents[upload["url"]] = server.request("GET", upload["url"]).content
        for thumbnail in upload["thumbnails"]:
            contents[thumbnail["url"]] = server.request("GET", thumbnail["url"]).content
        if name == "b.webp":
            contents[upload["url"] + "&format=jpeg"] = server.request("GET", upload["url"] + "&format=jpeg").content
    server.stop()
    server.settings = {**server.settings, **bucket.settings(proxy.url)}
    server.restart()
    server.contents, server.alice = contents, alice
    return server


def assert_served(server):
    assert all(server.request("GET", url).content == content for url, content in server.contents.items())


def test_files_go_to_the_store_and_back_beside_the_server(filled, bucket):
    assert_served(filled)
    moved = run(filled, "storage", "move", "store")
    assert moved.returncode == 0 and moved.stdout.startswith("42 files moved, "), moved
    assert on_disk(filled) == []
    assert len(bucket.objects()) == len(filled.contents)
    assert_served(filled)
    assert run(filled, "storage", "move", "store").stdout == "0 files moved, 0 bytes\n"
    assert run(filled, "verify").stdout == "ok\n"
    filled.alice.upload(b"after that", "new.txt")
    assert on_disk(filled) == []

    back = run(filled, "storage", "move", "disk")
    assert back.returncode == 0 and back.stdout.startswith("43 files moved, "), back
    assert "stay for an hour" in back.stderr and len(bucket.objects()) > 40, "somebody may be reading them"
    assert_served(filled)
    filled.stop()
    last = run(filled, "storage", "move", "disk")
    assert last.stdout == "0 files moved, 0 bytes\n" and "stay for an hour" not in last.stderr
    assert bucket.objects() == {} and filled.sql("SELECT * FROM dropped_objects") == []
    filled.settings = {name: value for name, value in filled.settings.items() if not name.startswith("S3_")}
    assert run(filled, "verify").stdout == "ok\n"
    filled.restart()
    assert_served(filled)


def test_a_move_that_was_broken_off_goes_on(filled, bucket, proxy):
    """The process is killed when a third of the objects is there."""
    puts = []

    def kill(method, path):
        puts.append(path) if method == "PUT" else None
        if len(puts) == 15:
            moving.send_signal(signal.SIGKILL)
            return "refuse"
        return None

    proxy.fault = kill
    moving = begin(filled, "storage", "move", "store")
    assert moving.wait(PATIENCE) == -signal.SIGKILL
    proxy.fault = lambda method, path: None
    assert_served(filled)
    [[left]] = filled.sql("SELECT count(*) FROM blobs WHERE object_key IS NULL")
    assert 0 < left < 42
    assert run(filled, "storage", "move", "store").stdout.startswith(f"{left} files moved, ")
    assert on_disk(filled) == [], "those whose files the killed process had left as well"
    assert_served(filled)
    # What was put without its row having heard of it is deleted a day later.
    filled.sql("UPDATE dropped_objects SET dropped_at = now()")
    filled.alice.request("DELETE", f"/upload/{filled.alice.upload(noise(10))['id']}")
    until(lambda: filled.sql("SELECT * FROM dropped_objects") == [], "the dropped objects")
    assert len(bucket.objects()) == len(filled.contents)


def test_a_move_whose_answer_is_lost_deletes_nothing_that_may_still_arrive(filled, proxy):
    """The store takes an object, perhaps late, and nobody hears of it: its key waits for its day."""
    proxy.fault = lambda method, path: "lose" if method == "PUT" else None
    moving = begin(filled, "storage", "move", "store")
    assert moving.wait(PATIENCE) != 0
    proxy.fault = lambda method, path: None
    noted = filled.sql("SELECT dropped_at > now() + interval '23 hours' FROM dropped_objects")
    assert noted and all(later for later, in noted)
    assert_served(filled)


def test_an_archive_that_is_being_sent_goes_on(start_server, bucket):
    """Its second file has gone from the disk when it is opened."""
    server = start_server(REQUEST_TIMEOUT="600")
    alice, bob = server.people("alice", "bob")
    contents = {name: noise(20_000_000) for name in ("a.bin", "b.bin")}
    uploads = [alice.upload(content, name) for name, content in contents.items()]
    message = alice.send(alice.direct(bob), attachments=[upload["id"] for upload in uploads])
    server.stop()
    server.settings = {**server.settings, **bucket.settings()}
    server.restart()
    with bob.get(f"/messages/{message['id']}/files.zip", stream=True) as archive:
        begun = archive.raw.read(1000)
        assert run(server, "storage", "move", "store").returncode == 0 and on_disk(server) == []
        received = begun + archive.raw.read()
    with zipfile.ZipFile(io.BytesIO(received)) as files:
        assert {name: files.read(name) for name in files.namelist()} == contents


def test_lost_and_damaged_files_stay_and_are_named(filled):
    lost, damaged = sorted(path for path in on_disk(filled) if "." not in path.name)[:2]
    lost.unlink()
    content = damaged.read_bytes()
    damaged.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    moved = run(filled, "storage", "move", "store")
    assert moved.returncode == 2
    assert set(moved.stdout.splitlines()[:-1]) == {f"lost or damaged: {lost.name}", f"lost or damaged: {damaged.name}"}
    assert moved.stdout.splitlines()[-1].startswith("40 files moved")
    assert damaged.exists()


def test_what_is_deleted_while_it_is_moved_leaves_nothing(filled, bucket, proxy):
    [[upload, sha256]] = filled.sql("SELECT id::text, sha256 FROM uploads WHERE name = '7.bin'")

    def delete(method, path):
        if method == "PUT" and sha256 in path:
            assert filled.alice.request("DELETE", f"/upload/{upload}").status_code == 204
        return None

    proxy.fault = delete
    assert run(filled, "storage", "move", "store").stdout.startswith("41 files moved")
    filled.alice.request("DELETE", f"/upload/{filled.alice.upload(noise(10))['id']}")
    until(lambda: not any(sha256 in key for key in bucket.objects()), "its object to go")
    assert not any(sha256 in path.name for path in on_disk(filled))


def test_verify_compares_the_bucket(start_server, bucket):
    server = start_server(**bucket.settings())
    alice = server.person()
    kept, lost, picture = alice.upload(b"kept" * 9), alice.upload(b"lost" * 9), alice.upload(pictures.picture("jpg"), "a.jpg")
    server.stop()
    assert run(server, "verify").stdout == "ok\n"
    bucket.delete(key_of(server, lost))
    bucket.delete(key_of(server, picture) + ".small.webp")
    stray = f"ab/cd/{'abcd' * 16}/00000000-0000-0000-0000-000000000000"
    bucket.put(stray, b"stray")
    expected = {f"missing: {key_of(server, lost)}", f"missing thumbnail: {key_of(server, picture)}.small.webp",
                f"unreferenced object: {stray}"}
    found = run(server, "verify")
    assert found.returncode == 2 and set(found.stdout.splitlines()) == expected, found
    assert "S3_ENDPOINT" in run(server, "verify", S3_ENDPOINT="", S3_BUCKET="", S3_ACCESS_KEY="", S3_SECRET_KEY="").stderr
    repaired = run(server, "verify", "--repair")
    assert repaired.returncode == 0 and set(repaired.stdout.splitlines()) == {*expected, "3 repaired", "ok"}
    assert run(server, "verify").stdout == "ok\n"
    assert stray not in bucket.objects()
    server.restart()
    assert server.request("GET", kept["url"]).content == b"kept" * 9
    assert server.request("GET", lost["url"]).status_code == 410


def test_what_another_server_is_storing_is_left_to_it(postgres, bucket, proxy, tmp_path):
    """An object without a row may still get it, until its server has been dead for a day."""
    database = postgres.clone()
    settings = bucket.settings(proxy.url, JWT_SECRET="a secret that both servers share")
    first, second = (Server(database=database, storage=tmp_path / name, settings=settings) for name in ("one", "two"))
    gate = threading.Event()
    with first:
        kept = first.person("kept").upload(b"kept" * 9)
    with second, concurrent.futures.ThreadPoolExecutor(1) as pool:
        alice = second.person("alice")
        proxy.fault = lambda method, path: gate if method == "PUT" and key_of(second, kept) not in path else None
        under_way = pool.submit(alice.post, "/upload", files={"file": ("a.bin", b"under way")})
        until(lambda: len(bucket.objects()) == 2, "the object without a row")
        refused = run(first, "verify", "--repair")
        assert refused.returncode == 1 and "1 other servers run on this database" in refused.stderr
        assert run(first, "verify").stdout == "ok\n" and len(bucket.objects()) == 2
        second.kill()
        gate.set()
        with contextlib.suppress(requests.ConnectionError):
            under_way.result()
    # However long that took.
    first.sql("UPDATE nodes SET alive_at = now()")
    assert "try again in" in run(first, "verify", "--repair").stderr, "its lease has some seconds left"
    first.sql("UPDATE nodes SET alive_at = now() - interval '1 minute'")
    assert run(first, "verify", "--repair").stdout == "ok\n" and len(bucket.objects()) == 2
    first.sql("UPDATE dropped_objects SET dropped_at = now()")
    with first:
        until(lambda: set(bucket.objects()) == {key_of(first, kept)}, "what was never referred to to go")
        until(lambda: first.sql("SELECT * FROM dropped_objects") == [], "nothing to be left to do")
        assert first.request("GET", kept["url"]).content == b"kept" * 9
    postgres.drop(database)


def test_verify_takes_nothing_for_lost_that_another_server_is_storing(postgres, bucket, proxy, tmp_path):
    """The bucket is listed before the rows are read: what is stored in between has a row and is not in the list."""
    database = postgres.clone()
    settings = bucket.settings(proxy.url, JWT_SECRET="a secret that both servers share")
    first, second = (Server(database=database, storage=tmp_path / name, settings=settings) for name in ("one", "two"))
    with first:
        pass
    with second:
        alice = second.person()
        content = next(text for text in (noise(100) for _ in range(10_000)) if digest(text)[:2] == "7f")
        listed = []

        def store_meanwhile(method, path):
            if "prefix=7f%2F" in path and not listed:
                listed.append(path)
                return "then", lambda: alice.upload(content)
            return None

        proxy.fault = store_meanwhile
        assert run(first, "verify").stdout == "ok\n"
        assert listed and second.sql("SELECT count(*) FROM blobs") == [(1,)]
    postgres.drop(database)


def test_a_backup_holds_the_files_and_is_restored_to_the_disk(start_server, postgres, bucket, tmp_path):
    server = start_server(**bucket.settings())
    alice = server.person()
    content = noise(3_000_000)
    alice.upload(content), alice.upload(pictures.picture("jpg"), "a.jpg")
    made = run(server, "backup", tmp_path / "backup")
    assert made.returncode == 0, made
    with postgres.connect("postgres") as connection:
        connection.execute("CREATE DATABASE from_the_store")
    copy = Server(database=postgres.url("from_the_store"), storage=tmp_path / "restored", settings={"JWT_SECRET": "x" * 40})
    copy.storage.mkdir()
    restored = run(copy, "restore", tmp_path / "backup")
    assert restored.returncode == 0 and restored.stdout.endswith("ok\n"), restored
    with copy:
        answer = copy.request("POST", "/auth/login", json={"username": alice.username, "password": "correct horse battery"})
        alice.server, alice.token = copy, answer.json()["accessToken"]
        [[upload]] = copy.sql("SELECT id::text FROM uploads WHERE size = 3000000")
        assert alice.get(f"/upload/{upload}/file").content == content
    assert len(bucket.objects()) == 5, "the bucket is as it was"


def test_the_doctor_looks_at_the_store(start_server, bucket):
    server = start_server(**bucket.settings())
    assert f"object store: {bucket.name} at {bucket.store.url} answers in" in run(server, "doctor").stdout
    wrong = run(server, "doctor", S3_SECRET_KEY="wrong").stdout
    assert f"object store: {bucket.name} at {bucket.store.url} refuses this server" in wrong


def test_a_second_server_waits_until_nothing_is_left_on_the_first_ones_disk(filled, tmp_path):
    filled.stop()
    filled.settings["JWT_SECRET"] = "a secret that both servers share"
    filled.restart()
    second = Server(database=filled.database, storage=tmp_path / "second", settings=filled.settings)
    with pytest.raises(RuntimeError):
        second.start()
    assert "files are still on the disk of another server" in second.log
    assert run(filled, "storage", "move", "store").returncode == 0
    with second:
        assert len(filled.sql("SELECT * FROM nodes")) == 2
        refused = run(filled, "storage", "move", "disk")
        assert refused.returncode == 1 and "2 servers run on this database" in refused.stderr


def test_one_at_a_time_moves(filled, proxy):
    gate = threading.Event()
    proxy.fault = lambda method, path: gate if method == "PUT" else None
    first = begin(filled, "storage", "move", "store")
    proxy.wait_for(lambda method, path: method == "PUT")
    for target in ("store", "disk"):
        refused = run(filled, "storage", "move", target)
        assert refused.returncode == 1 and "another parley storage move is under way" in refused.stderr, refused
    gate.set()
    assert first.communicate(timeout=PATIENCE)[0].startswith("42 files moved, ")


def test_a_server_that_keeps_its_files_elsewhere_is_not_moved_under(filled, bucket):
    settings = filled.settings
    filled.stop()
    filled.settings = {name: value for name, value in settings.items() if not name.startswith("S3_")}
    filled.restart()
    refused = run(filled, "storage", "move", "store", **settings)
    assert refused.returncode == 1 and "runs without them, or with others" in refused.stderr, refused
    assert bucket.objects() == {} and len(on_disk(filled)) == len(filled.contents)
    assert_served(filled)


def test_what_is_replaced_while_it_is_moved_stays_as_it_became(filled, bucket, proxy):
    """The row says that the owner's file was put. Before it is noted, it says something else."""
    [[sha256]] = filled.sql("SELECT sha256 FROM uploads WHERE name = '7.bin'")

    def replace(method, path):
        if method == "PUT" and sha256 in path:
            filled.sql("UPDATE blobs SET served_sha256 = %s WHERE sha256 = %s", "0" * 64, sha256)
        return None

    proxy.fault = replace
    assert run(filled, "storage", "move", "store").stdout.startswith("41 files moved")
    assert filled.sql("SELECT object_key FROM blobs WHERE sha256 = %s", sha256) == [(None,)]
    assert [path.name for path in on_disk(filled)] == [sha256]
