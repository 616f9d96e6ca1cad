"""The cost of a unit of work as the amount of work grows."""

from bench import sized
from bench.load import measure
from bench.report import about
from bench.stack import Parley
from scenarios import connections

SECONDS = sized(3, 1)


def run():
    with Parley() as parley:
        # The groups that come last share no members with the others.
        memory(parley)
        senders(parley)
        members(parley)


def memory(parley):
    sizes = sized((1_000, 5_000, 10_000, 19_000), (500, 1_000))
    about(
        "growth-connections", "Cost as work grows: connections",
        "Idle connections, each with three groups. The server is restarted for every line.",
        {"connection_rss_kb": "RSS kB each", "connection_pss_kb": "PSS kB each", "server_rss_kb": "RSS kB in all",
         "connect_server_us": "CPU µs a connect", "connect_database_us": "PostgreSQL's"}, rows="connections")
    people = connections.seed(parley, max(sizes))
    for size in sizes:
        parley.restart()
        measure("growth-connections", parley, [(token, rooms[0]) for _, token, rooms in people[:size]],
                database=parley.postgres_pid, subject=f"{size:,}", settle=2)


def senders(parley):
    sizes = sized((1, 4, 16, 64, 256, 1_024), (1, 16, 64))
    about(
        "growth-senders", "Cost as work grows: senders",
        "Each sender has one message in flight, to a chat of its own whose other member is away.",
        {"message_us": "CPU µs a message", "message_server_us": "server's", "message_database_us": "PostgreSQL's",
         "messages_per_s": "messages/s", "ack_p50_us": "p50 µs", "ack_p99_us": "p99 µs"}, rows="senders")
    most = max(sizes)
    parley.seed_users(2 * most)
    chats = parley.seed_directs((2 * i, 2 * i + 1) for i in range(most))
    for size in sizes:
        people = [(parley.person(2 * i)[1], chats[i]) for i in range(size)]
        measure("growth-senders", parley, people, database=parley.postgres_pid, subject=f"{size:,}",
                senders=size, duration=SECONDS)
        parley.rest()


def members(parley):
    sizes = sized((1, 10, 100, 1_000, 5_000), (1, 10, 100))
    about(
        "growth-members", "Cost as work grows: members",
        "One sender with 20 messages in flight, to this many other members.",
        {"delivery_server_us": "server CPU µs a delivery", "message_server_us": "a message",
         "message_database_us": "PostgreSQL's a message", "deliveries_per_s": "deliveries/s"}, rows="members")
    parley.seed_users(max(sizes) + 1)
    for size in sizes:
        group = parley.seed_group(range(size + 1))
        people = [(parley.person(i)[1], group) for i in range(size + 1)]
        measure("growth-members", parley, people, database=parley.postgres_pid, subject=f"{size:,}",
                senders=1, window=20, nap=200, duration=SECONDS)
        parley.rest()
