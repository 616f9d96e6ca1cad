"""What operators' tools ask for: health, readiness, metrics."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import time

import psycopg
import pytest
import requests

from parley import PARLEY, PATIENCE, ROOT, Server, assert_problem, free_port, until

VERSION = re.search(r'"(.+)"', (ROOT / "Sources/ParleyServer/Version.swift").read_text()).group(1)


def listens(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def metrics(port):
    """The samples of a scrape, by name and labels."""
    answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = {}
    for line in answer.text.splitlines():
        if line.startswith("#"):
            assert re.match(r"# (HELP|TYPE) parley_\w+ .+", line), line
        else:
            name, value = line.rsplit(" ", 1)
            assert re.fullmatch(r'parley_\w+(\{(le|version|bus|dir|result)="[^"]+"\})?', name), line
            samples[name] = float(value)
    return samples


def test_metrics_count_what_happens(start_server):
    port = free_port()
    server = start_server(METRICS_PORT=str(port))
    alice, bob = server.person("alice"), server.person("bob")
    conversation = alice.direct(bob)
    until(lambda: listens(port), "the metrics' port to be open")
    before = metrics(port)
    with alice.connect() as device, bob.connect() as other:
        for number in range(7):
            device.send(conversation, str(number))
        other.wait_for("message:received", lambda m: m["seq"] == 7)
        alice.upload(b"x" * 1000)
        after = metrics(port)
    grown = {name: after[name] - before[name] for name in after}
    assert after["parley_connections"] == 2 and grown["parley_connections_opened_total"] == 2
    assert grown["parley_messages_total"] == 7 and grown["parley_upload_bytes_total"] == 1000
    assert grown["parley_deliveries_total"] >= 14, "seven events and seven acknowledgements"
    assert grown["parley_batch_size_sum"] == 7 and grown["parley_commit_seconds_count"] == grown["parley_batch_size_count"] > 0
    assert grown["parley_commit_seconds_sum"] > 0 and after["parley_database_connections"] > 0
    buckets = [value for name, value in after.items() if name.startswith("parley_commit_seconds_bucket")]
    assert buckets == sorted(buckets) and buckets[-1] == after["parley_commit_seconds_count"]
    for name in ("parley_messages_queued", "parley_media_worker_restarts_total", "parley_slow_connections_total"):
        assert after[name] == 0


def test_metrics_are_on_no_other_port(server):
    assert_problem(server.request("GET", "/metrics"), 404, "not_found")


def test_the_version_is_told(start_server):
    told = subprocess.run([PARLEY, "--version"], capture_output=True, text=True, timeout=PATIENCE)
    assert told.returncode == 0 and told.stdout == f"parley {VERSION}\n"
    port = free_port()
    server = start_server(METRICS_PORT=str(port), LOG_LEVEL="info")
    until(lambda: listens(port), "the metrics' port to be open")
    assert metrics(port)[f'parley_build_info{{version="{VERSION}"}}'] == 1
    assert server.log.splitlines()[0].endswith(f"Parley {VERSION}")


def test_health_and_readiness(server):
    assert server.request("GET", "/health").json() == {"status": "ok", "version": VERSION}
    assert server.request("GET", "/ready").json() == {"status": "ready"}
    refused = server.request("POST", "/health")
    assert_problem(refused, 405, "method_not_allowed")
    assert refused.headers["Allow"] == "GET, HEAD"
    assert_problem(server.request("GET", "/nonsense"), 404, "not_found")


def test_a_balancer_sees_that_the_server_stops_before_its_port_closes(start_server):
    server = start_server(READY_GRACE="600")
    alice, bob = server.people("alice", "bob")
    conversation = alice.direct(bob)
    kept = requests.Session()
    assert kept.get(server.url + "/ready", timeout=PATIENCE).status_code == 200
    with alice.connect() as device:
        server.process.send_signal(signal.SIGTERM)
        until(lambda: server.request("GET", "/ready").status_code == 503, "the server to say that it stops")
        refused = kept.get(server.url + "/ready", timeout=PATIENCE)
        assert_problem(refused, 503, "unavailable")
        assert "Retry-After" in refused.headers
        # Everything else goes on.
        assert server.request("GET", "/health").status_code == 200
        assert device.send(conversation)["seq"] == 1 and device.all("disconnect") == []
    server.kill()


def test_the_grace_ends(start_server):
    server = start_server(READY_GRACE="1")
    with server.person().connect() as device:
        asked = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        device.wait_for("disconnect")
        assert time.monotonic() - asked >= 1
    assert server.process.wait(timeout=PATIENCE) == 0


def test_the_port_of_the_numbers_is_as_strict(start_server):
    port = free_port()
    start_server(METRICS_PORT=str(port))
    until(lambda: listens(port), "the other port to be open")
    assert_problem(requests.get(f"http://127.0.0.1:{port}/nope", timeout=PATIENCE), 404, "not_found")
    assert_problem(requests.post(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE), 405, "method_not_allowed")
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
    assert metrics(port)


def test_a_database_that_takes_no_writes_is_unavailable(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    conversation = alice.direct(bob)
    message = alice.send(conversation)
    name = server.sql("SELECT current_database()")[0][0]
    assert server.request("GET", "/ready").status_code == 200

    def set_read_only(value):
        with psycopg.connect(server.database) as connection:
            connection.read_only = False
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
        # From now on the server's sessions are new ones.
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                   " WHERE datname = current_database() AND pid <> pg_backend_pid()")

    set_read_only("on")
    until(lambda: "takes no writes" in server.request("GET", "/ready").text, "the server to notice")
    refused = [
        server.request("GET", "/ready"),
        alice.post("/messages", json={"conversationId": conversation, "text": "no"}),
        alice.request("PATCH", f"/messages/{message['id']}", json={"text": "no"}),
        alice.request("PUT", f"/messages/{message['id']}/reactions/👍"),
        alice.request("PATCH", "/auth/me", json={"about": "no"}),
        alice.post("/conversations", json={"kind": "group", "title": "no"}),
        alice.post(f"/messages/{message['id']}/report", json={"reason": "no"}),
        alice.request("PUT", "/upload/x", data=b"content"),
        server.request("POST", "/auth/refresh", json={"refreshToken": alice.session["refreshToken"]}),
    ]
    for answer in refused:
        assert_problem(answer, 503, "unavailable")
        assert answer.headers["Retry-After"]
    assert alice.get(f"/messages/{message['id']}").status_code == 200, "what is there can be read"
    set_read_only("off")
    until(lambda: server.request("GET", "/ready").status_code == 200, "the server to notice")
    # Not each of its connections has noticed yet.
    again = {"conversationId": conversation, "text": "after", "clientId": "after"}
    until(lambda: alice.post("/messages", json=again).status_code in (200, 201), "a message to be stored")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system")
def test_a_full_disk_of_the_database_is_unavailable(tmp_path):
    storage = tmp_path / "storage"
    storage.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", storage], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("no file system can be mounted here")
    server = Server(storage=storage)
    try:
        server.start()
        alice, bob = server.people("alice", "bob")
        conversation = alice.direct(bob)
        alice.send(conversation)
        filling = storage / "filling"
        with open(filling, "wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(65536))
                file.flush()
        refused = server.request("GET", "/ready")
        assert "disk is full" in assert_problem(refused, 503, "unavailable")["detail"]
        text = "".join(chr(0x4e00 + n % 5000) for n in range(8000))
        answers = []
        while not answers or answers[-1].status_code == 201:
            answers.append(alice.post("/messages", json={"conversationId": conversation, "text": text}))
        assert_problem(answers[-1], 503, "unavailable")
        assert answers[-1].headers["Retry-After"]
        filling.unlink()
        until(lambda: server.request("GET", "/ready").status_code == 200, "the server to be ready")
        again = {"conversationId": conversation, "text": "after", "clientId": "after"}
        until(lambda: alice.post("/messages", json=again).status_code in (200, 201), "a message to be stored")
        assert server.sql("SELECT count(*) FROM messages") == [(len(answers) + 1,)], "what was acknowledged is there"
    finally:
        server.stop()
        subprocess.run(["umount", "-l", storage])
