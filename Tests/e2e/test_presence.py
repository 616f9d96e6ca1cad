"""Claim 16: who is online after connections, servers and clients have ended in every possible way."""

import concurrent.futures
import datetime
import os
import signal
import time

import pytest

from parley import until
from sockets import Returning, raw_socket

SLOW = pytest.mark.skipif("PARLEY_SLOW" not in os.environ, reason="takes a heartbeat's time-out, 45 s; set PARLEY_SLOW")


def test_presence_after_a_crash(start_server):
    started = datetime.datetime.now(datetime.UTC)
    server = start_server()
    alice, bob, carol = server.people("alice", "bob", "carol")
    alice.direct(bob)
    alice.direct(carol)
    assert "lastSeenAt" not in alice.get(f"/users/{carol.id}").json()
    with bob.connect():
        until(lambda: bob.id in present(server), "his arrival to be written")
        server.kill()
    server.restart()
    returned = datetime.datetime.now(datetime.UTC)
    seen = alice.get(f"/users/{bob.id}").json()
    assert seen["status"] == "offline"
    at = datetime.datetime.fromisoformat(seen["lastSeenAt"].replace("Z", "+00:00"))
    assert started <= at <= returned
    assert "lastSeenAt" not in alice.get(f"/users/{carol.id}").json(), "who was not there was not seen"
    with alice.connect() as device:
        assert device.ready["online"] == []
        with bob.connect() as first:
            device.wait_for("user:status", lambda s: s["status"] == "online")
            with bob.connect():
                first.close()
                assert alice.get(f"/users/{bob.id}").json()["status"] == "online"
            device.wait_for("user:status", lambda s: s["status"] == "offline")
        assert [s["status"] for s in device.all("user:status")] == ["online", "offline"]
    until(lambda: bob.id not in present(server), "his departure to be written")


@SLOW
def test_presence_of_a_client_that_froze(people):
    alice, bob = people("alice", "bob")
    alice.direct(bob)
    with alice.connect() as device:
        frozen = raw_socket(bob)
        device.wait_for("user:status", lambda s: s["status"] == "online")
        device.wait_for("user:status", lambda s: s["status"] == "offline")
        frozen.close()


def present(server):
    """The people who are connected according to the database."""
    return {id for id, in server.sql("SELECT user_id::text FROM node_presence")}


def test_presence_after_the_server_was_frozen(start_server):
    server = start_server()
    alice, bob, carol, dave = server.people("alice", "bob", "carol", "dave")
    for person in (bob, carol, dave):
        alice.direct(person)
    with alice.connect() as device, carol.connect(), concurrent.futures.ThreadPoolExecutor(1) as pool:
        leaving = raw_socket(bob)
        device.wait_for("user:status", lambda s: s["userId"] == bob.id and s["status"] == "online")
        device.forget()
        server.process.send_signal(signal.SIGSTOP)
        try:
            # One person left while nobody could notice, and one arrives.
            leaving.sock.close()
            coming = pool.submit(dave.connect)
        finally:
            server.process.send_signal(signal.SIGCONT)
        device.wait_for("user:status", lambda s: s["userId"] == bob.id and s["status"] == "offline")
        device.wait_for("user:status", lambda s: s["userId"] == dave.id and s["status"] == "online")
        assert {s["userId"] for s in device.all("user:status")} == {bob.id, dave.id}, "who stayed is not mentioned"
        until(lambda: present(server) == {alice.id, carol.id, dave.id}, "the database to agree")
        coming.result().close()


@SLOW
def test_presence_after_the_server_was_frozen_for_long(start_server):
    """Frozen for longer than a heartbeat: clients have given up, and living ones come back."""
    server = start_server()
    alice, bob, carol, dave = server.people("alice", "bob", "carol", "dave")
    for person in (bob, carol, dave):
        alice.direct(person)
    with Returning(alice) as watching, Returning(bob):
        # Carol's client stays frozen for ever; Dave's ends meanwhile.
        frozen, ending = raw_socket(carol), raw_socket(dave)
        server.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(25)
            ending.sock.close()
            time.sleep(25)
        finally:
            server.process.send_signal(signal.SIGCONT)
        watching.wait_for_ready(2)
        until(lambda: present(server) == {alice.id, bob.id}, "only the living to be online", interval=0.5)
        statuses = {p.id: alice.get(f"/users/{p.id}").json()["status"] for p in (bob, carol, dave)}
        assert statuses == {bob.id: "online", carol.id: "offline", dave.id: "offline"}
        frozen.close()
