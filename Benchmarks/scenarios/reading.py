"""The cost of reading as a chat grows: the list of conversations, a page of history, searches, and catching up.

Each with 10³ to 10⁶ messages (bench/dataset.py), as a person who is in 500 conversations, the busiest ones among them.
Times are of whole requests, four at a time; those over a socket are means.
"""

import json
import os
import subprocess
import urllib.parse
import urllib.request

import socketio

from bench import dataset, sized
from bench.account import Account
from bench.http import parley
from bench.report import about, record
from bench.stack import BINARIES, Parley

SIZES = sized((1_000, 10_000, 100_000, 1_000_000), (1_000, 10_000))
REQUESTS = sized(400, 60)
COLUMNS = {"server_cpu_us": "server CPU µs", "database_cpu_us": "PostgreSQL's", "per_cpu_s": "a second of server CPU",
           "p50_us": "p50 µs", "p99_us": "p99 µs", "answer_kb": "kB"}
OVER_SOCKET = {"server_cpu_us": "server CPU µs", "database_cpu_us": "PostgreSQL's", "mean_us": "mean µs"}
TITLES = {
    "history": "A page of 50 messages",
    "list-page": "50 of 500 conversations",
    "list-all": "All 500 conversations: each of 5 pages",
    "list-unread": "50 conversations, in one of which a fifth of all messages is unread",
    "search-common": "Search for a word of every twentieth sentence",
    "search-common-in-one": "The same in one conversation, with a fifth of all messages",
    "search-rare": "Search for a word of five messages",
    "search-none": "Search for a word of none",
    "connect": "Connecting, with 500 conversations",
    "sync-unchanged": "Sync of 500 conversations without a change",
    "sync-changed": "Sync of 500 conversations, 100 of them with a change",
}


def run():
    for scenario, title in TITLES.items():
        over_socket = scenario in ("connect", "sync-unchanged", "sync-changed")
        about(f"reading-{scenario}", title, "", OVER_SOCKET if over_socket else COLUMNS, rows="messages")
    for messages in SIZES:
        with Parley() as server:
            with server.connect(role="parley_owner") as connection:
                data = dataset.fill(connection, server.storage, messages)
            verify(server)
            Reader(server, data).read()


def verify(server):
    """Checks that the generated data is data that the server could have made."""
    environment = {**os.environ, "DATABASE_URL": server.connection_string(), "STORAGE_DIR": str(server.storage)}
    result = subprocess.run([BINARIES / "parley", "verify"], env=environment, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"the dataset breaks an invariant: {result.stdout}{result.stderr}")


class Reader:
    """Person 0 of the dataset."""

    def __init__(self, server, data):
        self.server = server
        self.data = data

    def read(self):
        large = self.data.conversation(0)
        self.measure("list-page", ["/conversations?limit=50"])
        self.measure_list()
        self.measure("history", self.history_pages(), contains='"messages":[{')
        common, rare, none = dataset.COMMON_WORD, dataset.RARE_WORD, dataset.NO_WORD
        self.measure("search-common", [f"/messages/search?q={common}"], contains=common)
        self.measure("search-common-in-one", [f"/messages/search?q={common}&conversationId={large}"], contains=common)
        self.measure("search-rare", [f"/messages/search?q={rare}"], contains=rare)
        self.measure("search-none", [f"/messages/search?q={none}"], contains='"messages":[]')
        # Person 1 is in the large group as well, and has never opened it.
        self.server.sql("UPDATE members SET read_seq = 0, delivered_seq = 0 WHERE conversation_id = %s AND user_id = %s",
                        large, self.data.user(1))
        self.measure("list-unread", ["/conversations?limit=50"], people=(1,))
        self.measure_sync()

    def measure(self, scenario, paths, requests=None, **options):
        requests = requests or REQUESTS
        result = parley(self.server, paths, requests=requests, connections=4, warm_up=max(8, len(paths)), **options)
        self.record(scenario, **{name: result[name] for name in (
            "per_cpu_s", "server_cpu_us", "database_cpu_us", "p50_us", "p99_us", "others_load")},
            answer_kb=result["received_bytes"] / result["requests"] / 1000)

    def record(self, scenario, **metrics):
        record(f"reading-{scenario}", f"{self.data.messages:,}", **metrics)

    def get(self, path):
        request = urllib.request.Request(
            self.server.url + path, headers={"Authorization": f"Bearer {self.server.person(0)[1]}"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def measure_list(self):
        """All 500 conversations, page by page as a client reads them. The figures are the mean of one page."""
        paths, path, seen = [], "/conversations?limit=100", []
        while path:
            paths.append(path)
            page = self.get(path)
            seen += [conversation["id"] for conversation in page["conversations"]]
            cursor = page.get("nextCursor")
            path = cursor and f"/conversations?limit=100&cursor={urllib.parse.quote(cursor)}"
        if len(set(seen)) != dataset.HERO_CONVERSATIONS or len(seen) != len(set(seen)):
            raise RuntimeError(f"{len(seen)} conversations were listed, {len(set(seen))} different ones")
        self.measure("list-all", paths, requests=max(len(paths), REQUESTS // 4))

    def history_pages(self):
        """Pages of 50 messages from all positions of the conversations that have as many."""
        rows = self.server.sql(
            "SELECT c.id, s FROM members me JOIN conversations c ON c.id = me.conversation_id "
            "CROSS JOIN LATERAL generate_series(51, c.last_seq + 1, greatest(50, c.last_seq / 20)) s "
            "WHERE me.user_id = %s ORDER BY c.last_seq DESC, c.id LIMIT 200", self.data.user(0))
        return [f"/messages?conversationId={id}&before={seq}" for id, seq in rows]

    def measure_sync(self):
        """Over a socket, as a device that was away: nothing has changed; a hundred conversations have."""
        revisions = dict(self.server.sql(
            "SELECT c.id::text, c.revision FROM members me JOIN conversations c ON c.id = me.conversation_id "
            "WHERE me.user_id = %s", self.data.user(0)))
        changed = [id for id in sorted(revisions) if revisions[id] > 2][:100]
        behind = {id: revision - 1 if id in changed else revision for id, revision in revisions.items()}
        client = socketio.SimpleClient()
        with Account(self.server.pid, self.server.postgres_pid) as account:
            client.connect(self.server.url, auth={"token": self.server.person(0)[1]}, transports=["websocket"])
        self.record_account("connect", account, 1)
        try:
            for scenario, known, expected in (("sync-unchanged", revisions, 0), ("sync-changed", behind, len(changed))):
                count = REQUESTS // 4
                with Account(self.server.pid, self.server.postgres_pid) as account:
                    for _ in range(count):
                        answer = client.call("sync", {"known": known})
                        if not answer["ok"] or len(answer["conversations"]) != expected:
                            raise RuntimeError(f"sync answered {str(answer)[:300]}")
                self.record_account(scenario, account, count)
        finally:
            client.disconnect()

    def record_account(self, scenario, account, count):
        self.record(scenario, server_cpu_us=account.cpu_seconds / count * 1e6,
                    database_cpu_us=account.database_cpu_seconds / count * 1e6, mean_us=account.seconds / count * 1e6)
