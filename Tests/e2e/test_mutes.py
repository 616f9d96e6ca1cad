"""Mutes: nothing of a muted person reaches anybody. They still read, take back and report."""

import pytest


def mute(server, person):
    server.sql("UPDATE users SET muted_until = now() + interval '1 hour' WHERE id = %s", person.id)


@pytest.fixture
def stage(server, people):
    """Alice is muted: an owner with a message and a reaction. Bob and Carol listen."""
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob, title="Before")
    mine, other = alice.send(group, "mine"), bob.send(group, "hello")
    assert alice.request("PUT", f"/messages/{other['id']}/reactions/👍").status_code == 200
    mute(server, alice)
    return alice, bob, carol, group, mine, other


BY_REQUEST = {
    "sending": lambda a, c, group, mine, other: ("POST", "/messages", {"conversationId": group, "text": "x"}),
    "sending to a person": lambda a, c, group, mine, other: ("POST", "/messages", {"recipientId": c.id, "text": "x"}),
    "editing": lambda a, c, group, mine, other: ("PATCH", f"/messages/{mine['id']}", {"text": "x"}),
    "reacting": lambda a, c, group, mine, other: ("PUT", f"/messages/{other['id']}/reactions/🎉", None),
    "renaming": lambda a, c, group, mine, other: ("PATCH", f"/conversations/{group}", {"title": "x"}),
    "a group": lambda a, c, group, mine, other: (
        "POST", "/conversations", {"kind": "group", "title": "x", "memberIds": [c.id]}),
    "a public group": lambda a, c, group, mine, other: (
        "POST", "/conversations", {"kind": "group", "title": "x", "visibility": "public"}),
    "a direct conversation": lambda a, c, group, mine, other: (
        "POST", "/conversations", {"kind": "direct", "userId": c.id}),
    "adding": lambda a, c, group, mine, other: ("POST", f"/conversations/{group}/members", {"userIds": [c.id]}),
    "a name": lambda a, c, group, mine, other: ("PATCH", "/auth/me", {"displayName": "x"}),
    "a description": lambda a, c, group, mine, other: ("PATCH", "/auth/me", {"about": "x"}),
    "no picture": lambda a, c, group, mine, other: ("PATCH", "/auth/me", {"avatarUploadId": ""}),
}

BY_EVENT = {
    "sending": lambda c, group, mine, other: ("message:send", {"conversationId": group, "text": "x"}),
    "sending to a person": lambda c, group, mine, other: ("message:send", {"recipientId": c.id, "text": "x"}),
    "editing": lambda c, group, mine, other: ("message:edit", {"messageId": mine["id"], "text": "x"}),
    "reacting": lambda c, group, mine, other: (
        "message:react", {"messageId": other["id"], "emoji": "🎉", "add": True}),
    "typing": lambda c, group, mine, other: ("typing", {"conversationId": group, "active": True}),
}


def test_nothing_a_muted_person_says_reaches_anybody(stage):
    alice, bob, carol, group, mine, other = stage
    with alice.connect() as a, bob.connect() as b, carol.connect() as c:
        for what, request in BY_REQUEST.items():
            method, path, body = request(alice, carol, group, mine, other)
            answer = alice.request(method, path, json=body)
            assert answer.status_code == 403 and answer.json()["code"] == "muted", (what, answer.text)
        for what, event in BY_EVENT.items():
            name, payload = event(carol, group, mine, other)
            assert a.emit(name, payload).get("error", {}).get("code") == "muted", what
        marker = bob.send(bob.direct(carol), "the last")
        for device in (b, c):
            device.wait_for("message:received", lambda m: m["id"] == marker["id"])
        bob.send(group, "and here")
        a.wait_for("message:received", lambda m: m["text"] == "and here")
        # Except that she is online, and what she had said before.
        known = ("ready", "user:status", "message:status")
        heard = [(name, p) for device in (b, c) for name, p in device.events if alice.id in str(p) and name not in known]
        assert [p for _, p in heard if p.get("id") != mine["id"]] == []
    assert bob.get(f"/conversations/{group}").json()["title"] == "Before"
    assert carol.get("/conversations").json()["conversations"][0]["id"] == bob.direct(carol), "nothing came of it"
    assert len(carol.get("/conversations").json()["conversations"]) == 1


def test_who_is_muted_reads_takes_back_and_reports(stage):
    alice, bob, carol, group, mine, other = stage
    with alice.connect() as a:
        assert a.emit("message:read", {"conversationId": group, "seq": 2})["ok"]
        assert a.emit("typing", {"conversationId": group, "active": False})["ok"]
        assert a.emit("conversation:join", {"conversationId": group})["ok"]
    direct = bob.direct(alice)
    assert alice.post("/conversations", json={"kind": "direct", "userId": bob.id}).json()["id"] == direct
    assert alice.request("PATCH", "/auth/me", json={}).status_code == 200
    taken = alice.request("DELETE", f"/messages/{other['id']}/reactions/👍")
    assert taken.status_code == 200 and taken.json()["message"]["reactions"] == []
    assert alice.post(f"/messages/{other['id']}/report", json={"reason": "rude"}).status_code == 202
    assert alice.request("DELETE", f"/messages/{mine['id']}").status_code == 200
