-- Uploads that arrive in pieces (tus). How many bytes there are says the file `tmp/<id>` below the uploads directory;
-- the finished upload has the same id, and then this row is gone. An expired row stays a while, to answer `gone`.
CREATE TABLE partial_uploads (
    id         uuid PRIMARY KEY,
    owner_id   uuid NOT NULL REFERENCES users,
    name       text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 255),
    -- All bytes that are to come: they count against the quota from the beginning.
    length     bigint NOT NULL CHECK (length >= 0),
    -- While a piece with a checksum is under way: where it began. Bytes after it count for nothing until they match.
    verified   bigint CHECK (verified BETWEEN 0 AND length),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX partial_uploads_owner ON partial_uploads (owner_id);
CREATE INDEX partial_uploads_expires ON partial_uploads (expires_at);
