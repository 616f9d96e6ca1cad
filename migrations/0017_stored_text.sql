-- How much of the database each person's messages take: their text in bytes, and 512 for each row with its index
-- entries. The server adds to it some seconds after the messages, so that sending locks no row that others wait for.
-- A server of the version before does not count; what it stores is free.
CREATE TABLE stored_text (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    bytes   bigint NOT NULL CHECK (bytes >= 0)
) WITH (fillfactor = 70);

INSERT INTO stored_text (user_id, bytes)
SELECT sender_id, sum(octet_length(text) + 512) FROM messages GROUP BY sender_id;
