"""Claims 10, 11 and 22 at the moment somebody joins or leaves: a former member gets nothing that is stored afterwards, and
a member misses nothing."""

import concurrent.futures

import psycopg
import pytest

from parley import PATIENCE, Server, assert_problem
from postgres_proxy import PostgresProxy
from sockets import Returning


@pytest.fixture(scope="module")
def proxy(postgres):
    with PostgresProxy(postgres) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def server(proxy, tmp_path_factory):
    """A server whose transactions a test can stop."""
    with Server(database=proxy.clone(), storage=tmp_path_factory.mktemp("storage")) as server:
        yield server
        assert server.is_running, server.log


class Background:
    """A call on a thread of its own."""

    def __init__(self, call):
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.future = pool.submit(call)
        pool.shutdown(wait=False)

    def result(self):
        return self.future.result(timeout=PATIENCE)


REMOVALS = {
    "removed": lambda alice, bob, device, group: alice.request("DELETE", f"/conversations/{group}/members/{bob.id}"),
    "left": lambda alice, bob, device, group: bob.post(f"/conversations/{group}/leave"),
    "left by socket": lambda alice, bob, device, group: device.emit("conversation:leave", {"conversationId": group}),
}


@pytest.mark.parametrize("how", REMOVALS)
def test_nothing_that_is_stored_after_a_removal_reaches_who_was_removed(proxy, people, how):
    alice, bob, carol = people("alice", "bob", "carol")
    group, direct = alice.group(bob, carol), alice.direct(bob)
    with bob.connect() as device, bob.connect() as other, carol.connect() as stays:
        stop = proxy.stop_commit_of("DELETE FROM members")
        removal = Background(lambda: REMOVALS[how](alice, bob, device, group))
        stop.wait()
        # A device that connects now is still listed as a member's.
        late = bob.connect()
        stop.forward()
        # Stored after the removal, of which the server does not know yet.
        message = alice.send(group, "not for bob")
        stays.wait_for("message:received", lambda m: m["id"] == message["id"])
        marker = alice.send(direct, "for bob")
        for one in (device, other, late):
            one.wait_for("message:received", lambda m: m["id"] == marker["id"])
            assert [m["id"] for m in one.all("message:received")] == [marker["id"]]
        stop.release()
        removal.result()
        for one in (device, other, late):
            one.wait_for("conversation:removed", lambda c: c["id"] == group)
        # The server has read meanwhile what it was not told, and so shows the group as a whole.
        stays.wait_for("conversation:updated", lambda c: c["id"] == group and c["memberCount"] == 2)
        # A member who comes back gets what follows.
        assert alice.post(f"/conversations/{group}/members", json={"userIds": [bob.id]}).status_code == 200
        again = alice.send(group, "for bob again")
        for one in (device, other, late):
            one.wait_for("message:received", lambda m: m["id"] == again["id"])
        late.close()


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_removal_of_which_nobody_knows_whether_it_took_effect(proxy, people, took_effect):
    alice, bob, carol = people("alice", "bob", "carol")
    group, direct = alice.group(bob, carol), alice.direct(bob)
    with Returning(bob) as device:
        stop = proxy.stop_commit_of("DELETE FROM members")
        removal = Background(lambda: alice.request("DELETE", f"/conversations/{group}/members/{bob.id}"))
        stop.wait()
        if took_effect:
            stop.forward()
            alice.send(group, "stored after the removal, whose lock it waits for")
        stop.cut()
        assert_problem(removal.result(), 503, "unavailable")
        device.wait_for_ready(2)
        alice.send(group, "to the members")
        alice.send(direct, "to bob")
        device.wait_for_text("to bob")
        assert device.texts() == (["to bob"] if took_effect else ["to the members", "to bob"])
        removed = device.client.call("sync", {"known": {group: 1}}, timeout=PATIENCE)["removed"]
        assert removed == ([group] if took_effect else [])


@pytest.mark.parametrize("statement, make", [
    ("INSERT INTO members", lambda alice, bob, group: alice.post(
        f"/conversations/{group}/members", json={"userIds": [bob.id]})),
    ("INSERT INTO members", lambda alice, bob, group: bob.post(f"/conversations/{group}/join")),
], ids=["added", "joined"])
def test_an_addition_of_which_nobody_knows_that_it_took_effect(proxy, people, statement, make):
    alice, bob = people("alice", "bob")
    group = alice.group(visibility="public")
    with Returning(bob) as device:
        stop = proxy.stop_commit_of(statement)
        addition = Background(lambda: make(alice, bob, group))
        stop.wait()
        stop.forward()
        alice.send(group, "stored after the addition, whose lock it waits for")
        stop.cut()
        assert_problem(addition.result(), 503, "unavailable")
        device.wait_for_ready(2)
        alice.send(group, "live")
        device.wait_for_text("live")
        assert device.texts()[-2:] == ["stored after the addition, whose lock it waits for", "live"]


def test_who_was_removed_is_told_nothing_more_of_the_conversation(proxy, people):
    """A member is removed while the new title is on its way to all members."""
    alice, bob = people("alice", "bob")
    group = alice.group(bob, title="Before")
    with bob.connect() as device:
        stop = proxy.stop_at("SELECT user_id FROM members WHERE conversation_id")
        naming = Background(lambda: alice.request("PATCH", f"/conversations/{group}", json={"title": "After"}))
        stop.wait()
        stop.forward()
        removal = Background(lambda: alice.request("DELETE", f"/conversations/{group}/members/{bob.id}"))
        with pytest.raises(AssertionError):
            device.wait_for("conversation:removed", timeout=1)
        stop.release()
        assert naming.result().status_code == 200 and removal.result().status_code == 204
        device.wait_for("conversation:removed")
        told = [name for name, _ in device.events if name.startswith("conversation:")]
        assert told == ["conversation:updated", "conversation:removed"]


def test_coming_and_going_at_once_ends_in_the_right_rooms(people):
    alice, bob, carol, dave = people("alice", "bob", "carol", "dave")
    group = alice.group(carol, visibility="public")
    directs = {person: alice.direct(person) for person in (bob, dave)}
    path = f"/conversations/{group}"
    acts = [
        lambda person: alice.post(f"{path}/members", json={"userIds": [person.id]}),
        lambda person: alice.request("DELETE", f"{path}/members/{person.id}"),
        lambda person: person.post(f"{path}/join"),
        lambda person: person.post(f"{path}/leave"),
    ]
    with bob.connect() as b, dave.connect() as d, concurrent.futures.ThreadPoolExecutor(8) as pool:
        devices = {bob: b, dave: d}
        for round in range(8):
            statuses = list(pool.map(
                lambda n: acts[n % 4](list(devices)[n // 4 % 2]).status_code, range(40)))
            assert set(statuses) <= {200, 204, 403, 404}, statuses
            members = {m["user"]["id"] for m in alice.get(f"{path}/members").json()["members"]}
            message = alice.send(group, f"round {round}")
            for person, device in devices.items():
                marker = alice.send(directs[person], f"after round {round}")
                device.wait_for("message:received", lambda m: m["id"] == marker["id"])
                got = any(m["id"] == message["id"] for m in device.all("message:received"))
                assert got == (person.id in members), f"round {round}"


def test_a_member_removed_in_sql_is_out_within_a_second(server, people):
    alice, bob, carol = people("alice", "bob", "carol")
    group, direct = bob.group(alice, carol), alice.direct(bob)
    with Returning(bob) as device, carol.connect() as stays:
        server.sql("DELETE FROM members WHERE conversation_id = %s AND user_id = %s", group, bob.id)
        device.wait_for_ready(2)
        alice.send(group, "not for bob")
        alice.send(direct, "for bob")
        device.wait_for_text("for bob")
        assert device.texts() == ["for bob"]
        assert device.client.call("sync", {"known": {group: 1}}, timeout=PATIENCE)["removed"] == [group]
        stays.wait_for("message:received", lambda m: m["text"] == "not for bob")
    found = alice.get(f"/conversations/{group}").json()
    assert found["memberCount"] == 2 and found["revision"] == 3
    assert {m["role"] for m in found["members"]} == {"owner", "member"}, "the group keeps an owner"
    assert server.sql("SELECT action, detail->>'conversation' FROM moderation.audit_log WHERE subject = %s", bob.id) == [
        ("member.remove", group)]
    with pytest.raises(psycopg.errors.RaiseException, match="keeps its two members"):
        server.sql("DELETE FROM members WHERE conversation_id = %s", direct)
