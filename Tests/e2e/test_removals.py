"""Removed people stay out; groups that everybody left; who owns a group next."""

import concurrent.futures

import pytest

from parley import assert_problem


def test_who_was_removed_from_a_public_group_stays_out_until_brought_back(people):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob, carol, visibility="public")
    path = f"/conversations/{group}"
    assert alice.request("DELETE", f"{path}/members/{bob.id}").status_code == 204
    with bob.connect() as b:
        for _ in range(2):
            assert_problem(bob.post(f"{path}/join"), 403, "forbidden")
            assert b.emit("conversation:join", {"conversationId": group})["error"]["code"] == "forbidden"
        assert_problem(bob.get(f"/messages?conversationId={group}"), 403, "not_a_member")
        # A member may add anybody here, but not undo the owner's removal.
        assert_problem(carol.post(f"{path}/members", json={"userIds": [bob.id]}), 403, "forbidden")
        assert alice.post(f"{path}/members", json={"userIds": [bob.id]}).status_code == 200
        b.wait_for("conversation:created", lambda c: c["id"] == group)
    # A person who left may come back.
    assert bob.post(f"{path}/leave").status_code == 204
    assert bob.post(f"{path}/join").status_code == 200


def test_a_removal_and_joins_at_once_end_outside(people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob, visibility="public")
    path = f"/conversations/{group}"
    with bob.connect() as b, concurrent.futures.ThreadPoolExecutor(8) as pool:
        def act(number):
            if number == 10:
                return alice.request("DELETE", f"{path}/members/{bob.id}").status_code
            if number % 2:
                return bob.post(f"{path}/join").status_code
            return b.emit("conversation:join", {"conversationId": group})["ok"]

        list(pool.map(act, range(30)))
    assert bob.id not in {m["user"]["id"] for m in alice.get(f"{path}/members").json()["members"]}


def test_who_is_removed_in_sql_stays_out_too(server, people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob, visibility="public")
    server.sql("DELETE FROM members WHERE conversation_id = %s AND user_id = %s", group, bob.id)
    assert_problem(bob.post(f"/conversations/{group}/join"), 403, "forbidden")
    # A person whom SQL adds again is back.
    server.sql(
        "INSERT INTO members (conversation_id, user_id, role) VALUES (%s, %s, 'member')", group, bob.id)
    assert bob.post(f"/conversations/{group}/leave").status_code == 204
    assert bob.post(f"/conversations/{group}/join").status_code == 200


@pytest.mark.parametrize("how", ["left", "removed in SQL"])
def test_a_group_that_everybody_left_is_closed(server, people, how):
    alice, bob, mallory = people("alice", "bob", "mallory")
    group = alice.group(bob, title="Gardening", visibility="public")
    path = f"/conversations/{group}"
    message = alice.send(group, "what was said")
    if how == "left":
        assert alice.post(f"{path}/leave").status_code == bob.post(f"{path}/leave").status_code == 204
    else:
        server.sql("DELETE FROM members WHERE conversation_id = %s", group)
    with mallory.connect() as m:
        assert m.emit("conversation:join", {"conversationId": group})["error"]["code"] == "not_found"
    for person in (mallory, alice):
        assert_problem(person.post(f"{path}/join"), 404, "not_found")
        assert_problem(person.get(path), 404, "not_found")
        assert_problem(person.post(f"{path}/members", json={"userIds": [person.id]}), 404, "not_found")
        found = person.get("/conversations/public?query=Gardening").json()["conversations"]
        assert group not in {c["id"] for c in found}
    assert server.sql("SELECT text FROM moderation.messages WHERE id = %s", message["id"]) == [("what was said",)]


def test_no_closed_account_becomes_the_owner(server, people):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob, carol)
    path = f"/conversations/{group}"
    assert alice.request("PATCH", f"{path}/members/{bob.id}", json={"role": "admin"}).status_code == 200
    server.sql("UPDATE users SET disabled_at = now() WHERE id = %s", bob.id)
    assert alice.post(f"{path}/leave").status_code == 204
    roles = {m["user"]["id"]: m["role"] for m in carol.get(f"{path}/members").json()["members"]}
    assert roles == {bob.id: "admin", carol.id: "owner"}


def test_who_was_put_in_by_a_stranger_owns_a_group_last(people):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob, visibility="public")
    path = f"/conversations/{group}"
    assert carol.post(f"{path}/join").status_code == 200
    assert alice.post(f"{path}/leave").status_code == 204
    roles = {m["user"]["id"]: m["role"] for m in carol.get(f"{path}/members").json()["members"]}
    assert roles == {bob.id: "member", carol.id: "owner"}
