"""What changes without a revision is right after every reconnect: marks, and people's profiles."""

import pytest

from parley import PATIENCE, until
from pictures import picture
from sockets import Returning


def marks_of(answer):
    return {(m["conversationId"], m["userId"]): m for m in answer["marks"]}


def test_a_device_that_was_away_learns_of_marks_and_profiles(server, people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob)
    with bob.connect() as device:
        cursor = device.ready["cursor"]
    for n in range(5):
        alice.send(group, f"{n}")
    with bob.connect() as other:
        other.emit("message:read", {"conversationId": group, "seq": 3})
    with alice.connect() as theirs:
        theirs.emit("message:read", {"conversationId": group, "seq": 5})
    assert alice.request("PATCH", "/auth/me", json={"displayName": "Alice the Second"}).status_code == 200
    with bob.connect() as device:
        revision = device.emit("sync", {"known": {}})["conversations"][0]["revision"]
        answer = device.emit("sync", {"known": {group: revision}, "cursor": cursor})
        assert answer["conversations"] == [] and "moreMarks" not in answer
        marks = marks_of(answer)
        assert marks[group, bob.id] == {
            "conversationId": group, "userId": bob.id, "deliveredSeq": 3, "readSeq": 3, "unreadCount": 2, "unreadMentions": 0,
            "notifications": "all", "pinned": False, "archived": False, "markedUnread": False,
            "settingsVersion": marks[group, bob.id]["settingsVersion"]}
        assert marks[group, alice.id] == {"conversationId": group, "userId": alice.id, "deliveredSeq": 5, "readSeq": 5}
        assert [u["displayName"] for u in answer["users"]] == ["Alice the Second"]
        # While other transactions of the cluster are under way, something may come twice.
        def comes_again():
            nonlocal answer
            answer = device.emit("sync", {"known": {group: revision}, "cursor": answer["cursor"]})
            return answer["marks"] + answer["users"]

        until(lambda: not comes_again(), "an empty answer")
        first = device.emit("sync", {"known": {group: revision}})
        assert (first["marks"], first["users"]) == ([], []) and first["cursor"]
        lost = device.emit("sync", {"known": {group: revision}, "cursor": "from another server"})
        assert set(marks_of(lost)) == {(group, alice.id), (group, bob.id)}, "everything, from the beginning"
        refused = device.emit("sync", {"known": {}, "cursor": 7})
        assert (refused["error"]["code"], refused["error"]["field"]) == ("validation_failed", "cursor")


def test_members_whom_sql_adds_or_promotes_reach_every_device(server, people):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob)
    with Returning(bob) as b, Returning(carol) as c:
        server.sql("UPDATE members SET role = 'admin' WHERE conversation_id = %s AND user_id = %s", group, bob.id)
        b.wait_for_ready(2)
        changed = b.client.call("sync", {"known": {group: 1}}, timeout=PATIENCE)["conversations"]
        assert [(x["revision"], x["conversation"]["me"]["role"]) for x in changed] == [(2, "admin")]
        server.sql("INSERT INTO members (conversation_id, user_id, role) VALUES (%s, %s, 'member')", group, carol.id)
        c.wait_for_ready(2)
        alice.send(group, "to carol, too")
        c.wait_for_text("to carol, too")
    with alice.connect() as a:
        changed = a.emit("sync", {"known": {group: 2}})["conversations"][0]["conversation"]
        assert (changed["revision"], changed["memberCount"]) == (4, 3)
    assert server.sql("SELECT detail->>'role' FROM moderation.audit_log WHERE action = 'member.role'") == [("admin",)]


CHANGES = {
    "by the user": lambda server, person, upload: person.request(
        "PATCH", "/auth/me", json={"displayName": "Renamed", "about": "new", "avatarUploadId": upload["id"]}),
    "in SQL": lambda server, person, upload: server.sql(
        "UPDATE users SET display_name = 'Renamed', about = 'new', avatar_upload_id = %s WHERE id = %s",
        upload["id"], person.id),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_changed_profile_is_told_to_whoever_sees_the_user_come_and_go(server, people, how):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob)
    upload = alice.upload(picture("png", 8, 8), "me.png")
    with alice.connect() as own, bob.connect() as near, carol.connect() as stranger:
        CHANGES[how](server, alice, upload)
        for device in (own, near):
            changed = device.wait_for("user:updated")
            assert (changed["id"], changed["displayName"], changed["about"]) == (alice.id, "Renamed", "new")
            assert changed["avatar"]["id"] == upload["id"] and changed["status"] == "online"
        near.forget()
        # A picture that a moderator removes is gone from the profile.
        server.sql("UPDATE uploads SET removed_at = now() WHERE id = %s", upload["id"])
        assert "avatar" not in near.wait_for("user:updated")
        alice.send(group, "end")
        near.wait_for("message:received")
        assert stranger.all("user:updated") == []
