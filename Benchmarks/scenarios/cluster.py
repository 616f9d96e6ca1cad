"""What it costs to be three servers instead of one: deliveries, one-to-one messages, latency between servers, memory."""

from bench import sized
from bench.cluster import Cluster, redis
from bench.load import measure, realtime
from bench.report import about
from scenarios import connections

MEMBERS = sized(1_000, 198)
CHATS = sized(512, 64)
# Two people on each of three servers, one of whom sends: one receiver is at the sender's server, four are at others.
GROUPS, GROUP = sized(25, 5), 6
CONNECTIONS = sized(4_000, 300)
ONE = "one server"


def run():
    costs = {"message_database_us": "PostgreSQL's a message", "message_bus_us": "Redis's a message"}
    text = "All servers have one event loop and the same PostgreSQL, and people connect to them in turn. "
    about("cluster-fanout", f"Three servers: fan-out to {MEMBERS:,} members, 20 messages in flight",
          text + "Ten senders with two messages each in flight.",
          {"delivery_server_us": "servers' CPU µs a delivery", **costs, "deliveries_per_s": "deliveries/s"},
          ratio="delivery_server_us", of=ONE)
    about("cluster-pairs", f"Three servers: {CHATS} one-to-one chats",
          text + "The two people of a chat are at different servers. Each chat has one message in flight.",
          {"message_server_us": "servers' CPU µs a message", "beyond_us": "beyond one server's", **costs,
           "messages_per_s": "messages/s"}, ratio="message_server_us", of=ONE)
    about("cluster-latency", f"Three servers: latency, {2 * GROUPS} messages a second",
          f"{text}There are {GROUPS} groups with two people at each server.",
          {"delivery_here_p50_us": "sender's server: p50 µs", "delivery_elsewhere_p50_us": "other servers: p50 µs",
           "added_p50_us": "added µs", "delivery_elsewhere_p99_us": "other servers: p99 µs"}, rows="servers")
    about("cluster-connections", f"Three servers: {CONNECTIONS:,} idle connections at each",
          text + "Everybody is a member of three groups of 1,000.",
          {"connection_rss_kb": "RSS kB each", "beyond_kb": "beyond one server's", "connect_server_us": "CPU µs a connect",
           "connect_database_us": "PostgreSQL's"}, ratio="connection_rss_kb", of=ONE)
    with Cluster() as cluster, redis() as (url, redis_pid):
        people = People(cluster)
        for round in range(sized(2, 1)):
            beside = {}
            for subject, count, settings in (
                (ONE, 1, {}), ("three, through PostgreSQL", 3, {}), ("three, through Redis", 3, {"BUS_URL": url})
            ):
                options = {"subject": subject, "database": cluster.postgres_pid, "bus": redis_pid if settings else 0}
                cluster.start(count, **settings)
                if round == 0:
                    measure_idle(cluster, people, count, beside, **options)
                measure_busy(cluster, people, beside, **options)


class People:
    """(token, room) of those who connect, by what they do."""

    def __init__(self, cluster):
        self.idle = [(token, rooms[0]) for _, token, rooms in connections.seed(cluster, 3 * CONNECTIONS)]

        def members(memberships):
            memberships = list(memberships)
            return [(cluster.person(i)[1], room)
                    for room, each in zip(cluster.seed_groups(memberships), memberships) for i in each]

        self.large_group = members([range(MEMBERS)])
        self.small_groups = members(range(GROUP * n, GROUP * (n + 1)) for n in range(GROUPS))
        chats = cluster.seed_directs((2 * i, 2 * i + 1) for i in range(CHATS))
        self.pairs = [(cluster.person(i)[1], chats[i // 2]) for i in range(2 * CHATS)]


def measure_idle(cluster, people, count, beside, **options):
    """First of all, because a process that has served before holds memory of that."""
    def beyond(result):
        return {"beyond_kb": result["connection_rss_kb"] - beside.setdefault("idle", result["connection_rss_kb"])}

    measure("cluster-connections", cluster, people.idle[:count * CONNECTIONS], also=beyond, settle=2, **options)
    cluster.rest()


def measure_busy(cluster, people, beside, **options):
    def beyond(result):
        return {"beyond_us": result["message_server_us"] - beside.setdefault("pairs", result["message_server_us"])}

    def added(result):
        # One server has no others.
        elsewhere = result["delivery_elsewhere_p50_us"]
        return {"added_p50_us": elsewhere - result["delivery_here_p50_us"] if elsewhere else 0}

    # Nobody's first messages after a start are measured.
    realtime(cluster.port, people.pairs, dialect=cluster.dialect, senders=CHATS, duration=1, nap=200)
    cluster.rest()
    measure("cluster-fanout", cluster, people.large_group, senders=10, window=2, nap=200, duration=sized(4, 1), **options)
    cluster.rest()
    measure("cluster-pairs", cluster, people.pairs, senders=CHATS, nap=200, duration=sized(4, 1), also=beyond, **options)
    cluster.rest()
    measure("cluster-latency", cluster, people.small_groups, senders=GROUPS, window=64, rate=2 * GROUPS, duration=sized(8, 2),
            also=added, **options)
    cluster.rest()
