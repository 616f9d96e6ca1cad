"""5,000 people lose their server, and all come back at once."""

import contextlib

from bench import ROUNDS, peers, sized
from bench.load import measure
from bench.report import about
from bench.stack import Parley
from scenarios.connections import seed

COUNT = sized(5_000, 500)


def run():
    about(
        "reconnect", f"{COUNT:,} people come back at once",
        "Each is a member of three groups of 1,000. All are connected when the server is stopped (SIGTERM) or killed. When "
        "another one is up, all connect to it at the same moment with the tokens they have, and then two messages a second go to "
        "each group: nobody may miss one. The time is until the last one is ready. The peer believes the token.",
        {"connected_ms": "ms until all are ready", "connect_p50_ms": "p50 ms", "connect_server_us": "CPU µs each",
         "connect_database_us": "PostgreSQL's", "server_peak_kb": "peak RSS kB"},
        ratio="connected_ms")
    with Parley() as parley:
        people = seed(parley, COUNT)
        own = [(token, rooms[0]) for _, token, rooms in people]
        as_peers = [(peers.token(id, *rooms), rooms[0]) for id, _, rooms in people]
        groups = len({room for _, room in own})
        # A conversation afterwards shows that whoever is ready gets everything.
        options = {"senders": groups, "rate": 2 * groups, "window": 64, "warm_up": 0, "duration": sized(3, 1), "nap": 200,
                   "settle": 2}
        for _ in range(ROUNDS):
            for subject, kill in (("parley", False), ("parley, killed", True)):
                measure("reconnect", parley, own, subject=subject, database=parley.postgres_pid,
                        restart=lambda kill=kill: restarted(parley, kill), **options)
                parley.rest()
            measure_peer(as_peers, options)


def restarted(parley, kill):
    parley.restart(kill)
    return parley.port, parley.pid, parley.postgres_pid


def measure_peer(people, options):
    """It keeps no data, so another one is as good as the same one again."""
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
        server = first.enter_context(peers.node_ws())

        def restart():
            first.close()
            successor = second.enter_context(peers.node_ws())
            return successor.port, successor.pid, 0

        measure("reconnect", server, people, restart=restart, **options)
