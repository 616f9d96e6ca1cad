-- What the first link of a message leads to, by the page's own words. A row without a title is a card that the message's
-- sender does not want: none is made again for that link.
CREATE TABLE link_cards (
    message_id  uuid PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
    url         text NOT NULL CHECK (octet_length(url) BETWEEN 1 AND 2048),
    title       text CHECK (char_length(title) BETWEEN 1 AND 1000),
    description text CHECK (char_length(description) BETWEEN 1 AND 2000),
    site_name   text CHECK (char_length(site_name) BETWEEN 1 AND 500),
    -- An upload of the sender's, which nothing else carries. A server of the version before may delete it as unused.
    picture_id  uuid REFERENCES uploads ON DELETE SET NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (title IS NOT NULL OR num_nonnulls(description, site_name, picture_id) = 0)
);
CREATE INDEX link_cards_picture ON link_cards (picture_id) WHERE picture_id IS NOT NULL;

-- A card belongs to its link. Whoever takes that out of the text, a sender who edits or deletes, by a server of the version
-- before or in SQL, takes out the card. What a moderator removes keeps its text, and its card, and can be restored.
CREATE FUNCTION drop_link_card() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM link_cards WHERE message_id = NEW.id AND strpos(NEW.text, url) = 0;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION drop_link_card FROM PUBLIC;
CREATE TRIGGER drop_link_card AFTER UPDATE OF text ON messages FOR EACH ROW
    WHEN (OLD.text <> NEW.text AND strpos(OLD.text, '://') > 0)
    EXECUTE FUNCTION drop_link_card();

-- A picture goes with its card, at once and for everybody, unless its owner uses it elsewhere.
CREATE FUNCTION drop_card_picture() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE uploads up SET removed_at = now()
        WHERE up.id = OLD.picture_id AND up.removed_at IS NULL
            AND NOT EXISTS (SELECT FROM link_cards k WHERE k.picture_id = up.id)
            AND NOT EXISTS (SELECT FROM attachments a WHERE a.upload_id = up.id)
            AND NOT EXISTS (SELECT FROM users u WHERE u.avatar_upload_id = up.id);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION drop_card_picture FROM PUBLIC;
CREATE TRIGGER drop_picture AFTER DELETE ON link_cards FOR EACH ROW
    WHEN (OLD.picture_id IS NOT NULL) EXECUTE FUNCTION drop_card_picture();
CREATE TRIGGER drop_old_picture AFTER UPDATE ON link_cards FOR EACH ROW
    WHEN (OLD.picture_id IS NOT NULL AND OLD.picture_id IS DISTINCT FROM NEW.picture_id)
    EXECUTE FUNCTION drop_card_picture();

-- As before, and the messages whose card has the picture look different, too.
CREATE OR REPLACE FUNCTION moderation.upload_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.removed_at IS NULL AND NOT EXISTS (SELECT FROM blobs b WHERE b.sha256 = NEW.sha256) THEN
        RAISE EXCEPTION 'the content of upload % has been deleted: it cannot come back', NEW.id;
    END IF;
    PERFORM moderation.announce('upload', NEW.id);
    PERFORM moderation.audit(
        CASE WHEN NEW.removed_at IS NULL THEN 'upload.restore' ELSE 'upload.remove' END, NEW.id::text,
        jsonb_build_object('sha256', NEW.sha256, 'name', NEW.name));
    -- The messages that carry it look different now. The messages' trigger assigns the true revision.
    UPDATE messages SET revision = revision + 1
        WHERE deleted_at IS NULL AND id IN (SELECT message_id FROM attachments WHERE upload_id = NEW.id
            UNION ALL SELECT message_id FROM link_cards WHERE picture_id = NEW.id);
    RETURN NULL;
END
$$;

-- The same as before, and `card`: what everybody in the conversation is shown, moderators see.
CREATE OR REPLACE VIEW moderation.messages AS
SELECT m.id, m.created_at, s.username AS sender, m.text,
    CASE WHEN m.deleted_at IS NULL THEN 'shown' WHEN m.deleted_by IS NULL THEN 'removed' ELSE 'deleted' END AS state,
    (SELECT array_agg(up.name ORDER BY a.position) FROM public.attachments a JOIN public.uploads up ON up.id = a.upload_id
        WHERE a.message_id = m.id) AS files,
    (SELECT count(*) FROM public.reports r WHERE r.message_id = m.id AND r.closed_at IS NULL) AS open_reports,
    c.name AS conversation, m.conversation_id, m.sender_id, m.seq, m.revision, m.reply_to, m.edited_at,
    m.deleted_at, m.deleted_by,
    (SELECT array_agg(a.alt ORDER BY a.position) FROM public.attachments a
        WHERE a.message_id = m.id AND a.alt IS NOT NULL) AS alts,
    (SELECT concat_ws(E'\n', k.url, k.title, k.description, k.site_name) FROM public.link_cards k
        WHERE k.message_id = m.id AND k.title IS NOT NULL) AS card
FROM public.messages m
    JOIN public.users s ON s.id = m.sender_id
    JOIN moderation.conversations c ON c.id = m.conversation_id;
