"""A chat of some years as rows. PostgreSQL generates it, the same each time, with any number of messages.

Its shape is skewed as real ones are: a few conversations hold most messages, most hold a few. Of N messages a fifth is
in one group; person 0 is in 500 conversations, among them that group and the next busiest; one message in fifty has an
attachment, one in twenty reactions, one in a hundred was deleted, one in fifty edited. `parley verify` holds on it.
"""

import dataclasses
import hashlib
import json
import random
import uuid

import psycopg

# People who have an id each, as `stack.Parley.person` has it; conversations likewise. Both are numbered from 0.
_ID = "01900000-0000-7000-{kind}-{number:012x}"
_USER, _CONVERSATION = "8001", "8003"
_SENTENCES = 20_000

# In one sentence of twenty, in the five messages of the hero's busiest conversations, and in none.
COMMON_WORD, RARE_WORD, NO_WORD = "tomorrow", "xylophone", "absquatulate"
HERO_CONVERSATIONS = 500


@dataclasses.dataclass(frozen=True)
class Dataset:
    messages: int
    users: int
    conversations: int

    def user(self, number):
        return str(uuid.UUID(_ID.format(kind=_USER, number=number)))

    def conversation(self, number):
        """0 is the large group, with person 0 among its members, like all below HERO_CONVERSATIONS."""
        return str(uuid.UUID(_ID.format(kind=_CONVERSATION, number=number)))


def fill(connection, storage, messages, users=None, conversations=None):
    """Fills an empty, migrated database and the files beside it.

    - connection: psycopg's, in autocommit mode, as a superuser: constraints and triggers that look at each row are
      skipped (`session_replication_role`), the moderators' among them; they hold by construction, and `parley verify`
      can tell.
    - storage: a pathlib.Path, the server's STORAGE_DIR.
    - messages: how many, at least 1,000. People and conversations are as many as such a chat has unless they are given,
      and at least 600: enough for one who is in 500 conversations.
    """
    dataset = Dataset(messages, users or max(600, messages // 100), conversations or max(600, messages // 50))
    words = connection.execute("SELECT pg_get_indexdef('messages_words'::regclass)").fetchone()[0]
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET maintenance_work_mem = '256MB'")
    connection.execute("SET work_mem = '128MB'")
    connection.execute("SELECT setseed(0.5)")
    # Building the index at once takes a tenth of the time.
    connection.execute("DROP INDEX messages_words")
    _write_blobs(connection, storage, max(2_000, messages // 100))
    _write_sentences(connection)
    # Some of these statements take no server-side parameters, so psycopg inserts the values.
    cursor = psycopg.ClientCursor(connection)
    for statement in _STATEMENTS:
        cursor.execute(statement, dataclasses.asdict(dataset))
    connection.execute(words)
    connection.execute("RESET session_replication_role")
    connection.execute("DROP TABLE sentence, place, membership, line")
    connection.execute("VACUUM ANALYZE")
    return dataset


def _write_blobs(connection, storage, count):
    """Contents for the uploads, on the disk and in the database. Every other one counts as a picture."""
    picture = ("image/jpeg", "image", 4000, 3000, "LEHV6nWB2yk8pyo0adR*.7kCMdnj", _THUMBNAILS)
    file = ("text/plain", "file", None, None, None, "[]")
    with connection.cursor().copy(
            "COPY blobs (sha256, size, served_size, served_sha256, type, kind, width, height, blurhash, thumbnails) "
            "FROM STDIN") as copy:
        for number in range(count):
            content = f"attachment {number}\n".encode() * 100
            sha256 = hashlib.sha256(content).hexdigest()
            directory = storage / "uploads" / sha256[:2] / sha256[2:4]
            directory.mkdir(parents=True, exist_ok=True)
            (directory / sha256).write_bytes(content)
            copy.write_row((sha256, len(content), len(content), sha256, *(file if number % 2 else picture)))


_THUMBNAILS = json.dumps(
    [{"size": "small", "width": 160, "height": 120}, {"size": "medium", "width": 480, "height": 360},
     {"size": "large", "width": 1280, "height": 960}])


def _write_sentences(connection):
    """What people say: words with the frequencies of a natural language (Zipf's law)."""
    chance = random.Random(5)
    syllables = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "an", "er", "il")]
    vocabulary = ["".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(5000)]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    connection.execute("CREATE TEMP TABLE sentence (number int PRIMARY KEY, text text)")
    with connection.cursor().copy("COPY sentence FROM STDIN") as copy:
        for number in range(_SENTENCES):
            said = chance.choices(vocabulary, weights, k=chance.choice((1, 3, 5, 8, 12, 20, 40)))
            if number % 20 == 0:
                said.append(COMMON_WORD)
            copy.write_row((number, " ".join(said)))


_STATEMENTS = (
    """
    CREATE OR REPLACE FUNCTION pg_temp.id_of(kind text, number bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$
        SELECT ('01900000-0000-7000-' || kind || '-' || lpad(to_hex(number), 12, '0'))::uuid
    $$
    """,
    # A message's id begins with its time, in milliseconds, as a UUIDv7's does.
    """
    CREATE OR REPLACE FUNCTION pg_temp.message_id(at timestamptz, number bigint) RETURNS uuid STABLE LANGUAGE sql AS $$
        SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000'
            || lpad(to_hex(number), 12, '0'))::uuid
    $$
    """,
    """
    INSERT INTO users (id, username, display_name, about, created_at, last_seen_at, avatar_upload_id)
    SELECT pg_temp.id_of('8001', i), 'user' || i,
        (ARRAY['Ada', 'Bo', 'Cem', 'Dana', 'Eli', 'Fay', 'Gus', 'Hal', 'Ida', 'Jo'])[1 + i %% 10] || ' Person' || i,
        CASE WHEN i %% 2 = 0 THEN 'likes the number ' || i END,
        now() - interval '2 years', now() - i * interval '1 minute',
        CASE WHEN i %% 3 = 0 THEN pg_temp.id_of('8005', i) END
    FROM generate_series(0, %(users)s - 1) AS i
    """,
    """
    INSERT INTO passwords (user_id, hash) SELECT id, 'nobody signs in with this' FROM users
    """,
    """
    INSERT INTO sessions (id, user_id, user_agent, expires_at)
    SELECT pg_temp.id_of('8002', i), pg_temp.id_of('8001', i), 'a browser', now() + interval '30 days'
    FROM generate_series(0, %(users)s - 1) AS i
    """,
    """
    INSERT INTO refresh_tokens (hash, session_id) SELECT sha256(id::text::bytea), id FROM sessions
    """,
    # Conversations. Of ten, seven are direct and three are groups; every thirtieth group is public.
    """
    CREATE TEMP TABLE place AS
    SELECT n, pg_temp.id_of('8003', n) AS id, n > 0 AND n %% 10 < 7 AS direct,
        CASE WHEN n = 0 THEN least(1000, %(users)s) WHEN n %% 10 < 7 THEN 2 ELSE 3 + n * 31 %% 48 END AS size
    FROM generate_series(0, %(conversations)s - 1) AS n
    """,
    # Members, numbered from 0. No two direct conversations have the same pair: steps of different lengths through
    # the people other than the hero.
    f"""
    CREATE TEMP TABLE membership AS
    SELECT p.n, position, CASE
        WHEN p.n = 0 THEN position
        WHEN p.n < {HERO_CONVERSATIONS} AND position = 0 THEN 0
        WHEN p.n < {HERO_CONVERSATIONS} AND p.direct THEN p.n
        WHEN p.direct THEN 1 + (p.n %% (%(users)s - 1) + position * (1 + p.n / (%(users)s - 1))) %% (%(users)s - 1)
        ELSE 1 + (p.n * 17 + position * (1 + p.n %% 7)) %% (%(users)s - 1) END AS person
    FROM place p CROSS JOIN LATERAL generate_series(0, p.size - 1) AS position
    """,
    # Messages in order of time: over a year, until a minute ago.
    """
    CREATE TEMP TABLE line AS
    SELECT said.*, pg_temp.message_id(said.at, said.i) AS id, row_number() OVER (PARTITION BY n ORDER BY i) AS seq
    FROM (
        SELECT i, CASE WHEN i %% 5 = 0 THEN 0 ELSE 1 + floor((%(conversations)s - 1) * random() ^ 3)::int END AS n,
            date_trunc('milliseconds',
                now() - interval '1 minute' - (%(messages)s - i) * (interval '1 year' / %(messages)s)) AS at,
            random() AS whose, floor(random() * (SELECT count(*) FROM sentence))::int AS sentence
        FROM generate_series(1, %(messages)s) AS i
    ) AS said
    """,
    "ANALYZE place, membership, line, sentence",
    """
    INSERT INTO messages (id, conversation_id, sender_id, seq, revision, text, reply_to, client_id, fingerprint,
        created_at, edited_at, deleted_at, deleted_by, file_names)
    SELECT l.id, p.id, pg_temp.id_of('8001', m.person), l.seq, l.seq + 1,
        CASE WHEN l.i %% 100 = 13 THEN '' ELSE s.text END, l.earlier, 'line' || l.i, sha256(l.i::text::bytea), l.at, CASE WHEN l.i %% 50 = 21 THEN l.at END,
        CASE WHEN l.i %% 100 = 13 THEN l.at END,
        CASE WHEN l.i %% 100 = 13 THEN pg_temp.id_of('8001', m.person) END, CASE WHEN l.i %% 50 = 9 THEN 'file ' || l.i END
    FROM (SELECT *, CASE WHEN i %% 10 = 3 THEN lag(id) OVER (PARTITION BY n ORDER BY i) END AS earlier FROM line) l
        JOIN place p ON p.n = l.n JOIN membership m ON m.n = l.n AND m.position = floor(l.whose * p.size)
        JOIN sentence s ON s.number = l.sentence
    ORDER BY l.i
    """,
    f"""
    UPDATE messages SET text = 'the {RARE_WORD} has come' WHERE deleted_at IS NULL AND seq = 2
        AND conversation_id IN (SELECT id FROM place WHERE n < 5)
    """,
    """
    INSERT INTO conversations (id, kind, visibility, title, direct_low, direct_high, last_seq, revision, created_at,
        updated_at, active_at, active_hour)
    SELECT p.id, CASE WHEN p.direct THEN 'direct' ELSE 'group' END,
        CASE WHEN NOT p.direct THEN CASE WHEN p.n %% 100 = 8 THEN 'public' ELSE 'private' END END,
        CASE WHEN NOT p.direct THEN 'Group ' || p.n END, pair.low, pair.high, coalesce(l.last, 0), coalesce(l.last, 0) + 1,
        begun.at, coalesce(l.at, begun.at), coalesce(l.at, begun.at), date_trunc('hour', coalesce(l.at, begun.at), 'UTC')
    FROM place p CROSS JOIN (SELECT now() - interval '400 days') AS begun (at)
        LEFT JOIN (SELECT n, max(seq) AS last, max(at) AS at FROM line GROUP BY n) l ON l.n = p.n
        LEFT JOIN (SELECT n, pg_temp.id_of('8001', min(person)) AS low, pg_temp.id_of('8001', max(person)) AS high
            FROM membership GROUP BY n) pair ON pair.n = p.n AND p.direct
    """,
    # Most members have read everything, some are behind, a few far behind.
    """
    INSERT INTO members (conversation_id, user_id, role, joined_at, delivered_seq, read_seq)
    SELECT m.id, pg_temp.id_of('8001', m.person), m.role, m.joined, greatest(m.read, m.last - floor(m.chance * 20)),
        m.read
    FROM (
        SELECT c.id, m.person, c.last_seq AS last, c.created_at + m.position * interval '1 second' AS joined,
            random() AS chance,
            CASE WHEN random() < 0.7 THEN c.last_seq ELSE greatest(0, c.last_seq - floor(random() ^ 3 * 200)) END AS read,
            coalesce(CASE WHEN NOT p.direct THEN (ARRAY['owner', 'admin'])[1 + m.position] END, 'member') AS role
        FROM membership m JOIN place p ON p.n = m.n JOIN conversations c ON c.id = p.id
        ORDER BY c.id, m.position
    ) m
    """,
    """
    INSERT INTO uploads (id, owner_id, sha256, name, type, size, created_at)
    SELECT u.id, u.owner, b.sha256, u.name, b.type, b.size, u.at
    FROM (
        SELECT pg_temp.id_of('8004', l.i) AS id, pg_temp.id_of('8001', m.person) AS owner, 'file ' || l.i AS name,
            l.i / 50 AS i, l.at
        FROM line l JOIN place p ON p.n = l.n JOIN membership m ON m.n = l.n AND m.position = floor(l.whose * p.size)
        WHERE l.i %% 50 = 9
        UNION ALL
        SELECT avatar_upload_id, id, 'avatar', row_number() OVER () * 2, created_at FROM users
        WHERE avatar_upload_id IS NOT NULL
    ) u JOIN (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY sha256) * 2
            - CASE kind WHEN 'image' THEN 2 ELSE 1 END AS number FROM blobs) b
        ON b.number = u.i %% (SELECT count(*) FROM blobs)
    """,
    """
    INSERT INTO attachments (message_id, position, upload_id)
    SELECT id, 0, pg_temp.id_of('8004', i) FROM line WHERE i %% 50 = 9
    """,
    """
    INSERT INTO shared_items (conversation_id, kind, seq, position, message_id)
    SELECT m.conversation_id, CASE b.kind WHEN 'file' THEN 'files' ELSE 'media' END, m.seq, a.position, m.id
    FROM attachments a JOIN messages m ON m.id = a.message_id JOIN uploads up ON up.id = a.upload_id
        JOIN blobs b ON b.sha256 = up.sha256 WHERE m.deleted_at IS NULL
    """,
    """
    INSERT INTO notices (conversation_id, seq, kind, actor, people, count, at)
    SELECT m.conversation_id, m.read_seq, 'joined', m.user_id, ARRAY[m.user_id], 1, m.joined_at
    FROM members m JOIN conversations c ON c.id = m.conversation_id WHERE c.kind = 'group'
    """,
    """
    INSERT INTO reactions (message_id, emoji, user_id, created_at)
    SELECT l.id, (ARRAY['👍', '❤️', '😂'])[1 + m.position %% 2 + l.i %% 2], pg_temp.id_of('8001', m.person), l.at
    FROM line l JOIN membership m ON m.n = l.n AND m.position <= l.i %% 3 WHERE l.i %% 20 = 5
    """,
    """
    INSERT INTO reports (id, message_id, reporter_id, reason, closed_at)
    SELECT pg_temp.id_of('8006', i), id, pg_temp.id_of('8001', 0), 'not nice', CASE WHEN i %% 3 > 0 THEN at END
    FROM line WHERE i %% 500 = 1
    """,
)
