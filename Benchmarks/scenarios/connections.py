"""10,000 people connect, each a member of three groups of 1,000, and stay idle."""

from bench import peers, sized
from bench.load import measure
from bench.report import about
from bench.stack import Parley

COUNT = sized(10_000, 1_000)
GROUP = 1_000


def seed(parley, count):
    """People and the rooms of each."""
    parley.seed_users(count)
    memberships = [range(first, min(first + GROUP, count)) for first in range(0, count, GROUP)]
    groups = [parley.seed_groups(memberships) for _ in range(3)]
    return [(*parley.person(i), [ids[i // GROUP] for ids in groups]) for i in range(count)]


def run():
    about(
        "connections", f"{COUNT:,} idle connections",
        "Parley checks each token, joins the connection to the rooms of its three groups (of 1,000), and says who is "
        "online. The peers believe the token and join the three rooms it names. The broadcaster has no rooms.",
        {"connection_rss_kb": "RSS kB each", "connection_pss_kb": "PSS kB each", "connect_server_us": "CPU µs a connect",
         "connect_database_us": "PostgreSQL's", "connects_per_s": "connects/s", "connect_p99_ms": "p99 ms"},
        ratio="connection_rss_kb")
    with Parley() as parley:
        people = seed(parley, COUNT)
        as_peers = [(peers.token(id, *rooms), rooms[0]) for id, _, rooms in people]
        for _ in range(sized(2, 1)):
            # A process that has served before holds memory of that.
            parley.restart()
            measure("connections", parley, [(token, rooms[0]) for _, token, rooms in people],
                    database=parley.postgres_pid, settle=2)
            for peer in (peers.python_socketio(), peers.node_ws(), peers.broadcaster("each")):
                with peer as server:
                    measure("connections", server, as_peers, settle=2)
