"""What moderators do in SQL, and the ends of sessions, reach everybody, whatever server they are on."""

import copy

import pytest

from cluster import Cluster
from moderation import wait_for_words
from parley import assert_problem, until


@pytest.fixture(scope="module")
def cluster(postgres, tmp_path_factory):
    with Cluster(postgres.clone(), tmp_path_factory.mktemp("cluster"), count=2) as cluster:
        until(lambda: cluster.rows() == [1, 2], "both servers to be there")
        yield cluster


def elsewhere(person, server):
    """The same person, with the same session, at another server."""
    person = copy.copy(person)
    person.server = server
    return person


def test_a_session_and_an_account_end_on_every_server(cluster):
    one, two = cluster.servers.values()
    alice, bob = one.people("alice", "bob")
    with elsewhere(alice, two).connect() as device:
        assert alice.post("/auth/logout").status_code == 204
        assert device.wait_for("session:revoked") == {"code": "session_revoked"}
    assert_problem(elsewhere(alice, two).get("/auth/me"), 401, "session_revoked")
    with bob.connect() as first, elsewhere(bob, two).connect() as second:
        one.sql("SELECT moderation.ban_user(%s, 'spam')", bob.username)
        for device in (first, second):
            assert device.wait_for("session:revoked") == {"code": "banned", "banned": {"reason": "spam"}}
    for server in (one, two):
        until(lambda server=server: elsewhere(bob, server).get("/auth/me").status_code == 403, "the ban")


def test_every_server_acts_on_what_moderators_do(cluster):
    one, two = cluster.servers.values()
    carol, dave = one.people("carol", "dave")
    group = carol.group(dave)
    sent = carol.send(group, "hello")
    devices = [elsewhere(dave, server).connect() for server in (one, two)]
    try:
        one.sql("SELECT moderation.remove_message(%s, 'no')", sent["id"])
        one.sql("SELECT moderation.mute_user(%s, now() + interval '1 hour', 'no')", dave.username)
        one.sql("UPDATE conversations SET title = 'Another title' WHERE id = %s", group)
        for device in devices:
            assert device.wait_for("message:deleted")["id"] == sent["id"]
            assert device.wait_for("user:muted")["until"]
            assert device.wait_for("conversation:updated", lambda c: c["title"] == "Another title")["revision"] == 4
        one.sql("SELECT moderation.add_blocked_word('never')")
        for server in (one, two):
            wait_for_words(server)
            said = elsewhere(carol, server).post("/messages", json={"conversationId": group, "text": "never"})
            assert_problem(said, 422, "validation_failed", "text")
    finally:
        for device in devices:
            device.close()
