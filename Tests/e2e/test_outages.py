"""Messages arrive even if the server stops, everybody reconnects, or the database is away (claims 10 to 14)."""

import concurrent.futures
import resource
import signal
import threading

import pytest

from delivering import BIG
from parley import PATIENCE, Postgres, Server, assert_problem, until
from sockets import Returning, ended, raw_socket


@pytest.fixture
def many_files():
    """Raises the limit of open files to the maximum, for this process and the servers that it starts."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_stop_under_load_loses_nothing_and_ends_soon(start_server, many_files):
    server = start_server()
    alice, bob, carol = server.people("alice", "bob", "carol")
    conversation = alice.direct(bob)
    devices = [bob.connect() for _ in range(10)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        sockets = list(pool.map(lambda _: raw_socket(carol), range(4000 if BIG else 100)))
    acknowledged = []
    with alice.connect() as sender:
        stop = threading.Event()
        # Without a bound, sending would leave this process no time to receive.
        under_way = threading.Semaphore(200)

        def take(answer):
            acknowledged.append(answer)
            under_way.release()

        def pour():
            for number in range(100_000):
                if not under_way.acquire(timeout=PATIENCE) or stop.is_set() or not sender.client.connected:
                    return
                try:
                    sender.client.emit(
                        "message:send", {"conversationId": conversation, "text": str(number)}, callback=take)
                except Exception:
                    return

        thread = threading.Thread(target=pour)
        thread.start()
        until(lambda: sum(answer["ok"] for answer in list(acknowledged)) > 200, "some messages")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=PATIENCE) == 0, server.log
        stop.set()
        thread.join()
        for device in devices:
            device.wait_for("disconnect")
    for connection in sockets:
        ended(connection)
        connection.close()
    good = {answer["message"]["id"] for answer in acknowledged if answer["ok"]}
    stored = server.sql("SELECT id::text, seq FROM messages ORDER BY seq")
    assert len(good) > 200 and good <= {id for id, _ in stored}
    assert [seq for _, seq in stored] == list(range(1, len(stored) + 1))


def test_all_clients_come_back_at_once(start_server, many_files):
    server = start_server()
    everybody = server.people("a", "b", "c", "d")
    each = 1000 if BIG else 40
    group = everybody[0].group(*everybody[1:])
    for number in range(50):
        everybody[0].send(group, str(number))
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        for round in range(2):
            sockets = list(pool.map(raw_socket, everybody * each))
            # A client that is told to come later does so.
            list(pool.map(
                lambda person: until(lambda: person.get("/conversations").status_code == 200, "an answer"), everybody * 10))
            if round == 0:
                server.kill()
                server.restart()
            for connection in sockets:
                connection.close()


def test_while_the_database_is_away_requests_fail_quickly_and_all_returns():
    with Postgres() as postgres, Server(database=postgres.clone()) as server:
        alice, bob = server.people("alice", "bob")
        conversation = alice.direct(bob)
        with alice.connect() as a, bob.connect() as b:
            a.send(conversation, "before")
            postgres.kill()
            refused = a.emit("message:send", {"conversationId": conversation, "text": "away", "clientId": "away"})
            assert refused["error"]["code"] == "unavailable" and refused["error"]["retryAfter"] > 0
            problem = assert_problem(bob.get("/conversations"), 503, "unavailable")
            assert problem["status"] == 503
            assert b.emit("message:read", {"conversationId": conversation, "seq": 1})["error"]["code"] == "unavailable"
            assert b.emit("sync", {"known": {}})["error"]["code"] == "unavailable"
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                assert set(pool.map(lambda _: bob.get("/conversations").status_code, range(200))) == {503}
            # One line says so, and a few say what happened to each connection. The rest is counted.
            lines = [line for line in server.log_file.read_text().splitlines() if "warning" in line or "error" in line]
            assert len([line for line in lines if "the database is not available" in line]) == 1
            assert len(lines) < 60, lines
            postgres.start()
            until(lambda: a.emit(
                "message:send", {"conversationId": conversation, "text": "away", "clientId": "away"})["ok"],
                "messages to be stored again")
            b.wait_for("message:received", lambda m: m["text"] == "away")
            assert a.client.connected and b.client.connected, "the sockets stayed"
            assert b.emit("message:read", {"conversationId": conversation, "seq": 2}) == {"ok": True}
            assert a.wait_for("message:status")["readSeq"] == 2
            # A person who left meanwhile, or whose departure could not be written, is not online for ever.
            b.close()
            a.wait_for("user:status", lambda s: s["status"] == "offline")
    assert server.process.returncode == 0


def test_who_connects_while_the_database_is_away_comes_in_when_it_is_back():
    with Postgres() as postgres, Server(database=postgres.clone(), settings={"LOG_LEVEL": "debug"}) as server:
        alice, bob = server.people("alice", "bob")
        conversation = alice.direct(bob)
        postgres.kill()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            connecting = pool.submit(Returning, bob)
            until(lambda: "a socket could not be welcomed" in server.log_file.read_text(), "the first attempt to fail")
            postgres.start()
            with connecting.result(timeout=PATIENCE) as device:
                until(lambda: alice.post(
                    "/messages", json={"conversationId": conversation, "text": "live"}).status_code == 201, "a message")
                device.wait_for_text("live")
