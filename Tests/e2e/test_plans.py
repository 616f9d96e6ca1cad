"""No query that a client can cause reads a large table from end to end.

The real server answers every request and event there is over a well-filled database, while PostgreSQL's auto_explain
writes the plan of every query to its log: first with plans for the parameters of each execution, then with plans for any.

Of a small table the planner reads all because that is cheaper. Here a row costs it a hundred times as much as usual, so
that it chooses as it would among many. With PARLEY_PLAN_MESSAGES=1000000 there are as many, and costs are as usual.
"""

import itertools
import json
import os
import pathlib
import re
import secrets
import signal
import sys
from urllib.parse import quote

import psycopg
import pytest

from parley import PASSWORD, ROOT, Person, Postgres, Server, until

sys.path.insert(0, str(ROOT / "Benchmarks"))
from bench import dataset  # noqa: E402

LARGE = {"users", "passwords", "sessions", "refresh_tokens", "conversations", "members", "messages", "attachments",
         "reactions", "reports", "uploads", "blobs", "blocks", "removed_members"}
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
        plans = list(self._plans(action))
        return {f"{finding}: {query}" for query, plan in plans for finding in self._findings(plan)}, len(plans)

    def _plans(self, action):
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
        postgres.process.wait(timeout=60)
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
            connection.execute("ANALYZE blocks, removed_members")
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


class Somebody(Person):
    """A person of the dataset: number 0 is in 500 conversations."""

    def __init__(self, server, number, user):
        self.server = server
        self.username = f"user{number}"
        # A known password replaces the dataset's, with which nobody can sign in.
        server.sql("UPDATE passwords SET hash = (SELECT hash FROM passwords p JOIN users u ON u.id = p.user_id "
                   "WHERE u.username LIKE 'newcomer%%' LIMIT 1) WHERE user_id = %s", user)
        self.sign_in()

    def sign_in(self):
        answer = self.server.request("POST", "/auth/login", json={"username": self.username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.session = answer.json()
        self.id, self.token = self.session["user"]["id"], self.session["accessToken"]


class World:
    """The asking person, and the objects of their requests."""

    def __init__(self, explained):
        self.server = explained.server
        self.data = data = explained.data
        self.newcomer = self.server.person("newcomer")
        self.hero = Somebody(self.server, 0, data.user(0))
        self.large, self.direct, self.own_group, self.public = (data.conversation(n) for n in (0, 1, 7, 508))
        # Nobody in the dataset talks to them yet, and each is used once.
        self.numbers = itertools.count(600)
        self.message = self.hero.send(self.large)["id"]
        self.reader = Somebody(self.server, 5, data.user(5))
        self.device, self.reader_device = self.hero.connect(), self.reader.connect()

    def ask(self, method, path, who=None, **options):
        """The answer to a request that must not be refused."""
        answer = (who or self.hero).request(method, path, **options)
        assert answer.ok, (method, path, answer.status_code, answer.text)
        return answer

    def get(self, path):
        return self.ask("GET", path)

    def emit(self, event, payload):
        answer = self.device.emit(event, payload)
        assert answer["ok"], answer
        return answer

    def number(self):
        return next(self.numbers)

    def new_message(self, conversation=None):
        return self.hero.send(conversation or self.large)["id"]

    def new_upload(self, content=b"bytes"):
        return self.hero.upload(b"%s %d" % (content, self.number()))["id"]


@pytest.fixture(scope="module")
def world(explained):
    world = World(explained)
    yield world
    world.device.close()
    world.reader_device.close()


def sign_out(world):
    """Signs in again, from another device."""
    answer = world.server.request("POST", "/auth/login", json={"username": "user0", "password": PASSWORD})
    token = answer.json()["accessToken"]
    assert world.server.request("POST", "/auth/logout", headers={"Authorization": f"Bearer {token}"}).status_code == 204


def refresh(world):
    answer = world.server.request("POST", "/auth/refresh", json={"refreshToken": world.hero.session["refreshToken"]})
    assert answer.status_code == 200, answer.text
    world.hero.session = answer.json()


def end_session(world):
    world.server.request("POST", "/auth/login", json={"username": "user0", "password": PASSWORD})
    sessions = world.get("/auth/sessions").json()["sessions"]
    other = next(session["id"] for session in sessions if not session["current"])
    world.ask("DELETE", f"/auth/sessions/{other}")


def change_profile(world):
    # A GIF of one pixel. Bytes behind it change nothing.
    avatar = world.new_upload(b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;")
    world.ask("PATCH", "/auth/me", json={"displayName": "Ada", "about": "hello", "avatarUploadId": avatar})


def join_and_leave(world):
    world.ask("POST", f"/conversations/{world.public}/join")
    world.ask("POST", f"/conversations/{world.public}/leave")


def change_members(world):
    members, person = f"/conversations/{world.own_group}/members", world.data.user(world.number())
    world.ask("POST", members, json={"userIds": [person]})
    world.ask("PATCH", f"{members}/{person}", json={"role": "admin"})
    world.ask("DELETE", f"{members}/{person}")


def accept_an_invitation(world):
    group = world.newcomer.group(world.hero)
    world.ask("POST", f"/conversations/{group}/accept")


def block_and_unblock(world):
    person = world.data.user(world.number())
    world.ask("PUT", f"/users/{person}/block")
    world.get("/users/blocked")
    world.ask("DELETE", f"/users/{person}/block")


def make_conversations(world):
    world.ask("POST", "/conversations", json={"kind": "direct", "userId": world.data.user(world.number())})
    people = [world.data.user(world.number()) for _ in range(3)]
    world.ask("POST", "/conversations", json={"kind": "group", "title": "New", "memberIds": people})


def list_conversations(world):
    page = world.get("/conversations?limit=50").json()
    world.get(f"/conversations?limit=50&cursor={page['nextCursor']}")


def list_members(world):
    page = world.get(f"/conversations/{world.large}/members?limit=50").json()
    world.get(f"/conversations/{world.large}/members?limit=50&cursor={page['nextCursor']}")


def list_public_groups(world):
    page = world.get("/conversations/public?limit=2").json()
    world.get(f"/conversations/public?limit=2&cursor={page['nextCursor']}")
    world.get("/conversations/public?query=group")


def history(world):
    for conversation in (world.large, world.direct):
        for bounds in ("", "&before=60", "&after=20", "&before=5000&limit=200", "&sinceRevision=10"):
            world.get(f"/messages?conversationId={conversation}{bounds}")


def search(world):
    for query in (dataset.COMMON_WORD, dataset.RARE_WORD, dataset.NO_WORD, "ba -be", "ba", '"ba be"', "b", "ba or xy"):
        query = quote(query)
        world.get(f"/messages/search?q={query}")
        world.get(f"/messages/search?q={query}&conversationId={world.large}")
        world.get(f"/messages/search?q={query}&before={world.message}")


def change_message(world):
    message = world.new_message(world.direct)
    world.get(f"/messages/{message}")
    world.ask("PATCH", f"/messages/{message}", json={"text": "other words"})
    world.ask("PUT", f"/messages/{message}/reactions/👍")
    world.ask("DELETE", f"/messages/{message}/reactions/👍")
    world.ask("POST", f"/messages/{message}/report", json={"reason": "test"})
    world.ask("DELETE", f"/messages/{message}")


def send_messages(world):
    message = {"conversationId": world.large, "text": "look", "attachments": [world.new_upload()],
               "replyTo": world.message, "clientId": secrets.token_hex(8)}
    for _ in range(2):
        world.ask("POST", "/messages", json=message)
    world.ask("POST", "/messages", json={"recipientId": world.data.user(3), "text": "hello"})


def attachments(world):
    upload = world.new_upload()
    link = world.get(f"/upload/{upload}").json()["url"]
    shown = world.hero.send(world.large, attachments=[upload])["attachments"][0]["url"]
    for path in (link, shown, f"/upload/{upload}/file"):
        world.get(path)
    assert world.reader.get(f"/upload/{upload}").status_code == 200
    assert world.reader.get(f"/upload/{upload}/file").status_code == 200


def resumable_upload(world):
    tus = {"Tus-Resumable": "1.0.0"}
    location = world.ask("POST", "/upload", headers={**tus, "Upload-Length": "10"}).headers["Location"]
    world.ask("HEAD", location, headers=tus)
    world.ask("PATCH", location, data=b"%010d" % world.number(), headers={
        **tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
    location = world.ask("POST", "/upload", headers={**tus, "Upload-Length": "10"}).headers["Location"]
    world.ask("DELETE", location, headers=tus)


def connect(world):
    with world.hero.connect():
        pass


def synchronize(world):
    answer = world.emit("sync", {"known": {}})
    world.emit("sync", {"known": {}, "cursor": answer["cursor"]})
    world.emit("sync", {"known": {}, "cursor": "from the beginning"})
    world.emit("sync", {"known": {world.data.conversation(n): 3 for n in range(0, dataset.HERO_CONVERSATIONS, 5)}})


def mark(world):
    message = world.emit("message:send", {"conversationId": world.large, "text": "hello"})["message"]
    for event in ("message:delivered", "message:read"):
        assert world.reader_device.emit(event, {"conversationId": world.large, "seq": message["seq"]})["ok"]


def look_in(world):
    world.emit("conversation:join", {"conversationId": world.public})
    world.emit("typing", {"conversationId": world.public, "active": True})
    world.emit("conversation:leave", {"conversationId": world.public})


REQUESTS = {
    "register": lambda world: world.server.person("newcomer"),
    "sign in": lambda world: world.hero.sign_in(),
    "sign out": sign_out,
    "refresh": refresh,
    "end a session": end_session,
    "see oneself": lambda world: world.get("/auth/me"),
    "change the profile": change_profile,
    "change the password": lambda world: world.ask(
        "POST", "/auth/password", who=world.newcomer, json={"currentPassword": PASSWORD, "newPassword": PASSWORD}),
    "find people": lambda world: [
        world.get(f"/users?query={query}") for query in ("user12", "@user12", "per", "Ada Per", "nobody")],
    "list people": lambda world: world.get("/users?query="),
    "see somebody": lambda world: world.get(f"/users/{world.data.user(9)}"),
    "list conversations": list_conversations,
    "list public groups": list_public_groups,
    "see a conversation": lambda world: [
        world.get(f"/conversations/{id}") for id in (world.large, world.direct, world.public)],
    "rename a group": lambda world: world.ask("PATCH", f"/conversations/{world.own_group}", json={"title": "Renamed"}),
    "join and leave": join_and_leave,
    "list members": list_members,
    "change members": change_members,
    "make conversations": make_conversations,
    "accept an invitation": accept_an_invitation,
    "block and unblock": block_and_unblock,
    "history": history,
    "search": search,
    "change a message": change_message,
    "send messages": send_messages,
    "attachments": attachments,
    "upload and delete": lambda world: world.ask("DELETE", f"/upload/{world.new_upload()}"),
    "resumable upload": resumable_upload,
    "connect": connect,
    "sync": synchronize,
    "mark as read": mark,
    "look into a conversation": look_in,
}


@pytest.mark.parametrize("request_name", REQUESTS)
def test_no_request_reads_a_whole_table(explained, world, request_name):
    found, queries = explained.whole_reads(lambda: REQUESTS[request_name](world))
    assert queries and not found, "\n\n".join(sorted(found))


def test_a_missing_index_is_seen(explained, world):
    """A missing index is found by the check that the test above uses."""
    definition, = explained.server.sql("SELECT pg_get_indexdef('members_user'::regclass)")[0]
    explained.server.sql("DROP INDEX members_user")
    try:
        found, _ = explained.whole_reads(lambda: list_conversations(world))
    finally:
        explained.server.sql(definition)
    assert any("members" in finding.split(":")[0] for finding in found), found
