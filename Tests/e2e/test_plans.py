"""No query that a client can cause reads a large table from end to end.

The real server answers every request and event there is over a well-filled database, while PostgreSQL's auto_explain
writes the plan of every query to its log: first with plans for the parameters of each execution, then with plans for any.

Of a small table the planner reads all because that is cheaper. Here a row costs it a hundred times as much as usual, so
that it chooses as it would among many. With PARLEY_PLAN_MESSAGES=1000000 there are as many, and costs are as usual.
"""

import json
import os
import pathlib
import re
import secrets
import signal

import psycopg
import pytest

from every_request import REQUESTS, World, dataset, list_conversations
from parley import PATIENCE, Postgres, Server, until

LARGE = {"users", "passwords", "sessions", "refresh_tokens", "conversations", "members", "messages", "attachments",
         "reactions", "reports", "uploads", "blobs", "blocks", "removed_members", "mentions", "shared_items", "notices"}
MESSAGES = int(os.environ.get("PARLEY_PLAN_MESSAGES", 20_000))
IS_LARGE = MESSAGES >= 1_000_000


class Explained:
    """A server whose PostgreSQL logs every plan, and the plans between two marks."""

    def __init__(self, postgres, server, data):
        self.server = server
        self.data = data
        self.log = pathlib.Path(postgres.directory) / "data" / "log" / "plans.json"
        # The first column of each index that is useful only if that column is known.
        self.leading = dict(server.sql(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid, 1, false) FROM pg_index i "
            "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree'"))

    def whole_reads(self, action):
        """The full scans that `action` caused, each with its query, and the number of queries."""
        plans = list(self.plans(action))
        return {f"{finding}: {query}" for query, plan in plans for finding in self._findings(plan)}, len(plans)

    def plans(self, action):
        """Each query that `action` caused, with its plan."""
        start = self._mark()
        action()
        end = self._mark()
        lines = self.log.read_text().split(start, 1)[1].split(end, 1)[0].splitlines()
        # The first and the last line belong to the marks.
        for message in (json.loads(line)["message"] for line in lines[1:-1]):
            _, is_plan, plan = message.partition("plan:\n")
            if is_plan:
                plan = json.loads(plan)
                yield plan["Query Text"], plan["Plan"]

    def _mark(self):
        """Logs a unique text. It follows everything that was answered before, because the log has one writer."""
        mark = f"mark {secrets.token_hex(8)}"
        self.server.sql(f"SELECT '{mark}'")
        until(lambda: mark in self.log.read_text(), "the log")
        return mark

    def _findings(self, plan, bounded=False):
        """The parts of a plan that read a whole table or index. An index that is read in order until there are enough rows is
        bounded by the LIMIT above it."""
        kind, index = plan["Node Type"], plan.get("Index Name")
        if kind == "Seq Scan" and plan["Relation Name"] in LARGE:
            yield f"Seq Scan on {plan['Relation Name']}"
        condition = plan.get("Index Cond", "")
        if index and not bounded and not (condition and re.search(rf"\({self.leading.get(index, '')}\b", condition)):
            yield f"{kind} through all of {index}"
        # Sorting and counting read everything, whatever limit stands above. A subquery does not know that limit.
        bounded = kind == "Limit" or bounded and kind not in ("Sort", "Aggregate", "Hash", "WindowAgg")
        for part in plan.get("Plans", ()):
            yield from self._findings(part, bounded and part["Parent Relationship"] not in ("SubPlan", "InitPlan"))


def parts(plan):
    """A plan's nodes."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from parts(part)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A PostgreSQL with the dataset, which logs plans: its URL, and the storage that belongs to it."""
    with Postgres() as postgres:
        with postgres.connect("postgres") as connection:
            for name, value in {
                "logging_collector": "on", "log_destination": "jsonlog", "log_filename": "plans", "log_rotation_age": 0,
                "log_rotation_size": 0,
            }.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        postgres.process.send_signal(signal.SIGINT)
        postgres.process.wait(timeout=PATIENCE)
        postgres.start()
        url = postgres.clone()
        storage = tmp_path_factory.mktemp("storage")
        with psycopg.connect(url, autocommit=True) as connection:
            data = dataset.fill(connection, storage, MESSAGES, *(() if IS_LARGE else (3_000, 5_000)))
            # The asking person is left out: everything that they ask for is granted.
            connection.execute("""
                WITH people AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM users WHERE username <> 'user0')
                INSERT INTO blocks (blocker_id, blocked_id)
                SELECT a.id, b.id FROM people a JOIN people b ON b.n BETWEEN a.n + 1000 AND a.n + 1001""")
            connection.execute("""
                INSERT INTO removed_members (conversation_id, user_id)
                SELECT c.id, u.id FROM (SELECT id FROM conversations WHERE kind = 'group' LIMIT 10) c
                    CROSS JOIN (SELECT id FROM users WHERE username > 'user1' AND username < 'user2') u
                WHERE NOT EXISTS (SELECT FROM members m WHERE m.conversation_id = c.id AND m.user_id = u.id)""")
            connection.execute("""
                INSERT INTO mentions (message_id, conversation_id, user_id, seq, sender_id)
                SELECT m.id, m.conversation_id, CASE WHEN m.seq % 3 > 0 THEN c.sender_id END, m.seq, m.sender_id
                FROM messages m JOIN messages c ON c.conversation_id = m.conversation_id AND c.seq = 1 WHERE m.seq % 2 = 0""")
            connection.execute("ANALYZE blocks, removed_members, mentions")
            for name, value in {
                "session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": 0,
                "auto_explain.log_format": "json", "auto_explain.log_nested_statements": "on",
                "cpu_tuple_cost": 0.01 if IS_LARGE else 1,
            }.items():
                set_for_all(url, name, value)
        yield postgres, url, storage, data


def set_for_all(url, name, value):
    """Changes a setting for all later sessions."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {url.rsplit('=', 1)[1]} SET {name} = '{value}'")


@pytest.fixture(scope="module", params=["custom", "generic"])
def explained(database, request):
    postgres, url, storage, data = database
    set_for_all(url, "plan_cache_mode", f"force_{request.param}_plan")
    with Server(database=url, storage=storage) as server:
        yield Explained(postgres, server, data)


@pytest.fixture(scope="module")
def world(explained):
    world = World(explained)
    yield world
    world.device.close()
    world.reader_device.close()


@pytest.mark.parametrize("request_name", REQUESTS)
def test_no_request_reads_a_whole_table(explained, world, request_name):
    found, queries = explained.whole_reads(lambda: REQUESTS[request_name](world))
    assert queries and not found, "\n\n".join(sorted(found))


def test_ones_own_messages_are_counted_without_reading_them(explained, world):
    """Who has written much in a group with many unread messages waits no longer for the list than others do."""
    nodes = [part for _, plan in explained.plans(lambda: list_conversations(world)) for part in parts(plan)
             if part.get("Index Name") == "messages_sender_id_conversation_id_client_id_key"
             and "created_at" not in part.get("Filter", "")]
    assert nodes and {node["Node Type"] for node in nodes} == {"Index Only Scan"}, nodes


def test_a_missing_index_is_seen(explained, world):
    """A missing index is found by the check that the test above uses."""
    definition, = explained.server.sql("SELECT pg_get_indexdef('members_user'::regclass)")[0]
    explained.server.sql("DROP INDEX members_user")
    try:
        found, _ = explained.whole_reads(lambda: list_conversations(world))
    finally:
        explained.server.sql(definition)
    assert any("members" in finding.split(":")[0] for finding in found), found
