-- What wrong passwords and registrations have used of their limits, over all servers of the database. A limit is a burst,
-- of which a part comes back in each second; `full_at` is when all of it will be back. After a crash everybody begins anew.
CREATE UNLOGGED TABLE shared_limits (
    -- A keyed hash of the limit, and of the name or address that it is for.
    key bytea PRIMARY KEY,
    full_at timestamptz NOT NULL
);
