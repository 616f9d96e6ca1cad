-- An unread count takes away one's own messages past the mark. Their index now knows their `seq`, so that nothing else is
-- read of them: it took a page of the table for nearly each message that somebody had ever written in the conversation. The
-- constraint is the same, by the same name. On a million messages this takes some seconds, in which none is stored.
CREATE UNIQUE INDEX messages_of_sender ON messages (sender_id, conversation_id, client_id) INCLUDE (seq);
ALTER TABLE messages DROP CONSTRAINT messages_sender_id_conversation_id_client_id_key;
ALTER TABLE messages ADD CONSTRAINT messages_sender_id_conversation_id_client_id_key UNIQUE USING INDEX messages_of_sender;
