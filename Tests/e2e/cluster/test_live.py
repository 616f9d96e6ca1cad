"""What people on different servers see of each other, over each bus, and while the bus is away."""

import copy
import threading

import pytest

from cluster import Cluster
from parley import PATIENCE, until
from redis_server import REDIS, VALKEY, Redis


@pytest.fixture(scope="module", params=["postgres", "redis", "valkey"])
def cluster(request, postgres, tmp_path_factory):
    """Two servers with a bus. `bus` is the Redis, if it is one."""
    directory = tmp_path_factory.mktemp("live")
    if request.param == "postgres":
        with Cluster(postgres.clone(), directory, count=2) as cluster:
            cluster.bus = None
            yield cluster
        return
    program = REDIS if request.param == "redis" else VALKEY
    if not program:
        pytest.skip(f"{request.param} is not installed")
    with Redis(program) as redis, Cluster(postgres.clone(), directory, count=2, BUS_URL=redis.url) as cluster:
        until(lambda: redis.subscribers == 2, "both servers to subscribe")
        cluster.bus = redis
        yield cluster


@pytest.fixture
def servers(cluster):
    return cluster.servers[1], cluster.servers[2]


def at(server, person):
    """The person, whose requests and devices go to this server."""
    person = copy.copy(person)
    person.server = server
    return person


def close(*devices):
    for device in devices:
        device.close()


def test_a_first_message_shows_the_conversation_to_whoever_is_at_another_server(servers):
    first, second = servers
    ana, bo = first.person("ana"), second.person("bo")
    with ana.connect() as sending, bo.connect() as receiving, at(second, ana).connect() as elsewhere:
        answer = sending.emit("message:send", {"recipientId": bo.id, "text": "hello"})
        message = receiving.wait_for("message:received")
        # The bytes are those that the other server wrote.
        assert message == elsewhere.wait_for("message:received")
        assert answer["message"]["id"] == message["id"]
        shown = receiving.wait_for("conversation:created")
        assert shown["id"] == message["conversationId"] and shown["unreadCount"] == 1
        # Later ones need no showing.
        reply = receiving.send(message["conversationId"], "hello back")
        assert sending.wait_for("message:received", lambda m: m["id"] == reply["id"])["seq"] == 2
        assert elsewhere.wait_for("message:received", lambda m: m["id"] == reply["id"])
        assert not receiving.all("message:received")[1:] and len(sending.all("message:received")) == 1


def test_edits_reactions_and_deletions_cross(servers):
    first, second = servers
    ana, bo = first.person("ana"), second.person("bo")
    chat = ana.direct(bo)
    with ana.connect() as here, bo.connect() as there:
        message = here.send(chat, "first")
        assert here.emit("message:edit", {"messageId": message["id"], "text": "second"})["ok"]
        edited = there.wait_for("message:updated")
        assert edited["text"] == "second" and edited["revision"] == message["revision"] + 1
        assert there.emit("message:react", {"messageId": message["id"], "emoji": "👍", "add": True})["ok"]
        assert here.wait_for("message:updated", lambda m: m["reactions"])["revision"] == edited["revision"] + 1
        assert here.emit("message:delete", {"messageId": message["id"]})["ok"]
        assert there.wait_for("message:deleted")["revision"] == edited["revision"] + 2
        large = here.send(chat, "ä" * 8000)
        assert there.wait_for("message:received", lambda m: m["id"] == large["id"])["text"] == large["text"]


def test_groups_change_for_members_at_each_server(servers):
    first, second = servers
    ana, bo, cy, di = first.person("ana"), second.person("bo"), second.person("cy"), first.person("di")
    with ana.connect() as a, bo.connect() as b, cy.connect() as c:
        group = ana.group(bo, title="A group")
        assert b.wait_for("conversation:created")["id"] == group
        # Added through another server than that of those who look, and of those who come.
        assert at(first, ana).post(f"/conversations/{group}/members", json={"userIds": [cy.id, di.id]}).ok
        assert c.wait_for("conversation:created", lambda v: v["id"] == group)["unreadCount"] == 0
        b.wait_for("member:joined", lambda m: m["userId"] == cy.id)
        updated = b.wait_for("conversation:updated")
        assert updated["memberCount"] == 4
        message = a.send(group, "to all")
        assert c.wait_for("message:received")["id"] == message["id"]
        b.forget()
        # Each sees unread counts of their own.
        assert ana.request("PATCH", f"/conversations/{group}", json={"title": "Renamed"}).ok
        assert b.wait_for("conversation:updated", lambda v: v["title"] == "Renamed")["unreadCount"] == 1
        assert at(second, ana).request("DELETE", f"/conversations/{group}/members/{di.id}").ok
        assert a.wait_for("member:left")["userId"] == di.id
        assert ana.request("PATCH", f"/conversations/{group}/members/{bo.id}", json={"role": "admin"}).ok
        assert b.wait_for("member:updated")["role"] == "admin"


def test_a_removed_member_gets_nothing_that_was_stored_later(servers):
    first, second = servers
    ana, bo, cy = first.person("ana"), second.person("bo"), second.person("cy")
    group = ana.group(bo, cy)
    with ana.connect() as a, bo.connect() as b, cy.connect() as c:
        for number in range(10):
            a.send(group, f"before {number}")
            if number % 2:
                assert ana.request("DELETE", f"/conversations/{group}/members/{bo.id}").status_code == 204
                after = a.send(group, f"after {number}")
                c.wait_for("message:received", lambda m: m["id"] == after["id"])
                removed = b.wait_for("conversation:removed")
                assert not [m for m in b.all("message:received") if m["revision"] > removed["revision"]]
                b.forget()
                assert ana.post(f"/conversations/{group}/members", json={"userIds": [bo.id]}).ok
                b.wait_for("conversation:created")
                b.forget()


def test_a_conversation_is_hidden_and_opened_on_all_devices(servers):
    first, second = servers
    ana, bo = first.person("ana"), second.person("bo")
    chat = ana.direct(bo)
    with ana.connect() as here, at(second, ana).connect() as there, bo.connect() as other:
        other.send(chat, "one")
        there.wait_for("message:received")
        assert here.emit("conversation:hide", {"conversationId": chat})["ok"]
        there.wait_for("conversation:removed", lambda v: v["id"] == chat)
        ana.open_direct(bo)
        there.wait_for("conversation:created", lambda v: v["id"] == chat)
        other.send(chat, "two")
        there.wait_for("message:received", lambda m: m["text"] == "two")


def test_typing_marks_profiles_and_blocks_cross(servers):
    first, second = servers
    ana, bo = first.person("ana"), second.person("bo")
    chat = ana.direct(bo)
    with ana.connect() as a, bo.connect() as b, at(second, ana).connect() as elsewhere:
        a.emit("typing", {"conversationId": chat, "active": True})
        assert b.wait_for("typing")["active"]
        message = a.send(chat)
        b.wait_for("typing", lambda t: not t["active"])
        b.wait_for("message:received")
        assert b.emit("message:read", {"conversationId": chat, "seq": message["seq"]})["ok"]
        status = a.wait_for("message:status", lambda s: str(bo.id) in str(s))
        assert status["conversationId"] == chat
        assert bo.request("PATCH", "/auth/me", json={"displayName": "Robert"}).ok
        assert a.wait_for("user:updated")["displayName"] == "Robert"
        assert ana.request("PUT", f"/users/{bo.id}/block").ok
        assert elsewhere.wait_for("user:blocked")["userId"] == bo.id
        assert ana.request("PATCH", f"/conversations/{chat}/me", json={"pinned": True}).ok
        assert elsewhere.wait_for("user:settings")["pinned"] is True
        # Nobody sees any more whether the other is online.
        assert b.wait_for("user:status", lambda s: s["userId"] == ana.id and s["status"] == "offline")


def test_what_was_read_at_another_server_does_not_take_back_what_is_marked_as_unread_after_it(servers):
    """The second read mark waits for its second at the first server."""
    first, second = servers
    ana, bo = first.person("ana"), first.person("bo")
    chat = ana.direct(bo)
    with bo.connect() as reading, at(second, bo).connect() as elsewhere:
        seqs = [ana.send(chat)["seq"] for _ in range(2)]
        assert reading.emit("message:read", {"conversationId": chat, "seq": seqs[0]})["ok"]
        done = threading.Event()
        reading.client.emit("message:read", {"conversationId": chat, "seq": seqs[1]}, callback=lambda _: done.set())
        # What a socket sends is taken in its order.
        assert reading.emit("typing", {"conversationId": chat, "active": False})["ok"]
        marked = elsewhere.emit("conversation:settings", {"conversationId": chat, "markedUnread": True})["conversation"]
        assert done.wait(PATIENCE)
        me = bo.get(f"/conversations/{chat}").json()["me"]
        assert me["readSeq"] == seqs[1] and me["markedUnread"] is True
        assert me["settingsVersion"] == marked["me"]["settingsVersion"]
        # What is read after it takes it back, and the other server's devices are told.
        assert reading.emit("message:read", {"conversationId": chat, "seq": seqs[1]})["ok"]
        told = elsewhere.wait_for("user:settings", lambda s: not s["markedUnread"])
        assert told["settingsVersion"] > me["settingsVersion"]


def test_people_see_who_is_online_at_another_server(servers):
    first, second = servers
    ana, bo = first.person("ana"), second.person("bo")
    ana.direct(bo)
    with ana.connect() as a:
        until(lambda: at(second, bo).get(f"/users/{ana.id}").json()["status"] == "online", "the other server to know")
        with bo.connect() as b:
            assert ana.id in b.ready["online"]
            assert a.wait_for("user:status")["status"] == "online"
            assert at(first, ana).get(f"/users/{bo.id}").json()["status"] == "online"
            with at(first, bo).connect():
                a.forget()
            # A second device that goes is nothing to tell.
        assert a.wait_for("user:status")["status"] == "offline"
        assert [s["status"] for s in a.all("user:status")] == ["offline"]
        until(lambda: "lastSeenAt" in ana.get(f"/users/{bo.id}").json(), "bo's departure to be stored")


def test_messages_cross_while_redis_is_away(cluster, servers):
    if not cluster.bus:
        pytest.skip("there is no Redis")
    first, second = servers
    ana, bo, cy = first.person("ana"), second.person("bo"), second.person("cy")
    group = ana.group(bo, cy)
    with ana.connect() as a, bo.connect() as b, cy.connect() as c:
        cluster.bus.kill()
        try:
            for number in range(20):
                a.send(group, f"{number}")
            b.wait_for("message:received", lambda m: m["text"] == "19")
            assert [m["text"] for m in b.all("message:received")] == [str(number) for number in range(20)]
            # Nor does it need the bus to let nobody read on.
            assert ana.request("DELETE", f"/conversations/{group}/members/{bo.id}").ok
            a.send(group, "after")
            c.wait_for("message:received", lambda m: m["text"] == "after")
            b.wait_for("conversation:removed")
            assert b.all("message:received")[-1]["text"] == "19"
            assert ana.post("/conversations", json={"kind": "group", "title": "new", "memberIds": [bo.id]}).ok
            b.wait_for("conversation:created", lambda v: v["title"] == "new")
        finally:
            cluster.bus.start()
        until(lambda: cluster.bus.subscribers == 2, "both servers to subscribe again")
        a.send(group, "back")
        c.wait_for("message:received", lambda m: m["text"] == "back")


def test_many_senders_at_both_servers_are_in_order(servers):
    first, second = servers
    people = [servers[number % 2].person(f"p{number}") for number in range(6)]
    group = people[0].group(*people[1:])
    devices = [person.connect() for person in people]

    def send(device):
        for number in range(30):
            device.send(group, str(number))

    threads = [threading.Thread(target=send, args=(device,)) for device in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for device in devices:
        until(lambda device=device: len(device.all("message:received")) == 150, "the others' messages")
        seqs = [m["seq"] for m in device.all("message:received")]
        assert seqs == sorted(set(seqs))
    close(*devices)
