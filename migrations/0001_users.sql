-- People and the devices they are signed in on. No secret stands in `users`: password hashes and refresh tokens have
-- tables of their own, so that who may read the one need not be trusted with the others.

CREATE TABLE users (
    id               uuid PRIMARY KEY,
    username         text NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9_.-]{3,32}$'),
    display_name     text NOT NULL CHECK (char_length(display_name) BETWEEN 1 AND 64),
    about            text CHECK (char_length(about) BETWEEN 1 AND 500),
    avatar_upload_id uuid,
    created_at       timestamptz NOT NULL DEFAULT now(),
    last_seen_at     timestamptz,
    disabled_at      timestamptz,
    banned_at        timestamptz,
    banned_until     timestamptz,
    ban_reason       text,
    muted_until      timestamptz
);

-- Finding people: by the beginning of the user name, or of any word of the display name.
CREATE INDEX users_username_prefix ON users (username text_pattern_ops);
CREATE INDEX users_display_name_words ON users USING gin (to_tsvector('simple', display_name));

CREATE TABLE passwords (
    user_id    uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    hash       text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- A session is one signed-in device: the family of refresh tokens that began with one log-in.
CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    user_agent   text NOT NULL DEFAULT '' CHECK (char_length(user_agent) <= 300),
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);
CREATE INDEX sessions_user ON sessions (user_id, last_used_at DESC);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Only the SHA-256 of a refresh token is kept: reading this table signs nobody in.
CREATE TABLE refresh_tokens (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    spent_at   timestamptz
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
