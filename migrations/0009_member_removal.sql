-- Members who are removed in plain SQL: the server cuts their connections, and they find out when they come again. Its
-- own sessions are left alone, as in 0007.

ALTER TABLE moderation.changes DROP CONSTRAINT changes_kind_check;
ALTER TABLE moderation.changes ADD CONSTRAINT changes_kind_check
    CHECK (kind IN ('message', 'access', 'mute', 'upload', 'words', 'membership'));

CREATE FUNCTION moderation.member_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    conversation conversations;
BEGIN
    UPDATE conversations SET revision = revision + 1, updated_at = now()
        WHERE id = OLD.conversation_id RETURNING * INTO conversation;
    -- Without one, the member goes with the conversation.
    IF conversation.kind = 'direct' THEN
        RAISE EXCEPTION 'a direct conversation keeps its two members';
    END IF;
    -- As where the last owner leaves: the oldest admin, else the oldest member, becomes one.
    UPDATE members SET role = 'owner'
        WHERE conversation_id = OLD.conversation_id
            AND NOT EXISTS (SELECT FROM members WHERE conversation_id = OLD.conversation_id AND role = 'owner')
            AND user_id = (SELECT user_id FROM members WHERE conversation_id = OLD.conversation_id
                ORDER BY role = 'admin' DESC, joined_at, user_id LIMIT 1);
    PERFORM moderation.announce('membership', OLD.user_id);
    PERFORM moderation.audit('member.remove', OLD.user_id::text,
        jsonb_build_object('conversation', OLD.conversation_id));
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION moderation.member_deleted FROM PUBLIC;
CREATE TRIGGER moderation_delete AFTER DELETE ON members FOR EACH ROW
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.member_deleted();
