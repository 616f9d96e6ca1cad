"""How long the people of a server are away that is killed or freezes, behind HAProxy."""

import contextlib
import signal
import statistics
import time

import socketio

from bench import ROUNDS, sized
from bench.cluster import Cluster, until
from bench.haproxy import haproxy
from bench.report import about, record

PEOPLE = sized(60, 12)


def run():
    about(
        "failover", f"Three servers behind HAProxy: {PEOPLE} people, and one server dies",
        "HAProxy has the configuration of deploy/haproxy.cfg. One server is killed (kill -9), or stopped as if it were frozen "
        "(SIGSTOP). Its people connect again as the web client does, and count as back when the server that took them has said "
        "`ready`. HAProxy finds out about a frozen server by its check, which may take three seconds.",
        {"people": "people of that server", "back_p50_ms": "back: p50 ms", "back_last_ms": "the last: ms"}, rows="what happens")
    with Cluster() as cluster:
        cluster.seed_users(PEOPLE)
        for _ in range(ROUNDS):
            for subject, what in (("killed", signal.SIGKILL), ("frozen", signal.SIGSTOP)):
                cluster.start(3)
                with haproxy(cluster) as port:
                    measure(cluster, port, subject, what)
                # So that it can end.
                cluster.servers[0].send_signal(signal.SIGCONT)


def measure(cluster, port, subject, what):
    with contextlib.ExitStack() as stack:
        people = [stack.enter_context(Client(port, cluster.person(i)[1])) for i in range(PEOPLE)]
        until(lambda: all(person.readies for person in people), cluster.servers[1], "everybody's connection")
        its = [person for person in people if person.readies[-1][0] == 1]
        begun = time.monotonic()
        cluster.servers[0].send_signal(what)
        until(lambda: all(len(person.readies) > 1 for person in its), cluster.servers[1], "the last one's new connection")
        times = [(person.readies[1][1] - begun) * 1e3 for person in its]
        record("failover", subject, people=len(its), back_p50_ms=statistics.median(times), back_last_ms=max(times))


class Client:
    """A person's page: it connects again by itself, after as long as the web client waits. `readies` says to which server it
    has connected, and when."""

    def __init__(self, port, token):
        self.readies = []
        # At first 250 to 500 ms, then twice as long each time (web/src/client/backoff.ts).
        self.socket = socketio.Client(reconnection_delay=0.375, reconnection_delay_max=20, randomization_factor=1 / 3)
        self.socket.on("ready", self._ready)
        self.socket.connect(
            f"http://127.0.0.1:{port}", auth={"token": token}, transports=["websocket"], wait_timeout=30)

    def _ready(self, _):
        # A session id begins with its server's number.
        self.readies.append((int(self.socket.eio.sid.split("-")[0]), time.monotonic()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.disconnect()
