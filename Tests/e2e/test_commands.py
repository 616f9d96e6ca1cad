"""The operator's commands, beside a running server and without one (claim 48)."""

import os
import subprocess

import psycopg
import pytest

from parley import PARLEY, PASSWORD, PATIENCE, ROOT, Server, assert_problem, until


def run(server, *arguments, stdin=None, **settings):
    """Runs `parley …` with a server's settings."""
    environment = {
        **os.environ, "STORAGE_DIR": str(server.storage), "LOG_LEVEL": "info",
        **({"DATABASE_URL": server.database} if server.database else {}), **settings}
    return subprocess.run(
        [PARLEY, *map(str, arguments)], cwd=ROOT, env=environment, input=stdin, text=True, capture_output=True, timeout=PATIENCE)


def log_in(server, name, password):
    return server.request("POST", "/auth/login", json={"username": name, "password": password})


def test_every_command_explains_itself(server):
    for command in ([], ["user"], ["user", "create"], ["user", "disable"], ["user", "enable"], ["user", "reset-password"],
                    ["user", "promote"], ["verify"], ["backup"], ["restore"], ["doctor"]):
        answer = run(server, *command, "--help")
        assert answer.returncode == 0 and "OVERVIEW" in answer.stdout and "USAGE" in answer.stdout, command
    assert run(server, "nonsense").returncode == 64


def test_users(server):
    assert run(server, "user", "create", "Operator.1", "--display-name", "The Operator", stdin="a passphrase of mine\n").returncode == 0
    session = log_in(server, "operator.1", "a passphrase of mine").json()
    assert session["user"]["displayName"] == "The Operator"
    again = run(server, "user", "create", "operator.1", stdin="a passphrase of mine\n")
    assert again.returncode == 1 and again.stderr == "parley: username: somebody has this name already\n" and again.stdout == ""
    weak = run(server, "user", "create", "operator.2", stdin="password\n")
    assert weak.returncode == 1 and "too easy to guess" in weak.stderr
    made_up = run(server, "user", "create", "operator.3", stdin="")
    assert made_up.returncode == 0 and log_in(server, "operator.3", made_up.stdout.strip()).status_code == 200
    for command in ("disable", "enable", "reset-password", "promote"):
        unknown = run(server, "user", command, "nobody.at.all", stdin="a passphrase of mine\n")
        assert unknown.returncode == 1 and unknown.stderr == "parley: there is no user nobody.at.all\n"


def test_a_reset_password_ends_the_sessions(server, people):
    alice, bob = people("alice", "bob")
    with alice.connect() as device, bob.connect() as other:
        assert run(server, "user", "reset-password", alice.username, stdin="quite another one\n").returncode == 0
        device.wait_for("session:revoked")
        device.wait_for("disconnect")
        assert other.all("session:revoked") == []
    assert_problem(alice.get("/auth/me"), 401, "session_revoked")
    assert_problem(log_in(server, alice.username, PASSWORD), 401, "invalid_credentials")
    assert log_in(server, alice.username, "quite another one").status_code == 200


def test_a_disabled_account_is_closed_until_it_is_enabled(server, people):
    [alice] = people("alice")
    with alice.connect() as device:
        assert run(server, "user", "disable", alice.username).returncode == 0
        device.wait_for("disconnect")
    assert alice.get("/auth/me").status_code in (401, 403)
    assert_problem(log_in(server, alice.username, PASSWORD), 403, "banned")
    assert run(server, "user", "enable", alice.username.upper()).returncode == 0
    assert log_in(server, alice.username, PASSWORD).status_code == 200


def test_a_promoted_user_is_a_moderator_in_the_database_and_nothing_more(server, people):
    [alice] = people("alice")
    passwords = set()
    for _ in range(2):
        promoted = run(server, "user", "promote", alice.username)
        assert promoted.returncode == 0, promoted.stderr
        role, password = promoted.stdout.splitlines()
        passwords.add(password)
    assert role == f"moderator_{alice.username}" and len(passwords) == 2
    [(verifier,)] = server.sql("SELECT rolpassword FROM pg_authid WHERE rolname = %s", role)
    assert verifier.startswith("SCRAM-SHA-256$")
    with psycopg.connect(server.database.replace("user=parley", f"user={role}"), autocommit=True) as connection:
        connection.execute("SELECT * FROM moderation.messages LIMIT 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM passwords")
        # A forgotten COMMIT costs the transaction, not everybody's messages.
        assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("1min",)
        assert connection.execute("SHOW lock_timeout").fetchone() == ("5s",)


def furnish(server):
    """Two people, messages in every state, and files."""
    alice, bob = server.person("alice"), server.person("bob")
    conversation = alice.direct(bob)
    upload = alice.upload(b"a file worth keeping", "keep.txt")
    for number in range(5):
        message = alice.send(conversation, f"message {number}")
    alice.send(conversation, "with a file", attachments=[upload["id"]], replyTo=message["id"])
    alice.request("DELETE", f"/messages/{message['id']}")
    bob.upload(b"not attached")
    return alice, bob, conversation, upload


def test_verify_finds_what_is_broken(start_server):
    server = start_server()
    alice, _, conversation, upload = furnish(server)
    whole = run(server, "verify")
    assert whole.returncode == 0 and whole.stdout == "ok\n" and "checking: " in whole.stderr
    file = server.storage / "uploads" / upload["sha256"][:2] / upload["sha256"][2:4] / upload["sha256"]
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    server.sql("UPDATE conversations SET last_seq = last_seq + 1 WHERE id = %s", conversation)
    broken = run(server, "verify")
    assert broken.returncode == 2
    assert "without a gap: 1 (" + conversation in broken.stdout and f"missing: {file}" in broken.stdout
    file.write_bytes(content)
    server.sql("UPDATE conversations SET last_seq = last_seq - 1 WHERE id = %s", conversation)
    assert run(server, "verify").returncode == 0
    file.unlink()
    assert upload["sha256"] in run(server, "verify").stdout


def test_a_backup_of_a_running_server_restores_into_an_empty_one(tmp_path):
    """Both servers have private clusters, as by default."""
    with Server(storage=tmp_path / "one") as one:
        alice, bob, conversation, upload = furnish(one)
        backed_up = run(one, "backup", tmp_path / "backup")
        assert backed_up.returncode == 0, backed_up.stderr
        assert "2 files" in backed_up.stdout
        alice.send(conversation, "after the backup")
        again = run(one, "backup", tmp_path / "backup")
        assert again.returncode == 1 and "exists already" in again.stderr
        refused = run(one, "restore", tmp_path / "backup")
        assert refused.returncode == 1 and "not empty" in refused.stderr
    two = Server(storage=tmp_path / "two")
    restored = run(two, "restore", tmp_path / "backup")
    assert restored.returncode == 0 and restored.stdout == "ok\n", restored.stderr
    with two:
        session = log_in(two, alice.username, PASSWORD).json()
        alice.server, alice.token = two, session["accessToken"]
        history = alice.get(f"/messages?conversationId={conversation}").json()["messages"]
        assert [m["text"] for m in history] == ["message 0", "message 1", "message 2", "message 3", "", "with a file"]
        assert two.request("GET", history[-1]["attachments"][0]["url"]).content == b"a file worth keeping"
        assert alice.send(conversation, "life goes on")["seq"] == 7
        assert run(two, "verify").returncode == 0
    assert run(two, "verify").returncode == 0, "without a server as well"


def test_backup_and_restore_with_a_database_of_ones_own(postgres, start_server, tmp_path):
    server = start_server()
    furnish(server)
    assert run(server, "backup", tmp_path / "backup").returncode == 0
    with postgres.connect("postgres") as connection:
        connection.execute("CREATE DATABASE restored")
    other = Server(database=postgres.url("restored"), storage=tmp_path / "other")
    restored = run(other, "restore", tmp_path / "backup")
    assert restored.returncode == 0 and restored.stdout == "ok\n", restored.stderr
    assert other.sql("SELECT count(*) FROM messages") == server.sql("SELECT count(*) FROM messages")
    again = run(other, "restore", tmp_path / "backup")
    assert again.returncode == 1 and "not empty" in again.stderr


def test_a_backup_holds_what_its_dump_refers_to_and_nothing_else(start_server, tmp_path):
    server = start_server()
    alice, *_ = furnish(server)
    uploads = server.storage / "uploads"
    stray = uploads / "ab" / "cd" / ("abcd" + "0" * 60)
    removed = alice.upload(b"removed again")
    stored = uploads / removed["sha256"][:2] / removed["sha256"][2:4] / removed["sha256"]
    server.sql("UPDATE uploads SET removed_at = now() WHERE id = %s", removed["id"])
    until(lambda: not stored.exists(), "the file to be deleted")
    for path in (stray, stored, stray.with_name("secret")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"nobody refers to this")
    backup = tmp_path / "backup"
    assert run(server, "backup", backup).returncode == 0
    held = {path.name for path in (backup / "uploads").rglob("*") if path.is_file()}
    assert held == {sha256 for sha256, in server.sql("SELECT sha256 FROM uploads WHERE removed_at IS NULL")}
    assert {path.name for path in backup.iterdir()} == {"database.dump", "uploads"}
    assert backup.stat().st_mode & 0o077 == 0


def test_restore_follows_no_link(postgres, start_server, tmp_path):
    server = start_server()
    alice, bob, conversation, upload = furnish(server)
    second = alice.upload(b"another")
    alice.send(conversation, attachments=[second["id"]])
    backup = tmp_path / "backup"
    assert run(server, "backup", backup).returncode == 0
    secret = tmp_path / "secret"
    secret.write_bytes(b"a file worth keeping")  # As long and as good as what belongs there.

    def place(item):
        return backup / "uploads" / item["sha256"][:2] / item["sha256"][2:4] / item["sha256"]

    place(upload).unlink()
    place(upload).symlink_to(secret)
    other = tmp_path / "other"
    other.write_bytes(b"n0ther!")  # A hard link to what is not the content.
    place(second).unlink()
    os.link(other, place(second))
    with postgres.connect("postgres") as connection:
        connection.execute("CREATE DATABASE hostile")
    target = Server(database=postgres.url("hostile"), storage=tmp_path / "target")
    restored = run(target, "restore", backup)
    assert restored.returncode == 2 and restored.stdout.count("missing: ") == 2, (restored.stdout, restored.stderr)
    files = [path for path in (target.storage / "uploads").rglob("*") if not path.is_dir()]
    assert [path.read_bytes() for path in files] == [b"not attached"] and not any(path.is_symlink() for path in files)

    # Neither in place of a directory nor of the dump.
    for linked in ("uploads", "database.dump"):
        with postgres.connect("postgres") as connection:
            connection.execute("DROP DATABASE hostile")
            connection.execute("CREATE DATABASE hostile")
        (backup / linked).rename(tmp_path / linked)
        (backup / linked).symlink_to(tmp_path / linked)
        target = Server(database=postgres.url("hostile"), storage=tmp_path / f"target-{linked}")
        refused = run(target, "restore", backup)
        assert refused.returncode == 1 and len(refused.stderr.splitlines()[-1]) < 300, refused.stderr
        assert not list((target.storage / "uploads").rglob("??/??/*"))
        (backup / linked).unlink()
        (tmp_path / linked).rename(backup / linked)


@pytest.mark.parametrize("command", [["verify"], ["backup", "x"], ["user", "disable", "x"]])
def test_a_storage_without_parley_is_said(tmp_path, command):
    nothing = Server(storage=tmp_path / "nothing")
    answer = run(nothing, *command[:1], *(tmp_path / "x" if c == "x" and command[0] == "backup" else c for c in command[1:]))
    assert answer.returncode == 1 and "holds no Parley" in answer.stderr


def test_a_directory_that_is_no_backup_is_said(server, tmp_path):
    answer = run(server, "restore", tmp_path)
    assert answer.returncode == 1 and "is no backup" in answer.stderr
