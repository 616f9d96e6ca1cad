-- What a message costs the database, measured with batches of a hundred: of 51 µs to insert one, the words' index took
-- 17 and each other index 3 to 8; and its conversation's row moved to another place each time, with all its index
-- entries, because `active_at` is in an index (Benchmarks/RESULTS.md has what is left).

-- Words wait in the pending list until the server, which looks every two seconds, has them merged; a flood of more than
-- this many kilobytes merges them itself, the more at once the cheaper.
ALTER INDEX messages_words SET (gin_pending_list_limit = 1024);

-- Ids begin with their time, so what is wanted in the order of time is sorted by id; a range of times is found by its
-- pages.
DROP INDEX messages_created;
CREATE INDEX messages_created ON messages USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);

-- One index finds a sender's messages and keeps `client_id` unique.
DROP INDEX messages_sender;
ALTER TABLE messages DROP CONSTRAINT messages_conversation_id_sender_id_client_id_key;
ALTER TABLE messages ADD CONSTRAINT messages_sender_id_conversation_id_client_id_key
    UNIQUE (sender_id, conversation_id, client_id);

-- Public groups are listed by the hour in which they were last written to: a column that is in an index, and changes
-- once an hour. Between these changes, with room on its page, an update touches no index.
ALTER TABLE conversations ADD COLUMN active_hour timestamptz;
UPDATE conversations SET active_hour = date_trunc('hour', active_at, 'UTC');
ALTER TABLE conversations ALTER COLUMN active_hour SET DEFAULT date_trunc('hour', now(), 'UTC'),
    ALTER COLUMN active_hour SET NOT NULL;
DROP INDEX conversations_public;
CREATE INDEX conversations_public ON conversations (active_hour DESC, id DESC) WHERE visibility = 'public';
ALTER TABLE conversations SET (fillfactor = 70);

-- An unread count is `last_seq` less what was read, one's own, and what is found here.
CREATE INDEX messages_deleted ON messages (conversation_id, seq) WHERE deleted_at IS NOT NULL;
