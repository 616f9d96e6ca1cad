"""Without DATABASE_URL the server makes, keeps and stops a PostgreSQL of its own."""

import os
import pathlib
import shutil
import signal
import stat
import subprocess
import tempfile

import psycopg
import pytest

from parley import PARLEY, PATIENCE, ROOT, Postgres, Server, assert_problem, unprivileged, until


def postmaster(server):
    return int((server.storage / "postgres" / "postmaster.pid").read_text().split()[0])


def postmaster_or_none(server):
    try:
        return postmaster(server)
    except (FileNotFoundError, IndexError):
        return None


@pytest.fixture
def alone(tmp_path):
    """A server with its private PostgreSQL, stopped after the test."""
    server = Server(storage=tmp_path / "storage")
    yield server.start()
    server.stop()


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_is_private_and_ends_with_the_server(alone):
    alice, bob = alone.people("alice", "bob")
    alice.send(alice.direct(bob))
    data = alone.storage / "postgres"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    pid = postmaster(alone)
    if os.geteuid() == 0:
        assert pathlib.Path(f"/proc/{pid}").stat().st_uid != 0, "PostgreSQL does not run as root"
    assert alone.sql("SHOW listen_addresses") == [("",)], "it listens on its Unix socket only"
    assert alone.sql("SHOW synchronous_commit") == [("on",)] and alone.sql("SHOW fsync") == [("on",)]
    alone.stop()
    assert alone.process.returncode == 0 and not is_alive(pid) and not (data / "postmaster.pid").exists()
    alone.start()
    assert alone.sql("SELECT count(*) FROM messages") == [(1,)]


def test_a_killed_server_finds_its_postgres_running(alone):
    alice, bob = alone.people("alice", "bob")
    conversation = alice.direct(bob)
    with alice.connect() as device:
        acknowledged = [device.send(conversation, str(n))["id"] for n in range(50)]
        pid = postmaster(alone)
        alone.kill()
    assert is_alive(pid)
    alone.restart()
    assert postmaster(alone) == pid, "the running one is taken over"
    assert {str(row[0]) for row in alone.sql("SELECT id FROM messages")} == set(acknowledged)
    alone.stop()
    assert not is_alive(pid)


def test_a_killed_server_and_postgres_recover(alone):
    alice, bob = alone.people("alice", "bob")
    message = alice.send(alice.direct(bob))
    pid = postmaster(alone)
    alone.kill()
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_alive(pid), "the postmaster to be gone")
    alone.restart()
    assert alice.get(f"/messages/{message['id']}").json()["message"] == message


def test_postgres_that_dies_alone_is_started_again(alone):
    postgres_dies_alone(alone)


def test_postgres_that_dies_alone_comes_back_where_its_directory_holds_no_socket(tmp_path):
    with Server(storage=tmp_path / ("a name so long that no socket's path could hold it " * 2)) as server:
        postgres_dies_alone(server)


def postgres_dies_alone(alone):
    alice, bob = alone.people("alice", "bob")
    conversation = alice.direct(bob)
    with alice.connect() as device:
        device.send(conversation, "before")
        pid = postmaster(alone)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_alive(pid), "the postmaster to be gone")
        assert alone.request("GET", "/health").status_code == 200
        # Its connections may live a little longer than the postmaster.
        until(lambda: postmaster_or_none(alone) not in (None, pid), "another postmaster")
        until(lambda: alone.request("GET", "/ready").status_code == 200, "the database to be back")
        # Each connection to the database comes back by itself. A client retries under the same clientId.
        again = {"conversationId": conversation, "text": "after", "clientId": "after"}
        until(lambda: device.emit("message:send", again)["ok"], "sending to work again")
        assert device.emit("message:send", again)["message"]["seq"] == 2, "the socket stayed"


def test_a_second_server_on_the_same_storage_is_refused(alone):
    second = subprocess.run(
        [PARLEY, "serve"], cwd=ROOT, env={**os.environ, "STORAGE_DIR": str(alone.storage), "PORT": "0"},
        capture_output=True, text=True, timeout=PATIENCE)
    assert second.returncode == 1
    assert "another Parley is running" in second.stderr and len(second.stderr.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL under another account")
def test_root_may_keep_the_storage_where_nobody_else_can_go(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Server(storage=closed / "a directory with a name so long that no socket's path could hold it" / ("x" * 60))
    with server:
        alice, bob = server.people("alice", "bob")
        alice.send(alice.direct(bob))
        lines = (server.storage / "postgres" / "postmaster.pid").read_text().splitlines()
        assert stat.S_IMODE(pathlib.Path(lines[4]).stat().st_mode) == 0o700
        server.kill()
        server.start()
        assert alice.get("/auth/me").status_code == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="another account is needed")
def test_an_ordinary_user_needs_no_privileges(tmp_path):
    import pwd
    nobody = pwd.getpwnam("nobody")
    storage = tmp_path / "storage"
    storage.mkdir()
    os.chown(storage, nobody.pw_uid, nobody.pw_gid)
    for parent in (tmp_path, *tmp_path.parents):
        if parent == pathlib.Path(tempfile.gettempdir()):
            break
        parent.chmod(parent.stat().st_mode | 0o011)
    run = subprocess.run(
        ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", PARLEY, "migrate"],
        cwd=ROOT, env={**os.environ, "STORAGE_DIR": str(storage), "HOME": "/"}, capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 0, run.stderr
    assert (storage / "postgres" / "PG_VERSION").stat().st_uid == nobody.pw_uid


def test_somebody_elses_postgres_is_left_alone(alone, postgres):
    """A stale `postmaster.pid` whose process id now belongs to another PostgreSQL."""
    alone.stop()
    pid_file = alone.storage / "postgres" / "postmaster.pid"
    stranger = pathlib.Path(postgres.directory) / "data" / "postmaster.pid"
    pid_file.write_text(stranger.read_text())
    alone.start()
    assert postmaster(alone) != postgres.process.pid, "it starts its own"
    alone.person()
    alone.stop()
    assert postgres.process.poll() is None
    with postgres.connect("postgres") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def connect(server, role, **options):
    return psycopg.connect(f"host={server.storage}/postgres user={role} dbname=parley", autocommit=True, **options)


def assert_the_server_is_no_superuser(server):
    with connect(server, "parley") as connection:
        assert connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
            " WHERE rolname = current_user").fetchone() == (False,) * 5
        for statement in ("COPY users TO PROGRAM 'cat'", "SELECT pg_read_file('/etc/passwd')", "CREATE ROLE other SUPERUSER",
                          "GRANT pg_execute_server_program TO parley", "ALTER SYSTEM SET fsync = off"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    assert server.sql("SELECT rolname FROM pg_roles WHERE rolsuper") == [("parley_owner",)]
    # The server's role owns everything of Parley, so the next migration may change it.
    assert server.sql("""
        SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('public', 'moderation') AND pg_get_userbyid(c.relowner) <> 'parley'
        UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'moderation' AND pg_get_userbyid(p.proowner) <> 'parley'
        UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = 'moderation' AND pg_get_userbyid(nspowner) <> 'parley'
        """) == []


def test_the_server_is_no_superuser_and_moderators_have_passwords(alone):
    assert_the_server_is_no_superuser(alone)
    alice = alone.person("alice")
    group = alice.group()
    promoted = subprocess.run(
        [PARLEY, "user", "promote", alice.username], cwd=ROOT, env={**os.environ, "STORAGE_DIR": str(alone.storage)},
        capture_output=True, text=True, timeout=PATIENCE)
    assert promoted.returncode == 0, promoted.stderr
    role, password = promoted.stdout.split()
    for wrong in ({}, {"password": "wrong"}):
        with pytest.raises(psycopg.OperationalError):
            connect(alone, role, **wrong)
    with connect(alone, role, password=password) as connection:
        connection.execute("SELECT * FROM moderation.messages LIMIT 1")
        connection.execute("SELECT moderation.mute_user(%s, now() + interval '1 hour', 'test')", [alice.username])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM passwords")
    assert_problem(alice.post("/messages", json={"conversationId": group, "text": "x"}), 403, "muted")
    if os.geteuid() == 0:
        prefix, _ = unprivileged()
        stranger = subprocess.run(
            ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--", "psql", "-h", alone.storage / "postgres",
             "-U", "parley", "parley", "-c", "SELECT 1"], capture_output=True)
        assert stranger.returncode != 0 and prefix


def test_a_cluster_of_the_time_when_the_server_was_a_superuser(tmp_path):
    data = tmp_path / "storage" / "postgres"
    with Postgres() as old:
        before = Server(database=old.url("template_parley"), storage=tmp_path / "before")
        with before:
            alice, bob = before.people("alice", "bob")
            message = alice.send(alice.direct(bob))
        old.connect("postgres").execute("ALTER DATABASE template_parley RENAME TO parley")
        old.process.send_signal(signal.SIGINT)
        old.process.wait(timeout=PATIENCE)
        (tmp_path / "storage").mkdir()
        subprocess.run(["cp", "-a", f"{old.directory}/data", data], check=True)
    shutil.copy(tmp_path / "before" / "jwt-secret", tmp_path / "storage")
    server = Server(storage=tmp_path / "storage")
    for _ in range(2):
        with server:
            assert_the_server_is_no_superuser(server)
            alice.server = server
            assert alice.get(f"/messages/{message['id']}").json()["message"]["text"] == message["text"]
            alice.send(message["conversationId"])
