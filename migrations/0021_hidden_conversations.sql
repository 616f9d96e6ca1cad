-- A direct conversation may be hidden from one of its people: until they have written to each other, from the one who did
-- not open it; and from whoever hides it. It is hidden as long as no message has come since, that is while its `last_seq`
-- is what it was then. So a new message brings it back without a write.
ALTER TABLE conversations
    ADD COLUMN hidden_low_seq bigint,
    ADD COLUMN hidden_high_seq bigint,
    ADD CHECK (kind = 'direct' OR (hidden_low_seq IS NULL AND hidden_high_seq IS NULL));
