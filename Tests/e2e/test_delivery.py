"""Messages arrive once and in order, whatever happens on the way (claims 3 to 8)."""

import concurrent.futures
import json
import pathlib
import subprocess
import sys
import threading

import pytest

from delivering import BIG, Burst, seqs
from parley import PATIENCE, assert_problem
from sockets import raw_socket


def first_seen(numbers):
    return list(dict.fromkeys(numbers))


def emit_bounded(device, event, payload):
    """An acknowledgement that fits into the queue of a client."""
    answer = device.emit(event, payload)
    assert len(json.dumps(answer, ensure_ascii=False).encode()) < 1 << 20
    return answer


def test_one_client_id_sent_a_hundred_times_in_parallel_is_one_message(server, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    request = {"conversationId": conversation, "text": "once", "clientId": "the one"}
    with alice.connect() as one, alice.connect() as two, bob.connect() as reader:
        bursts = [Burst(one), Burst(two)]
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            rest = [pool.submit(alice.post, "/messages", json=request) for _ in range(40)]
            for burst in bursts:
                burst.send(conversation, ["once"] * 30, clientId="the one")
            answers = [future.result() for future in rest]
        messages = [answer.json()["message"] for answer in answers]
        for burst in bursts:
            messages += burst.wait(30)
        assert all(message == messages[0] for message in messages)
        assert sum(answer.status_code == 201 for answer in answers) <= 1
        assert {answer.status_code for answer in answers} <= {200, 201}
        last = alice.send(conversation, "after")
        reader.wait_for("message:received", lambda m: m["id"] == last["id"])
        assert seqs(reader) == [1, 2], "a repetition is no event"
    assert server.sql("SELECT count(*) FROM messages WHERE client_id = 'the one'") == [(1,)]


def test_a_client_id_is_remembered_over_days_restarts_and_edits(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    conversation = alice.direct(bob)
    first = alice.send(conversation, "once", clientId="old")
    server.sql("UPDATE messages SET created_at = created_at - interval '2 days'")
    edited = alice.request("PATCH", f"/messages/{first['id']}", json={"text": "edited"}).json()["message"]
    server.stop()
    server.restart()
    again = alice.post("/messages", json={"conversationId": conversation, "text": "once", "clientId": "old"})
    assert again.status_code == 200
    assert again.json()["message"] == {**edited, "createdAt": again.json()["message"]["createdAt"]}
    for other in ({"text": "edited"}, {"text": "once", "replyTo": first["id"]}):
        assert_problem(
            alice.post("/messages", json={"conversationId": conversation, "clientId": "old", **other}),
            409, "conflict", "clientId")


def test_many_senders_give_one_gap_free_order_for_every_reader(server, people):
    senders = people(*["sender"] * 4)
    reader, other = people("reader", "other")
    group = reader.group(*senders, other)
    each = 20
    with reader.connect() as one, other.connect() as two:
        devices = [sender.connect() for sender in senders for _ in range(4)]
        bursts = [Burst(device) for device in devices]
        threads = [
            threading.Thread(target=burst.send, args=(group, [f"{number} {index}" for index in range(each)]))
            for number, burst in enumerate(bursts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        own = [burst.wait(each) for burst in bursts]
        total = each * len(bursts)
        for device in (one, two):
            device.wait_for("message:received", lambda m: m["seq"] == total)
            assert seqs(device) == list(range(1, total + 1))
        assert one.all("message:received") == two.all("message:received")
        for messages in own:
            assert [m["text"].split()[1] for m in sorted(messages, key=lambda m: m["seq"])] == [
                str(index) for index in range(each)], "a sender's own order is kept"
        for device in devices:
            device.close()
    stored = server.sql("SELECT seq, revision FROM messages WHERE conversation_id = %s ORDER BY seq", group)
    assert stored == [(n, n + 1) for n in range(1, total + 1)]


@pytest.mark.skipif(not BIG, reason="64,000 requests take minutes; set PARLEY_BIG")
def test_sixty_four_senders_of_a_thousand_messages_each(server, people):
    """Sends over REST, because over sockets each sender would also receive the 63,000 messages of the others."""
    senders = people(*["sender"] * 64)
    reader, other = people("reader", "other")
    group = reader.group(*senders, other)
    each = 1000
    total = each * len(senders)
    seen = {person: [] for person in (reader, other)}

    def read(person, connection):
        """Does what a `Device` does in a fraction of its time. A `Device` would fall behind and be disconnected."""
        while len(seen[person]) < total:
            packet = connection.recv()
            if packet == "2":
                connection.send("3")
            elif packet.startswith('42["message:received"'):
                seen[person].append(json.loads(packet[2:])[1])

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(read, person, raw_socket(person)) for person in seen]
        pouring = [
            subprocess.Popen(
                [sys.executable, pathlib.Path(__file__).parent / "pour.py", str(server.port), group, str(each),
                 *[sender.token for sender in senders[n::4]]], stdout=subprocess.PIPE)
            for n in range(4)]
        own = [numbers for process in pouring for numbers in json.loads(process.communicate(timeout=600)[0])]
        for result in reading:
            result.result(timeout=PATIENCE)
    assert seen[reader] == seen[other] and [message["seq"] for message in seen[reader]] == list(range(1, total + 1))
    assert all(numbers == sorted(numbers) for numbers in own), "a sender's own order is kept"
    assert sorted(seq for numbers in own for seq in numbers) == list(range(1, total + 1))
    stored = server.sql("SELECT seq, revision FROM messages WHERE conversation_id = %s ORDER BY seq", group)
    assert stored == [(n, n + 1) for n in range(1, total + 1)]


def test_a_message_that_breaks_its_batch_leaves_no_hole(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    conversation = alice.direct(bob)
    server.sql("""
        CREATE FUNCTION boom() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.text = 'boom' THEN RAISE EXCEPTION 'boom'; END IF; RETURN NULL; END $$;
        CREATE TRIGGER boom AFTER INSERT ON messages FOR EACH ROW EXECUTE FUNCTION boom()""")
    with alice.connect() as device, bob.connect() as reader:
        answers = []
        texts = ["boom" if n % 10 == 3 else f"fine {n}" for n in range(60)]
        done = threading.Event()

        def take(answer):
            answers.append(answer)
            if len(answers) == len(texts):
                done.set()

        for text in texts:
            device.client.emit("message:send", {"conversationId": conversation, "text": text}, callback=take)
        assert done.wait(PATIENCE)
        refused = [answer["error"]["code"] for answer in answers if not answer["ok"]]
        assert refused == ["internal"] * 6
        reader.wait_for("message:received", lambda m: m["seq"] == 54)
        assert seqs(reader) == list(range(1, 55))
    stored = server.sql("SELECT seq, text FROM messages ORDER BY seq")
    assert stored == list(enumerate([text for text in texts if text != "boom"], 1))
    assert server.sql("SELECT last_seq FROM conversations") == [(54,)]


def test_a_clock_that_went_back_changes_no_order(server, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    for number in range(1, 11):
        alice.send(conversation, str(number))
    server.sql(
        "UPDATE messages SET created_at = created_at - interval '1 hour' WHERE conversation_id = %s AND seq > 5",
        conversation)
    alice.send(conversation, "11")
    expected = list(range(1, 12))
    assert [m["seq"] for m in bob.get(f"/messages?conversationId={conversation}").json()["messages"]] == expected
    with bob.connect() as device:
        device.wait_for("message:received", lambda m: m["seq"] == 11)
        assert seqs(device) == expected


def test_what_was_not_confirmed_comes_again_at_every_connection(people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    for number in range(1, 6):
        alice.send(conversation, str(number))
    silent = raw_socket(bob)
    bob.connect().close()
    with bob.connect() as device:
        assert device.ready["undelivered"] == {conversation: 5}
        device.wait_for("message:received", lambda m: m["seq"] == 5)
        assert seqs(device) == [1, 2, 3, 4, 5]
        # Lost in the connection that nobody reads any more, and never confirmed.
        alice.send(conversation, "6")
        device.wait_for("message:received", lambda m: m["seq"] == 6)
        assert device.emit("message:delivered", {"conversationId": conversation, "seq": 4}) == {"ok": True}
    silent.sock.close()
    with bob.connect() as device:
        assert device.ready["undelivered"] == {conversation: 2}
        device.wait_for("message:received", lambda m: m["seq"] == 6)
        assert seqs(device) == [5, 6]
        assert device.emit("message:read", {"conversationId": conversation, "seq": 1000}) == {"ok": True}
    with bob.connect() as device:
        assert device.ready["undelivered"] == {}


def test_no_message_is_lost_or_overtaken_while_connecting(people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    last = 0
    with alice.connect() as sender:
        for _ in range(8):
            burst = Burst(sender)
            thread = threading.Thread(target=burst.send, args=(conversation, [str(n) for n in range(40)]))
            thread.start()
            with bob.connect() as device:
                thread.join()
                burst.wait(40)
                device.wait_for("message:received", lambda m: m["seq"] == last + 40)
                assert first_seen(seqs(device)) == list(range(last + 1, last + 41))
                last += 40
                assert device.emit("message:delivered", {"conversationId": conversation, "seq": last})["ok"]


def test_a_message_between_joining_and_reading_history_is_seen(people):
    alice, bob = people("alice", "bob")
    group = alice.group(visibility="public")
    with alice.connect() as sender, bob.connect() as device:
        burst = Burst(sender)
        thread = threading.Thread(target=burst.send, args=(group, [str(n) for n in range(100)]))
        thread.start()
        joined = device.emit("conversation:join", {"conversationId": group})
        thread.join()
        burst.wait(100)
        assert joined["ok"] and joined["conversation"]["memberCount"] == 2
        if joined["conversation"]["lastSeq"] < 100:
            device.wait_for("message:received", lambda m: m["seq"] == 100)
        seen = {m["seq"]: m["id"] for m in joined["messages"] + device.all("message:received")}
        assert sorted(seen) == list(range(min(seen), 101))
        assert min(seen) <= joined["conversation"]["lastSeq"] + 1


def test_a_reader_that_stops_is_dropped_and_nobody_waits(people):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob, carol)
    text = "\U0001F980" * 8000
    with alice.connect() as sender, carol.connect() as reader:
        stuck = raw_socket(bob, receive_buffer=4096)
        sender.wait_for("user:status", lambda s: s["userId"] == bob.id and s["status"] == "online")
        burst = Burst(sender)
        # Three times as much as may wait for one client, in steps that whoever reads keeps up with.
        count = 100
        for seq in range(10, count + 1, 10):
            burst.send(group, [text] * 10)
            burst.wait(seq)
            reader.wait_for("message:received", lambda m, seq=seq: m["seq"] == seq)
        assert seqs(reader) == list(range(1, count + 1))
        sender.wait_for("user:status", lambda s: s["userId"] == bob.id and s["status"] == "offline")
        stuck.sock.close()


def test_whoever_was_away_for_thousands_of_messages_connects_and_syncs(server, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    text = "\U0001F980" * 8000
    known = alice.get(f"/conversations/{conversation}").json()["revision"]
    server.sql(
        """INSERT INTO messages (id, conversation_id, sender_id, seq, revision, text)
           SELECT gen_random_uuid(), c.id, %s, n, c.revision + n, CASE WHEN n %% 2 = 0 THEN %s ELSE n::text END
           FROM conversations c, generate_series(1, 5000) n WHERE c.id = %s""", alice.id, text, conversation)
    server.sql("UPDATE conversations SET last_seq = 5000, revision = revision + 5000 WHERE id = %s", conversation)
    with bob.connect() as device:
        assert device.ready["undelivered"] == {conversation: 5000}
        device.wait_for("message:received", lambda m: m["seq"] >= 15)
        replayed = seqs(device)
        assert replayed == list(range(1, len(replayed) + 1)) and len(replayed) <= 200
        joined = emit_bounded(device, "conversation:join", {"conversationId": conversation})["messages"]
        assert joined[-1]["seq"] == 5000 and 10 <= len(joined) <= 50

        fresh = emit_bounded(device, "sync", {"known": {}})["conversations"][0]
        assert fresh["messages"][-1]["seq"] == 5000 and fresh["more"] is True
        assert [m["seq"] for m in fresh["messages"]] == list(range(5001 - len(fresh["messages"]), 5001))

        seen, rounds = [], 0
        while rounds < 40:
            changes = emit_bounded(device, "sync", {"known": {conversation: known}})["conversations"]
            if not changes:
                break
            assert changes[0]["revision"] > known, "every answer brings something"
            known = changes[0]["revision"]
            seen += [m["seq"] for m in changes[0]["messages"]]
            rounds += 1
        assert seen == list(range(1, len(seen) + 1)) and len(seen) > 500
        # The server did not disconnect it for what it was sent.
        assert device.emit("message:read", {"conversationId": conversation, "seq": 5000}) == {"ok": True}
    assert bob.get(f"/conversations/{conversation}").json()["unreadCount"] == 0
