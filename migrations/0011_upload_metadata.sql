-- Upload-Metadata as the client said it, which a HEAD repeats (tus 1.0, creation extension).
ALTER TABLE partial_uploads ADD COLUMN metadata text CHECK (octet_length(metadata) <= 16384);
