"""Who may not speak, who was sent away, and what nobody is in any more: the rules hold on every way there is."""

import concurrent.futures

import re

import pytest

from moderation import picture
from parley import assert_problem


def mute(server, person):
    server.sql("UPDATE users SET muted_until = now() + interval '1 hour' WHERE id = %s", person.id)


# Mutes


@pytest.fixture
def stage(server, people):
    """Alice, an owner with a message and a reaction of hers, who is muted; Bob and Carol hear her."""
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
        # Beside that she is there, and what she had said before.
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


# Who was removed


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
        # A member may add anybody here, but not undo what the owner did.
        assert_problem(carol.post(f"{path}/members", json={"userIds": [bob.id]}), 403, "forbidden")
        assert alice.post(f"{path}/members", json={"userIds": [bob.id]}).status_code == 200
        b.wait_for("conversation:created", lambda c: c["id"] == group)
    # Who leaves may come back.
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
    # And is back as SQL has it.
    server.sql(
        "INSERT INTO members (conversation_id, user_id, role) VALUES (%s, %s, 'member')", group, bob.id)
    assert bob.post(f"/conversations/{group}/leave").status_code == 204
    assert bob.post(f"/conversations/{group}/join").status_code == 200


# Groups without members


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


# URLs of files


def urls(person, group):
    """The URL of each file and thumbnail that the group's newest message carries, as `person` sees it."""
    newest = person.get(f"/messages?conversationId={group}&limit=1").json()["messages"][0]
    return [url for u in newest["attachments"] for url in (u["url"], *(t["url"] for t in u["thumbnails"]))]


def pass_minutes(server, group):
    """As if five minutes had gone by since whoever went last: the next epoch has begun."""
    server.sql(
        """UPDATE conversations SET url_epoch = greatest(previous_url_epoch + 1, floor(extract(epoch FROM now())) - 1)
            WHERE id = %s""", group)


GOINGS = {
    "removed": lambda server, alice, bob, group: alice.request("DELETE", f"/conversations/{group}/members/{bob.id}"),
    "left": lambda server, alice, bob, group: bob.post(f"/conversations/{group}/leave"),
    "removed in SQL": lambda server, alice, bob, group: server.sql(
        "DELETE FROM members WHERE conversation_id = %s AND user_id = %s", group, bob.id),
}


@pytest.mark.parametrize("how", GOINGS)
def test_urls_end_minutes_after_somebody_went_and_new_ones_go_on(server, people, how):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob, carol)
    upload, mine = alice.upload(picture(), "picture.png"), bob.upload(picture(), "bob.png")
    with bob.connect() as device:
        alice.send(group, "", attachments=[upload["id"]])
        live = device.wait_for("message:received")["attachments"][0]
    held = urls(bob, group)
    shown = bob.get(f"/upload/{upload['id']}").json()["url"]
    assert len(held) > 1 and live["url"] == held[0] == shown == urls(carol, group)[0]
    GOINGS[how](server, alice, bob, group)
    # Nothing of it any more by who they are; what the others have on their screens does not break at once.
    for path in (*held, f"/upload/{upload['id']}"):
        bare = path.split("?")[0]
        assert_problem(bob.get(bare), 404, "not_found")
        assert carol.get(bare).status_code == 200
    for url in held:
        answer = server.request("GET", url)
        assert answer.status_code == 200
        assert int(re.search(r"max-age=(\d+)", answer.headers["Cache-Control"])[1]) <= 300
    assert urls(carol, group) == held, "what is signed until they end, ends with them"
    pass_minutes(server, group)
    fresh = urls(carol, group)
    assert set(fresh).isdisjoint(held)
    for url in held:
        for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-9"}),
                                ("GET", {"If-None-Match": "*"})):
            answer = server.request(method, url, headers=headers)
            assert answer.status_code == 401, (method, headers, answer.status_code)
        assert_problem(server.request("GET", url), 401, "token_expired")
        assert_problem(bob.get(url), 401, "token_expired")
    assert urls(carol, group) == fresh, "they stay as they are until the next one goes"
    for url in (*fresh, carol.get(f"/upload/{upload['id']}").json()["url"]):
        assert server.request("GET", url).status_code == 200
    for own in (mine["url"], bob.get(f"/upload/{mine['id']}").json()["url"], upload["url"]):
        assert server.request("GET", own).status_code == 200, "their owners' stay"


def test_urls_of_another_conversation_and_of_avatars_go_on(server, people):
    alice, bob, carol = people("alice", "bob", "carol")
    first, second = alice.group(bob), alice.group(carol)
    upload = alice.upload(picture(), "picture.png")
    for group in (first, second):
        alice.send(group, "", attachments=[upload["id"]])
    held, other = urls(bob, first), urls(carol, second)
    assert alice.request("DELETE", f"/conversations/{first}/members/{bob.id}").status_code == 204
    pass_minutes(server, first)
    assert server.request("GET", held[0]).status_code == 401
    assert server.request("GET", other[0]).status_code == 200 and urls(carol, second) == other
    avatar = alice.upload(picture(), "me.png")
    alice.request("PATCH", "/auth/me", json={"avatarUploadId": avatar["id"]})
    shown = bob.get(f"/users/{alice.id}").json()["avatar"]["url"]
    assert server.request("GET", shown).status_code == 200


def test_who_leaves_a_public_group_takes_nothing_from_its_urls(server, people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob, visibility="public")
    alice.send(group, "", attachments=[alice.upload(picture(), "picture.png")["id"]])
    before = urls(alice, group)
    assert bob.post(f"/conversations/{group}/leave").status_code == 204
    assert urls(alice, group) == before


def test_urls_end_also_where_one_goes_after_the_other(server, people):
    """Whoever goes second may hold what was shown since the first one went."""
    alice, bob, carol, dave = people("alice", "bob", "carol", "dave")
    group = alice.group(bob, carol, dave)
    alice.send(group, "", attachments=[alice.upload(picture(), "picture.png")["id"]])
    held = []
    for person in (bob, carol):
        held += urls(person, group)
        with person.connect() as device:
            alice.send(group, "", attachments=[alice.upload(picture(), "picture.png")["id"]])
            held.append(device.wait_for("message:received", lambda m: m["attachments"])["attachments"][0]["url"])
        held += urls(person, group)
        assert alice.request("DELETE", f"/conversations/{group}/members/{person.id}").status_code == 204
    pass_minutes(server, group)
    for url in held:
        assert_problem(server.request("GET", url), 401, "token_expired")
    # And the same again, a while later.
    later = urls(dave, group)
    assert server.request("GET", later[0]).status_code == 200
    assert alice.request("DELETE", f"/conversations/{group}/members/{dave.id}").status_code == 204
    pass_minutes(server, group)
    assert server.request("GET", later[0]).status_code == 401
    assert server.request("GET", urls(alice, group)[0]).status_code == 200


def test_a_removal_ends_no_url_sooner_than_the_one_before_it(server, people):
    alice, bob, carol, dave = people("alice", "bob", "carol", "dave")
    group = alice.group(bob, carol, dave)
    alice.send(group, "", attachments=[alice.upload(picture(), "picture.png")["id"]])
    shown = urls(dave, group)
    assert alice.request("DELETE", f"/conversations/{group}/members/{bob.id}").status_code == 204
    # As if the next epoch were to begin within the minute after which the one behind it would be chosen.
    server.sql("UPDATE conversations SET url_epoch = extract(epoch FROM now())::bigint + 30 WHERE id = %s", group)
    (epochs,) = server.sql("SELECT previous_url_epoch, url_epoch FROM conversations WHERE id = %s", group)
    assert alice.request("DELETE", f"/conversations/{group}/members/{carol.id}").status_code == 204
    assert server.sql("SELECT previous_url_epoch, url_epoch FROM conversations WHERE id = %s", group) == [epochs]
    assert server.request("GET", shown[0]).status_code == 200


# Blocks


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
        # To each other they have gone.
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
    # The other way it stands open, and it can be taken back.
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
            # In the group messages go on, and nothing tells that the other one is there.
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


# Invitations


def invitation(person, group):
    return person.get(f"/conversations/{group}").json().get("invitation")


def test_a_strangers_group_is_an_invitation_until_accepted(people):
    alice, bob, carol = people("alice", "bob", "carol")
    with bob.connect() as b:
        group = alice.group(bob, title="Come in")
        created = b.wait_for("conversation:created")
        assert created["invitation"]["by"] == {
            "id": alice.id, "username": alice.username, "displayName": alice.session["user"]["displayName"]}
        alice.post(f"/conversations/{group}/members", json={"userIds": [carol.id]})
        updated = b.wait_for("conversation:updated")
        assert updated["invitation"] == created["invitation"]
        assert "invitation" not in alice.get(f"/conversations/{group}").json(), "each sees only their own"
        assert invitation(carol, group)["by"]["id"] == alice.id
        assert bob.get("/conversations").json()["conversations"][0]["invitation"] == created["invitation"]
        known = b.emit("sync", {"known": {}})["conversations"]
        assert [c["conversation"]["invitation"] for c in known] == [created["invitation"]]
        # Accepting is told to all of one's devices, live and later.
        b.forget()
        answer = bob.post(f"/conversations/{group}/accept")
        assert answer.status_code == 200 and "invitation" not in answer.json()
        assert "invitation" not in b.wait_for("conversation:updated")
        changed = b.emit("sync", {"known": {group: updated["revision"]}})["conversations"]
        assert [c["id"] for c in changed] == [group] and "invitation" not in changed[0]["conversation"]
        again = b.emit("conversation:accept", {"conversationId": group})
        assert again["ok"] and again["conversation"]["revision"] == answer.json()["revision"]
    # Writing accepts as well; leaving declines.
    carol.send(group, "hello")
    assert invitation(carol, group) is None
    other = alice.group(bob, visibility="public")
    assert invitation(bob, other) is None, "they share a private group by now"
    mallory, = people("mallory")
    assert_problem(mallory.post(f"/conversations/{group}/accept"), 404, "not_found")
    refused = mallory.group(bob)
    assert bob.post(f"/conversations/{refused}/leave").status_code == 204
    assert_problem(bob.post(f"/conversations/{refused}/accept"), 404, "not_found")


def test_who_is_a_stranger(people):
    alice, bob, carol, dave = people("alice", "bob", "carol", "dave")
    # To whom one has written is none; whoever wrote to one still is.
    bob.send(bob.direct(alice), "hello")
    assert invitation(bob, alice.group(bob)) is None
    alice.send(alice.direct(carol), "hello")
    assert invitation(carol, alice.group(carol)) is not None
    # A public group, into which anybody comes, and one that was not accepted, make nobody known.
    public = dave.group(visibility="public")
    assert alice.post(f"/conversations/{public}/join").status_code == 200
    assert invitation(dave, alice.group(dave)) is not None
    assert invitation(dave, alice.group(dave)) is not None
    # Who comes by themselves needs no invitation.
    assert carol.post(f"/conversations/{public}/join").json().get("invitation") is None


def test_a_stranger_is_not_told_of_a_block(people):
    alice, mallory = people("alice", "mallory")
    with alice.connect() as device, mallory.connect() as other:
        device.wait_for("ready")
        other.wait_for("ready")
        block(alice, mallory)
        device.wait_for("user:blocked")
        assert mallory.direct(people("bob")[0])
        other.wait_for("conversation:created")
        assert other.all("user:status") == []
