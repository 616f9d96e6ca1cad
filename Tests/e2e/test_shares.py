"""One person's share of what all use: outgoing bytes, and room in the database."""

import json
from concurrent.futures import ThreadPoolExecutor

from parley import assert_problem, until

THUMB = "\N{THUMBS UP SIGN}"


def size(payload):
    return len(json.dumps(payload))


def test_a_reaction_to_a_large_message_tells_only_what_changed(people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    message = alice.send(conversation, "\N{SNOWMAN}" * 8000)
    with alice.connect() as a, bob.connect() as b:
        for device in (a, b):
            device.wait_for("ready")
        reacted = b.emit("message:react", {"messageId": message["id"], "emoji": THUMB, "add": True})["message"]
        added = a.wait_for("message:reactions")
        assert added == {
            "conversationId": conversation, "messageId": message["id"], "revision": reacted["revision"],
            "emoji": THUMB, "userId": bob.id, "add": True}
        assert size(added) < 400
        assert b.wait_for("message:reactions") == added, "who reacted learns of it too: on other devices"
        b.emit("message:react", {"messageId": message["id"], "emoji": THUMB, "add": False})
        assert a.wait_for("message:reactions", lambda x: not x["add"])["revision"] == reacted["revision"] + 1
        assert a.all("message:updated") == []


def test_reactions_at_once_add_up_to_what_there_is(people):
    """Each event tells its own change, in the order of the revisions. A client that applies them has the server's state."""
    alice, *others = people("alice", "bob", "carol", "dave", "erin", "frank", "grace")
    group = alice.group(*others)
    message = alice.send(group, "\N{SNOWMAN}" * 8000)
    emoji = [THUMB, "\N{PARTY POPPER}", "\N{ROCKET}"]

    def toggle(person):
        for add in (True, False, True):
            for one in emoji:
                path = f"/messages/{message['id']}/reactions/{one}"
                assert person.request("PUT" if add else "DELETE", path).status_code == 200

    with alice.connect() as device:
        device.wait_for("ready")
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(toggle, others))
        final = alice.get(f"/messages/{message['id']}").json()["message"]
        device.wait_for("message:reactions", lambda x: x["revision"] == final["revision"])
        changes = device.all("message:reactions")
    revisions = [change["revision"] for change in changes]
    assert revisions == sorted(set(revisions)) and len(revisions) == 6 * 3 * 3
    present = set()
    for change in changes:
        (present.add if change["add"] else present.discard)((change["emoji"], change["userId"]))
    assert present == {(r["emoji"], user) for r in final["reactions"] for user in r["userIds"]}


def test_a_large_group_hears_of_a_title_and_a_role_in_few_bytes(server, people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob, title="Before")
    server.sql("INSERT INTO users (id, username, display_name)"
               " SELECT gen_random_uuid(), 'crowd' || n, 'One of many' FROM generate_series(1, 199) n")
    server.sql("INSERT INTO members (conversation_id, user_id, role)"
               " SELECT %s, id, 'member' FROM users WHERE username LIKE 'crowd%%'", group)
    with bob.connect() as b:
        b.wait_for("ready")
        renamed = alice.request("PATCH", f"/conversations/{group}", json={"title": "After"}).json()
        assert b.wait_for("conversation:renamed") == {"id": group, "title": "After", "revision": renamed["revision"]}
        promoted = alice.request("PATCH", f"/conversations/{group}/members/{bob.id}", json={"role": "admin"}).json()
        assert b.wait_for("member:updated") == {
            "conversationId": group, "userId": bob.id, "role": "admin", "revision": promoted["revision"]}
        shown = b.wait_for("conversation:updated")
        assert shown["title"] == "After" and shown["memberCount"] == 201, "who got the role is shown it in full"
        assert len(b.all("conversation:updated")) == 1


def test_stored_text_has_a_quota(start_server):
    server = start_server(USER_TEXT_QUOTA_BYTES="20000")
    alice, bob = server.people("alice", "bob")
    conversation = alice.direct(bob)

    def send(person, text, **fields):
        return person.post("/messages", json={"conversationId": conversation, "text": text, **fields})

    first = send(alice, "x" * 8000, clientId="first")
    second = send(alice, "\N{SNOWMAN}" * 4000)
    assert (first.status_code, second.status_code) == (201, 201), "20,000 are not full before they are reached"
    assert_problem(send(alice, "one more"), 413, "quota_exceeded")
    assert send(alice, "x" * 8000, clientId="first").status_code == 200, "what is stored is found, room or not"
    assert send(bob, "another person").status_code == 201
    path = f"/messages/{first.json()['message']['id']}"
    assert_problem(alice.request("PATCH", path, json={"text": "y" * 8000 + "!"}), 422, "validation_failed")
    assert_problem(
        alice.request("PATCH", f"/messages/{second.json()['message']['id']}", json={"text": "\N{SNOWMAN}" * 4001}),
        413, "quota_exceeded")
    assert alice.request("PATCH", path, json={"text": "short"}).status_code == 200
    assert send(alice, "there is room again").status_code == 201
    assert alice.request("DELETE", f"/messages/{second.json()['message']['id']}").status_code == 200

    def stored():
        return dict(server.sql("SELECT user_id::text, bytes FROM stored_text"))

    def counted():
        return dict(server.sql(
            "SELECT sender_id::text, sum(octet_length(text) + 512) FROM messages GROUP BY sender_id"))

    until(lambda: stored() == counted(), "the counts to be written")
    assert [send(alice, "x" * 8000).status_code for _ in range(2)] == [201, 201]
    until(lambda: stored() == counted(), "the counts to be written")
    server.stop()
    server.restart()
    assert send(alice, "x" * 8000).status_code == 201, "what somebody has stored is not known yet"
    until(lambda: stored() == counted(), "the counts to be read and written")
    assert_problem(send(alice, "x"), 413, "quota_exceeded")


def test_counts_are_written_before_the_end(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    alice.send(alice.direct(bob), "0123456789")
    server.stop()
    assert server.sql("SELECT bytes FROM stored_text") == [(522,)]
