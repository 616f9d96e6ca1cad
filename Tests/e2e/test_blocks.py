"""Blocks: nothing direct of a blocked person arrives, and neither sees the other's presence."""

from parley import assert_problem


def block(person, other, method="PUT"):
    assert person.request(method, f"/users/{other.id}/block").status_code == 204


def test_nothing_direct_of_a_blocked_person_arrives(people):
    bob, mallory, carol = people("bob", "mallory", "carol")
    direct = mallory.direct(bob)
    mine, theirs = mallory.send(direct, "before"), bob.send(direct, "hello")
    with bob.connect() as b, bob.connect() as other, mallory.connect() as m:
        assert bob.id in m.ready["online"]
        block(bob, mallory)
        block(bob, mallory)
        assert other.wait_for("user:blocked") == {"userId": mallory.id, "blocked": True}
        # Each sees the other go offline.
        assert m.wait_for("user:status", lambda s: s["userId"] == bob.id) == {"userId": bob.id, "status": "offline"}
        b.wait_for("user:status", lambda s: s["userId"] == mallory.id and s["status"] == "offline")
        b.forget()
        for method, path, body in [
            ("POST", "/messages", {"conversationId": direct, "text": "x"}),
            ("POST", "/messages", {"recipientId": bob.id, "text": "x"}),
            ("PATCH", f"/messages/{mine['id']}", {"text": "x"}),
            ("PUT", f"/messages/{theirs['id']}/reactions/👍", None),
            ("POST", "/conversations", {"kind": "group", "title": "x", "memberIds": [carol.id, bob.id]}),
            ("POST", f"/conversations/{mallory.group(visibility='public')}/members", {"userIds": [bob.id]}),
        ]:
            assert_problem(mallory.request(method, path, json=body), 403, "forbidden")
        for name, payload in [
            ("message:send", {"conversationId": direct, "text": "x"}), ("message:send", {"recipientId": bob.id, "text": "x"}),
            ("message:edit", {"messageId": mine["id"], "text": "x"}), ("typing", {"conversationId": direct, "active": True}),
            ("message:react", {"messageId": theirs["id"], "emoji": "👍", "add": True}),
        ]:
            assert m.emit(name, payload)["error"]["code"] == "forbidden", name
        carol.send(carol.direct(bob), "the last")
        b.wait_for("message:received")
        assert [name for name, payload in b.events if mallory.id in str(payload)] == []
    assert [u["id"] for u in bob.get("/users/blocked").json()["users"]] == [mallory.id]
    assert mallory.get("/users/blocked").json()["users"] == []
    # The other direction stays open, and a block can be taken back.
    assert bob.send(direct, "I may")["seq"] == 3
    block(bob, mallory, "DELETE")
    block(bob, mallory, "DELETE")
    assert mallory.send(direct, "again")["seq"] == 4


def test_a_blocked_person_opens_no_conversation(people):
    bob, mallory = people("bob", "mallory")
    block(bob, mallory)
    assert_problem(mallory.post("/conversations", json={"kind": "direct", "userId": bob.id}), 403, "forbidden")
    assert_problem(mallory.post("/messages", json={"recipientId": bob.id, "text": "x"}), 403, "forbidden")
    assert bob.get("/conversations").json()["conversations"] == []


def test_two_of_whom_one_is_blocked_do_not_see_each_other_come(people):
    bob, mallory, carol = people("bob", "mallory", "carol")
    group = carol.group(bob, mallory)
    block(bob, mallory)
    with carol.connect() as c, mallory.connect() as m:
        with bob.connect() as b:
            c.wait_for("user:status", lambda s: s["userId"] == bob.id and s["status"] == "online")
            assert mallory.id not in b.ready["online"] and carol.id in b.ready["online"]
            # Messages in the group go on, and nothing shows the other's presence.
            message = mallory.send(group, "to all")
            b.wait_for("message:received", lambda got: got["id"] == message["id"])
            carol.request("PATCH", f"/conversations/{group}", json={"title": "New"})
            seen = [b.wait_for("conversation:updated"), bob.get(f"/conversations/{group}").json()]
            shown = [m.wait_for("conversation:updated"), mallory.get(f"/conversations/{group}").json(),
                     mallory.get("/conversations").json()["conversations"][0]]
            for view, other in [(v, mallory) for v in seen] + [(v, bob) for v in shown]:
                user = next(x["user"] for x in view["members"] if x["user"]["id"] == other.id)
                assert user["status"] == "offline" and "lastSeenAt" not in user
            listed = mallory.get(f"/conversations/{group}/members").json()["members"]
            found = mallory.get(f"/users?query={bob.username}").json()["users"]
            for user in [mallory.get(f"/users/{bob.id}").json(), *found,
                         *(x["user"] for x in listed if x["user"]["id"] == bob.id)]:
                assert user["status"] == "offline" and "lastSeenAt" not in user
            assert carol.get(f"/users/{bob.id}").json()["status"] == "online"
        c.wait_for("user:status", lambda s: s["userId"] == bob.id and s["status"] == "offline")
        assert [s for s in m.all("user:status") if s["userId"] == bob.id] == []


def test_what_cannot_be_blocked(server, people):
    bob, carol = people("bob", "carol")
    assert_problem(bob.request("PUT", f"/users/{bob.id}/block"), 422, "validation_failed")
    assert_problem(bob.request("PUT", "/users/nobody/block"), 404, "not_found")
    assert bob.request("DELETE", "/users/nobody/block").status_code == 204
    server.sql(
        """WITH people AS (
            INSERT INTO users (id, username, display_name)
            SELECT gen_random_uuid(), 'blocked-' || n, 'x' FROM generate_series(1, 1000) n RETURNING id)
        INSERT INTO blocks (blocker_id, blocked_id) SELECT %s, id FROM people""", bob.id)
    assert_problem(bob.request("PUT", f"/users/{carol.id}/block"), 403, "forbidden")
