-- Upload-Metadata as the client said it: a HEAD repeats it after the last byte as well (tus 1.0, creation extension).
ALTER TABLE uploads ADD COLUMN metadata text CHECK (octet_length(metadata) <= 16384);
