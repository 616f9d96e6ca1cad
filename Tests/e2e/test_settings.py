"""How much of a conversation somebody wants to be told: their own, on all their devices, and nobody else's."""

import pytest

from parley import assert_problem
from sockets import Returning

DEFAULTS = {"notifications": "all", "pinned": False, "archived": False, "markedUnread": False}
MARKS = {"role": "owner", "deliveredSeq": 0, "readSeq": 0}
END = "2040-01-02T03:04:05.678Z"


def plain(settings):
    """Without their version, which depends on what else the database does."""
    return {name: value for name, value in settings.items() if name != "settingsVersion"}


def own(person, conversation):
    return plain(person.get(f"/conversations/{conversation}").json()["me"])


def test_settings_follow_to_the_other_devices_and_to_nobody_else(server, people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob)
    assert own(alice, group) == {**MARKS, **DEFAULTS}
    with alice.connect() as here, alice.connect() as there, bob.connect() as other:
        asked = {"notifications": "mentions", "mutedUntil": END, "pinned": True}
        answer = alice.request("PATCH", f"/conversations/{group}/me", json=asked)
        assert answer.status_code == 200 and plain(answer.json()["me"]) == {**MARKS, **DEFAULTS, **asked}
        version = answer.json()["me"]["settingsVersion"]
        for device in (here, there):
            assert device.wait_for("user:settings") == {
                "conversationId": group, **DEFAULTS, **asked, "settingsVersion": version}
            device.forget()
        # What is so already is told to nobody.
        again = alice.request("PATCH", f"/conversations/{group}/me", json=asked)
        assert again.status_code == 200 and again.json()["me"] == answer.json()["me"]
        answer = here.emit("conversation:settings", {"conversationId": group, "mutedUntil": None, "archived": True})
        expected = {**DEFAULTS, "notifications": "mentions", "pinned": True, "archived": True}
        assert answer["ok"] and plain(answer["conversation"]["me"]) == {**MARKS, **expected}
        later = answer["conversation"]["me"]["settingsVersion"]
        assert later > version
        assert there.wait_for("user:settings") == {"conversationId": group, **expected, "settingsVersion": later}
        assert len(there.all("user:settings")) == 1
        # Whatever was told before this message was told to them, too.
        alice.send(group, "end")
        other.wait_for("message:received")
        assert other.all("user:settings") == [] and other.all("message:status") == []
    assert own(bob, group) == {**MARKS, **DEFAULTS, "role": "member"}
    assert [c["me"]["pinned"] for c in alice.get("/conversations").json()["conversations"]] == [True]
    assert "me" not in alice.get(f"/conversations/{group}").json()["members"][0]


def test_a_device_that_was_away_learns_of_settings(server, people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob)
    with alice.connect() as device, bob.connect() as other:
        cursors = {alice: device.ready["cursor"], bob: other.ready["cursor"]}
    changed = alice.request("PATCH", f"/conversations/{group}/me", json={"markedUnread": True, "mutedUntil": END})
    assert changed.ok
    for person in (alice, bob):
        with person.connect() as device:
            answer = device.emit("sync", {"known": {group: 1}, "cursor": cursors[person]})
            found = [m for m in answer["marks"] if m["userId"] == alice.id]
            settings = {**DEFAULTS, "markedUnread": True, "mutedUntil": END}
            settings["settingsVersion"] = changed.json()["me"]["settingsVersion"]
            # Others may see the mark again, while other transactions of the cluster are under way, but nothing else.
            if person is alice:
                assert [{name: m[name] for name in settings} for m in found] == [settings]
            else:
                assert all(set(m) == {"conversationId", "userId", "deliveredSeq", "readSeq"} for m in found)


def test_reading_takes_back_what_is_marked_as_unread(server, people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob)
    seq = alice.send(group)["seq"]
    with bob.connect() as here, bob.connect() as there, alice.connect() as other:
        assert here.emit("message:read", {"conversationId": group, "seq": seq})["ok"]
        other.wait_for("message:status", lambda s: s["readSeq"] == seq)
        other.forget()
        here.emit("conversation:settings", {"conversationId": group, "markedUnread": True})
        assert there.wait_for("user:settings")["markedUnread"] is True
        there.forget()
        # The mark does not move, and others are told nothing.
        assert here.emit("message:read", {"conversationId": group, "seq": seq})["ok"]
        assert there.wait_for("user:settings")["markedUnread"] is False
        assert own(bob, group)["markedUnread"] is False
        bob.send(group, "end")
        other.wait_for("message:received")
        assert all(s["userId"] != bob.id for s in other.all("message:status"))


def test_settings_that_sql_changes_reach_every_device(server, people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob)
    with Returning(bob) as device:
        server.sql("UPDATE members SET notifications = 'none' WHERE conversation_id = %s AND user_id = %s", group, bob.id)
        device.wait_for_ready(2)
    assert own(bob, group)["notifications"] == "none" and own(alice, group)["notifications"] == "all"


def test_only_members_have_settings(server, people):
    alice, bob = people("alice", "bob")
    secret, public = alice.group(), alice.group(visibility="public")
    for group, status, code in ((secret, 404, "not_found"), (public, 403, "not_a_member"), ("nonsense", 404, "not_found")):
        assert_problem(bob.request("PATCH", f"/conversations/{group}/me", json={"pinned": True}), status, code)
        with bob.connect() as device:
            refused = device.emit("conversation:settings", {"conversationId": group, "pinned": True})
            assert refused["error"]["code"] == code
    assert bob.post(f"/conversations/{public}/join").ok
    assert bob.request("PATCH", f"/conversations/{public}/me", json={"pinned": True}).json()["me"]["pinned"] is True
    assert bob.post(f"/conversations/{public}/leave").status_code == 204 and bob.post(f"/conversations/{public}/join").ok
    assert own(bob, public)["pinned"] is False, "who comes back begins anew"


@pytest.mark.parametrize("settings, field", [
    ({"notifications": "some"}, "notifications"), ({"notifications": False}, "notifications"),
    ({"mutedUntil": "tomorrow"}, "mutedUntil"), ({"mutedUntil": 5}, "mutedUntil"), ({"pinned": "yes"}, "pinned"),
])
def test_other_values_are_refused_by_rest_and_socket_alike(server, people, settings, field):
    alice, = people("alice")
    group = alice.group()
    assert_problem(
        alice.request("PATCH", f"/conversations/{group}/me", json=settings), 422, "validation_failed", field=field)
    with alice.connect() as device:
        error = device.emit("conversation:settings", {"conversationId": group, **settings})["error"]
        assert (error["code"], error["field"]) == ("validation_failed", field)
    assert own(alice, group) == {**MARKS, **DEFAULTS}
