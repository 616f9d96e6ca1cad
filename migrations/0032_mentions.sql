-- Whom a message mentions. It is decided when the message is stored or edited, so it holds whatever people are called later.
ALTER TABLE messages ADD COLUMN mentions uuid[], ADD COLUMN mentions_all boolean NOT NULL DEFAULT false;

-- The same by the people, for the number of unread mentions. Without `user_id`: all members are mentioned.
CREATE TABLE mentions (
    message_id      uuid NOT NULL REFERENCES messages ON DELETE CASCADE,
    conversation_id uuid NOT NULL,
    user_id         uuid,
    seq             bigint NOT NULL,
    sender_id       uuid NOT NULL
);
CREATE INDEX mentions_unread ON mentions (conversation_id, user_id, seq);
CREATE INDEX mentions_message ON mentions (message_id);

-- A deleted message mentions nobody, whoever deletes it; one that is restored does again.
CREATE FUNCTION note_mentions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM mentions WHERE message_id = NEW.id;
    END IF;
    IF NEW.deleted_at IS NULL THEN
        INSERT INTO mentions (message_id, conversation_id, user_id, seq, sender_id)
            SELECT NEW.id, NEW.conversation_id, mentioned, NEW.seq, NEW.sender_id
            FROM unnest(NEW.mentions || CASE WHEN NEW.mentions_all THEN ARRAY[NULL]::uuid[] END) AS mentioned;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION note_mentions FROM PUBLIC;
CREATE TRIGGER note_mentions_new AFTER INSERT ON messages FOR EACH ROW
    WHEN (NEW.mentions IS NOT NULL OR NEW.mentions_all)
    EXECUTE FUNCTION note_mentions();
CREATE TRIGGER note_mentions AFTER UPDATE ON messages FOR EACH ROW
    WHEN ((OLD.mentions, OLD.mentions_all, OLD.deleted_at IS NULL) IS DISTINCT FROM
        (NEW.mentions, NEW.mentions_all, NEW.deleted_at IS NULL))
    EXECUTE FUNCTION note_mentions();
