"""`parley verify`: files that differ from the database are found and repaired."""

import os
import pathlib
import subprocess

import pictures
from parley import PARLEY, ROOT, assert_problem
from test_storage import stored


def verify(server, *options, command=("verify",)):
    return subprocess.run(
        [PARLEY, *command, *options], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "STORAGE_DIR": str(server.storage), "DATABASE_URL": server.database, "LOG_LEVEL": "error"})


def test_verify_finds_and_repairs_files_that_differ(start_server):
    server = start_server()
    alice = server.person()
    contents = [b"kept" * 100, b"lost" * 100, b"cut short" * 100]
    kept, lost, short = [alice.upload(content) for content in contents]
    picture = alice.upload(pictures.picture("jpg"))
    assert picture["thumbnails"]
    running = verify(server, "--repair")
    assert running.returncode == 1 and "another Parley is running" in running.stderr
    server.stop()
    assert verify(server).stdout == "ok\n"

    stored(server, contents[1]).unlink()
    stored(server, contents[2]).write_bytes(b"cut")
    stray = stored(server, b"stray")
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"stray")
    # A second copy in a wrong place.
    misplaced = server.storage / "uploads" / "00" / "00" / stored(server, contents[0]).name
    misplaced.parent.mkdir(parents=True, exist_ok=True)
    misplaced.write_bytes(contents[0])
    thumbnail = pathlib.Path(f"{stored(server, pictures.picture('jpg'))}.small.webp")
    thumbnail.unlink()
    expected = {f"missing: {stored(server, contents[1])}", f"missing: {stored(server, contents[2])}",
                f"unreferenced: {stray}", f"unreferenced: {misplaced}", f"missing thumbnail: {thumbnail}"}
    found = verify(server)
    assert found.returncode == 2 and set(found.stdout.splitlines()) == expected, found
    old_name = verify(server, command=("storage", "check"))
    assert old_name.returncode == 1 and set(old_name.stdout.splitlines()) == expected and "verify" in old_name.stderr
    assert stray.exists()
    # A running server's uploads have files before they have rows: only what is older counts.
    server.restart()
    beside = verify(server)
    assert beside.returncode == 2
    assert set(beside.stdout.splitlines()) == {line for line in expected if not line.startswith("unreferenced")}
    server.stop()

    repaired = verify(server, "--repair")
    assert repaired.returncode == 0 and set(repaired.stdout.splitlines()) == {*expected, "5 repaired", "ok"}
    assert not stray.exists() and not misplaced.exists() and stored(server, contents[0]).exists()
    assert verify(server).stdout == "ok\n"

    server.restart()
    assert alice.get(f"/upload/{kept['id']}/file").content == contents[0]
    for upload in (lost, short):
        assert_problem(alice.get(f"/upload/{upload['id']}/file"), 410, "gone")
    again = alice.upload(contents[1])
    assert alice.get(f"/upload/{again['id']}/file").content == contents[1]
    shown = alice.get(f"/upload/{picture['id']}").json()
    assert [t["size"] for t in shown["thumbnails"]] == [t["size"] for t in picture["thumbnails"] if t["size"] != "small"]
    assert alice.get(f"/upload/{picture['id']}/file").status_code == 200


def test_a_repair_without_any_file_asks_first(start_server):
    """Most likely STORAGE_DIR is wrong, or its disk not mounted."""
    server = start_server()
    alice = server.person()
    upload = alice.upload(b"precious")
    server.stop()
    (server.storage / "uploads").rename(server.storage / "elsewhere")
    absent = verify(server, "--repair")
    assert absent.returncode == 1 and "is this the right directory" in absent.stderr
    (server.storage / "uploads").mkdir()
    refused = verify(server, "--repair")
    assert refused.returncode == 1 and "none of the files is there" in refused.stderr
    assert server.sql("SELECT removed_at FROM uploads WHERE id = %s", upload["id"]) == [(None,)]
    assert verify(server, "--accept-total-loss").returncode == 64, "only with --repair"
    accepted = verify(server, "--repair", "--accept-total-loss")
    assert accepted.returncode == 0 and "1 repaired" in accepted.stdout
    server.restart()
    assert_problem(alice.get(f"/upload/{upload['id']}/file"), 410, "gone")
