"""A minute in which people do all at once, at the rates of a lively chat: what it costs, and what memory remains after it."""

import concurrent.futures
import os
import pathlib
import tempfile
import threading

from bench import WORK, account, dataset, sized
from bench.account import Account
from bench.http import http
from bench.load import realtime
from bench.report import about, record
from bench.stack import Parley
from scenarios.thumbnails import make_photos

SECONDS = sized(60, 6)
MESSAGES = sized(100_000, 2_000)
PEOPLE, GROUP = 300, 6
# So many a second.
WRITTEN, HISTORY, LISTS, SEARCHES, FILES = 10, 6, 4, 1, 1
PHOTO_EVERY = 3
# Those who come, and go a second later, all this many seconds.
COMERS, COME_EVERY = 10, 5
FILE_BYTES = 100_000


def run():
    about("mixed", f"A mixed minute: what {PEOPLE} people and their guests wait for",
          f"A chat of {MESSAGES:,} messages. {PEOPLE} people stay connected, in groups of {GROUP}. Each second they write "
          f"{WRITTEN} messages, which every reader confirms as delivered and read, and ask for {HISTORY} pages of history, "
          f"{LISTS} lists of 50 conversations and {SEARCHES} search; they upload a file of {FILE_BYTES // 1000} kB, and every "
          f"{PHOTO_EVERY} seconds a photograph of 12 megapixels. Every {COME_EVERY} seconds {COMERS} others connect, and leave "
          "a second later.",
          {"count": "how many", "p50_ms": "p50 ms", "p99_ms": "p99 ms"}, rows="what")
    about("mixed-cost", "A mixed minute: what it costs",
          "One minute after the other on the same server. Memory is the server's without its media workers: before the minute, "
          "and when all have left.",
          {"server_percent": "% of a core: server", "workers_percent": "media workers", "database_percent": "PostgreSQL",
           "before_mb": "RSS MB before", "after_mb": "after", "peak_mb": "peak"},
          rows="minute")
    with tempfile.TemporaryDirectory(prefix="pictures-", dir=WORK) as directory, Parley() as server:
        photo = make_photos(pathlib.Path(directory))["upright"]
        with server.connect(role="parley_owner") as connection:
            data = dataset.fill(connection, server.storage, MESSAGES)
        # The dataset has numbered these.
        server.users, server.conversations = data.users, data.conversations
        minute = Minute(server, photo)
        for name in ("first", "second"):
            minute.measure(name)


class Minute:
    def __init__(self, server, photo):
        self.server = server
        self.photo = photo
        groups = [range(first, first + GROUP) for first in range(0, PEOPLE, GROUP)]
        self.people = [(server.person(i)[1], room) for room, each in zip(server.seed_groups(groups), groups) for i in each]
        self.others = [server.person(i)[1] for i in range(PEOPLE, server.users)]
        self.is_over = threading.Event()

    def measure(self, name):
        self.server.rest()
        before, busy, tools = account.memory_kb(self.server.pid)["rss"], account.busy_seconds(), tools_cpu_seconds()
        self.is_over.clear()
        tasks = {"messages": self.write, "connects": self.come_and_go, "reads": self.read, "searches": self.search,
                 "files": self.upload_files, "photographs": self.upload_photos}
        with Account(self.server.pid, self.server.postgres_pid) as cost, concurrent.futures.ThreadPoolExecutor(
                len(tasks)) as pool:
            running = {what: pool.submit(task) for what, task in tasks.items()}
            # Whoever writes decides how long it takes, and whoever fails does not let the others wait.
            concurrent.futures.wait([running["messages"]])
            self.is_over.set()
        shares = {"server": cost.cpu_seconds, "workers": cost.children_cpu_seconds, "database": cost.database_cpu_seconds}
        others = account.busy_seconds() - busy - (tools_cpu_seconds() - tools) - sum(shares.values())
        others_load = max(0, others / cost.seconds)
        for what, task in running.items():
            record("mixed", what, others_load=others_load, **task.result())
        self.server.rest()
        record("mixed-cost", name, others_load=others_load, before_mb=before / 1000,
               after_mb=account.memory_kb(self.server.pid)["rss"] / 1000, peak_mb=peak_kb(self.server.pid) / 1000,
               **{f"{whose}_percent": seconds / cost.seconds * 100 for whose, seconds in shares.items()})

    def write(self):
        result = realtime(
            self.server.port, self.people, dialect=self.server.dialect, senders=PEOPLE, window=64, rate=WRITTEN, confirm=1,
            joined_marks=1, warm_up=0, duration=SECONDS)
        return {"count": result["messages"], "p50_ms": result["completion_p50_us"] / 1000,
                "p99_ms": result["completion_p99_us"] / 1000}

    def come_and_go(self):
        results = []
        while not self.is_over.wait(COME_EVERY - 1):
            first = len(results) * COMERS % (len(self.others) - COMERS)
            results.append(realtime(
                self.server.port, [(token, "-") for token in self.others[first:first + COMERS]], dialect=self.server.dialect,
                settle=1))
        # Of the medians and the worst of each ten.
        return {"count": COMERS * len(results), "p50_ms": sum(each["connect_p50_ms"] for each in results) / len(results),
                "p99_ms": max(each["connect_p99_ms"] for each in results)}

    def read(self):
        """Pages of history of anybody's conversations, and lists of them, in turn."""
        rows = self.server.sql(
            "SELECT right(me.user_id::text, 12), c.id, c.last_seq FROM members me JOIN conversations c "
            "ON c.id = me.conversation_id WHERE c.last_seq > 51 ORDER BY md5(me.user_id::text || c.id::text) LIMIT 400")
        requests = []
        for number, (digits, conversation, last) in enumerate(rows):
            history = number % (HISTORY + LISTS) < HISTORY
            requests.append((
                f"/messages?conversationId={conversation}&before={last}" if history else "/conversations?limit=50",
                self.server.person(int(digits, 16))[1]))
        paths, tokens = zip(*requests)
        return self.ask(paths, tokens, HISTORY + LISTS)

    def search(self):
        words = [dataset.COMMON_WORD, dataset.RARE_WORD, dataset.NO_WORD]
        return self.ask([f"/messages/search?q={word}" for word in words], [self.server.person(0)[1]], SEARCHES,
                        contains='"messages":[')

    def upload_files(self):
        return self.upload(FILES, upload_bytes=FILE_BYTES)

    def upload_photos(self):
        return self.upload(1 / PHOTO_EVERY, upload_file=self.photo)

    def upload(self, rate, **content):
        tokens = [self.server.person(i)[1] for i in range(PEOPLE)]
        return self.ask(["/upload/load.jpg"], tokens, rate, method="PUT", upload_as="body", status=201, echoes_sha256=1, **content)

    def ask(self, paths, tokens, rate, **options):
        result = http(self.server.port, paths, tokens, requests=round(rate * SECONDS), rate=rate, warm_up=1, connections=8, **options)
        return {"count": result["requests"], "p50_ms": result["p50_us"] / 1000, "p99_ms": result["p99_us"] / 1000}


def tools_cpu_seconds():
    """Of the load tools that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def peak_kb(pid):
    """The most that was ever resident (proc(5))."""
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
