"""What stops a start: bad settings and migrations that do not fit, each in one line that names it."""

import os
import shutil
import subprocess

import pytest

from parley import PARLEY, ROOT


def run(command, cwd=ROOT, **settings):
    return subprocess.run(
        [PARLEY, command], cwd=cwd, env={**os.environ, "LOG_LEVEL": "error", "PORT": "0", **settings},
        capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name, value", [
    ("PORT", "abc"), ("PORT", "70000"), ("LOG_LEVEL", "loud"), ("MAX_UPLOAD_BYTES", "-1"), ("JWT_SECRET", "short"),
    ("CORS_ORIGINS", "example.org"), ("TLS_CERT", "/nonexistent"), ("DATABASE_URL", "nonsense"), ("RATE_LIMITS", "maybe"),
    ("ORPHAN_HOURS", "soon"), ("CLAMD_UNREACHABLE", "ignore"), ("METRICS_PORT", "x"),
])
def test_a_bad_value_is_named(tmp_path, name, value):
    refused = run("serve", STORAGE_DIR=str(tmp_path), **{name: value})
    assert refused.returncode == 1 and refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1 and f"{name}: " in refused.stderr, refused.stderr


def test_settings_from_a_file_and_the_environment_wins(tmp_path):
    (tmp_path / ".env").write_text("PORT=nonsense\nLOG_LEVEL=nonsense\n")
    environment = {**os.environ, "STORAGE_DIR": str(tmp_path / "s"), "LOG_LEVEL": "error"}
    refused = subprocess.run([PARLEY, "serve"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert "PORT: nonsense" in refused.stderr and "LOG_LEVEL" not in refused.stderr


@pytest.fixture
def migrations(tmp_path):
    return shutil.copytree(ROOT / "migrations", tmp_path / "migrations")


def migrate(database, migrations):
    return run("migrate", DATABASE_URL=database, MIGRATIONS_DIR=str(migrations))


def last(migrations):
    return sorted(migrations.glob("*.sql"))[-1]


def test_an_edited_migration_is_refused(postgres, migrations):
    with open(migrations / "0001_users.sql", "a") as file:
        file.write("-- edited\n")
    refused = migrate(postgres.clone(), migrations)
    assert refused.returncode == 1 and "0001_users.sql" in refused.stderr


def test_a_gap_is_refused(postgres, migrations):
    (migrations / "0002_uploads.sql").unlink()
    refused = migrate(postgres.clone(), migrations)
    assert refused.returncode == 1 and len(refused.stderr.splitlines()) == 1


def test_a_newer_schema_is_refused(postgres, migrations):
    last(migrations).unlink()
    refused = migrate(postgres.clone(), migrations)
    assert refused.returncode == 1 and refused.stderr.startswith("parley: ")


def test_a_migration_that_fails_leaves_nothing(postgres, migrations):
    database = postgres.clone()
    number = int(last(migrations).name[:4]) + 1
    bad = migrations / f"{number:04}_bad.sql"
    bad.write_text("CREATE TABLE half_done (id int);\nSELECT 1 / 0;\n")
    refused = migrate(database, migrations)
    assert refused.returncode == 1 and bad.name in refused.stderr
    bad.write_text("CREATE TABLE half_done (id int);\n")
    assert migrate(database, migrations).returncode == 0


def test_two_servers_migrate_at_once(postgres):
    name = "empty_for_two"
    with postgres.connect("postgres") as connection:
        connection.execute(f"CREATE DATABASE {name}")
    environment = {**os.environ, "DATABASE_URL": postgres.url(name), "LOG_LEVEL": "error"}
    both = [subprocess.Popen([PARLEY, "migrate"], cwd=ROOT, env=environment) for _ in range(4)]
    assert [process.wait(timeout=60) for process in both] == [0, 0, 0, 0]
    with postgres.connect(name) as connection:
        applied = connection.execute("SELECT count(*), count(DISTINCT version) FROM schema_migrations").fetchone()
    assert applied[0] == applied[1] == len(list((ROOT / "migrations").glob("*.sql")))
