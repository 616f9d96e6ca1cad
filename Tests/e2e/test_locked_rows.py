"""A forgotten COMMIT in SQL delays only people who need the locked row."""

import concurrent.futures
import contextlib

import psycopg
import pytest

from parley import assert_problem


@contextlib.contextmanager
def holding(server, statement, *parameters):
    """A transaction that has changed something and stays open."""
    with psycopg.connect(server.database) as connection:
        connection.execute(statement, parameters or None)
        yield connection
        connection.rollback()


def lock(table):
    return f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE"


@pytest.fixture(scope="module")
def pool():
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        yield pool


def try_to_send(person, conversation, text="hello", **fields):
    return person.post("/messages", json={"conversationId": conversation, "text": text, **fields})


def test_a_locked_conversation_is_set_aside(server, people, pool):
    alice, bob = people("alice", "bob")
    locked = alice.group(bob)
    others = [alice.group(title=str(n)) for n in range(20)]
    with bob.connect() as device:
        with holding(server, lock("conversations"), locked):
            waiting = [pool.submit(try_to_send, alice, locked, "never") for _ in range(3)]
            for text in ("1", "2", "3"):
                for sent in [pool.submit(alice.send, other, text) for other in others]:
                    sent.result()
            for answer in waiting:
                assert_problem(answer.result(), 503, "unavailable")
                assert answer.result().headers["Retry-After"]
        assert alice.send(locked, "after")["seq"] == 1
        assert device.wait_for("message:received")["text"] == "after", "what was refused was not stored"


def test_what_waited_is_stored_in_its_order_once(server, people):
    alice, bob, carol = people("alice", "bob", "carol")
    locked = alice.group(bob, carol)
    senders = [alice, bob]
    with carol.connect() as reader, alice.connect() as one, bob.connect() as two:
        acknowledged = {alice.id: [], bob.id: []}
        with holding(server, lock("conversations"), locked):
            for n in range(10):
                for person, device in zip(senders, (one, two)):
                    device.client.emit(
                        "message:send", {"conversationId": locked, "text": str(n), "clientId": str(n)},
                        callback=lambda answer, who=person.id: acknowledged[who].append(answer))
            # They have reached the database and met the lock.
            alice.send(alice.group(), "elsewhere")
        last = reader.wait_for("message:received", lambda message: message["seq"] == 20)
        received = reader.all("message:received")
        assert [message["seq"] for message in received] == list(range(1, 21)) and last == received[-1]
        for person, device in zip(senders, (one, two)):
            mine = [message for message in received if message["sender"]["id"] == person.id]
            assert [message["text"] for message in mine] == [str(n) for n in range(10)]
            again = device.emit("message:send", {"conversationId": locked, "text": "9", "clientId": "9"})
            assert again["message"]["id"] == mine[-1]["id"]
            assert [answer["ok"] for answer in acknowledged[person.id]] == [True] * 10


def test_a_locked_row_holds_up_its_sender_alone(server, people, pool):
    alice, bob, carol, dave = people("alice", "bob", "carol", "dave")
    conversation = alice.group(bob, carol, dave)
    first = alice.send(conversation, "first")
    upload = carol.upload(b"content")
    needs = [(alice, {}), (bob, {"replyTo": first["id"]}), (carol, {"attachments": [upload["id"]]})]
    with holding(server, lock("users"), alice.id), holding(server, lock("messages"), first["id"]), \
            holding(server, lock("uploads"), upload["id"]):
        waiting = [pool.submit(try_to_send, person, conversation, "locked", **fields) for person, fields in needs]
        for n in range(20):
            dave.send(conversation, str(n))
        for answer in waiting:
            assert_problem(answer.result(), 503, "unavailable")
    for n, (person, fields) in enumerate(needs):
        assert person.send(conversation, "after", **fields)["seq"] == 22 + n


def test_a_locked_table_is_said(server, people):
    alice, = people("alice")
    conversation = alice.group()
    with holding(server, "LOCK TABLE messages IN SHARE MODE"):
        assert_problem(try_to_send(alice, conversation), 503, "unavailable")
        assert alice.get("/conversations").status_code == 200
    assert alice.send(conversation)["seq"] == 1


def test_changes_of_a_locked_conversation_take_no_connection_from_others(server, people, pool):
    alice, bob = people("alice", "bob")
    groups = [alice.group(bob) for _ in range(3)]
    locked, free = groups[:2], groups[2]
    messages = [alice.send(group) for group in groups]

    def change(n):
        kind, group, message = n % 4, locked[n % 2], messages[n % 2]
        if kind == 0:
            return alice.request("PATCH", f"/messages/{message['id']}", json={"text": str(n)})
        if kind == 1:
            return alice.request("PUT", f"/messages/{message['id']}/reactions/👍")
        if kind == 2:
            return alice.request("PATCH", f"/conversations/{group}", json={"title": str(n)})
        return alice.request("PATCH", f"/conversations/{group}/members/{bob.id}", json={"role": "admin"})

    with holding(server, "SELECT 1 FROM conversations WHERE id = ANY(%s::uuid[]) FOR UPDATE", locked):
        waiting = [pool.submit(change, n) for n in range(24)]
        for n in range(10):
            edited = alice.request("PATCH", f"/messages/{messages[2]['id']}", json={"text": f"edit {n}"})
            assert edited.status_code == 200, edited.text
            assert bob.request("PUT", f"/messages/{messages[2]['id']}/reactions/👍").status_code == 200
            assert bob.request("DELETE", f"/messages/{messages[2]['id']}/reactions/👍").status_code == 200
            assert alice.request("PATCH", f"/conversations/{free}", json={"title": str(n)}).status_code == 200
            assert bob.request("PATCH", "/auth/me", json={"about": str(n)}).status_code == 200
        for answer in waiting:
            assert_problem(answer.result(), 503, "unavailable")
    assert alice.request("PATCH", f"/messages/{messages[0]['id']}", json={"text": "after"}).status_code == 200


def test_a_locked_message_holds_up_no_other_of_its_conversation(server, people, pool):
    alice, bob = people("alice", "bob")
    conversation = alice.group(bob)
    locked, free = alice.send(conversation), alice.send(conversation)
    with holding(server, lock("messages"), locked["id"]):
        waiting = pool.submit(alice.request, "PATCH", f"/messages/{locked['id']}", json={"text": "never"})
        for n in range(20):
            bob.send(conversation, str(n))
        assert_problem(waiting.result(), 503, "unavailable")
    assert alice.request("PATCH", f"/messages/{free['id']}", json={"text": "after"}).status_code == 200


def test_marks_pass_by_a_locked_member(server, people, pool):
    alice, bob, carol = people("alice", "bob", "carol")
    conversation = alice.group(bob, carol)
    alice.send(conversation)
    mark = {"conversationId": conversation, "seq": 1}
    row = "SELECT 1 FROM members WHERE conversation_id = %s AND user_id = %s FOR UPDATE"
    with alice.connect() as sender, bob.connect() as one, carol.connect() as two:
        with holding(server, row, conversation, bob.id):
            waiting = pool.submit(one.emit, "message:read", mark)
            assert two.emit("message:read", mark) == {"ok": True}
            assert sender.wait_for("message:status", lambda status: status["userId"] == carol.id)["readSeq"] == 1
            refused = waiting.result()
            assert not refused["ok"] and refused["error"]["code"] == "unavailable"
        assert one.emit("message:read", mark) == {"ok": True}
        assert sender.wait_for("message:status", lambda status: status["userId"] == bob.id)["readSeq"] == 1


def test_who_leaves_with_a_locked_row_is_seen_to_leave_and_so_are_others(server, people):
    alice, bob, carol = people("alice", "bob", "carol")
    alice.group(bob, carol)
    with alice.connect() as watcher:
        devices = bob.connect(), carol.connect()
        with holding(server, lock("users"), bob.id):
            for device in devices:
                device.close()
            for person in (bob, carol):
                gone = watcher.wait_for(
                    "user:status", lambda status, who=person.id: status["userId"] == who and status["status"] == "offline")
                assert gone["lastSeenAt"]
            assert server.sql("SELECT last_seen_at IS NULL FROM users WHERE id = %s", bob.id) == [(True,)]
            assert server.sql("SELECT last_seen_at IS NULL FROM users WHERE id = %s", carol.id) == [(False,)]


def test_the_server_starts_beside_a_locked_row(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    device = alice.connect()
    server.kill()
    device.close()
    with holding(server, lock("users"), alice.id):
        server.restart()
        assert bob.get("/auth/me").status_code == 200 and server.request("GET", "/ready").status_code == 200
