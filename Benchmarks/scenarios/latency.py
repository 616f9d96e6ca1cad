"""How long a sender waits for the acknowledgement of a stored message."""

import contextlib

from bench import peers, pgbench, sized
from bench.load import measure
from bench.report import about, record, rounds
from bench.stack import Parley

# pgbench opens a connection for each client, and PostgreSQL allows 60 in all.
CLIENTS = 16
SECONDS = sized(3, 1)
COLUMNS = {
    "ack_p50_us": "p50 µs", "ack_p90_us": "p90 µs", "ack_p99_us": "p99 µs", "message_us": "CPU µs a message",
    "message_server_us": "server's", "message_database_us": "PostgreSQL's", "messages_per_s": "messages/s",
}


def run():
    about(
        "ack-1", "Acknowledgements, one sender",
        "The sender sends each message when the one before it is acknowledged, to a one-to-one chat whose other member is "
        "away. pgbench stores the same row in the same tables by one statement, which shows what a commit costs here. "
        "The peers store by that statement.",
        COLUMNS | {"over_commit_us": "p50 µs over pgbench's"}, ratio="ack_p50_us")
    about(
        "ack-64", "Acknowledgements, 64 senders", f"The same with 64 at once; pgbench with {CLIENTS}.", COLUMNS,
        ratio="message_us")
    with contextlib.ExitStack() as stack:
        parley = stack.enter_context(Parley())
        parley.seed_users(128)
        chats = parley.seed_directs((2 * i, 2 * i + 1) for i in range(64))
        senders = [parley.person(2 * i) for i in range(64)]
        servers = [stack.enter_context(peer) for peer in (peers.python_socketio(parley), peers.node_ws(parley))]
        for scenario, count, clients in (("ack-1", 1, 1), ("ack-64", 64, CLIENTS)):
            people = [(token, chat) for (_, token), chat in zip(senders, chats)][:count]
            as_peers = [(peers.token(id, chat), chat) for (id, _), chat in zip(senders, chats)][:count]
            options = {"database": parley.postgres_pid, "senders": count, "duration": SECONDS}
            for _ in rounds(scenario):
                commit = pgbench.commits(parley, chats[:clients], senders[0][0], SECONDS)
                record(scenario, "pgbench", message_us=commit["message_database_us"], **commit)
                measure(scenario, parley, people, **options,
                        also=lambda result: {"over_commit_us": result["ack_p50_us"] - commit["ack_p50_us"]})
                parley.rest()
                for server in servers:
                    measure(scenario, server, as_peers, **options)
