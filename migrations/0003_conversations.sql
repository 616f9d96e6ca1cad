-- `last_seq` and `revision` are the only counters of a conversation; unread counts, statuses and previews derive from
-- them. Whoever changes them holds the row's lock, which is what makes `seq` gap-free.

CREATE TABLE conversations (
    id          uuid PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('direct', 'group')),
    visibility  text CHECK (visibility IN ('private', 'public')),
    title       text CHECK (char_length(title) BETWEEN 1 AND 80),
    direct_low  uuid REFERENCES users,
    direct_high uuid REFERENCES users,
    last_seq    bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    revision    bigint NOT NULL DEFAULT 1 CHECK (revision >= 1),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    -- When it was made or last written to: the order of the list.
    active_at   timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind = 'direct') = (direct_low IS NOT NULL AND direct_high IS NOT NULL)),
    CHECK ((kind = 'group') = (title IS NOT NULL)),
    CHECK ((kind = 'group') = (visibility IS NOT NULL)),
    CHECK (direct_low < direct_high),
    UNIQUE (direct_low, direct_high)
);
CREATE INDEX conversations_public ON conversations (active_at DESC, id DESC) WHERE visibility = 'public';
CREATE INDEX conversations_public_title ON conversations USING gin (to_tsvector('simple', title)) WHERE visibility = 'public';

CREATE TABLE members (
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    user_id         uuid NOT NULL REFERENCES users,
    role            text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    joined_at       timestamptz NOT NULL DEFAULT now(),
    delivered_seq   bigint NOT NULL DEFAULT 0 CHECK (delivered_seq >= read_seq),
    read_seq        bigint NOT NULL DEFAULT 0 CHECK (read_seq >= 0),
    PRIMARY KEY (conversation_id, user_id)
);
CREATE INDEX members_user ON members (user_id);
-- The first fifty, and who is promoted when the last owner leaves.
CREATE INDEX members_joined ON members (conversation_id, joined_at, user_id);
-- "Read by all others" is the lowest mark of the others: found at the start of these.
CREATE INDEX members_read ON members (conversation_id, read_seq);
CREATE INDEX members_delivered ON members (conversation_id, delivered_seq);
