"""Connections: whose they are, how many there may be, and what they may cost."""

import json
import os
import resource
import socket
import time
import uuid

import pytest
import requests
import websocket

from parley import PATIENCE, assert_problem, until
from uploading import noise


@pytest.mark.parametrize("file", ["socket.io.js", "socket.io.js.map", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"])
def test_who_looks_for_the_clients_file_is_told_where_it_is(server, file):
    # As a page's script requests it, and as a person does.
    for accept in ["*/*", "text/html"]:
        answer = server.request("GET", f"/socket.io/{file}", headers={"Accept": accept})
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "npm install socket.io-client" in answer.text and "Parley's own client is at /" in answer.text
    assert server.request("HEAD", f"/socket.io/{file}").status_code == 404
    assert server.request("POST", f"/socket.io/{file}").status_code == 405


def opened(server, count, source="127.0.0.1"):
    return [
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE, source_address=(source, 0))
        for _ in range(count)]


def is_served(connection):
    """Whether the server accepts the connection and answers on it."""
    try:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return connection.recv(1000).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def end(connections):
    for connection in connections:
        connection.close()


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def test_an_address_has_its_share_of_connections(start_server):
    server = start_server(RATE_LIMITS="on", CONNECTIONS_PER_ADDRESS="20")
    mine = opened(server, 30)
    served = [is_served(connection) for connection in mine]
    assert served.count(True) == 20
    others = opened(server, 5, "127.0.0.2")
    assert all(is_served(connection) for connection in others), "others go on"
    end(mine)
    until(lambda: is_served(opened(server, 1)[0]), "a connection to be had again")
    end(others)
    assert server.log.count("CONNECTIONS_PER_ADDRESS") == 1, "said once, not for each connection"


def test_behind_a_proxy_the_client_has_it(start_server):
    server = start_server(RATE_LIMITS="on", CONNECTIONS_PER_ADDRESS="5", TRUSTED_PROXIES="127.0.0.1")
    alice = server.person()

    def connect(address):
        return websocket.create_connection(
            f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket", timeout=PATIENCE,
            header={"X-Forwarded-For": address})

    sockets = [connect("203.0.113.5") for _ in range(5)]
    with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
        connect("203.0.113.5")
    assert refusal.value.status_code == 429
    # Requests in progress count like sockets.
    forwarded = {"X-Forwarded-For": "203.0.113.5"}
    assert_problem(alice.get("/auth/me", headers=forwarded), 429, "rate_limited")
    assert_problem(alice.post("/upload", files={"file": ("a", bytes(300_000))}, headers=forwarded), 429, "rate_limited")
    assert alice.get("/auth/me", headers={"X-Forwarded-For": "203.0.113.6"}).status_code == 200
    connect("203.0.113.6").close()
    for connection in sockets:
        connection.close()
    # All of it: a request's place is given back a moment after its answer.
    until(lambda: {alice.get("/auth/me", headers=forwarded).status_code for _ in range(20)} == {200}, "the share to be given back")


def test_the_limit_of_descriptors_is_raised(start_server):
    server = start_server(prefix=("prlimit", "--nofile=256:2048"))
    line = next(line for line in open(f"/proc/{server.process.pid}/limits") if line.startswith("Max open files"))
    assert line.split()[3:5] == ["2048", "2048"]


def test_connections_wait_while_descriptors_are_short(start_server):
    limit, kept = 200, 25
    server = start_server(prefix=("prlimit", f"--nofile={limit}:{limit}"))
    alice, bob = server.people("alice", "bob")
    conversation = alice.direct(bob)
    with alice.connect() as device, requests.Session() as session:
        # An earlier connection: no descriptor becomes free for another one.
        session.headers["Authorization"] = f"Bearer {alice.token}"
        assert session.get(f"{server.url}/auth/me").status_code == 200
        idle = [c for n in range(2, 9) for c in opened(server, 40, f"127.0.0.{n}")]
        until(lambda: descriptors(server) >= limit - kept, "connections to have what they may")
        assert device.send(conversation, "still talking")["text"] == "still talking"
        assert server.cpu_seconds_beside_a_busy_loop() < 0.25, "connections that wait are no reason to be busy"
        assert descriptors(server) < limit - kept // 2, "files have room"
        uploaded = session.post(f"{server.url}/upload", files={"file": ("name", b"a file")}, timeout=PATIENCE)
        assert uploaded.json()["uploads"][0]["size"] == 6
        end(idle[:200])
        until(lambda: is_served(opened(server, 1, "127.0.0.9")[0]), "connections to be accepted again")
        end(idle)


def test_without_any_descriptor_the_server_is_idle_too(start_server):
    server = start_server()
    alice = server.person()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {alice.token}"
        assert session.get(f"{server.url}/auth/me").status_code == 200
        limit = max(int(name) for name in os.listdir(f"/proc/{server.process.pid}/fd")) + 1
        before = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, before[1]))
        fillers = opened(server, limit - descriptors(server) + 3)
        until(lambda: descriptors(server) == limit, "all descriptors to be taken")
        assert server.cpu_seconds_beside_a_busy_loop() < 0.25
        assert session.get(f"{server.url}/auth/me").status_code == 200
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, before)
    end(fillers)
    until(lambda: is_served(opened(server, 1)[0]), "connections to be accepted again")


# MARK: Clients that do not read


def queued(server):
    """The bytes that the kernel holds for each of the server's connections (proc(5), /proc/net/tcp)."""
    lines = [line.split() for line in open("/proc/net/tcp").read().splitlines()[1:]]
    return [int(line[4].split(":")[0], 16) for line in lines if int(line[1].split(":")[1], 16) == server.port and line[3] == "01"]


def resident(server):
    return int(next(line for line in open(f"/proc/{server.process.pid}/status") if line.startswith("VmRSS")).split()[1]) * 1024


def test_slow_downloads_hold_little(start_server):
    server = start_server()
    alice = server.person()
    upload = alice.upload(noise(8 << 20))
    request = f"GET /upload/{upload['id']}/file HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {alice.token}\r\n\r\n"
    assert len(alice.get(f"/upload/{upload['id']}/file").content) == 8 << 20
    before, count = resident(server), 60
    readers = opened(server, count)
    for reader in readers:
        reader.sendall(request.encode())
    until(lambda: sum(1 for bytes_ in queued(server) if bytes_ > 0) == count, "all answers to begin")
    until(lambda: sum(queued(server)) == (time.sleep(0.2) or sum(queued(server))), "the kernel to be full")
    held = sum(queued(server)) + max(0, resident(server) - before)
    assert max(queued(server)) <= 512 * 1024
    assert held <= count * (1 << 20), f"{held / count / 1024:.0f} KiB each"
    end(readers)


# MARK: The cost of events


def raw(person):
    connection = websocket.create_connection(
        person.server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket", timeout=PATIENCE)
    connection.recv()
    connection.send('40{"token":"%s"}' % person.token)
    while not connection.recv().startswith('42["ready"'):
        pass
    return connection


def answer(connection, identifier):
    while True:
        packet = connection.recv()
        if packet == "2":
            connection.send("3")
        if packet.startswith(f"43{identifier}["):
            return json.loads(packet[packet.index("["):])[0]


def test_sync_names_ten_thousand_at_most(server, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    connection = raw(alice)

    def sync(known, identifier):
        connection.send(f"42{identifier}" + json.dumps(["sync", {"known": known}], separators=(",", ":")))
        return answer(connection, identifier)

    unknown = {str(uuid.uuid4()): n for n in range(9_999)}
    done = sync({**unknown, conversation: 0}, 1)
    assert done["ok"] and [c["id"] for c in done["conversations"]] == [conversation]
    assert set(done["removed"]) == set(unknown)
    refused = sync({conversation: 0, **{str(uuid.uuid4()): n for n in range(10_000)}}, 2)
    assert (refused["error"]["code"], refused["error"]["field"]) == ("validation_failed", "known")
    assert "10000" in refused["error"]["detail"]
    for known in ([], 3, {conversation: "1"}, {conversation: 1.5}, {conversation: None}):
        assert sync(known, 3)["error"]["field"] == "known"
    assert sync(None, 4)["ok"] and sync({}, 5)["ok"]
    escaped = "".join(f"\\u{ord(c):04x}" for c in conversation)
    connection.send('426["sync",{"known":{"%s":%d}}]' % (escaped, done["conversations"][0]["revision"]))
    known = answer(connection, 6)
    assert known["ok"] and (known["conversations"], known["removed"]) == ([], [])
    connection.close()


def test_payloads_are_bounded_before_they_are_decoded(server, people):
    connection = raw(people("alice")[0])
    many = json.dumps({f"member{n}": n for n in range(65)})
    large = json.dumps({"conversationId": "x", "text": "x" * 262_144})
    for number, (payload, code) in enumerate([(many, "malformed_request"), (large, "too_large")]):
        for event in ("message:edit", "conversation:join"):
            connection.send(f'42{number}["{event}",{payload}]')
            assert answer(connection, number)["error"]["code"] == code
    connection.close()


def test_large_and_unknown_events_are_paid_for(start_server):
    server = start_server(RATE_LIMITS="on")
    alice, bob = server.people("alice", "bob")
    connection = raw(alice)
    # Eight mebibytes at once, then one a second.
    errors = []
    while not any(error["code"] == "rate_limited" for error in errors) and len(errors) < 400:
        numbers = range(len(errors), len(errors) + 40)
        for n in numbers:
            connection.send('42%d["no such event","%s"]' % (n, "x" * 900_000))
        errors += [answer(connection, n)["error"] for n in numbers]
    assert [e["code"] for e in errors[:8]] == ["not_found"] * 8
    assert {e["code"] for e in errors} == {"not_found", "rate_limited"}
    assert all(e["retryAfter"] >= 1 for e in errors if e["code"] == "rate_limited")
    connection.close()
    connection = raw(bob)
    codes = []
    while "rate_limited" not in codes and len(codes) < 20_000:
        numbers = range(len(codes), len(codes) + 1000)
        for n in numbers:
            connection.send(f'42{n}["no such event"]')
        codes += [answer(connection, n)["error"]["code"] for n in numbers]
    assert codes[:600] == ["not_found"] * 600 and "rate_limited" in codes
    # A client that goes on regardless is disconnected.
    try:
        for _ in range(20_000):
            connection.send('42["no such event"]')
    except (ConnectionError, websocket.WebSocketException):
        pass
    assert connection_ends(connection)
    assert alice.get("/auth/me").status_code == 200


def connection_ends(connection):
    try:
        while connection.recv() != "":
            pass
    except websocket.WebSocketTimeoutException:
        return False
    except (ConnectionError, websocket.WebSocketException):
        pass
    return True


def test_acknowledgements_of_nothing_end_the_connection(server, people):
    connection = raw(people("alice")[0])
    for _ in range(101):
        connection.send("430[]")
    assert connection_ends(connection)
