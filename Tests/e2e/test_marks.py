"""Delivered and read marks: how often they are stored and told, and that none is lost on the way."""

import time

from parley import PATIENCE, Device, until


def stored(server, group, person):
    return server.sql(
        "SELECT delivered_seq, read_seq FROM members WHERE conversation_id = %s AND user_id = %s", group, person.id)[0]


def test_clients_that_say_so_get_many_marks_in_one_event(people):
    alice, *readers = people("alice", *(f"reader{n}" for n in range(10)))
    group = alice.group(*readers)
    devices = [reader.connect() for reader in readers]
    with Device(alice, auth={"joinedMarks": True}) as joined, alice.connect() as single:
        try:
            sent = alice.send(group, "hello")
            for device in devices:
                device.wait_for("message:received", lambda m: m["id"] == sent["id"])
            for device in devices:
                device.client.emit("message:delivered", {"conversationId": group, "seq": 1})
                device.client.emit("message:read", {"conversationId": group, "seq": 1})

            def read(events):
                return {marks["userId"] for marks in events if marks["readSeq"] == 1}

            def marks():
                return [{"conversationId": status["conversationId"], **marks}
                        for status in joined.all("message:status") for marks in status["marks"]]

            everybody = {reader.id for reader in readers}
            until(lambda: read(marks()) == everybody and read(single.all("message:status")) == everybody, "all marks")
            assert len(joined.all("message:status")) < 10
            assert len(single.all("message:status")) == len(marks()), "the others get one for each"
            for status in joined.all("message:status"):
                assert set(status) == {"conversationId", "marks"}
                assert all(set(m) == {"userId", "deliveredSeq", "readSeq"} for m in status["marks"])
        finally:
            for device in devices:
                device.close()


def test_a_members_marks_are_written_about_once_a_second(server, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    for n in range(30):
        alice.send(conversation, str(n))
    versions = set()
    with bob.connect() as b, alice.connect() as a:
        began = time.monotonic()
        for seq in range(1, 31):
            b.client.emit("message:read", {"conversationId": conversation, "seq": seq})
            versions.update(server.sql(
                "SELECT xmin::text FROM members WHERE conversation_id = %s AND user_id = %s", conversation, bob.id))
        assert b.emit("message:read", {"conversationId": conversation, "seq": 30}) == {"ok": True}
        assert stored(server, conversation, bob) == (30, 30), "what is acknowledged is stored"
        a.wait_for("message:status", lambda status: status["readSeq"] == 30)
        # One before the first mark, and one for each second.
        assert len(versions) <= 3 + (time.monotonic() - began)
        assert bob.get(f"/conversations/{conversation}").json()["unreadCount"] == 0


def test_marks_that_wait_are_written_by_a_clean_stop(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    conversation = alice.direct(bob)
    for n in range(3):
        alice.send(conversation, str(n))
    with bob.connect() as b:
        assert b.emit("message:read", {"conversationId": conversation, "seq": 1}) == {"ok": True}
        b.client.emit("message:read", {"conversationId": conversation, "seq": 2})
        # The server reads a socket's events in their order.
        assert b.client.call("typing", {"conversationId": conversation, "active": False}, timeout=PATIENCE)["ok"]
        server.stop()
    assert stored(server, conversation, bob) == (2, 2)
