CREATE TABLE messages (
    id              uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    sender_id       uuid NOT NULL REFERENCES users,
    seq             bigint NOT NULL CHECK (seq >= 1),
    revision        bigint NOT NULL CHECK (revision >= 1),
    text            text NOT NULL CHECK (char_length(text) <= 8000),
    reply_to        uuid REFERENCES messages,
    -- The sender's choice, which makes sending idempotent, and the SHA-256 of the request as first sent, by which a
    -- repetition is told from another request under the same name (an edit in between does not matter).
    client_id       text CHECK (char_length(client_id) BETWEEN 1 AND 64),
    fingerprint     bytea,
    created_at      timestamptz NOT NULL DEFAULT now(),
    edited_at       timestamptz,
    deleted_at      timestamptz,
    deleted_by      uuid REFERENCES users,
    UNIQUE (conversation_id, seq),
    UNIQUE (conversation_id, revision),
    UNIQUE (conversation_id, sender_id, client_id),
    CHECK ((client_id IS NULL) = (fingerprint IS NULL))
);
CREATE INDEX messages_sender ON messages (sender_id, created_at DESC);
CREATE INDEX messages_created ON messages (created_at DESC);
CREATE INDEX messages_reply_to ON messages (reply_to) WHERE reply_to IS NOT NULL;
-- The pending list takes new words cheaply while sending and merges them later: search pays, the send path does not.
CREATE INDEX messages_words ON messages USING gin (to_tsvector('simple', text)) WITH (fastupdate = on)
    WHERE deleted_at IS NULL;

CREATE TABLE attachments (
    message_id uuid NOT NULL REFERENCES messages ON DELETE CASCADE,
    position   smallint NOT NULL CHECK (position BETWEEN 0 AND 9),
    upload_id  uuid NOT NULL REFERENCES uploads,
    PRIMARY KEY (message_id, position),
    UNIQUE (message_id, upload_id)
);
CREATE INDEX attachments_upload ON attachments (upload_id);

CREATE TABLE reactions (
    message_id uuid NOT NULL REFERENCES messages ON DELETE CASCADE,
    emoji      text NOT NULL CHECK (octet_length(emoji) BETWEEN 1 AND 64),
    user_id    uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, emoji, user_id)
);

CREATE TABLE reports (
    id          uuid PRIMARY KEY,
    message_id  uuid NOT NULL REFERENCES messages ON DELETE CASCADE,
    reporter_id uuid REFERENCES users,
    reason      text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 1000),
    created_at  timestamptz NOT NULL DEFAULT now(),
    closed_at   timestamptz,
    resolution  text
);
CREATE INDEX reports_open ON reports (created_at) WHERE closed_at IS NULL;
CREATE INDEX reports_message ON reports (message_id);
