"""Servers that share a database: who may join, who is known, and what becomes of those that died or were frozen."""

import os
import signal
import subprocess
import uuid

import pytest

from cluster import SECRET, Cluster
from parley import PARLEY, PATIENCE, ROOT, until


def refused(server):
    """The line with which a server refuses to start."""
    with pytest.raises(RuntimeError):
        server.start()
    [line] = [line for line in server.log_file.read_text().splitlines() if line.startswith("parley: ")]
    # Nothing but the log of a start that went well so far.
    assert all(" error " not in other for other in server.log_file.read_text().splitlines() if other != line)
    return line


def listed(server):
    """What `parley nodes` prints."""
    told = subprocess.run(
        [PARLEY, "nodes"], cwd=ROOT, env={**os.environ, "DATABASE_URL": server.database, "STORAGE_DIR": str(server.storage)},
        capture_output=True, text=True, timeout=PATIENCE)
    assert told.returncode == 0, told.stderr
    return [line.split() for line in told.stdout.splitlines()]


def test_a_second_server_is_refused_where_it_would_break_something(postgres, tmp_path):
    cluster = Cluster(postgres.clone(), tmp_path, count=1)
    with cluster:
        assert refused(cluster.server(2, SHARED_STORAGE="off")).startswith("parley: SHARED_STORAGE: server 1 (")
        other_secret = refused(cluster.server(3, JWT_SECRET="quite another secret, and long enough"))
        assert other_secret.startswith("parley: JWT_SECRET: server 1 (")
        elsewhere = cluster.server(4)
        (elsewhere.storage / "uploads").unlink()
        assert "STORAGE_DIR/uploads is not where server 1 (" in refused(elsewhere)
        taken = cluster.server(5, NODE_NUMBER="1")
        assert refused(taken).startswith("parley: NODE_NUMBER: 1 is that of a running server")
        # None of them disturbed the first, or left anything behind.
        assert cluster.rows() == [1] and cluster.servers[1].request("GET", "/ready").status_code == 200
        second = cluster.servers[2] = cluster.server(2)
        second.start()
        titles, first, other = listed(second)
        assert titles[:3] == ["number", "host", "version"] and first[0] == "1" and other[0] == "2"
        assert first[-1] == other[-1] == "running"
        until(lambda: "others=1" in second.log or '"others": "1"' in second.log or "others" in second.log, "the log")
        second.stop()
        assert cluster.rows() == [1], "who stops says so"


def test_a_second_server_that_shares_nothing_is_refused_until_the_first_is_gone(start_server):
    first = start_server()
    from parley import Server
    second = Server(database=first.database, storage=first.storage.parent / "other")
    line = refused(second)
    assert line.startswith("parley: JWT_SECRET: "), "each made a secret of its own"
    second.settings["JWT_SECRET"] = (first.storage / "jwt-secret").read_text()
    assert refused(Server(database=first.database, storage=first.storage.parent / "third", settings=second.settings)).startswith(
        "parley: SHARED_STORAGE: ")
    first.stop()
    second.settings.pop("JWT_SECRET")
    second.start()
    second.stop()


def test_a_killed_server_comes_back_at_once_to_its_storage(start_server):
    server = start_server()
    alice = server.person("alice")
    for _ in range(2):
        with alice.connect():
            [(number, epoch)] = server.sql("SELECT number, id FROM nodes")
            until(lambda: server.sql("SELECT count(*) FROM node_presence") == [(1,)], "her arrival to be written")
            server.kill()
        server.restart()
        [(number_now, epoch_now)] = server.sql("SELECT number, id FROM nodes")
        assert number_now == number and epoch_now != epoch
        assert server.sql("SELECT count(*) FROM node_presence") == [(0,)]
        assert alice.get("/auth/me").json().get("status", "offline") == "offline"


def test_a_dead_servers_people_do_not_stay_online_for_ever(postgres, tmp_path):
    with Cluster(postgres.clone(), tmp_path, count=2) as cluster:
        dying, living = cluster.servers[1], cluster.servers[2]
        alice = dying.person("alice")
        with alice.connect():
            until(lambda: dying.sql("SELECT count(*) FROM node_presence") == [(1,)], "her arrival to be written")
            dying.kill()
        [(alive_at,)] = living.sql("SELECT alive_at FROM nodes WHERE number = 1")
        # The other server notices by itself: after the lease has run out, and fifteen seconds of its own.
        until(lambda: cluster.rows() == [2], "the dead server to be noticed")
        until(lambda: living.sql("SELECT count(*) FROM node_presence") == [(0,)], "its people to go")
        [(seen,)] = living.sql("SELECT last_seen_at FROM users WHERE id = %s", alice.id)
        assert seen == alive_at
        until(lambda: "a server died" in living.log, "the line")
        # Its place is free.
        dying.start()
        assert cluster.rows() == [1, 2]


def test_a_server_that_was_taken_for_dead_begins_anew(postgres, tmp_path):
    with Cluster(postgres.clone(), tmp_path, count=2) as cluster:
        frozen, other = cluster.servers[1], cluster.servers[2]
        alice = frozen.person("alice")
        with alice.connect() as device:
            until(lambda: other.sql("SELECT count(*) FROM node_presence") == [(1,)], "her arrival to be written")
            frozen.process.send_signal(signal.SIGSTOP)
            try:
                [(epoch,)] = other.sql("SELECT id FROM nodes WHERE number = 1")
                # As if it had been frozen for long.
                other.sql("UPDATE nodes SET alive_at = alive_at - interval '1 hour' WHERE number = 1")
                until(lambda: cluster.rows() == [2], "the other server to judge")
            finally:
                frozen.process.send_signal(signal.SIGCONT)
            until(lambda: cluster.rows() == [1, 2], "the frozen server to join again")
            [(now,)] = other.sql("SELECT id FROM nodes WHERE number = 1")
            assert now != epoch
            until(lambda: other.sql("SELECT node_id FROM node_presence") == [(now,)], "its people to be written again")
            assert device.all("disconnect") == []
        assert isinstance(now, uuid.UUID) and SECRET


def test_sessions_name_their_server(postgres, tmp_path):
    with Cluster(postgres.clone(), tmp_path, count=1) as cluster:
        [server] = cluster.servers.values()
        answer = server.request("GET", "/socket.io/?EIO=4&transport=polling")
        assert '"sid":"1-' in answer.text
        with server.person("alice").connect():
            until(lambda: cluster.sockets() == {1: 2}, "the sockets to be counted with a renewal")
