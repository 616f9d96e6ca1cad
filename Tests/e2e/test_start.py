"""Refused starts: bad settings and migrations that do not fit, each named in one line."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from parley import PARLEY, PATIENCE, ROOT, Server, free_port, unprivileged, until


def run(command, cwd=ROOT, **settings):
    return subprocess.run(
        [PARLEY, command], cwd=cwd, env={**os.environ, "LOG_LEVEL": "error", "PORT": "0", **settings},
        capture_output=True, text=True, timeout=PATIENCE)


@pytest.mark.parametrize("name, value", [
    ("PORT", "abc"), ("PORT", "70000"), ("LOG_LEVEL", "loud"), ("MAX_UPLOAD_BYTES", "-1"), ("JWT_SECRET", "short"),
    ("CORS_ORIGINS", "example.org"), ("TLS_CERT", "/nonexistent"), ("DATABASE_URL", "nonsense"), ("RATE_LIMITS", "maybe"),
    ("ORPHAN_HOURS", "soon"), ("CLAMD_UNREACHABLE", "ignore"), ("METRICS_PORT", "x"), ("READY_GRACE", "-1"),
    ("HSTS_SECONDS", "a year"), ("PUBLIC_URL", "chat.example.org"), ("PUBLIC_URL", "ftp://chat.example.org"),
    ("PUBLIC_URL", "https://chat.example.org/chat"), ("PUBLIC_URL", "https://u@chat.example.org"),
    ("PUBLIC_URL", "https://chat.example.org?x"), ("PUBLIC_URL", "https://"), ("PUBLIC_URL", "https://a:99999"),
    ("CORS_ORIGINS", "https://a.example/x"), ("CORS_ORIGINS", "https://*.example.org/"),
])
def test_a_bad_value_is_named(tmp_path, name, value):
    refused = run("serve", STORAGE_DIR=str(tmp_path), **{name: value})
    assert refused.returncode == 1 and refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1 and f"{name}: " in refused.stderr, refused.stderr


def test_settings_from_a_file_and_the_environment_wins(tmp_path):
    (tmp_path / ".env").write_text("PORT=nonsense\nLOG_LEVEL=nonsense\n")
    environment = {**os.environ, "STORAGE_DIR": str(tmp_path / "s"), "LOG_LEVEL": "error"}
    refused = subprocess.run([PARLEY, "serve"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert "PORT: nonsense" in refused.stderr and "LOG_LEVEL" not in refused.stderr


def with_file(directory, content):
    """The output of `parley serve` for a .env file in its working directory."""
    (directory / ".env").write_bytes(content)
    environment = {name: value for name, value in os.environ.items() if name != "PORT"}
    return subprocess.run(
        [PARLEY, "serve"], cwd=directory, env={**environment, "STORAGE_DIR": str(directory / "s"), "LOG_LEVEL": "error"},
        capture_output=True, text=True, timeout=PATIENCE).stderr


@pytest.mark.parametrize("content", [
    b'PORT="nonsense"\n', b"PORT='nonsense' # why\n", b"export PORT=nonsense\n", b"\xef\xbb\xbfPORT = nonsense # why\r\n"])
def test_a_file_is_read_as_people_write_it(tmp_path, content):
    assert with_file(tmp_path, content) == "parley: PORT: nonsense is no whole number from 0 to 65535\n"


@pytest.mark.parametrize("content, said", [
    (b"LOG_LEVEL=error\nJWT_SECRET hunter2\n", "parley: .env, line 2: no = after the name\n"),
    (b'\n\nJWT_SECRET="hunter2\n', "parley: .env, line 3: the quote that opens the value is never closed\n"),
    ("PORT=nonsense\n".encode("utf-16"), "parley: .env: not in UTF-8\n"),
    (b"PORT=nonsense # caf\xe9\n", "parley: .env: not in UTF-8\n"),
])
def test_a_line_that_cannot_be_read_stops_the_start(tmp_path, content, said):
    assert with_file(tmp_path, content) == said


def test_a_file_that_cannot_be_read_stops_the_start(tmp_path):
    (tmp_path / ".env").mkdir()
    refused = subprocess.run([PARLEY, "serve"], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert refused.returncode == 1 and refused.stderr == "parley: .env: cannot be read\n"


def test_a_misspelled_setting_is_noticed(start_server):
    server = start_server(ORPHAN_HUORS="3", LOG_LEVEL="warning")
    assert "ORPHAN_HUORS in the environment is no setting; is ORPHAN_HOURS meant?" in server.log


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
    assert [process.wait(timeout=PATIENCE) for process in both] == [0, 0, 0, 0]
    with postgres.connect(name) as connection:
        applied = connection.execute("SELECT count(*), count(DISTINCT version) FROM schema_migrations").fetchone()
    assert applied[0] == applied[1] == len(list((ROOT / "migrations").glob("*.sql")))


@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="PgBouncer is not installed")
def test_a_pooler_that_shares_sessions_is_refused_in_one_line(postgres, tmp_path):
    prefix, account = unprivileged()
    url = postgres.clone()
    name = url.rsplit("=", 1)[1]
    for mode in ("transaction", "session"):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="parley-pgbouncer-"))
        port = free_port()
        (directory / "users.txt").write_text('"parley" ""\n')
        (directory / "pgbouncer.ini").write_text(f"""
[databases]
{name} = host={postgres.directory} dbname={name}
[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {directory}
auth_type = trust
auth_file = {directory}/users.txt
pool_mode = {mode}
default_pool_size = 40
ignore_startup_parameters = extra_float_digits
logfile = {directory}/log
""")
        if account:
            for path in (directory, *directory.iterdir()):
                os.chown(path, account.pw_uid, account.pw_gid)
        pooler = subprocess.Popen([*prefix, "pgbouncer", "-q", directory / "pgbouncer.ini"])
        server = Server(database=f"host={directory} port={port} user=parley dbname={name}", storage=tmp_path / mode)
        try:
            until((directory / f".s.PGSQL.{port}").exists, "PgBouncer to listen")
            if mode == "transaction":
                with pytest.raises(RuntimeError):
                    server.start()
                [line] = server.log_file.read_text().splitlines()
                assert "pool_mode = transaction" in line and line.startswith("parley: DATABASE_URL: ")
            else:
                server.start()
                assert server.person()
        finally:
            server.stop()
            pooler.terminate()
            pooler.wait()
            shutil.rmtree(directory)
