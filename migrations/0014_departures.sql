-- Who was taken out of a group stays out until an owner or admin brings them back.
CREATE TABLE removed_members (
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    user_id         uuid NOT NULL REFERENCES users,
    -- Nobody where it was done in SQL.
    removed_by      uuid REFERENCES users,
    removed_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (conversation_id, user_id)
);
CREATE INDEX removed_members_user ON removed_members (user_id);

-- URLs of a conversation's files carry its `url_epoch`, a moment in Unix time: once that has come, those of earlier ones
-- are refused. Until it comes, those of the one before are good too.
ALTER TABLE conversations
    ADD COLUMN url_epoch bigint NOT NULL DEFAULT 0,
    ADD COLUMN previous_url_epoch bigint NOT NULL DEFAULT 0;

-- What follows when a member has gone, whoever did it: the one place for it.
--
-- - The change is counted.
-- - When no owner is left, the oldest admin, else the oldest member, becomes one; closed accounts come last.
-- - A group that nobody is in any more is closed: nobody finds it or comes in.
-- - With `ends_urls`, URLs that the member may hold end within one to five minutes. The moments are multiples of four
--   minutes, so that many goings change the URLs once; and the one before has passed when a new one is set.
CREATE FUNCTION settle_departure(conversation uuid, ends_urls boolean) RETURNS void LANGUAGE sql AS $$
    UPDATE members m SET role = 'owner'
        WHERE m.conversation_id = settle_departure.conversation
            AND NOT EXISTS (SELECT FROM members o
                WHERE o.conversation_id = settle_departure.conversation AND o.role = 'owner')
            AND m.user_id = (SELECT x.user_id FROM members x JOIN users u ON u.id = x.user_id
                WHERE x.conversation_id = settle_departure.conversation
                ORDER BY u.disabled_at IS NOT NULL, x.role = 'admin' DESC, x.joined_at, x.user_id LIMIT 1);
    UPDATE conversations c SET revision = c.revision + 1, updated_at = now(),
            visibility = CASE
                WHEN EXISTS (SELECT FROM members m WHERE m.conversation_id = c.id) THEN c.visibility
                ELSE 'private'
            END,
            previous_url_epoch = CASE
                WHEN ends_urls AND c.url_epoch < next.epoch THEN c.url_epoch ELSE c.previous_url_epoch
            END,
            url_epoch = CASE WHEN ends_urls THEN greatest(c.url_epoch, next.epoch) ELSE c.url_epoch END
        FROM (SELECT (ceil((extract(epoch FROM clock_timestamp()) + 60) / 240) * 240)::bigint AS epoch) next
        WHERE c.id = settle_departure.conversation;
$$;

CREATE OR REPLACE FUNCTION moderation.member_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    kind text;
BEGIN
    SELECT c.kind INTO kind FROM conversations c WHERE c.id = OLD.conversation_id FOR NO KEY UPDATE;
    IF kind = 'direct' THEN
        RAISE EXCEPTION 'a direct conversation keeps its two members';
    END IF;
    -- Without one, the member goes with the conversation.
    IF kind IS NOT NULL THEN
        PERFORM settle_departure(OLD.conversation_id, true);
        INSERT INTO removed_members (conversation_id, user_id) VALUES (OLD.conversation_id, OLD.user_id)
            ON CONFLICT DO NOTHING;
    END IF;
    PERFORM moderation.announce('membership', OLD.user_id);
    PERFORM moderation.audit('member.remove', OLD.user_id::text,
        jsonb_build_object('conversation', OLD.conversation_id));
    RETURN NULL;
END
$$;

-- Whoever SQL makes a member again has been invited back.
CREATE FUNCTION moderation.member_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM removed_members WHERE conversation_id = NEW.conversation_id AND user_id = NEW.user_id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION moderation.member_inserted FROM PUBLIC;
CREATE TRIGGER moderation_insert AFTER INSERT ON members FOR EACH ROW
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.member_inserted();

-- Those that everybody had left before.
UPDATE conversations c SET visibility = 'private'
    WHERE c.visibility = 'public' AND NOT EXISTS (SELECT FROM members m WHERE m.conversation_id = c.id);
