-- Whether what is served holds no metadata of its maker; null where the question does not arise, and for what was uploaded
-- before. The encoding of a text, as libmagic names it; null for other files.
ALTER TABLE blobs
    ADD COLUMN cleaned boolean,
    ADD COLUMN charset text CHECK (charset ~ '^[a-z0-9-]{1,40}$');
