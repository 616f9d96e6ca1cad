-- What has been shared in a conversation, by kind and newest first: a row for each attachment, and one for each message with
-- links. Only messages that have some cost more than before. Triggers keep it, whoever writes: servers of the version
-- before, too. A deleted message has no rows; one that is restored has them again.
CREATE TABLE shared_items (
    conversation_id uuid NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('media', 'files', 'links')),
    seq             bigint NOT NULL,
    position        smallint NOT NULL,
    message_id      uuid NOT NULL REFERENCES messages ON DELETE CASCADE,
    PRIMARY KEY (conversation_id, kind, seq, position)
);
CREATE INDEX shared_items_message ON shared_items (message_id);

-- Most texts have no `://`, which is found out sooner than what a pattern finds; where a message is stored, without a call.
CREATE FUNCTION has_link(words text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT strpos(words, '://') > 0 AND words ~* 'https?://[[:alnum:]\[]'
$$;

CREATE FUNCTION share_items(message uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.shared_items (conversation_id, kind, seq, position, message_id)
    SELECT m.conversation_id, CASE b.kind WHEN 'file' THEN 'files' ELSE 'media' END, m.seq, a.position, m.id
    FROM public.messages m JOIN public.attachments a ON a.message_id = m.id JOIN public.uploads up ON up.id = a.upload_id
        JOIN public.blobs b ON b.sha256 = up.sha256
    WHERE m.id = message AND m.deleted_at IS NULL
    UNION ALL
    SELECT m.conversation_id, 'links', m.seq, 0, m.id FROM public.messages m
    WHERE m.id = message AND m.deleted_at IS NULL AND public.has_link(m.text)
    ON CONFLICT DO NOTHING
$$;
REVOKE ALL ON FUNCTION share_items FROM PUBLIC;

CREATE FUNCTION note_shared_attachment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM shared_items
            WHERE message_id = OLD.message_id AND position = OLD.position AND kind <> 'links';
    ELSE
        PERFORM share_items(NEW.message_id);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION note_shared_attachment FROM PUBLIC;
CREATE TRIGGER note_shared AFTER INSERT OR DELETE ON attachments FOR EACH ROW EXECUTE FUNCTION note_shared_attachment();

CREATE FUNCTION note_shared_message() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM shared_items WHERE message_id = NEW.id;
    END IF;
    PERFORM share_items(NEW.id);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION note_shared_message FROM PUBLIC;
CREATE TRIGGER note_shared_new AFTER INSERT ON messages FOR EACH ROW
    WHEN (strpos(NEW.text, '://') > 0 AND has_link(NEW.text))
    EXECUTE FUNCTION note_shared_message();
CREATE TRIGGER note_shared AFTER UPDATE ON messages FOR EACH ROW
    WHEN ((OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL)
        OR OLD.text <> NEW.text AND has_link(OLD.text) <> has_link(NEW.text))
    EXECUTE FUNCTION note_shared_message();
