-- A search runs through the asking person's conversations, and in each takes the words: with both in one index, what
-- other people wrote with the same words costs nothing. (btree_gin comes with PostgreSQL's own packages, and is trusted:
-- the database's owner may create it.)
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- The pending list takes new words cheaply while sending; each conversation that a search looks into reads it from the
-- beginning, so it is kept short.
DROP INDEX messages_words;
CREATE INDEX messages_words ON messages USING gin (conversation_id, to_tsvector('simple', text))
    WITH (fastupdate = on, gin_pending_list_limit = 128) WHERE deleted_at IS NULL;

-- Who is connected, written when somebody comes and when they have gone, and when the server that says so was last
-- alive: after a crash these tell when the people of the first were last seen.
CREATE TABLE presence (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE
);
CREATE TABLE presence_lease (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    alive_at timestamptz NOT NULL
);
