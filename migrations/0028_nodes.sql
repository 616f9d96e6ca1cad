-- The servers that run on this database. Each renews its row every five seconds, by the database's clock. A row that was
-- not renewed for fifteen seconds is a dead server's, and any other server deletes it.
CREATE TABLE nodes (
    -- New at each start, and after each lost lease.
    id uuid PRIMARY KEY,
    number smallint NOT NULL UNIQUE CHECK (number BETWEEN 1 AND 1023),
    host text NOT NULL,
    version text NOT NULL,
    -- The newest migration when it started.
    schema integer NOT NULL,
    -- Values that two servers share if they share a secret, and that tell nothing of it: the current one first.
    secret_checks bytea[] NOT NULL,
    -- The directory that the server has to itself, and where its files are.
    storage uuid NOT NULL,
    files uuid NOT NULL,
    shares_files boolean NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    alive_at timestamptz NOT NULL DEFAULT now(),
    -- What it last said of itself.
    sockets integer NOT NULL DEFAULT 0,
    is_draining boolean NOT NULL DEFAULT false
);

-- Who is connected to which server. After a crash it tells who was last seen when that server was last alive.
-- `presence` and `presence_lease` are those of servers before this version, which may run beside newer ones.
CREATE TABLE node_presence (
    node_id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    PRIMARY KEY (node_id, user_id)
);
CREATE INDEX node_presence_users ON node_presence (user_id);
