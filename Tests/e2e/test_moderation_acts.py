"""Acts of moderators and operators in SQL, on messages, people and files."""

import uuid

import psycopg
import pytest
import socketio

from moderation import assert_gone, audit, files_of, picture
from parley import PASSWORD, PATIENCE, Client, assert_problem, until

# Messages


def test_a_moderator_removes_and_restores_a_message(server, moderator, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    upload = alice.upload(picture(), "cat.png")
    sent = alice.send(conversation, "rude words", attachments=[upload["id"]])
    with bob.connect() as b:
        moderator.execute("SELECT moderation.remove_message(%s, 'insults')", [sent["id"]])
        removed = b.wait_for("message:deleted")
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
        restored = b.wait_for("message:updated")
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
        revisions = [b.wait_for("message:deleted", lambda m: m["id"] == x["id"])["revision"] for x in (first, second)]
        assert sorted(revisions) == [second["revision"] + 1, second["revision"] + 2]
        server.sql("UPDATE messages SET deleted_at = NULL WHERE id = %s", first["id"])
        assert b.wait_for("message:updated")["text"] == "one"
        b.forget()
        server.sql("UPDATE messages SET text = 'corrected' WHERE id = %s", first["id"])
        edited = b.wait_for("message:updated")
        assert edited["text"] == "corrected" and edited["editedAt"] and edited["revision"] == max(revisions) + 2
    with pytest.raises(psycopg.errors.RaiseException, match="keeps its id"):
        server.sql("UPDATE messages SET seq = 99 WHERE id = %s", first["id"])
    assert audit(server, first["id"]) == [
        ("parley", "message.remove", None), ("parley", "message.restore", None), ("parley", "message.edit", None)]
    # A device that was away learns of it by `sync`.
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
        gone = b.wait_for("message:deleted")
        assert gone["id"] == sent["id"] and gone["reactions"] == [] and gone["seq"] == 1
        assert_gone(server, alone)
        assert server.request("GET", shared["url"]).status_code == 200
        until(lambda: not files_of(server, alone), "the file to leave the disk")
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


def test_a_banned_person_is_told_why_and_until_when(server, moderator, people):
    carol, dave = people("carol", "dave")
    with carol.connect() as device:
        moderator.execute("SELECT moderation.ban_user(%s, 'shouting', '2099-05-01 12:00+00')", [carol.username])
        banned = {"reason": "shouting", "until": "2099-05-01T12:00:00.000Z"}
        assert device.wait_for("session:revoked") == {"code": "banned", "banned": banned}
    log_in = {"username": carol.username, "password": PASSWORD}
    for answer in (carol.get("/auth/me"), server.request("POST", "/auth/login", json=log_in),
                   server.request("POST", "/auth/refresh", json={"refreshToken": carol.session["refreshToken"]})):
        assert_problem(answer, 403, "banned")
        assert answer.json()["banned"] == banned
    refusals = []
    client = Client(reconnection=False)
    client.on("connect_error", refusals.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(server.url, auth={"token": carol.token}, transports=["websocket"], wait_timeout=PATIENCE)
    assert refusals[0]["data"]["banned"] == banned
    # Only whoever knows the password is told.
    wrong = server.request("POST", "/auth/login", json={**log_in, "password": "not the password"})
    assert_problem(wrong, 401, "invalid_credentials")
    assert "banned" not in wrong.json()
    server.sql("UPDATE users SET disabled_at = now() WHERE id = %s", dave.id)
    until(lambda: dave.get("/auth/me").status_code == 403, "the account to be closed")
    assert "banned" not in dave.get("/auth/me").json(), "there is no ban"


def test_a_ban_closes_sockets_and_tokens(server, moderator, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    with bob.connect() as phone, bob.connect() as laptop, alice.connect() as a:
        moderator.execute("SELECT moderation.ban_user(%s, 'spam')", [bob.username])
        for device in (phone, laptop):
            assert device.wait_for("session:revoked") == {"code": "banned", "banned": {"reason": "spam"}}
            device.wait_for("disconnect")
        assert a.wait_for("user:status", lambda s: s["status"] == "offline")["userId"] == bob.id
    assert_problem(bob.get("/auth/me"), 403, "banned")
    assert_problem(bob.post("/messages", json={"conversationId": conversation, "text": "hi"}), 403, "banned")
    assert_problem(
        server.request("POST", "/auth/refresh", json={"refreshToken": bob.session["refreshToken"]}), 403, "banned")
    assert_problem(server.request(
        "POST", "/auth/login", json={"username": bob.username, "password": "correct horse battery"}), 403, "banned")
    with pytest.raises(socketio.exceptions.ConnectionError):
        bob.connect()
    assert moderator.execute(
        "SELECT is_banned, ban_reason FROM moderation.users WHERE id = %s", [bob.id]).fetchone() == (True, "spam")
    moderator.execute("SELECT moderation.unban_user(%s, 'sorry')", [bob.username])
    until(lambda: bob.get("/auth/me").status_code == 200, "the ban to be lifted")
    bob.connect().close()
    assert audit(server, bob.id) == [(moderator.role, "user.ban", "spam"), (moderator.role, "user.unban", "sorry")]


def test_a_ban_by_plain_update_and_its_end(server, people):
    alice, bob = people("alice", "bob")
    with alice.connect() as a, bob.connect() as b:
        server.sql("UPDATE users SET banned_at = now() WHERE id = %s", alice.id)
        a.wait_for("disconnect")
        assert_problem(alice.get("/auth/me"), 403, "banned")
        server.sql("UPDATE users SET banned_at = NULL WHERE id = %s", alice.id)
        until(lambda: alice.get("/auth/me").status_code == 200, "the ban to be lifted")
        # An end without a beginning is a ban as well, and it ends by itself.
        server.sql("UPDATE users SET banned_until = now() + interval '1 hour' WHERE id = %s", bob.id)
        b.wait_for("disconnect")
        assert_problem(bob.get("/auth/me"), 403, "banned")
        server.sql("UPDATE users SET banned_until = now() + interval '1.5 seconds' WHERE id = %s", bob.id)
        until(lambda: bob.get("/auth/me").status_code == 200, "the ban to end")
        bob.connect().close()


def test_disabling_and_deleting_a_user_close_the_account(server, people):
    alice, bob = people("alice", "bob")
    sent = bob.send(bob.direct(alice), "still here")
    with alice.connect() as a, bob.connect() as b:
        server.sql("UPDATE users SET disabled_at = now() WHERE id = %s", alice.id)
        a.wait_for("disconnect")
        server.sql("DELETE FROM users WHERE id = %s", bob.id)
        b.wait_for("disconnect")
    for person in (alice, bob):
        assert_problem(person.get("/auth/me"), 403, "banned")
        assert [action for _, action, _ in audit(server, person.id)] == ["user.disable"]
    assert server.sql("SELECT sender_id::text FROM messages WHERE id = %s", sent["id"]) == [(bob.id,)]


def test_a_mute_is_told_and_holds(server, moderator, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    with alice.connect() as a, bob.connect() as b:
        moderator.execute("SELECT moderation.mute_user(%s, now() + interval '1 hour', 'shouting')", [uuid.UUID(alice.id)])
        assert a.wait_for("user:muted")["until"]
        refused = a.emit("message:send", {"conversationId": conversation, "text": "HELLO"})
        assert refused["error"]["code"] == "muted"
        assert_problem(alice.post("/messages", json={"conversationId": conversation, "text": "HELLO"}), 403, "muted")
        assert b.send(conversation, "quiet")["seq"] == 1
        a.forget()
        moderator.execute("SELECT moderation.unmute_user(%s)", [alice.id])
        assert a.wait_for("user:muted") == {}
        assert a.send(conversation, "sorry")["seq"] == 2
        moderator.execute("SELECT moderation.mute_user(%s)", [alice.username])
        assert a.wait_for("user:muted", lambda m: m)["until"] > "2100"
        assert b.all("user:muted") == [], "nobody else is told"
    # A person who was away when it began sees it when connecting; nobody else does.
    with alice.connect() as a, bob.connect() as b:
        assert a.ready["user"]["mutedUntil"] > "2100" and "mutedUntil" not in b.ready["user"]
    assert alice.get("/auth/me").json()["mutedUntil"] > "2100"
    assert "mutedUntil" not in bob.get(f"/users/{alice.id}").json()
    assert "mutedUntil" not in bob.get(f"/conversations/{conversation}").text
    server.sql("UPDATE users SET muted_until = now() - interval '1 second' WHERE id = %s", alice.id)
    assert "mutedUntil" not in alice.get("/auth/me").json()
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
        updated = b.wait_for("message:updated")
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
    until(lambda: not files_of(server, mine), "the files to leave the disk")
    for upload in (mine, theirs):
        assert_gone(server, upload)
    with pytest.raises(psycopg.errors.RaiseException, match="cannot come back"):
        server.sql("UPDATE uploads SET removed_at = NULL WHERE id = %s", mine["id"])
    again = alice.upload(content, "x.png")
    assert server.request("GET", again["url"]).status_code == 200, "uploading it again is another upload"
    assert audit(server, mine["id"])[0] == (moderator.role, "upload.remove", "illegal")
