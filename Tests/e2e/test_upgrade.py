"""A start on the database of an older version saves it first; one on a newer version's refuses."""

import glob
import os
import shutil
import subprocess

import pytest

from parley import PARLEY, PASSWORD, PATIENCE, ROOT, Server
from test_commands import run


@pytest.fixture
def older(tmp_path):
    """A server whose newest migration is missing, and the directory of its migrations."""
    migrations = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", migrations)
    newest = sorted(migrations.glob("*.sql"))[-1]
    newest.rename(tmp_path / newest.name)
    server = Server(storage=tmp_path / "storage", settings={"MIGRATIONS_DIR": str(migrations)})
    yield server, tmp_path / newest.name
    server.stop()


def version():
    return subprocess.run([PARLEY, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


def contents(dump):
    program = sorted(glob.glob("/usr/lib/postgresql/*/bin/pg_restore"))[-1]
    return subprocess.run([program, "--list", dump], capture_output=True, text=True, check=True).stdout


def test_the_database_is_saved_before_an_upgrade(older):
    server, newest = older
    server.start()
    answer = server.request("POST", "/auth/register", json={"username": "early", "password": PASSWORD})
    assert answer.status_code == 201
    server.stop()
    backups = server.storage / "backups"
    assert not backups.exists()

    newest.rename(newest.parent / "migrations" / newest.name)
    server.start()
    kept = backups / f"before-{version()}"
    assert [file.name for file in kept.iterdir()] == ["database.dump"] and kept.stat().st_mode & 0o777 == 0o700
    assert "TABLE DATA public users" in contents(kept / "database.dump")
    assert str(kept) in server.log and "migration applied" in server.log
    answer = server.request("POST", "/auth/login", json={"username": "early", "password": PASSWORD})
    assert answer.status_code == 200

    # It brings the database back, and leaves the files where they are.
    file = server.storage / "uploads" / "ab" / "kept"
    file.parent.mkdir()
    file.touch()
    server.stop()
    (server.storage / "postgres").rename(server.storage / "postgres.newer")
    answer = run(server, "restore", kept, **server.settings)
    assert "restoring the database" in answer.stderr and "copying files" not in answer.stderr, answer.stderr
    file.unlink()
    server.start()
    answer = server.request("POST", "/auth/login", json={"username": "early", "password": PASSWORD})
    assert answer.status_code == 200

    # Nothing to do: nothing is saved. And an earlier backup is never replaced.
    server.stop()
    server.start()
    assert [directory.name for directory in backups.iterdir()] == [kept.name]


def test_servers_that_upgrade_at_once_save_the_database_once(older, postgres, tmp_path):
    server, newest = older
    name = "upgraded_by_four"
    with postgres.connect("postgres") as connection:
        connection.execute(f"CREATE DATABASE {name}")
    settings = {
        **os.environ, **server.settings, "DATABASE_URL": postgres.url(name), "STORAGE_DIR": str(tmp_path / "shared")}
    migrate = [PARLEY, "migrate"]
    subprocess.run(migrate, cwd=ROOT, env=settings, check=True)
    newest.rename(newest.parent / "migrations" / newest.name)
    together = [subprocess.Popen(migrate, cwd=ROOT, env=settings) for _ in range(4)]
    assert [process.wait(timeout=PATIENCE) for process in together] == [0, 0, 0, 0]
    assert [directory.name for directory in (tmp_path / "shared" / "backups").iterdir()] == [f"before-{version()}"]


def test_an_upgrade_without_a_backup(older):
    server, newest = older
    server.start().stop()
    newest.rename(newest.parent / "migrations" / newest.name)
    answer = run(server, "migrate", "--no-backup", **server.settings)
    assert answer.returncode == 0, answer.stderr
    assert not (server.storage / "backups").exists()


def test_a_newer_schema_says_which_version_to_install(older):
    server, newest = older
    newest.rename(newest.parent / "migrations" / newest.name)
    server.start().stop()
    (newest.parent / "migrations" / newest.name).rename(newest)
    answer = run(server, "serve", **server.settings)
    assert answer.returncode == 1
    assert f"it was made by version {version()}: install that or a newer one" in answer.stderr.splitlines()[-1]


def test_a_postgresql_that_is_the_newest_is_left_alone(tmp_path):
    server = Server(storage=tmp_path / "storage").start()
    running = run(server, "postgres", "upgrade")
    assert running.returncode == 1 and "another Parley is running" in running.stderr
    server.stop()
    answer = run(server, "postgres", "upgrade")
    assert answer.returncode == 1 and "the newest that is installed" in answer.stderr
    assert run(server, "postgres", "upgrade", "--confirm").stdout == "nothing is kept\n"


def test_a_kept_cluster_is_deleted_when_the_new_one_is_confirmed(tmp_path):
    server = Server(storage=tmp_path / "storage").start()
    server.stop()
    kept = server.storage / "postgres.14"
    (kept / "base").mkdir(parents=True)
    answer = run(server, "postgres", "upgrade", "--confirm")
    assert answer.stdout == f"deleted {kept}\n" and not kept.exists()
    assert (server.storage / "postgres" / "PG_VERSION").exists()


def test_an_upgrade_that_fails_leaves_no_backup_behind(older):
    server, newest = older
    server.start().stop()
    broken = newest.parent / "migrations" / newest.name
    broken.write_text("SELECT 1 / 0;")
    for _ in range(2):
        answer = run(server, "migrate", **server.settings)
        assert answer.returncode == 1 and "division by zero" in answer.stderr, answer.stderr
    assert list((server.storage / "backups").iterdir()) == []
