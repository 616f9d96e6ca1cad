"""Two people talk, over sockets and over REST."""

from parley import assert_problem


def test_a_message_is_acknowledged_and_arrives_in_order(people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    with alice.connect() as a, bob.connect() as b:
        sent = [a.send(conversation, f"message {n}") for n in range(20)]
        assert [m["seq"] for m in sent] == list(range(1, 21))
        b.wait_for("message:received", lambda m: m["seq"] == 20)
        assert [m["seq"] for m in b.all("message:received")] == list(range(1, 21))
        assert a.all("message:received") == [], "the sending device gets the acknowledgement, not the event"
    history = bob.get(f"/messages?conversationId={conversation}").json()
    assert [m["text"] for m in history["messages"]] == [f"message {n}" for n in range(20)]
    assert history["hasMore"] is False


def test_the_senders_other_devices_get_the_message(people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    with alice.connect() as phone, alice.connect() as laptop:
        message = phone.send(conversation, "from the phone")
        assert laptop.wait_for("message:received") == message


def test_the_same_client_id_is_stored_once_and_another_request_conflicts(server, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    with alice.connect() as device:
        first = device.send(conversation, "once", clientId="one")
        again = alice.post("/messages", json={"conversationId": conversation, "text": "once", "clientId": "one"})
        assert again.status_code == 200 and again.json()["message"] == first
        assert_problem(
            alice.post("/messages", json={"conversationId": conversation, "text": "twice", "clientId": "one"}),
            409, "conflict", "clientId")
    assert server.sql("SELECT count(*) FROM messages WHERE conversation_id = %s", conversation) == [(1,)]


def test_a_message_to_a_person_makes_the_conversation(people):
    alice, bob = people("alice", "bob")
    with alice.connect() as a, bob.connect() as b:
        first = a.emit("message:send", {"recipientId": bob.id, "text": "hi"})["message"]
        created = b.wait_for("conversation:created")
        assert created["id"] == first["conversationId"] and created["kind"] == "direct"
        assert b.wait_for("message:received") == first
        answer = b.emit("message:send", {"recipientId": alice.id, "text": "hi yourself"})["message"]
        assert answer["conversationId"] == first["conversationId"] and answer["seq"] == 2


def test_presence_and_typing(people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    with alice.connect() as a:
        assert a.ready["online"] == [] and a.ready["undelivered"] == {}
        with bob.connect() as b:
            assert b.ready["online"] == [alice.id]
            assert a.wait_for("user:status")["status"] == "online"
            assert b.emit("typing", {"conversationId": conversation, "active": True}) == {"ok": True}
            sender = {"id": bob.id, "username": bob.username, "displayName": bob.username}
            assert a.wait_for("typing") == {
                "conversationId": conversation, "userId": bob.id, "active": True, "user": sender}
        gone = a.wait_for("user:status", lambda s: s["status"] == "offline")
        assert gone["userId"] == bob.id and gone["lastSeenAt"]


def test_what_is_refused_says_why_and_stores_nothing(server, people):
    alice, bob, eve = people("alice", "bob", "eve")
    conversation = alice.direct(bob)
    long = "x" * 8001
    cases = [
        ({"conversationId": conversation, "text": ""}, "validation_failed", "text"),
        ({"conversationId": conversation, "text": long}, "validation_failed", "text"),
        ({"conversationId": conversation, "text": 5}, "validation_failed", "text"),
        ({"text": "nowhere"}, "validation_failed", "conversationId"),
        ({"conversationId": conversation, "recipientId": bob.id, "text": "both"}, "validation_failed", "conversationId"),
        ({"recipientId": alice.id, "text": "to myself"}, "validation_failed", "recipientId"),
        ({"recipientId": "01a1fbfe-c86c-7e67-a7d1-b1bed26d1f9e", "text": "to nobody"}, "not_found", None),
        ({"conversationId": "nonsense", "text": "nowhere"}, "not_found", None),
        ({"conversationId": conversation, "text": "x", "attachments": ["nonsense"]}, "validation_failed", "attachments"),
        ({"conversationId": conversation, "text": "x", "replyTo": conversation}, "validation_failed", "replyTo"),
        ({"conversationId": conversation, "text": "x", "clientId": ""}, "validation_failed", "clientId"),
        ({"conversationId": conversation, "text": "a\0b"}, "validation_failed", "text"),
    ]
    statuses = {"validation_failed": 422, "not_found": 404}
    with alice.connect() as device:
        for payload, code, field in cases:
            assert_problem(alice.post("/messages", json=payload), statuses[code], code, field)
            refused = device.emit("message:send", payload)
            assert refused["ok"] is False and refused["error"]["code"] == code, (payload, refused)
    assert_problem(eve.post("/messages", json={"conversationId": conversation, "text": "let me in"}), 404, "not_found")
    assert_problem(eve.get(f"/messages?conversationId={conversation}"), 404, "not_found")
    assert_problem(eve.get(f"/conversations/{conversation}"), 404, "not_found")
    assert server.sql("SELECT count(*) FROM messages WHERE conversation_id = %s", conversation) == [(0,)]
    assert alice.send(conversation)["seq"] == 1, "a refused message leaves no hole"


def test_history_by_before_and_after(people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    for number in range(1, 8):
        alice.send(conversation, str(number))

    def page(query):
        answer = bob.get(f"/messages?conversationId={conversation}&{query}").json()
        return [m["seq"] for m in answer["messages"]], answer["hasMore"]

    assert page("limit=3") == ([5, 6, 7], True)
    assert page("before=5&limit=3") == ([2, 3, 4], True)
    assert page("before=3") == ([1, 2], False)
    assert page("after=0&limit=3") == ([1, 2, 3], True)
    assert page("after=5") == ([6, 7], False)
    assert page("after=2&before=5") == ([3, 4], False)
    assert page("after=7") == ([], False)
    assert page("limit=100000") == ([1, 2, 3, 4, 5, 6, 7], False)
    for query in ("limit=abc", "limit=0", "before=-1", "after=x"):
        assert_problem(bob.get(f"/messages?conversationId={conversation}&{query}"), 400, "malformed_request", query.split("=")[0])


def test_groups(people):
    alice, bob, carol = people("alice", "bob", "carol")
    with bob.connect() as b, carol.connect() as c:
        group = alice.group(bob, title="Plans")
        assert b.wait_for("conversation:created")["title"] == "Plans"
        alice.send(group, "before carol")
        assert_problem(bob.post(f"/conversations/{group}/members", json={"userIds": [carol.id]}), 403, "forbidden")
        added = alice.post(f"/conversations/{group}/members", json={"userIds": [carol.id]})
        assert added.status_code == 200 and added.json()["memberCount"] == 3
        again = alice.post(f"/conversations/{group}/members", json={"userIds": [carol.id]})
        assert again.json()["revision"] == added.json()["revision"], "adding twice changes nothing"
        assert c.wait_for("conversation:created")["unreadCount"] == 0
        joined = b.wait_for("member:joined")
        assert joined["member"] == next(m for m in added.json()["members"] if m["user"]["id"] == carol.id)
        assert joined == {"conversationId": group, "userId": carol.id, "member": joined["member"], "memberCount": 3,
                          "revision": added.json()["revision"]}
        message = alice.send(group, "hello both")
        assert c.wait_for("message:received") == message == b.wait_for("message:received", lambda m: m["seq"] == 2)
    listed = carol.get("/conversations").json()["conversations"]
    assert [x["id"] for x in listed] == [group] and listed[0]["unreadCount"] == 1
    assert listed[0]["lastMessage"]["text"] == "hello both"
