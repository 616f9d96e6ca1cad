"""A server works beside one of the version before.

`previous/` has what that version sent and expected, recorded at its release (`previous/README.md`). PARLEY_PREVIOUS names its
program, if there is one: then both run side by side.
"""

import base64
import json
import os
import pathlib
import re

import psycopg
import pytest

from cluster import Cluster
from load import Load
from parley import ROOT, until
from watching import Watcher, settled, wait

PREVIOUS = pathlib.Path(__file__).parent / "previous"
PROGRAM = os.environ.get("PARLEY_PREVIOUS")
RECORDED = os.environ.get("PARLEY_RECORD_PREVIOUS")
"""A file of `PARLEY_RECORD_STATEMENTS`, in place of which `previous/` is written."""

HINTS = 1
COLUMNS = """
SELECT c.table_name || '.' || c.column_name, c.udt_name, c.is_nullable = 'YES' OR c.column_default IS NOT NULL
        OR c.is_identity = 'YES' OR c.is_generated = 'ALWAYS'
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY 1"""


@pytest.fixture
def database(postgres):
    url = postgres.clone()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
    postgres.drop(url)


def refusal(database, statement):
    """Why PostgreSQL does not take the statement."""
    try:
        database.execute(f"PREPARE statement AS {statement}", prepare=False)
    except psycopg.Error as error:
        return str(error)
    database.execute("DEALLOCATE statement")
    return None


def columns(database):
    """The type of each column, and whether a row may be inserted without it."""
    return {name: [kind, is_optional] for name, kind, is_optional in database.execute(COLUMNS)}


def newest_migration():
    return sorted(file.name for file in (ROOT / "migrations").glob("*.sql"))[-1]


def outline(frame):
    """What is in a frame: one of each is enough."""
    # FrameCodec: a letter, 52 letters, of which the first byte is the path, a signature; then events with their lengths.
    path, body, events = frame[1:2], frame[77:], []
    if base64.urlsafe_b64decode(frame[1:5])[0] == HINTS:
        return path, len(body) > 32
    while body:
        kind, fields = body[0], base64.urlsafe_b64decode(body[1:45])
        length = int.from_bytes(fields[-3:])
        payload = body.encode()[45:45 + length].decode()
        body = body.encode()[45 + length:].decode()
        words = payload.split("\n")[0].split(" ")
        parts = re.findall(r"(?:^|[\n ])([a-z]+:[a-z]+|typing)", payload)
        events.append((kind, "".join(sorted({word[:1] for word in words})), *sorted(set(parts))))
    return path, *sorted(set(events))[:2]


@pytest.mark.skipif(not RECORDED, reason="PARLEY_RECORD_PREVIOUS is not set")
def test_record_this_version(database):
    lines = [json.loads(line) for line in pathlib.Path(RECORDED).read_text().splitlines()]
    sent = [line for line in lines if isinstance(line, str)]
    # A statement whose parameters need types to be understood cannot be tried by itself.
    kept = sorted({statement for statement in sent if not refusal(database, statement)})
    assert len(kept) > 0.9 * len(sent)
    (PREVIOUS / "statements.jsonl").write_text("".join(json.dumps(statement) + "\n" for statement in kept))
    frames = {}
    for line in lines:
        if isinstance(line, dict):
            frames.setdefault(outline(line["frame"]), line["frame"])
    (PREVIOUS / "frames.json").write_text(json.dumps([frames[key] for key in sorted(frames, key=repr)], indent=0) + "\n")
    schema = {"migration": newest_migration(), "columns": columns(database)}
    (PREVIOUS / "schema.json").write_text(json.dumps(schema, indent=0) + "\n")


def test_what_the_version_before_asks_is_answered(database):
    statements = [json.loads(line) for line in (PREVIOUS / "statements.jsonl").read_text().splitlines()]
    refused = [(why, statement) for statement in statements if (why := refusal(database, statement))]
    assert len(statements) > 150 and not refused, refused[:3]


def test_rows_that_the_version_before_writes_are_taken(database):
    """Expand, then contract: no column goes or changes its type, and none that is new has to be given."""
    before = json.loads((PREVIOUS / "schema.json").read_text())
    assert (ROOT / "migrations" / before["migration"]).exists()
    now = columns(database)
    gone = {name for name, (kind, _) in before["columns"].items() if now.get(name, [None])[0] != kind}
    assert not gone, "its statements name them"
    tables = {name.split(".")[0] for name in before["columns"]}
    demanded = {
        name for name, (_, is_optional) in now.items()
        if not is_optional and name.split(".")[0] in tables and before["columns"].get(name, [None, True])[1]}
    assert not demanded, "it does not give them"


@pytest.mark.skipif(not PROGRAM, reason="PARLEY_PREVIOUS is not set")
@pytest.mark.parametrize("old", [1, 2])
def test_both_versions_side_by_side(postgres, tmp_path, old):
    """The one of the version before starts first, or later, on the database that the newer one has migrated."""
    url = postgres.clone()
    cluster = Cluster(url, tmp_path, count=2, MESSAGE_LANES="2")
    cluster.servers[old].program = PROGRAM
    with cluster:
        until(lambda: cluster.rows() == [1, 2], "both to be there")
        servers = list(cluster.servers.values())
        people = [servers[number % 2].person(f"person{number}") for number in range(6)]
        groups = [(owner, owner.group(*[other for other in people if other is not owner])) for owner in people[-2:]]
        watchers = [Watcher(person, server.url) for person in people for server in servers]
        loads = [Load(people[:3], groups, servers[0].url), Load(people[3:], groups, servers[1].url)]
        try:
            until(lambda: settled(watchers), "everybody to be there")
            wait(8)
            for load in loads:
                load.rest()
            stored = {
                str(id) for id, in servers[0].sql("SELECT id FROM messages WHERE deleted_at IS NULL")}
            told = set().union(*[load.stored for load in loads])
            assert told and told <= stored
            shown = {person.id: {view["id"] for view in person.get("/conversations").json()["conversations"]} for person in people}
            rows = {}
            for row in servers[0].sql("SELECT id, conversation_id, revision, text, deleted_at IS NOT NULL FROM messages"):
                rows.setdefault(str(row[1]), []).append((str(row[0]), *row[2:]))

            def differences():
                return [line for watcher in watchers for line in watcher.differences(shown[watcher.person.id], rows)]

            until(lambda: not differences(), "everybody to know everything")
            for watcher in watchers:
                watcher.check()
            assert all(load.failures == 0 for load in loads)
        finally:
            for busy in (*loads, *watchers):
                busy.stop()
    postgres.drop(url)
