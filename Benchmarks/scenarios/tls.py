"""What TLS costs: idle connections, fan-out and one-to-one chats, each beside the same without it."""

import contextlib
import pathlib
import subprocess
import tempfile

from bench import WORK, sized
from bench.load import measure
from bench.report import about, rounds
from bench.stack import Parley
from scenarios import connections

COUNT = sized(5_000, 500)
MEMBERS = sized(1_000, 200)
CHATS = sized(256, 32)


def run():
    about(
        "tls-connections", f"{COUNT:,} idle connections over TLS",
        "Each makes a whole handshake of TLS 1.3 (AES-128-GCM, X25519, a certificate with P-256). Each is a member of three "
        "groups of 1,000. The servers are restarted for every round.",
        {"connection_rss_kb": "RSS kB each", "connection_pss_kb": "PSS kB each", "connect_server_us": "CPU µs a connect",
         "connect_database_us": "PostgreSQL's"},
        ratio="connection_rss_kb")
    deliveries = {"delivery_server_us": "server CPU µs a delivery", "deliveries_per_s": "deliveries/s",
                  "delivery_p50_us": "delivery p50 µs"}
    about("tls-fanout", f"Fan-out over TLS to {MEMBERS:,} members, 20 messages in flight",
          "Ten senders with two messages each in flight.", deliveries, ratio="delivery_server_us")
    about("tls-fanout-rate", f"Fan-out over TLS to {MEMBERS:,} members, 10 messages a second",
          "Each frame is a record and a write of its own.", deliveries, ratio="delivery_server_us")
    about("tls-pairs", f"{CHATS} one-to-one chats over TLS", "Each has one message in flight.",
          {"message_server_us": "server CPU µs a message", "message_database_us": "PostgreSQL's",
           "messages_per_s": "messages/s", "completion_p50_us": "p50 µs"}, ratio="message_server_us")
    WORK.mkdir(parents=True, exist_ok=True)
    with certificate() as (certificate_file, key), Parley() as plain, Parley(
            TLS_CERT=certificate_file, TLS_KEY=key) as encrypted:
        servers = [("parley", plain, 0), ("parley over TLS", encrypted, 1)]
        measure_connections(servers)
        measure_fanout(servers)
        measure_pairs(servers)


@contextlib.contextmanager
def certificate():
    """The paths of one that nobody trusts, and of its key."""
    with tempfile.TemporaryDirectory(prefix="certificate-", dir=WORK) as directory:
        files = [str(pathlib.Path(directory) / name) for name in ("certificate.pem", "key.pem")]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-out", files[0], "-keyout", files[1]], check=True, stderr=subprocess.DEVNULL)
        yield files


def measure_connections(servers):
    people = [connections.seed(server, COUNT) for _, server, _ in servers]
    for _ in range(sized(2, 1)):
        for (subject, server, tls), each in zip(servers, people):
            server.restart()
            measure("tls-connections", server, [(token, rooms[0]) for _, token, rooms in each], subject=subject, tls=tls,
                    database=server.postgres_pid, settle=2)
            server.rest()


def measure_fanout(servers):
    people = []
    for _, server, _ in servers:
        server.seed_users(MEMBERS)
        group = server.seed_group(range(MEMBERS))
        people.append([(server.person(i)[1], group) for i in range(MEMBERS)])
    for scenario, options in (("tls-fanout", {"window": 2, "duration": sized(4, 1)}),
                              ("tls-fanout-rate", {"window": 64, "rate": 10, "duration": sized(6, 1)})):
        measure_rounds(scenario, servers, people, senders=10, **options)


def measure_pairs(servers):
    people = []
    for _, server, _ in servers:
        chats = server.seed_directs((2 * i, 2 * i + 1) for i in range(CHATS))
        people.append([(server.person(i)[1], chats[i // 2]) for i in range(2 * CHATS)])
    measure_rounds("tls-pairs", servers, people, senders=CHATS, duration=sized(4, 1))


def measure_rounds(scenario, servers, people, **options):
    for _ in rounds(scenario):
        for (subject, server, tls), each in zip(servers, people):
            measure(scenario, server, each, subject=subject, database=server.postgres_pid, tls=tls, nap=200, **options)
            server.rest()
