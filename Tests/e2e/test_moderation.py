"""Moderators and operators act in SQL, and the chat follows within a second."""

import pathlib
import re
import time
import uuid

import psycopg
import pytest

from parley import ROOT, assert_problem, until

LIVE = 1.0
"""Within so many seconds everybody sees what was done."""

GUIDE = pathlib.Path(ROOT, "docs", "MODERATION.md")


@pytest.fixture(scope="module")
def moderator(server):
    """A connection of somebody who was granted `parley_moderator` and nothing else."""
    role = f"mia_{uuid.uuid4().hex[:8]}"
    server.sql(f"CREATE ROLE {role} LOGIN IN ROLE parley_moderator")
    with psycopg.connect(server.database, user=role, autocommit=True) as connection:
        connection.role = role
        yield connection
    server.sql(f"DROP ROLE {role}")


def audit(server, subject):
    """What the log says of a message, upload, user, report or word: `[(actor, action, reason)]`."""
    return server.sql(
        "SELECT actor, action, reason FROM moderation.audit_log WHERE subject = %s ORDER BY id", str(subject))


def assert_gone(server, upload):
    paths = [upload["url"]] + [t["url"] for t in upload["thumbnails"]]
    for path in paths:
        assert_problem(server.request("GET", path), 410, "gone")


def picture():
    """A PNG that nobody has uploaded before: 8 × 8 pixels, of which the first is random."""
    import os
    import struct
    import zlib

    rows = b"".join(b"\0" + os.urandom(24) for _ in range(8))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def files_of(server, upload):
    return list((server.storage / "uploads").rglob(upload["sha256"] + "*"))


# Messages


def test_a_moderator_removes_and_restores_a_message(server, moderator, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    upload = alice.upload(picture(), "cat.png")
    sent = alice.send(conversation, "rude words", attachments=[upload["id"]])
    with bob.connect() as b:
        moderator.execute("SELECT moderation.remove_message(%s, 'insults')", [sent["id"]])
        removed = b.wait_for("message:deleted", timeout=LIVE)
        assert removed["id"] == sent["id"] and removed["text"] == "" and removed["attachments"] == []
        assert removed["revision"] > sent["revision"] and removed["deletedAt"] and removed["seq"] == sent["seq"]
        assert_gone(server, upload)
        assert bob.get(f"/messages/{sent['id']}").json()["message"] == removed
        assert bob.get("/messages/search?q=rude").json()["messages"] == []
        state, text = moderator.execute(
            "SELECT state, text FROM moderation.messages WHERE id = %s", [sent["id"]]).fetchone()
        assert (state, text) == ("removed", "rude words")
        moderator.execute("SELECT moderation.remove_message(%s, 'again')", [sent["id"]])

        moderator.execute("SELECT moderation.restore_message(%s)", [sent["id"]])
        restored = b.wait_for("message:updated", timeout=LIVE)
        assert restored["text"] == "rude words" and [a["id"] for a in restored["attachments"]] == [upload["id"]]
        assert restored["revision"] == removed["revision"] + 1 and "deletedAt" not in restored
        assert server.request("GET", upload["url"]).status_code == 200
    assert audit(server, sent["id"]) == [
        (moderator.role, "message.remove", "insults"), (moderator.role, "message.restore", None)]


def test_what_its_sender_deleted_is_not_a_moderators_to_restore(server, moderator, people):
    alice, bob = people("alice", "bob")
    sent = alice.send(alice.direct(bob), "a secret")
    assert alice.request("DELETE", f"/messages/{sent['id']}").status_code == 200
    assert server.sql("SELECT text FROM messages WHERE id = %s", sent["id"]) == [("",)]
    with pytest.raises(psycopg.errors.RaiseException, match="not by a moderator"):
        moderator.execute("SELECT moderation.restore_message(%s)", [sent["id"]])
    assert audit(server, sent["id"]) == [], "what people do to their own messages is no act of moderation"


def test_plain_updates_of_messages_are_live_and_get_revisions(server, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    first, second = alice.send(conversation, "one"), alice.send(conversation, "two")
    with bob.connect() as b:
        server.sql("UPDATE messages SET deleted_at = now() WHERE conversation_id = %s", conversation)
        revisions = [b.wait_for("message:deleted", lambda m: m["id"] == x["id"], LIVE)["revision"] for x in (first, second)]
        assert sorted(revisions) == [second["revision"] + 1, second["revision"] + 2]
        server.sql("UPDATE messages SET deleted_at = NULL WHERE id = %s", first["id"])
        assert b.wait_for("message:updated", timeout=LIVE)["text"] == "one"
        b.forget()
        server.sql("UPDATE messages SET text = 'corrected' WHERE id = %s", first["id"])
        edited = b.wait_for("message:updated", timeout=LIVE)
        assert edited["text"] == "corrected" and edited["editedAt"] and edited["revision"] == max(revisions) + 2
    with pytest.raises(psycopg.errors.RaiseException, match="keeps its id"):
        server.sql("UPDATE messages SET seq = 99 WHERE id = %s", first["id"])
    assert audit(server, first["id"]) == [
        ("parley", "message.remove", None), ("parley", "message.restore", None), ("parley", "message.edit", None)]
    # Who was away learns of it by `sync`.
    with bob.connect() as b:
        changes = b.emit("sync", {"known": {conversation: second["revision"]}})
        changed = next(c for c in changes["conversations"] if c["id"] == conversation)
        assert {m["id"]: m["text"] for m in changed["messages"]} == {first["id"]: "corrected", second["id"]: ""}


def test_a_deleted_row_leaves_a_tombstone_and_forgets_everything(server, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    alone, shared = alice.upload(picture(), "a.png"), alice.upload(picture(), "b.png")
    sent = alice.send(conversation, "to be erased", attachments=[alone["id"], shared["id"]])
    other = alice.send(conversation, "stays", attachments=[shared["id"]])
    with bob.connect() as b:
        b.emit("message:react", {"messageId": sent["id"], "emoji": "👍", "add": True})
        server.sql("DELETE FROM messages WHERE id = %s", sent["id"])
        gone = b.wait_for("message:deleted", timeout=LIVE)
        assert gone["id"] == sent["id"] and gone["reactions"] == [] and gone["seq"] == 1
        assert_gone(server, alone)
        assert server.request("GET", shared["url"]).status_code == 200
        until(lambda: not files_of(server, alone), "the file to leave the disk", timeout=5)
        assert files_of(server, shared)
    assert server.sql("SELECT text, (SELECT count(*) FROM attachments WHERE message_id = m.id) FROM messages m WHERE id = %s",
                      sent["id"]) == [("", 0)]
    history = bob.get(f"/messages?conversationId={conversation}").json()["messages"]
    assert [m["seq"] for m in history] == [1, 2] and history[1]["id"] == other["id"]
    with pytest.raises(psycopg.errors.RaiseException, match="nothing is left"):
        server.sql("UPDATE messages SET deleted_at = NULL WHERE id = %s", sent["id"])
        server.sql("SELECT moderation.restore_message(%s)", sent["id"])
    assert [a for _, a, _ in audit(server, sent["id"])] == ["message.remove", "message.erase"]
    server.sql("DELETE FROM conversations WHERE id = %s", conversation)
    assert server.sql("SELECT count(*) FROM messages WHERE conversation_id = %s", conversation) == [(0,)]


# People


def test_a_ban_closes_sockets_and_tokens(server, moderator, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    with bob.connect() as phone, bob.connect() as laptop, alice.connect() as a:
        moderator.execute("SELECT moderation.ban_user(%s, 'spam')", [bob.username])
        for device in (phone, laptop):
            assert device.wait_for("session:revoked", timeout=LIVE) == {"code": "banned"}
            device.wait_for("disconnect", timeout=LIVE)
        assert a.wait_for("user:status", lambda s: s["status"] == "offline")["userId"] == bob.id
    assert_problem(bob.get("/auth/me"), 403, "banned")
    assert_problem(bob.post("/messages", json={"conversationId": conversation, "text": "hi"}), 403, "banned")
    assert_problem(
        server.request("POST", "/auth/refresh", json={"refreshToken": bob.session["refreshToken"]}), 403, "banned")
    assert_problem(server.request(
        "POST", "/auth/login", json={"username": bob.username, "password": "correct horse battery"}), 403, "banned")
    with pytest.raises(Exception):
        bob.connect()
    assert moderator.execute(
        "SELECT is_banned, ban_reason FROM moderation.users WHERE id = %s", [bob.id]).fetchone() == (True, "spam")
    moderator.execute("SELECT moderation.unban_user(%s, 'sorry')", [bob.username])
    until(lambda: bob.get("/auth/me").status_code == 200, "the ban to be lifted", timeout=LIVE)
    bob.connect().close()
    assert audit(server, bob.id) == [(moderator.role, "user.ban", "spam"), (moderator.role, "user.unban", "sorry")]


def test_a_ban_by_plain_update_and_its_end(server, people):
    alice, bob = people("alice", "bob")
    with alice.connect() as a, bob.connect() as b:
        server.sql("UPDATE users SET banned_at = now() WHERE id = %s", alice.id)
        a.wait_for("disconnect", timeout=LIVE)
        assert_problem(alice.get("/auth/me"), 403, "banned")
        server.sql("UPDATE users SET banned_at = NULL WHERE id = %s", alice.id)
        until(lambda: alice.get("/auth/me").status_code == 200, "the ban to be lifted", timeout=LIVE)
        # An end alone is a ban, and it ends by itself.
        server.sql("UPDATE users SET banned_until = now() + interval '1.5 seconds' WHERE id = %s", bob.id)
        b.wait_for("disconnect", timeout=LIVE)
        assert_problem(bob.get("/auth/me"), 403, "banned")
        until(lambda: bob.get("/auth/me").status_code == 200, "the ban to end", timeout=4)
        bob.connect().close()


def test_disabling_and_deleting_a_user_close_the_account(server, people):
    alice, bob = people("alice", "bob")
    sent = bob.send(bob.direct(alice), "still here")
    with alice.connect() as a, bob.connect() as b:
        server.sql("UPDATE users SET disabled_at = now() WHERE id = %s", alice.id)
        a.wait_for("disconnect", timeout=LIVE)
        server.sql("DELETE FROM users WHERE id = %s", bob.id)
        b.wait_for("disconnect", timeout=LIVE)
    for person in (alice, bob):
        assert_problem(person.get("/auth/me"), 403, "banned")
        assert [action for _, action, _ in audit(server, person.id)] == ["user.disable"]
    assert server.sql("SELECT sender_id::text FROM messages WHERE id = %s", sent["id"]) == [(bob.id,)]


def test_a_mute_is_told_and_holds(server, moderator, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    with alice.connect() as a, bob.connect() as b:
        moderator.execute("SELECT moderation.mute_user(%s, now() + interval '1 hour', 'shouting')", [uuid.UUID(alice.id)])
        assert a.wait_for("user:muted", timeout=LIVE)["until"]
        refused = a.emit("message:send", {"conversationId": conversation, "text": "HELLO"})
        assert refused["error"]["code"] == "muted"
        assert_problem(alice.post("/messages", json={"conversationId": conversation, "text": "HELLO"}), 403, "muted")
        assert b.send(conversation, "quiet")["seq"] == 1
        a.forget()
        moderator.execute("SELECT moderation.unmute_user(%s)", [alice.id])
        assert a.wait_for("user:muted", timeout=LIVE) == {}
        assert a.send(conversation, "sorry")["seq"] == 2
        moderator.execute("SELECT moderation.mute_user(%s)", [alice.username])
        assert a.wait_for("user:muted", lambda m: m, LIVE)["until"] > "2100"
        assert b.all("user:muted") == [], "nobody else is told"
    assert audit(server, alice.id)[0] == (moderator.role, "user.mute", "shouting")
    for call in ("ban_user('nobody-at-all', 'x')", "mute_user('nobody-at-all')",
                 f"ban_user('{alice.username}', 'x', now() - interval '1 hour')"):
        with pytest.raises(psycopg.errors.RaiseException):
            moderator.execute(f"SELECT moderation.{call}")


# Files


def test_a_removed_upload_is_gone_everywhere(server, moderator, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    content = picture()
    mine, theirs = alice.upload(content, "x.png"), bob.upload(content, "y.png")
    sent = alice.send(conversation, "look", attachments=[mine["id"]])
    with bob.connect() as b:
        moderator.execute("SELECT moderation.remove_upload(%s, 'illegal')", [mine["id"]])
        updated = b.wait_for("message:updated", timeout=LIVE)
        assert updated["id"] == sent["id"] and updated["attachments"] == [] and updated["revision"] > sent["revision"]
    assert_gone(server, mine)
    assert_problem(bob.get(f"/upload/{mine['id']}/file"), 410, "gone")
    assert_problem(bob.get(f"/upload/{mine['id']}"), 410, "gone")
    assert_problem(alice.post("/messages", json={"conversationId": conversation, "text": "x", "attachments": [mine["id"]]}),
                   422, "validation_failed", "attachments")
    assert server.request("GET", theirs["url"]).status_code == 200, "the same content under another upload stays"
    assert files_of(server, mine)
    server.sql("UPDATE uploads SET removed_at = NULL WHERE id = %s", mine["id"])
    assert server.request("GET", mine["url"]).status_code == 200
    server.sql("DELETE FROM uploads WHERE sha256 = %s", mine["sha256"])
    until(lambda: not files_of(server, mine), "the files to leave the disk", timeout=5)
    for upload in (mine, theirs):
        assert_gone(server, upload)
    with pytest.raises(psycopg.errors.RaiseException, match="cannot come back"):
        server.sql("UPDATE uploads SET removed_at = NULL WHERE id = %s", mine["id"])
    again = alice.upload(content, "x.png")
    assert server.request("GET", again["url"]).status_code == 200, "uploading it again is another upload"
    assert audit(server, mine["id"])[0] == (moderator.role, "upload.remove", "illegal")


# The word filter


def test_blocked_words(server, moderator, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)

    def wait_for_words():
        until(lambda: server.sql("SELECT count(*) FROM moderation.changes") == [(0,)], "the words to be read", timeout=LIVE)

    for pattern, action in (("badword", "refuse"), ("buy now", "refuse"), ("darn*", "mask"), ("größe", "mask"), ("*coin*s", "report")):
        moderator.execute("SELECT moderation.add_blocked_word(%s, %s)", [pattern, action])
    wait_for_words()
    with bob.connect() as b:
        for text in ("a BadWord!", "Buy, now: cheap"):
            answer = assert_problem(
                alice.post("/messages", json={"conversationId": conversation, "text": text}), 422, "validation_failed", "text")
            assert "badword" not in answer["detail"].lower() and "buy" not in answer["detail"].lower()
        cases = [
            ("badwords and buyers now", "badwords and buyers now"),
            ("Darn it, DARNED thing; darling", "**** it, ****** thing; darling"),
            ("GRÖSSE? Gro\u0308ße!", "GRÖSSE? *****!"),
            ("some bitcoins here", "some bitcoins here"),
        ]
        sent = [alice.send(conversation, text, clientId=text) for text, _ in cases]
        assert [m["text"] for m in sent] == [shown for _, shown in cases]
        b.wait_for("message:received", lambda m: m["seq"] == len(cases))
        assert [m["text"] for m in b.all("message:received")] == [shown for _, shown in cases]
        again = alice.post("/messages", json={"conversationId": conversation, "text": cases[1][0], "clientId": cases[1][0]})
        assert again.status_code == 200 and again.json()["message"]["text"] == cases[1][1]
        edited = alice.request("PATCH", f"/messages/{sent[0]['id']}", json={"text": "darn bitcoinwords bitcoins"})
        assert edited.json()["message"]["text"] == "**** bitcoinwords bitcoins"
        assert_problem(alice.request("PATCH", f"/messages/{sent[0]['id']}", json={"text": "badword"}), 422, "validation_failed", "text")
    reports = moderator.execute(
        "SELECT message_id::text, reporter, reason FROM moderation.reports WHERE conversation_id = %s ORDER BY created_at",
        [conversation]).fetchall()
    assert reports == [(sent[3]["id"], None, "word filter: *coin*s"), (sent[0]["id"], None, "word filter: *coin*s")]
    moderator.execute("SELECT moderation.remove_blocked_word('BadWord')")
    wait_for_words()
    assert alice.send(conversation, "badword")["text"] == "badword"
    with pytest.raises(psycopg.errors.RaiseException, match="not blocked"):
        moderator.execute("SELECT moderation.remove_blocked_word('badword')")
    with pytest.raises(psycopg.errors.CheckViolation):
        moderator.execute("SELECT moderation.add_blocked_word('* *')")
    assert [a for _, a, _ in audit(server, "badword")] == ["word.add", "word.remove"]
    for pattern, in moderator.execute("SELECT pattern FROM moderation.blocked_words").fetchall():
        moderator.execute("SELECT moderation.remove_blocked_word(%s)", [pattern])
    wait_for_words()


def test_a_hostile_text_and_pattern_cost_little(server, moderator, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    moderator.execute("SELECT moderation.add_blocked_word(repeat('a*', 49) || 'b', 'refuse')")
    until(lambda: server.sql("SELECT count(*) FROM moderation.changes") == [(0,)], "the words to be read", timeout=LIVE)
    began = time.monotonic()
    alice.send(conversation, "a" * 8000)
    assert time.monotonic() - began < 5, "matching takes time in proportion to the text"
    moderator.execute("SELECT moderation.remove_blocked_word(repeat('a*', 49) || 'b')")
    with pytest.raises(psycopg.errors.RaiseException, match="at most 200"):
        server.sql("INSERT INTO moderation.blocked_words (pattern) SELECT 'w' || n || '*' FROM generate_series(1, 201) n")


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
        "INSERT INTO moderation.changes (kind) VALUES ('words')", "DELETE FROM moderation.changes",
        "INSERT INTO moderation.blocked_words (pattern) VALUES ('x')", "DELETE FROM moderation.blocked_words",
        "UPDATE moderation.users SET is_banned = true", "DELETE FROM moderation.messages",
        "UPDATE moderation.blocked_words SET action = 'mask'",
        "CREATE TABLE moderation.mine (id int)", "CREATE TABLE public.mine (id int)",
        "ALTER TABLE moderation.audit_log DISABLE TRIGGER ALL",
        "SET SESSION AUTHORIZATION parley", "SET ROLE parley",
    ]
    for statement in denied:
        # A view that cannot be written to says so before its rights are looked at.
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState,
                            psycopg.errors.FeatureNotSupported)):
            moderator.execute(statement)
    columns = server.sql("SELECT column_name FROM information_schema.columns WHERE table_schema = 'moderation'")
    assert not [c for c, in columns if re.search("hash$|password|token|fingerprint", c)]


def test_the_audit_cannot_be_switched_off_or_rewritten(server, moderator, people):
    alice, bob = people("alice", "bob")
    sent = alice.send(alice.direct(bob), "hello")
    with bob.connect() as b:
        # The setting by which the server's own writes are known.
        moderator.execute("SET parley.server = 'on'")
        moderator.execute("SELECT moderation.remove_message(%s, 'quietly')", [sent["id"]])
        moderator.execute("RESET parley.server")
        b.wait_for("message:deleted", timeout=LIVE)
    assert audit(server, sent["id"]) == [(moderator.role, "message.remove", "quietly")]
    for statement in ("UPDATE moderation.audit_log SET actor = 'x'", "DELETE FROM moderation.audit_log",
                      "TRUNCATE moderation.audit_log"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            server.sql(statement)


def test_the_servers_own_writes_cost_no_audit_and_no_notification(server, people):
    alice, bob = people("alice", "bob")
    # A sequence counts also what was written and deleted again.
    written = ("SELECT (SELECT last_value FROM moderation.audit_log_id_seq), (SELECT last_value FROM moderation.changes_id_seq)")
    before = server.sql(written)
    sent = alice.send(alice.direct(bob), "hello")
    alice.request("PATCH", f"/messages/{sent['id']}", json={"text": "hello!"})
    alice.request("DELETE", f"/messages/{sent['id']}")
    alice.request("PATCH", "/auth/me", json={"displayName": "Al"})
    upload = alice.upload(picture())
    assert alice.request("DELETE", f"/upload/{upload['id']}").status_code == 204
    assert server.sql("SELECT count(*) FROM uploads WHERE id = %s", upload["id"]) == [(0,)]
    assert server.sql(written) == before


# Catching up


LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN%'"


def test_nothing_is_lost_while_the_notification_connection_is_cut(postgres, start_server):
    server = start_server()
    database = server.database.rsplit("=", 1)[1]
    alice, bob, eve = server.people("alice", "bob", "eve")
    conversation = alice.direct(bob)
    sent = alice.send(conversation, "hello")
    until(lambda: server.sql(LISTENERS), "the server to listen")
    with psycopg.connect(server.database, autocommit=True) as owner, postgres.connect("postgres") as elsewhere, \
            bob.connect() as b, eve.connect() as e:
        # Nobody can connect while the listener is cut, so what happens now is notified to nobody.
        elsewhere.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        try:
            for pid, in owner.execute(LISTENERS).fetchall():
                owner.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            owner.execute("UPDATE messages SET deleted_at = now() WHERE id = %s", [sent["id"]])
            owner.execute("UPDATE users SET banned_at = now() WHERE id = %s", [eve.id])
            assert owner.execute("SELECT count(*) FROM moderation.changes").fetchone() == (2,)
            assert b.all("message:deleted") == [] and e.all("session:revoked") == []
        finally:
            elsewhere.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        assert b.wait_for("message:deleted")["id"] == sent["id"]
        assert e.wait_for("session:revoked") == {"code": "banned"}
        until(lambda: owner.execute("SELECT count(*) FROM moderation.changes").fetchone() == (0,), "the queue to empty")


def test_what_was_done_while_the_server_was_down_holds_when_it_is_back(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    upload = alice.upload(picture(), "x.png")
    alice.send(alice.direct(bob), "look", attachments=[upload["id"]])
    server.stop()
    server.sql("UPDATE users SET banned_at = now() WHERE id = %s", bob.id)
    server.sql("SELECT moderation.remove_upload(%s)", upload["id"])
    server.sql("SELECT moderation.add_blocked_word('never')")
    server.restart()
    assert_problem(bob.get("/auth/me"), 403, "banned")
    assert_problem(alice.post("/messages", json={"recipientId": bob.id, "text": "never"}), 422, "validation_failed", "text")
    assert_gone(server, upload)
    until(lambda: not files_of(server, upload), "the files to leave the disk", timeout=5)


# Set-up


def test_an_owner_who_is_no_superuser_has_all_of_it(postgres, start_server):
    """The role is there already, made by somebody who may: roles belong to the whole cluster."""
    role, database = f"plain_{uuid.uuid4().hex[:8]}", f"plain_{uuid.uuid4().hex[:8]}"
    with postgres.connect("postgres") as superuser:
        superuser.execute(f"CREATE ROLE {role} LOGIN")
        superuser.execute(f"CREATE DATABASE {database} OWNER {role}")
    server = start_server(database=f"host={postgres.directory} user={role} dbname={database}")
    alice, = server.people("alice")
    with alice.connect() as a:
        server.sql("SELECT moderation.ban_user(%s, 'spam')", alice.username)
        assert a.wait_for("session:revoked", timeout=LIVE) == {"code": "banned"}
    assert audit(server, alice.id) == [(role, "user.ban", "spam")]


# The guide


def queries():
    """The SQL of docs/MODERATION.md, one block each, with the line it begins at."""
    text = GUIDE.read_text()
    return [(text[:m.start()].count("\n") + 2, m[1]) for m in re.finditer(r"```sql\n(.*?)```", text, re.S)]


def test_every_query_of_the_guide_works_when_pasted(start_server):
    """In the order of the page, with the names it uses: the moderator's as that role, the owner's as the owner."""
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
