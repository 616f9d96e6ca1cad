"""The subject: a release build of the real server with its real private PostgreSQL, filled by SQL."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import time
import uuid

import psycopg

from . import ROOT, WORK
from .account import cpu_seconds, tree_cpu_seconds
from .process import end, read_line, spawn, wait_until_quiet

BINARIES = pathlib.Path(os.environ.get("PARLEY_BIN_DIR", ROOT / ".build" / "release"))

# The versions of the ids made here (RFC 9562, section 5.7), each kind in a range of its own.
_USER, _SESSION, _CONVERSATION = 0x0190_0000_0000_7000_8001, 0x0190_0000_0000_7000_8002, 0x0190_0000_0000_7000_8003


def _id(kind, index):
    return uuid.UUID(int=kind << 48 | index)


class Parley:
    """A running server, while the block runs: `.url`, `.port`, `.pid`, `.postgres_pid`.

    `settings` are its environment variables. Limits are off unless they say otherwise.
    """

    # The name in the load tool and in the report. A `Peer` has the same.
    name = "parley"
    dialect = "socketio"

    def __init__(self, **settings):
        self.secret = secrets.token_hex(32)
        self.settings = {
            "RATE_LIMITS": "off", "LINK_CARDS": "off", "PORT": "0", "READY_GRACE": "0", "LOG_LEVEL": "warning", "JWT_SECRET": self.secret,
            "MIGRATIONS_DIR": str(ROOT / "migrations"), **settings,
        }
        self.users = 0
        self.conversations = 0
        self.process = None

    def __enter__(self):
        WORK.mkdir(parents=True, exist_ok=True)
        self.storage = pathlib.Path(tempfile.mkdtemp(prefix="storage-", dir=WORK))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            end(self.process)
        shutil.rmtree(self.storage, ignore_errors=True)

    def restart(self, kill=False):
        """Restarts the server on the same data, for a process with fresh memory. `kill` does not let it end by itself."""
        if kill:
            self.process.kill()
            self.process.wait()
        end(self.process)
        self._start()

    def rest(self):
        """Waits until what a run left behind is done, thousands of people leaving for instance, and lets everybody have
        confirmed what they got: else their next connection would begin with it."""
        wait_until_quiet([self.pid], cpu_seconds)
        self.confirm_everything()
        wait_until_quiet([self.postgres_pid], tree_cpu_seconds)

    def confirm_everything(self):
        self.sql("UPDATE members m SET delivered_seq = last_seq FROM conversations c "
                 "WHERE c.id = m.conversation_id AND delivered_seq < last_seq")

    def _start(self):
        environment = {**os.environ, **self.settings, "STORAGE_DIR": str(self.storage)}
        with open(WORK / "parley.log", "ab") as log:
            self.process = spawn(
                [BINARIES / "parley", "serve"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        line = read_line(self.process.stdout, timeout=60)
        if not line.startswith("Parley is at "):
            raise RuntimeError(f"{BINARIES}/parley did not start; see {WORK}/parley.log")
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.pid = self.process.pid
        written = (self.storage / "postgres" / "postmaster.pid").read_text().splitlines()
        self.postgres_pid = int(written[0])
        # Where the path is too long for a socket, the server puts the socket elsewhere. "." is the data directory.
        self.socket_directory = written[4] if written[4].startswith("/") else str(self.storage / "postgres")

    def connection_string(self, database="parley", role="parley"):
        return f"host='{self.socket_directory}' user={role} dbname={database}"

    def connect(self, database="parley", role="parley"):
        """A connection to its PostgreSQL that counts as the server's own, so moderation's triggers ignore it. The role
        `parley_owner` is a superuser."""
        return psycopg.connect(
            self.connection_string(database, role), autocommit=True,
            options="-c parley.server=on -c synchronous_commit=off")

    def sql(self, query, *parameters, database="parley"):
        """The rows of a query, as the owner of the database."""
        with self.connect(database) as connection:
            cursor = connection.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    # The data. Nothing here goes through the server: registering 10,000 people costs 20 minutes of scrypt.

    def seed_users(self, count):
        """Makes sure that the people 0 to `count` - 1 exist, each with a session."""
        made = range(self.users, count)
        if not made:
            return
        self.sql("INSERT INTO users (id, username, display_name) SELECT id, 'user' || i, 'User ' || i "
                 "FROM unnest(%s::uuid[], %s::int[]) AS u (id, i)", [_id(_USER, i) for i in made], list(made))
        self.sql("INSERT INTO sessions (id, user_id, expires_at) SELECT s, u, now() + interval '30 days' "
                 "FROM unnest(%s::uuid[], %s::uuid[]) AS x (s, u)",
                 [_id(_SESSION, i) for i in made], [_id(_USER, i) for i in made])
        self.users = count
        self.sql("ANALYZE users, sessions")

    def person(self, index):
        """(id, access token) of one of the seeded people."""
        now = int(time.time())
        claims = {
            "iss": "parley", "aud": ["parley"], "sub": str(_id(_USER, index)), "sid": str(_id(_SESSION, index)),
            "iat": now, "exp": now + 24 * 3600,
        }
        return str(_id(_USER, index)), _sign(claims, self.secret)

    def seed_group(self, members, title="A group"):
        """Makes a private group of these people, owned by the first. Returns its id."""
        return self.seed_groups([members], title)[0]

    def seed_groups(self, memberships, title="A group"):
        """Makes a group for each list of people. Returns their ids."""
        memberships = [list(members) for members in memberships]
        ids = self._conversation_ids(len(memberships))
        self.sql("INSERT INTO conversations (id, kind, visibility, title) SELECT id, 'group', 'private', %s "
                 "FROM unnest(%s::uuid[]) AS c (id)", title, ids)
        self._add_members((id, i, "member" if n else "owner")
                          for id, members in zip(ids, memberships) for n, i in enumerate(members))
        return [str(id) for id in ids]

    def seed_directs(self, pairs):
        """Makes a direct conversation for each pair of people. Returns their ids."""
        pairs = [sorted(pair) for pair in pairs]
        ids = self._conversation_ids(len(pairs))
        self.sql("INSERT INTO conversations (id, kind, direct_low, direct_high) SELECT id, 'direct', low, high "
                 "FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS c (id, low, high)",
                 ids, [_id(_USER, low) for low, _ in pairs], [_id(_USER, high) for _, high in pairs])
        self._add_members((id, i, "member") for id, pair in zip(ids, pairs) for i in pair)
        return [str(id) for id in ids]

    def _conversation_ids(self, count):
        first = self.conversations
        self.conversations += count
        return [_id(_CONVERSATION, i) for i in range(first, self.conversations)]

    def _add_members(self, rows):
        with self.connect() as connection:
            with connection.cursor().copy("COPY members (conversation_id, user_id, role) FROM STDIN") as copy:
                for conversation, person, role in rows:
                    copy.write_row((conversation, _id(_USER, person), role))
            connection.execute("ANALYZE conversations, members")


def _sign(claims, secret):
    """A JWT (RFC 7519) signed with HS256."""
    def part(content):
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    signed = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(hmac.digest(secret.encode(), signed, hashlib.sha256))).decode()
