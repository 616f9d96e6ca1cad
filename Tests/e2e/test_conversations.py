"""Who may do what in a conversation, and who is told what: every role and every act, by REST and by sockets."""

import random

import pytest

from parley import assert_problem

OK = "ok"
STATUS = {"forbidden": 403, "not_a_member": 403, "not_found": 404, "validation_failed": 422, "conflict": 409, "gone": 410}
ROLES = ("owner", "admin", "member", "outsider")


@pytest.fixture(scope="module")
def cast(server):
    """Six people. Each act gets new groups of them, because acts change groups."""
    names = ("owner", "admin", "member", "outsider", "other_admin", "other", "stranger")
    return dict(zip(names, server.people(*names)))


class Scene:
    def __init__(self, cast, kind):
        self.cast, self.kind = cast, kind
        owner = cast["owner"]
        if kind == "direct":
            self.id = owner.direct(cast["member"])
        else:
            members = [cast[name] for name in ("admin", "member", "other_admin", "other")]
            self.id = owner.group(*members, visibility=kind)
            for name in ("admin", "other_admin"):
                answer = owner.request("PATCH", self.path(f"/members/{cast[name].id}"), json={"role": "admin"})
                assert answer.status_code == 200
        self.message = owner.send(self.id, "the owner's")["id"]

    def somebody(self, person, name):
        """The id of another member: `name`, or the other member of a direct conversation."""
        if self.kind == "direct":
            name = "owner" if person is self.cast["member"] else "member"
        return self.cast[name].id

    def path(self, rest=""):
        return f"/conversations/{self.id}{rest}"


ACTS = {
    "see": lambda p, s: p.get(s.path()),
    "history": lambda p, s: p.get(f"/messages?conversationId={s.id}"),
    "changes": lambda p, s: p.get(f"/messages?conversationId={s.id}&sinceRevision=0"),
    "search": lambda p, s: p.get(f"/messages/search?q=x&conversationId={s.id}"),
    "members": lambda p, s: p.get(s.path("/members")),
    "send": lambda p, s: p.post("/messages", json={"conversationId": s.id, "text": "x"}),
    "rename": lambda p, s: p.request("PATCH", s.path(), json={"title": "New"}),
    "add": lambda p, s: p.post(s.path("/members"), json={"userIds": [s.cast["stranger"].id]}),
    "remove a member": lambda p, s: p.request("DELETE", s.path(f"/members/{s.somebody(p, 'other')}")),
    "remove an admin": lambda p, s: p.request("DELETE", s.path(f"/members/{s.somebody(p, 'other_admin')}")),
    "promote": lambda p, s: p.request("PATCH", s.path(f"/members/{s.somebody(p, 'other')}"), json={"role": "admin"}),
    "join": lambda p, s: p.post(s.path("/join")),
    "leave": lambda p, s: p.post(s.path("/leave")),
    "find message": lambda p, s: p.get(f"/messages/{s.message}"),
    "edit": lambda p, s: p.request("PATCH", f"/messages/{s.message}", json={"text": "changed"}),
    "delete": lambda p, s: p.request("DELETE", f"/messages/{s.message}"),
    "react": lambda p, s: p.request("PUT", f"/messages/{s.message}/reactions/\N{THUMBS UP SIGN}"),
    "report": lambda p, s: p.post(f"/messages/{s.message}/report", json={"reason": "rude"}),
}

# For owner, admin, member and outsider. The owner sent the message that is edited, deleted and so on.
GROUP = {
    "see": (OK, OK, OK, "not_found"),
    "history": (OK, OK, OK, "not_found"),
    "changes": (OK, OK, OK, "not_found"),
    "search": (OK, OK, OK, "not_found"),
    "members": (OK, OK, OK, "not_found"),
    "send": (OK, OK, OK, "not_found"),
    "rename": (OK, OK, "forbidden", "not_found"),
    "add": (OK, OK, "forbidden", "not_found"),
    "remove a member": (OK, OK, "forbidden", "not_found"),
    "remove an admin": (OK, "forbidden", "forbidden", "not_found"),
    "promote": (OK, "forbidden", "forbidden", "not_found"),
    "join": (OK, OK, OK, "not_found"),
    "leave": (OK, OK, OK, "not_found"),
    "find message": (OK, OK, OK, "not_found"),
    "edit": (OK, "forbidden", "forbidden", "not_found"),
    "delete": (OK, OK, "forbidden", "not_found"),
    "react": (OK, OK, OK, "not_found"),
    "report": (OK, OK, OK, "not_found"),
}
# An outsider sees and joins a public group, and sees none of its messages.
PUBLIC = {act: codes[:3] + ("not_a_member",) for act, codes in GROUP.items()} | {
    "see": (OK, OK, OK, OK),
    "add": (OK, OK, OK, "not_a_member"),
    "join": (OK, OK, OK, OK),
    **{act: GROUP[act] for act in ("find message", "edit", "delete", "react", "report")},
}
DIRECT = {act: (codes[0], None, codes[2], codes[3]) for act, codes in GROUP.items()} | {
    act: ("forbidden", None, "forbidden", "not_found")
    for act in ("rename", "add", "remove a member", "remove an admin", "promote", "leave")}


@pytest.mark.parametrize("kind, table", [("private", GROUP), ("public", PUBLIC), ("direct", DIRECT)])
def test_every_role_and_every_act(cast, kind, table):
    for act, codes in table.items():
        for role, code in zip(ROLES, codes):
            if code is None:
                continue
            scene = Scene(cast, kind)
            before = cast["owner"].get(scene.path()).json()
            answer = ACTS[act](cast[role], scene)
            if code == OK:
                assert answer.status_code < 300, (kind, act, role, answer.text)
            else:
                assert (answer.status_code, answer.json()["code"]) == (STATUS[code], code), (kind, act, role, answer.text)
                after = cast["owner"].get(scene.path()).json()
                assert after["revision"] == before["revision"], (kind, act, role, "a refusal changes nothing")


EVENTS = {
    "message:send": lambda s: {"conversationId": s.id, "text": "x"},
    "message:edit": lambda s: {"messageId": s.message, "text": "changed"},
    "message:delete": lambda s: {"messageId": s.message},
    "message:react": lambda s: {"messageId": s.message, "emoji": "\N{THUMBS UP SIGN}", "add": True},
    "message:delivered": lambda s: {"conversationId": s.id, "seq": 1},
    "message:read": lambda s: {"conversationId": s.id, "seq": 1},
    "typing": lambda s: {"conversationId": s.id, "active": True},
    "conversation:join": lambda s: {"conversationId": s.id},
    "conversation:leave": lambda s: {"conversationId": s.id},
}
SAME_BY_REST = {
    "message:send": "send", "message:edit": "edit", "message:delete": "delete", "message:react": "react",
    "message:delivered": "history", "message:read": "history", "typing": "history",
    "conversation:join": "join", "conversation:leave": "leave",
}


@pytest.mark.parametrize("kind, table", [("private", GROUP), ("public", PUBLIC), ("direct", DIRECT)])
def test_events_are_refused_as_requests_are(cast, kind, table):
    devices = {role: cast[role].connect() for role in ROLES}
    try:
        for event, payload in EVENTS.items():
            for role, code in zip(ROLES, table[SAME_BY_REST[event]]):
                if code is None:
                    continue
                scene = Scene(cast, kind)
                answer = devices[role].emit(event, payload(scene))
                found = OK if answer["ok"] else answer["error"]["code"]
                assert found == code, (kind, event, role, answer)
    finally:
        for device in devices.values():
            device.close()


def test_ids_that_do_not_exist_are_not_found(cast):
    person = cast["owner"]
    for id in ("01a1fbfe-c86c-7e67-a7d1-b1bed26d1f9e", "nonsense"):
        for method, path, body in [
            ("GET", f"/conversations/{id}", None), ("PATCH", f"/conversations/{id}", {"title": "x"}),
            ("POST", f"/conversations/{id}/join", None), ("POST", f"/conversations/{id}/leave", None),
            ("GET", f"/conversations/{id}/members", None), ("GET", f"/messages/{id}", None),
            ("PATCH", f"/messages/{id}", {"text": "x"}), ("DELETE", f"/messages/{id}", None),
            ("GET", f"/messages?conversationId={id}", None), ("POST", f"/messages/{id}/report", {"reason": "x"}),
        ]:
            assert_problem(person.request(method, path, json=body), 404, "not_found")


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
        assert c.wait_for("conversation:removed") == {"id": group}
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
