-- Files of uploads may be in an object store (S3) that all servers share.
ALTER TABLE blobs
    -- The served file's object, with whose name those of its thumbnails and copies begin; null: on the disk, by its hash. A
    -- key is used once: whoever deletes an object deletes no bytes that somebody else has stored since.
    ADD COLUMN object_key text CHECK (object_key ~ '^[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}/[0-9a-f-]{36}$');

-- The bytes of unfinished uploads, where they are in an object store: any server goes on where another one ended. How many
-- bytes have come says the end of the last piece. Of two writers at one place, one gets the row. Without a foreign key:
-- the pieces of parts stay when the parts' rows have become one upload.
CREATE TABLE upload_pieces (
    upload_id uuid NOT NULL,
    start     bigint NOT NULL CHECK (start >= 0),
    length    bigint NOT NULL CHECK (length > 0),
    key       text NOT NULL CHECK (key ~ '^tmp/[0-9a-f-]{36}/[0-9a-f-]{36}$'),
    PRIMARY KEY (upload_id, start)
);

-- Objects that nothing refers to any more, and that are still to be deleted: a row that goes leaves its key here in the same
-- transaction. So a store that is away, or a server that dies, leaves nothing behind.
CREATE TABLE dropped_objects (
    key        text PRIMARY KEY,
    -- They are deleted after this moment.
    dropped_at timestamptz NOT NULL DEFAULT now()
);
