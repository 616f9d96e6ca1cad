"""A direct conversation is shown to the other person with its first message, and hidden until the next."""

import concurrent.futures

import pytest

from parley import assert_problem, until


def listed(person):
    return [c["id"] for c in person.get("/conversations").json()["conversations"]]


def told(device):
    """The events about conversations and messages, in their order."""
    return [name for name, _ in device.events if name.startswith("conversation:") or name == "message:received"]


def test_the_other_person_sees_a_direct_conversation_with_its_first_message(people):
    alice, bob = people("alice", "bob")
    with alice.connect() as a, bob.connect() as b, bob.connect() as c:
        direct = alice.open_direct(bob)
        assert a.wait_for("conversation:created")["id"] == direct
        assert a.emit("typing", {"conversationId": direct, "active": True})["ok"]
        assert listed(alice) == [direct] and listed(bob) == []
        assert b.emit("sync", {"known": {}})["conversations"] == []
        assert b.emit("sync", {"known": {direct: 1}})["removed"] == [direct]
        with bob.connect() as late:
            assert late.ready["undelivered"] == {} and late.ready["online"] == []
            message = a.send(direct, "first")
            for device in (b, c, late):
                assert device.wait_for("message:received") == message
                assert told(device) == ["conversation:created", "message:received"], "and nothing before"
                created = device.all("conversation:created")[0]
                assert (created["id"], created["unreadCount"], created["lastSeq"]) == (direct, 1, 1)
                assert created["lastMessage"] == message
                assert not any(t["active"] for t in device.all("typing"))
        assert listed(bob) == [direct]
        second = a.send(direct, "second")
        assert b.wait_for("message:received", lambda m: m["seq"] == 2) == second
        assert told(b).count("conversation:created") == 1
    assert bob.connect().ready["undelivered"] == {direct: 2}


def test_a_first_message_to_a_person_shows_the_conversation_to_both(people):
    alice, bob = people("alice", "bob")
    with alice.connect() as a, alice.connect() as own, bob.connect() as b:
        answer = a.emit("message:send", {"recipientId": bob.id, "text": "first"})
        for device, name in ((own, "message:received"), (b, "message:received")):
            device.wait_for(name)
            assert told(device) == ["conversation:created", "message:received"]
        assert listed(alice) == listed(bob) == [answer["message"]["conversationId"]]


HIDING = {
    "by REST": lambda person, device, id: person.post(f"/conversations/{id}/hide").status_code == 204,
    "by an event": lambda person, device, id: device.emit("conversation:hide", {"conversationId": id}) == {"ok": True},
}


@pytest.mark.parametrize("how", HIDING)
def test_a_hidden_conversation_comes_back_with_a_message(people, how):
    alice, bob, carol = people("alice", "bob", "carol")
    direct, group = alice.direct(bob), alice.group(bob)
    alice.send(direct, "before")
    with alice.connect() as a, bob.connect() as b, bob.connect() as other:
        revision = b.emit("sync", {"known": {}})["conversations"][-1]["revision"]
        for sender in (alice, bob):
            for device in (a, b, other):
                device.forget()
            assert HIDING[how](bob, b, direct)
            for device in (b, other):
                removed = device.wait_for("conversation:removed")
                assert removed == {"id": direct, "revision": removed["revision"]} and removed["revision"] > 0
            assert listed(bob) == [group] and direct in listed(alice)
            assert b.emit("sync", {"known": {direct: revision, group: 1}})["removed"] == [direct]
            with bob.connect() as late:
                assert direct not in late.ready["undelivered"]
            assert bob.get(f"/conversations/{direct}").status_code == 200
            assert bob.get(f"/messages?conversationId={direct}").json()["messages"]
            message = sender.send(direct, "after")
            for device in (b, other):
                assert device.wait_for("message:received", lambda m: m["id"] == message["id"]) == message
                assert told(device) == ["conversation:removed", "conversation:created", "message:received"]
            a.wait_for("message:received", lambda m: m["id"] == message["id"])
            assert told(a) == ["message:received"], "nobody else sees that it was hidden"
            assert set(listed(bob)) == {direct, group}
    assert HIDING["by REST"](bob, None, direct) and HIDING["by REST"](bob, None, direct)
    assert bob.open_direct(alice) == direct
    assert direct in listed(bob)
    refused = bob.post(f"/conversations/{group}/hide")
    assert_problem(refused, 422, "validation_failed", "conversationId")
    assert "a group is left, not hidden" in refused.json()["detail"]
    assert_problem(carol.post(f"/conversations/{direct}/hide"), 404, "not_found")
    assert_problem(carol.post("/conversations/nonsense/hide"), 404, "not_found")


def test_hiding_and_writing_at_once_ends_as_the_database_says(server, people):
    alice, bob = people("alice", "bob")
    direct = alice.direct(bob)
    with bob.connect() as device, concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in range(15):
            list(pool.map(lambda act: act(), [
                lambda: alice.send(direct, "x"), lambda: bob.post(f"/conversations/{direct}/hide"),
                lambda: alice.send(direct, "y"), lambda: bob.post(f"/conversations/{direct}/hide")]))
            # What comes last of an event of each kind is what the list says.
            is_shown = direct in listed(bob)
            marker = bob.group(title="marker")
            device.wait_for("conversation:created", lambda c: c["id"] == marker)

            def told_last():
                kinds = [n for n, p in list(device.events) if n in ("conversation:created", "conversation:removed")
                         and p["id"] == direct]
                return (kinds or ["conversation:created"])[-1]

            expected = "conversation:created" if is_shown else "conversation:removed"
            until(lambda: told_last() == expected, expected)
            assert bob.open_direct(alice) == direct
            message = alice.send(direct, "in its room")
            device.wait_for("message:received", lambda m: m["id"] == message["id"])
            device.forget()
