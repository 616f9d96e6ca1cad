"""Conversations: who is told what, owners, lists, marks, search."""

import random

from parley import assert_problem


def test_a_group_always_keeps_an_owner(people):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob, carol, visibility="public")
    path = f"/conversations/{group}"
    assert_problem(
        alice.request("PATCH", f"{path}/members/{alice.id}", json={"role": "member"}), 409, "conflict", "role")
    assert alice.request("PATCH", f"{path}/members/{carol.id}", json={"role": "admin"}).status_code == 200

    def roles(person):
        return {m["user"]["id"]: m["role"] for m in person.get(f"{path}/members").json()["members"]}

    assert alice.post(f"{path}/leave").status_code == 204
    assert roles(bob) == {bob.id: "member", carol.id: "owner"}, "the oldest admin comes before an older member"
    assert carol.post(f"{path}/leave").status_code == 204
    assert roles(bob) == {bob.id: "owner"}


def test_everybody_concerned_is_told(people):
    alice, bob, carol = people("alice", "bob", "carol")
    with alice.connect() as a, bob.connect() as b, carol.connect() as c:
        group = alice.group(bob, visibility="public", title="Before")
        for device in (a, b):
            assert device.wait_for("conversation:created")["id"] == group
        assert c.emit("conversation:join", {"conversationId": group})["ok"]
        assert c.wait_for("conversation:created")["memberCount"] == 3
        for device in (a, b):
            joined = device.wait_for("member:joined")
            assert (joined["conversationId"], joined["userId"]) == (group, carol.id)
            assert (joined["member"]["role"], joined["memberCount"], joined["revision"]) == ("member", 3, 2)
            assert device.wait_for("conversation:updated")["memberCount"] == 3
        alice.request("PATCH", f"/conversations/{group}", json={"title": "After"})
        for device in (a, b, c):
            assert device.wait_for("conversation:updated", lambda x: x["title"] == "After")["revision"] == 3
        alice.request("PATCH", f"/conversations/{group}/members/{bob.id}", json={"role": "admin"})
        updated = b.wait_for("conversation:updated", lambda x: x["revision"] == 4)
        assert {m["user"]["id"]: m["role"] for m in updated["members"]}[bob.id] == "admin"

        message = alice.send(group, "first")
        edited = alice.request("PATCH", f"/messages/{message['id']}", json={"text": "edited"}).json()["message"]
        assert edited["editedAt"] and edited["seq"] == 1 and edited["revision"] == 6
        thumb = "\N{THUMBS UP SIGN}"
        reacted = b.emit("message:react", {"messageId": message["id"], "emoji": thumb, "add": True})["message"]
        assert reacted["reactions"] == [{"emoji": thumb, "userIds": [bob.id]}]
        again = b.emit("message:react", {"messageId": message["id"], "emoji": thumb, "add": True})["message"]
        assert again["revision"] == 7, "reacting twice changes nothing"
        for device in (a, c):
            assert device.wait_for("message:updated", lambda m: m["revision"] == 6) == edited
            assert device.wait_for("message:updated", lambda m: m["revision"] == 7) == reacted
        deleted = bob.request("DELETE", f"/messages/{message['id']}").json()["message"]
        assert deleted["text"] == "" and deleted["reactions"] == [] and deleted["deletedAt"]
        for device in (a, b, c):
            assert device.wait_for("message:deleted") == deleted
        assert_problem(alice.request("PATCH", f"/messages/{message['id']}", json={"text": "x"}), 410, "gone")

        bob.request("DELETE", f"/conversations/{group}/members/{carol.id}")
        assert c.wait_for("conversation:removed") == {"id": group, "revision": 9}
        for device in (a, b):
            left = {"conversationId": group, "userId": carol.id, "memberCount": 2, "revision": 9}
            assert device.wait_for("member:left") == left
        c.forget()
        last = alice.send(group, "carol does not see this")
        b.wait_for("message:received", lambda m: m["id"] == last["id"])
        assert carol.connect().ready["undelivered"] == {}
        assert c.all("message:received") == []
        assert c.emit("sync", {"known": {group: 1}})["removed"] == [group]
        assert_problem(carol.get(f"/messages?conversationId={group}"), 403, "not_a_member")


def test_typing_ends_with_the_message_with_the_device_and_by_itself(people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    with alice.connect() as a:
        b = bob.connect()
        over = {"conversationId": conversation, "userId": bob.id, "active": False}
        sender = {"id": bob.id, "username": bob.username, "displayName": bob.username}
        active = {**over, "active": True, "user": sender}

        def expect(*events):
            a.wait_for("typing", lambda e: a.all("typing") == list(events))
            a.forget()

        b.emit("typing", {"conversationId": conversation, "active": True})
        b.send(conversation, "done")
        expect(active, over)
        b.emit("typing", {"conversationId": conversation, "active": True})
        b.close()
        expect(active, over)
        with bob.connect() as b:
            b.emit("typing", {"conversationId": conversation, "active": True})
            expect(active)
            a.wait_for("typing", lambda e: e == over)


def test_direct_conversations_are_one_per_pair(people):
    alice, bob = people("alice", "bob")
    ids = {alice.direct(bob), bob.direct(alice), alice.direct(bob)}
    assert len(ids) == 1
    body = {"kind": "direct", "userId": alice.id}
    assert_problem(alice.post("/conversations", json=body), 422, "validation_failed", "userId")


def test_lists_come_in_pages_without_gaps(people):
    alice, bob = people("alice", "bob")
    groups = [alice.group(title=f"Group {n}") for n in range(7)]
    random.Random(1).shuffle(groups)
    for group in groups:
        alice.send(group)
    seen, cursor = [], ""
    while True:
        page = alice.get(f"/conversations?limit=3{cursor}").json()
        seen += [c["id"] for c in page["conversations"]]
        if "nextCursor" not in page:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert seen == groups[::-1], "latest activity first"
    assert_problem(alice.get("/conversations?cursor=x"), 400, "malformed_request", "cursor")
    assert bob.get("/conversations").json() == {"conversations": []}


def test_public_groups_are_found_by_the_beginnings_of_their_words(people):
    alice, bob = people("alice", "bob")
    gardening = alice.group(title="Zzgardening for Beginners", visibility="public")
    alice.group(title="Zzgardening in secret")
    found = bob.get("/conversations/public?query=begin zzgard").json()["conversations"]
    assert [(c["id"], c["memberCount"], c["members"]) for c in found] == [(gardening, 1, [])]
    assert bob.get("/conversations/public?query=zzgarden'); x").json()["conversations"] == []


# Marks and searching


def test_marks_unread_and_status(people):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob, carol)
    messages = [alice.send(group, str(n)) for n in range(5)]
    bob.send(group, "bob's own")

    def unread(person):
        return person.get(f"/conversations/{group}").json()["unreadCount"]

    def statuses():
        return [m["status"] for m in alice.get(f"/messages?conversationId={group}").json()["messages"]]

    assert (unread(alice), unread(bob), unread(carol)) == (1, 5, 6)
    with alice.connect() as a, bob.connect() as b, carol.connect() as c:
        b.emit("message:delivered", {"conversationId": group, "seq": 4})
        assert a.wait_for("message:status") == {
            "conversationId": group, "userId": bob.id, "deliveredSeq": 4, "readSeq": 0}
        assert statuses() == ["sent"] * 6, "delivered is delivered to all others"
        c.emit("message:read", {"conversationId": group, "seq": 3})
        assert statuses() == ["delivered"] * 3 + ["sent"] * 3
        b.emit("message:read", {"conversationId": group, "seq": 2})
        assert statuses() == ["read"] * 2 + ["delivered"] + ["sent"] * 3
        a.forget()
        assert b.emit("message:read", {"conversationId": group, "seq": 1}) == {"ok": True}
        assert c.emit("message:read", {"conversationId": group, "seq": 999}) == {"ok": True}
        latest = a.wait_for("message:status")
        assert (latest["userId"], latest["readSeq"]) == (carol.id, 6), "never back, never past the last"
        assert (unread(bob), unread(carol)) == (3, 0)
        alice.request("DELETE", f"/messages/{messages[4]['id']}")
        assert unread(bob) == 2
        assert b.emit("message:read", {"conversationId": group, "seq": -1})["error"]["field"] == "seq"


def test_search_finds_words_in_ones_own_conversations_only(people):
    alice, bob, eve = people("alice", "bob", "eve")
    ours, group = alice.direct(bob), alice.group(bob)
    once = alice.send(ours, "the quick brown xylophone jumps over several other words")
    often = bob.send(group, "Xylophone xylophone, XYLOPHONE!")
    alice.send(ours, "nothing of the kind")
    gone = alice.send(ours, "xylophone to be deleted")
    alice.request("DELETE", f"/messages/{gone['id']}")
    changed = alice.send(ours, "before")
    alice.request("PATCH", f"/messages/{changed['id']}", json={"text": "a glockenspiel"})

    def search(person, query):
        answer = person.get(f"/messages/search?{query}")
        assert answer.status_code == 200, answer.text
        return [m["id"] for m in answer.json()["messages"]]

    assert search(bob, "q=xylophone") == [often["id"], once["id"]], "newest first"
    assert search(bob, f"q=xylophone&conversationId={ours}") == [once["id"]]
    assert search(bob, f"q=xylophone&before={often['id']}") == [once["id"]]
    assert search(bob, "q=xylophone -brown") == search(bob, "q=xylophone+-brown") == [often["id"]]
    assert search(bob, 'q="quick brown"') == [once["id"]]
    assert search(bob, "q=glockenspiel") == [changed["id"]] and search(bob, "q=before") == []
    assert search(eve, "q=xylophone") == []
    assert search(bob, "q=' OR & | ! ( <-> \\") == []
    page = bob.get("/messages/search?q=xylophone&limit=1").json()
    assert len(page["messages"]) == 1 and page["hasMore"] is True
    assert_problem(bob.get("/messages/search?q="), 422, "validation_failed", "q")
    assert_problem(eve.get(f"/messages/search?q=xylophone&conversationId={ours}"), 404, "not_found")
