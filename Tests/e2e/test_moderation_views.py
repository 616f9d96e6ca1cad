"""What moderators may read, what they may not, and what the guide tells them."""

import pathlib
import re
import uuid

import psycopg
import pytest

from moderation import audit, picture
from parley import ROOT

# Reports and views


def test_reports_are_read_and_closed(server, moderator, people):
    alice, bob = people("alice", "bob")
    sent = bob.send(bob.direct(alice), "something bad")
    assert alice.post(f"/messages/{sent['id']}/report", json={"reason": "not nice"}).status_code == 202
    report, reporter, reason, sender, text = moderator.execute(
        "SELECT id, reporter, reason, sender, text FROM moderation.reports WHERE message_id = %s AND closed_at IS NULL",
        [sent["id"]]).fetchone()
    assert (reporter, reason, sender, text) == (alice.username, "not nice", bob.username, "something bad")
    assert moderator.execute("SELECT open_reports FROM moderation.messages WHERE id = %s", [sent["id"]]).fetchone() == (1,)
    moderator.execute("SELECT moderation.close_report(%s, 'warned')", [report])
    assert moderator.execute("SELECT closed_at IS NOT NULL, resolution FROM moderation.reports WHERE id = %s",
                             [report]).fetchone() == (True, "warned")
    assert audit(server, report) == [(moderator.role, "report.close", "warned")]


def test_the_views_show_who_said_what_where(server, moderator, people):
    alice, bob = people("alice", "bob")
    upload = alice.upload(picture(), "map.png")
    group = alice.group(bob, title="Walks")
    sent = alice.send(group, "the map", attachments=[upload["id"]])
    assert moderator.execute(
        "SELECT sender, text, state, files, conversation FROM moderation.messages WHERE id = %s", [sent["id"]]
    ).fetchone() == (alice.username, "the map", "shown", ["map.png"], "Walks")
    owner, name, kind, file_path, thumbnail, message = moderator.execute(
        "SELECT owner, name, type, file_path, thumbnail_path, message_id::text FROM moderation.uploads WHERE sha256 = %s",
        [upload["sha256"]]).fetchone()
    assert (owner, name, kind, message) == (alice.username, "map.png", "image/png", sent["id"])
    assert (server.storage / file_path).is_file()
    assert (server.storage / thumbnail).is_file()
    assert moderator.execute(
        "SELECT name, kind, member_count, members, messages FROM moderation.conversations WHERE id = %s", [group]
    ).fetchone() == ("Walks", "group", 2, [alice.username, bob.username], 1)
    direct = alice.direct(bob)
    assert moderator.execute("SELECT name FROM moderation.conversations WHERE id = %s", [direct]).fetchone() == (
        f"{alice.username} & {bob.username}",)


# Rights


def test_the_role_can_do_nothing_else(server, moderator, people):
    alice, = people("alice")
    denied = [
        *(f"SELECT * FROM public.{table}" for table in (
            "users", "passwords", "sessions", "refresh_tokens", "messages", "uploads", "blobs", "members", "reports",
            "conversations", "attachments", "reactions")),
        f"UPDATE public.users SET banned_at = now() WHERE id = '{alice.id}'",
        "DELETE FROM public.messages", "DELETE FROM public.uploads", "TRUNCATE public.messages CASCADE",
        "SELECT * FROM moderation.audit_log",
        "INSERT INTO moderation.audit_log (action) VALUES ('made up')",
        "UPDATE moderation.audit_log SET actor = 'somebody else'",
        "DELETE FROM moderation.audit_log", "TRUNCATE moderation.audit_log",
        "SELECT moderation.audit('made up', 'x')",
        "SELECT moderation.announce('access', NULL)",
        "INSERT INTO moderation.kept_changes (kind) VALUES ('words')", "DELETE FROM moderation.kept_changes",
        "INSERT INTO moderation.blocked_words (pattern) VALUES ('x')", "DELETE FROM moderation.blocked_words",
        "UPDATE moderation.users SET is_banned = true", "DELETE FROM moderation.messages",
        "UPDATE moderation.blocked_words SET action = 'mask'",
        "CREATE TABLE moderation.mine (id int)", "CREATE TABLE public.mine (id int)",
        "ALTER TABLE moderation.audit_log DISABLE TRIGGER ALL",
        "SET SESSION AUTHORIZATION parley", "SET ROLE parley",
    ]
    for statement in denied:
        # A read-only view says so before PostgreSQL checks its rights.
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState,
                            psycopg.errors.FeatureNotSupported)):
            moderator.execute(statement)
    columns = server.sql("SELECT column_name FROM information_schema.columns WHERE table_schema = 'moderation'")
    assert not [c for c, in columns if re.search("hash$|password|token|fingerprint", c)]


def test_the_audit_cannot_be_switched_off_or_rewritten(server, moderator, people):
    alice, bob = people("alice", "bob")
    sent = alice.send(alice.direct(bob), "hello")
    with bob.connect() as b:
        # The setting that marks the server's own writes.
        moderator.execute("SET parley.server = 'on'")
        moderator.execute("SELECT moderation.remove_message(%s, 'quietly')", [sent["id"]])
        moderator.execute("RESET parley.server")
        b.wait_for("message:deleted")
    assert audit(server, sent["id"]) == [(moderator.role, "message.remove", "quietly")]
    for statement in ("UPDATE moderation.audit_log SET actor = 'x'", "DELETE FROM moderation.audit_log",
                      "TRUNCATE moderation.audit_log"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            server.sql(statement)


def test_the_servers_own_writes_cost_no_audit_and_no_notification(server, people):
    alice, bob = people("alice", "bob")
    # A sequence also counts rows that were written and deleted again.
    written = ("SELECT (SELECT last_value FROM moderation.audit_log_id_seq), (SELECT last_value FROM moderation.kept_changes_id_seq)")
    before = server.sql(written)
    sent = alice.send(alice.direct(bob), "hello")
    alice.request("PATCH", f"/messages/{sent['id']}", json={"text": "hello!"})
    alice.request("DELETE", f"/messages/{sent['id']}")
    alice.request("PATCH", "/auth/me", json={"displayName": "Al"})
    upload = alice.upload(picture())
    assert alice.request("DELETE", f"/upload/{upload['id']}").status_code == 204
    assert server.sql("SELECT count(*) FROM uploads WHERE id = %s", upload["id"]) == [(0,)]
    assert server.sql(written) == before


# Set-up


def test_an_owner_who_is_no_superuser_has_all_of_it(postgres, start_server):
    """The role exists already, made by a role that may: roles belong to the whole cluster."""
    role, database = f"plain_{uuid.uuid4().hex[:8]}", f"plain_{uuid.uuid4().hex[:8]}"
    with postgres.connect("postgres") as superuser:
        superuser.execute(f"CREATE ROLE {role} LOGIN")
        superuser.execute(f"CREATE DATABASE {database} OWNER {role}")
    server = start_server(database=f"host={postgres.directory} user={role} dbname={database}")
    alice, = server.people("alice")
    with alice.connect() as a:
        server.sql("SELECT moderation.ban_user(%s, 'spam')", alice.username)
        assert a.wait_for("session:revoked") == {"code": "banned", "banned": {"reason": "spam"}}
    assert audit(server, alice.id) == [(role, "user.ban", "spam")]


# The guide

GUIDE = pathlib.Path(ROOT, "docs", "MODERATION.md")

def queries():
    """The SQL blocks of docs/MODERATION.md, each with the line at which it begins."""
    text = GUIDE.read_text()
    return [(text[:m.start()].count("\n") + 2, m[1]) for m in re.finditer(r"```sql\n(.*?)```", text, re.S)]


def test_every_query_of_the_guide_works_when_pasted(start_server):
    """Runs the blocks in the page's order with its names: a moderator's as that role, the owner's as the owner."""
    server = start_server()
    alice, mallory = server.person("alice"), server.person("mallory")
    upload = mallory.upload(picture(), "spam.png")
    sent = mallory.send(mallory.direct(alice), "spam", attachments=[upload["id"]])
    alice.post(f"/messages/{sent['id']}/report", json={"reason": "spam"})
    known = {
        "mallory": mallory.username,
        "0197e1a4-0000-7000-8000-000000000001": sent["id"],
        "0197e1a4-0000-7000-8000-000000000002": upload["id"],
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08": upload["sha256"],
    }
    blocks = queries()
    assert len(blocks) > 10
    role = f"guide_{uuid.uuid4().hex[:8]}"
    server.sql(f"CREATE ROLE {role} LOGIN IN ROLE parley_moderator")
    with psycopg.connect(server.database, user=role, autocommit=True) as moderator, \
            psycopg.connect(server.database, autocommit=True) as owner:
        for line, sql in blocks:
            for name, real in known.items():
                sql = sql.replace(name, real)
            connection = owner if sql.startswith("-- as the owner") else moderator
            try:
                connection.execute(sql)
            except psycopg.Error as error:
                pytest.fail(f"docs/MODERATION.md, line {line}: {error}")
    server.sql("DROP OWNED BY maria")
    server.sql("DROP ROLE maria")
    server.sql(f"DROP ROLE {role}")
