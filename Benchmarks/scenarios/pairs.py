"""512 one-to-one chats: every message stored, acknowledged and delivered."""

import contextlib

from bench import peers, sized
from bench.load import measure
from bench.report import about, rounds
from bench.stack import Parley

CHATS = sized(512, 64)


def run():
    about(
        "pairs", f"{CHATS} one-to-one chats",
        "Each has one message in flight. It is done when it is acknowledged and the other member has it. All subjects store.",
        {"message_us": "CPU µs a message", "message_server_us": "server's", "message_database_us": "PostgreSQL's",
         "messages_per_s": "messages/s", "completion_p50_us": "p50 µs", "completion_p99_us": "p99 µs"},
        ratio="message_us")
    about(
        "in-flight-4", f"{CHATS} one-to-one chats, four messages in flight for each sender",
        "Whether messages arrive in the order in which they were sent.",
        {"out_of_order": "out of order", "sequence_breaks": "breaks of `seq`", "sent": "of messages",
         "message_us": "CPU µs a message"})
    with contextlib.ExitStack() as stack:
        parley = stack.enter_context(Parley())
        parley.seed_users(2 * CHATS)
        chats = parley.seed_directs((2 * i, 2 * i + 1) for i in range(CHATS))
        people = [(parley.person(i)[1], chats[i // 2]) for i in range(2 * CHATS)]
        as_peers = [(peers.token(parley.person(i)[0], chats[i // 2]), chats[i // 2]) for i in range(2 * CHATS)]
        servers = [stack.enter_context(peer) for peer in (peers.python_socketio(parley), peers.node_ws(parley))]
        for scenario, window in (("pairs", 1), ("in-flight-4", 4)):
            options = {"database": parley.postgres_pid, "senders": CHATS, "window": window, "nap": 200,
                       "duration": sized(4, 1)}
            for _ in rounds(scenario) if window == 1 else range(1):
                measure(scenario, parley, people, **options)
                parley.rest()
                for server in servers:
                    measure(scenario, server, as_peers, **options)
