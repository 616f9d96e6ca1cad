"""Messages to a group of 1,000: as fast as they are delivered, and at ten a second."""

import contextlib

from bench import peers, sized
from bench.load import measure
from bench.report import about, rounds
from bench.stack import Parley

MEMBERS = sized(1_000, 200)
COLUMNS = {
    "delivery_server_us": "server CPU µs a delivery", "deliveries_per_s": "deliveries/s",
    "delivery_p50_us": "delivery p50 µs", "delivery_p99_us": "p99 µs", "frame_bytes": "bytes a frame",
}


def run():
    about(
        "fanout", f"Fan-out to {MEMBERS:,} members, 20 messages in flight",
        "Ten senders with two messages each in flight. Parley stores each message and acknowledges it after the commit; "
        "the peers broadcast without storing. The broadcaster joins what arrived in one round into one write.",
        COLUMNS, ratio="delivery_server_us")
    about(
        "fanout-rate", f"Fan-out to {MEMBERS:,} members, 10 messages a second",
        "At this rate every frame is a write of its own. Latency counts from when a message was due.",
        COLUMNS, ratio="delivery_server_us")
    with contextlib.ExitStack() as stack:
        parley = stack.enter_context(Parley())
        parley.seed_users(MEMBERS)
        group = parley.seed_group(range(MEMBERS))
        people = [(parley.person(i)[1], group) for i in range(MEMBERS)]
        as_peers = [(peers.token(parley.person(i)[0], group), group) for i in range(MEMBERS)]
        servers = [stack.enter_context(peer) for peer in (peers.python_socketio(), peers.node_ws())]
        limits = {way: stack.enter_context(peers.broadcaster(way)) for way in ("gather", "each")}
        for scenario, way, options in (
            ("fanout", "gather", {"window": 2, "duration": sized(4, 1)}),
            ("fanout-rate", "each", {"window": 64, "rate": 10, "duration": sized(6, 1)}),
        ):
            options |= {"senders": 10, "nap": 200}
            for _ in rounds(scenario):
                own = measure(scenario, parley, people, database=parley.postgres_pid, **options)
                parley.rest()
                for server in servers:
                    measure(scenario, server, as_peers, **options)
                # The broadcaster sends what it receives, so it receives frames as large as Parley's members do.
                measure(scenario, limits[way], as_peers, text_length=round(own["frame_bytes"]), **options)
