"""The balancers of deploy/ in front of three servers: who is sent where, and what people notice when a server ends."""

import json
import shutil
import signal
import threading
import time

import pytest
import requests
import socketio

from cluster import Cluster, HAProxy, Nginx
from parley import PATIENCE, Device, until

BALANCERS = [
    pytest.param(balancer, marks=pytest.mark.skipif(shutil.which(balancer.__name__.lower()) is None, reason="not installed"))
    for balancer in (HAProxy, Nginx)]


@pytest.fixture(scope="module")
def cluster(postgres, tmp_path_factory):
    # Three seconds of draining: the test waits for all of it. Before that, the server can be asked for four.
    settings = {"DRAIN_SECONDS": "3", "READY_GRACE": "4"}
    with Cluster(postgres.clone(), tmp_path_factory.mktemp("cluster"), **settings) as cluster:
        yield cluster


@pytest.fixture(params=BALANCERS)
def balancer(request, cluster, tmp_path):
    for server in cluster.servers.values():
        if not server.is_running:
            server.restart()
    with request.param(cluster, tmp_path) as balancer:
        until(lambda: cluster.rows() == [1, 2, 3], "all servers to be there")
        yield balancer


class Client(Device):
    """A device that says which server it is on."""

    @property
    def server(self):
        return int(self.client.eio.sid.split("-")[0])


def clients(balancer, count, **options):
    person = balancer.person(f"person{time.monotonic_ns()}")
    return person, [Client(person, **options) for _ in range(count)]


def close(devices):
    for device in devices:
        device.close()


def test_sockets_are_spread_and_polling_stays_with_its_server(balancer):
    _, sockets = clients(balancer, 9)
    assert {socket.server for socket in sockets} == {1, 2, 3}
    _, polling = clients(balancer, 6, transports=("polling",))
    assert len({client.server for client in polling}) > 1
    for client in polling:
        for number in range(5):
            answer = client.emit("sync", {"known": {}})
            assert answer["ok"], (client.server, number, answer)
    # From polling to a WebSocket: the second connection finds the session's server.
    _, upgraded = clients(balancer, 6, transports=("polling", "websocket"))
    for client in upgraded:
        until(lambda client=client: client.client.eio.current_transport == "websocket", "the upgrade")
        assert client.emit("sync", {"known": {}})["ok"]
    close(sockets + polling + upgraded)


def test_a_session_of_a_server_that_is_not_there_is_unknown(balancer):
    answer = requests.get(balancer.url + "/socket.io/?EIO=4&transport=polling&sid=77-abcdefghijklmnopqrst", timeout=PATIENCE)
    assert answer.status_code == 400 and answer.json()["code"] == 1


def test_the_servers_know_who_asks(balancer, cluster):
    """Everybody would share one address's limits without it, and pages over TLS would be foreign."""
    origin = {"Origin": f"http://127.0.0.1:{balancer.port}", "X-Parley-Cookie": "1"}
    made = requests.post(
        balancer.url + "/auth/register", json={"username": f"page{time.monotonic_ns()}", "password": "correct horse battery"},
        headers=origin, timeout=PATIENCE)
    assert made.status_code == 201, made.text
    strange = requests.get(
        balancer.url + "/socket.io/?EIO=4&transport=polling", headers={"Origin": "http://elsewhere.example"}, timeout=PATIENCE)
    assert strange.status_code == 403


def test_files_are_served_by_every_server(balancer, cluster):
    alice = balancer.person(f"alice{time.monotonic_ns()}")
    content = bytes(range(256)) * 4000
    upload = alice.upload(content)
    for server in cluster.servers.values():
        assert requests.get(server.url + upload["url"], timeout=PATIENCE).content == content
    assert requests.get(balancer.url + upload["url"], timeout=PATIENCE).content == content


def reconnecting(balancer, person):
    """A client as a page has it: it connects again by itself, at once."""
    client = socketio.Client(
        reconnection_delay=0.05, reconnection_delay_max=0.5, randomization_factor=0.5, request_timeout=PATIENCE)
    readies, times = [], []

    def ready(_):
        times.append(time.monotonic())
        readies.append(int(client.eio.sid.split("-")[0]))

    client.on("ready", ready)
    client.connect(balancer.url, auth={"token": person.token}, transports=["websocket"], wait_timeout=PATIENCE)
    until(lambda: readies, "ready")
    client.readies, client.times = readies, times
    return client


def test_the_people_of_a_killed_server_come_back(balancer, cluster):
    person = balancer.person(f"person{time.monotonic_ns()}")
    people = [reconnecting(balancer, person) for _ in range(9)]
    try:
        mine = [client for client in people if client.readies[-1] == 1]
        others = [client for client in people if client.readies[-1] != 1]
        assert mine and others
        cluster.servers[1].kill()
        until(lambda: all(len(client.readies) >= 2 for client in mine), "them to be back")
        assert all(client.readies[-1] in (2, 3) for client in mine)
        busy = balancer.taken_for_dead() - {1}
        assert all(len(client.readies) == 1 for client in others if client.readies[0] not in busy), "nobody else noticed"
        for _ in range(10):
            assert requests.get(balancer.url + "/health", timeout=PATIENCE).status_code == 200
    finally:
        for client in people:
            client.disconnect()


def test_a_rolling_restart_is_no_storm(balancer, cluster):
    person = balancer.person(f"person{time.monotonic_ns()}")
    people = [reconnecting(balancer, person) for _ in range(12)]
    failed = []
    try:
        stopping = cluster.servers[2]
        mine = [client for client in people if client.readies[-1] == 2]
        others = [client for client in people if client.readies[-1] != 2]
        assert len(mine) >= 2
        stopping.process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        until(lambda: stopping.request("GET", "/ready").status_code == 503, "the server to say that it stops")
        assert stopping.request("GET", "/ready?unready=404").status_code == 404
        while stopping.process.poll() is None:
            if requests.get(balancer.url + "/auth/me", headers={"Authorization": f"Bearer {person.token}"}, timeout=PATIENCE).status_code != 200:
                failed.append(time.monotonic() - asked)
            time.sleep(0.02)
        assert stopping.process.returncode == 0
        until(lambda: all(len(client.readies) >= 2 for client in mine), "them to be back")
        assert all(client.readies[-1] != 2 for client in mine)
        busy = balancer.taken_for_dead()
        assert all(len(client.readies) == 1 for client in others if client.readies[0] not in busy)
        back = [client.times[1] for client in mine]
        assert min(back) - asked >= 4, "sockets stay while the balancer notices: for READY_GRACE"
        assert max(back) - min(back) > 0.5, "one after another"
        assert failed == []
    finally:
        for client in people:
            client.disconnect()


def test_nobody_is_told_that_whoever_goes_to_another_server_went(cluster):
    for server in cluster.servers.values():
        if not server.is_running:
            server.restart()
    until(lambda: cluster.rows() == [1, 2, 3], "all servers to be there")
    first, second = cluster.servers[1], cluster.servers[2]
    friend = first.person(f"friend{time.monotonic_ns()}")
    mover, leaver = (second.person(f"{name}{time.monotonic_ns()}") for name in ("mover", "leaver"))
    for person in (mover, leaver):
        friend.direct(person)
    with friend.connect() as watching:
        moving, leaving = mover.connect(), leaver.connect()
        for person in (mover, leaver):
            watching.wait_for("user:status", lambda status, id=person.id: status["userId"] == id)
        watching.forget()
        second.process.send_signal(signal.SIGTERM)
        moving.wait_for("disconnect")
        went = time.monotonic()
        mover.server = first
        with mover.connect():
            took = time.monotonic() - went
            gone = watching.wait_for("user:status", lambda status: status["userId"] == leaver.id)
            assert gone["status"] == "offline"
            # Ten seconds are given. A machine on which connecting takes nearly as long shows nothing.
            if took < 8:
                assert not [status for status in watching.all("user:status") if status["userId"] == mover.id]
        leaving.close()
    second.process.wait(timeout=PATIENCE)


def test_a_server_that_cannot_use_the_database_gets_nobody_new(balancer, cluster):
    """Frozen leases are SQL's: the row is locked, so the server cannot renew it."""
    import psycopg

    with psycopg.connect(cluster.database) as connection:
        connection.execute("SELECT 1 FROM nodes WHERE number = 3 FOR UPDATE")
        until(lambda: cluster.servers[3].request("GET", "/ready").status_code == 503, "the lease to be overdue")
        detail = json.loads(cluster.servers[3].request("GET", "/ready").text)["detail"]
        assert detail == "the server cannot say that it lives"
        if isinstance(balancer, HAProxy):
            # Once it has noticed.
            until(lambda: all(c.server != 3 for c in clients(balancer, 6)[1]), "nobody to be sent there")
    until(lambda: cluster.servers[3].request("GET", "/ready").status_code == 200, "the lease to be renewed")


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="not installed")
def test_the_people_of_a_frozen_server_come_back(cluster, tmp_path):
    for server in cluster.servers.values():
        if not server.is_running:
            server.restart()
    with HAProxy(cluster, tmp_path) as balancer:
        person = balancer.person(f"person{time.monotonic_ns()}")
        people = [reconnecting(balancer, person) for _ in range(9)]
        mine = [client for client in people if client.readies[-1] == 3]
        assert mine
        cluster.servers[3].process.send_signal(signal.SIGSTOP)
        try:
            until(lambda: all(len(client.readies) >= 2 for client in mine), "them to be back")
            assert all(client.readies[-1] in (1, 2) for client in mine)
        finally:
            cluster.servers[3].process.send_signal(signal.SIGCONT)
            for client in people:
                client.disconnect()


@pytest.mark.skipif(shutil.which("nginx") is None, reason="not installed")
def test_below_a_path_behind_nginx(postgres, tmp_path):
    """`BASE_PATH`, as docs/OPERATIONS.md says: the location has the path, and what follows the servers' name has none."""
    with Cluster(postgres.clone(), tmp_path / "cluster", count=3, BASE_PATH="/chat") as cluster:
        (tmp_path / "nginx").mkdir()
        balancer = Nginx(cluster, tmp_path / "nginx", path="/chat")
        balancer.text = balancer.text.replace("location / {", "location /chat/ {")
        with balancer:
            assert requests.get(f"http://127.0.0.1:{balancer.port}/health", timeout=PATIENCE).status_code == 404
            alice = balancer.person("alice")
            assert alice.get("/auth/me").json()["username"] == "alice"
            upload = alice.upload(b"bytes")
            assert upload["url"].startswith("/chat/upload/")
            assert requests.get(f"http://127.0.0.1:{balancer.port}{upload['url']}", timeout=PATIENCE).content == b"bytes"
            for transport in ("polling", "websocket"):
                client = socketio.Client(reconnection=False, request_timeout=PATIENCE)
                ready = threading.Event()
                client.on("ready", lambda _, ready=ready: ready.set())
                client.connect(
                    f"http://127.0.0.1:{balancer.port}", socketio_path="/chat/socket.io", auth={"token": alice.token},
                    transports=[transport], wait_timeout=PATIENCE)
                assert ready.wait(PATIENCE), transport
                client.disconnect()
