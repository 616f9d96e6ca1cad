"""Accounts that are closed: messages are read without them, and writing to them says so."""

import os
import subprocess

import pytest

from parley import PARLEY, ROOT, assert_problem, until


def parley(server, *arguments):
    subprocess.run(
        [PARLEY, *arguments], check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "DATABASE_URL": server.database, "STORAGE_DIR": str(server.storage), "LOG_LEVEL": "error"})


CLOSING = {
    "banned in SQL": (
        lambda server, bob: server.sql("UPDATE users SET banned_at = now() WHERE id = %s", bob.id),
        lambda server, bob: server.sql("UPDATE users SET banned_at = NULL WHERE id = %s", bob.id)),
    "banned by a moderator": (
        lambda server, bob: server.sql("SELECT moderation.ban_user(%s::uuid, 'spam', NULL)", bob.id),
        lambda server, bob: server.sql("SELECT moderation.unban_user(%s::uuid, 'mistake')", bob.id)),
    "disabled by an operator": (
        lambda server, bob: parley(server, "user", "disable", bob.username),
        lambda server, bob: parley(server, "user", "enable", bob.username)),
}


@pytest.mark.parametrize("how", CLOSING)
def test_a_closed_account_holds_nothing_back_and_is_told_of(server, people, how):
    close, reopen = CLOSING[how]
    alice, bob, carol = people("alice", "bob", "carol")
    direct, group = alice.direct(bob), alice.group(bob, carol)
    alice.send(direct, "to be found")
    sent = alice.send(group, "to all")
    carol_device = carol.connect()
    assert carol_device.emit("message:read", {"conversationId": group, "seq": 1})["ok"]
    assert alice.get(f"/messages/{sent['id']}").json()["message"]["status"] == "sent"
    with alice.connect() as device:
        close(server, bob)
        assert device.wait_for("user:updated", lambda u: u["id"] == bob.id)["closed"] is True
        assert alice.get(f"/users/{bob.id}").json()["closed"] is True
        assert "closed" not in alice.get(f"/users/{carol.id}").json()
        assert alice.get(f"/messages/{sent['id']}").json()["message"]["status"] == "read"
        shown = alice.get(f"/conversations/{group}").json()
        assert shown["others"] == {"deliveredSeq": 1, "readSeq": 1}
        assert {m["user"]["id"] for m in shown["members"] if m["user"].get("closed")} == {bob.id}
        refused = alice.post("/messages", json={"conversationId": direct, "text": "x"})
        assert_problem(refused, 403, "forbidden")
        assert refused.json()["detail"] == "this account is closed"
        error = device.emit("message:send", {"recipientId": bob.id, "text": "x"})["error"]
        assert (error["code"], error["detail"]) == ("forbidden", "this account is closed")
        refused = carol.post("/conversations", json={"kind": "direct", "userId": bob.id})
        assert_problem(refused, 403, "forbidden")
        assert refused.json()["detail"] == "this account is closed"
        device.forget()
        cursor = device.ready["cursor"]
        assert [u["closed"] for u in device.emit("sync", {"known": {}, "cursor": cursor})["users"]] == [True]
        reopen(server, bob)
        device.wait_for("user:updated", lambda u: u["id"] == bob.id and "closed" not in u)
        assert alice.get(f"/messages/{sent['id']}").json()["message"]["status"] == "sent"
        alice.send(direct, "welcome back")
    carol_device.close()


def test_a_ban_that_ends_by_itself(server, people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob)
    with alice.connect() as device:
        server.sql("SELECT moderation.ban_user(%s::uuid, 'a moment', now() + interval '1 hour')", bob.id)
        assert device.wait_for("user:updated")["closed"] is True
        server.sql("UPDATE users SET banned_until = now() + interval '1.5 seconds' WHERE id = %s", bob.id)
        device.forget()
        # A change may be told again while other transactions of the cluster are under way.
        device.wait_for("user:updated", lambda user: "closed" not in user)
        assert alice.get(f"/conversations/{group}").json()["others"] == {"deliveredSeq": 0, "readSeq": 0}
        until(lambda: server.sql("SELECT count(*) FROM members WHERE closed") == [(0,)], "the membership to be open")


def test_what_was_read_stays_read_in_a_direct_conversation(server, people):
    alice, bob = people("alice", "bob")
    direct = alice.direct(bob)
    first, second = alice.send(direct, "read"), alice.send(direct, "not read")
    with bob.connect() as device:
        device.emit("message:read", {"conversationId": direct, "seq": 1})
    server.sql("UPDATE users SET banned_at = now() WHERE id = %s", bob.id)
    statuses = [alice.get(f"/messages/{m['id']}").json()["message"]["status"] for m in (first, second)]
    assert statuses == ["read", "sent"]
    assert "others" not in alice.get(f"/conversations/{direct}").json()
