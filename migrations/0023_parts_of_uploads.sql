-- tus 1.0: uploads of unknown length (creation-defer-length), and uploads made of others (concatenation). The draft of
-- the IETF, in which the client says with which request an upload is complete.
ALTER TABLE partial_uploads
    -- The length is not known yet: `length` is how many bytes may come. So they count against the quota.
    ADD COLUMN deferred boolean NOT NULL DEFAULT false,
    -- Complete when the client says so, and not with the last byte.
    ADD COLUMN explicit_end boolean NOT NULL DEFAULT false,
    -- Upload-Concat as the client said it.
    ADD COLUMN concat text CHECK (octet_length(concat) <= 16384),
    -- The uploads whose bytes this one is to have, one after the other. Their rows are gone, their files are not. Null once
    -- the bytes are in this upload's own file.
    ADD COLUMN parts uuid[];
-- As above; a HEAD repeats it, and a repeated request for the same concatenation finds the upload.
ALTER TABLE uploads ADD COLUMN concat text CHECK (octet_length(concat) <= 16384);
CREATE INDEX uploads_concatenated ON uploads (owner_id) WHERE concat IS NOT NULL;
