-- Members who are added, or get another role, in plain SQL: a change of the conversation like any other, so that `sync`
-- tells every device that was away. The server cuts the connections of whoever is concerned, as where SQL removes
-- somebody (0009), and they find out when they come again. Its own sessions are left alone.

CREATE FUNCTION moderation.members_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE conversations SET revision = revision + 1, updated_at = now()
        WHERE id IN (SELECT conversation_id FROM added);
    PERFORM moderation.announce('membership', user_id) FROM (SELECT DISTINCT user_id FROM added) AS people;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION moderation.members_inserted FROM PUBLIC;
CREATE TRIGGER moderation_inserted AFTER INSERT ON members REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.members_inserted();

CREATE FUNCTION moderation.member_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Who becomes an owner because the last one was removed is part of that change.
    IF pg_trigger_depth() = 1 THEN
        UPDATE conversations SET revision = revision + 1, updated_at = now() WHERE id = NEW.conversation_id;
        PERFORM moderation.audit('member.role', NEW.user_id::text,
            jsonb_build_object('conversation', NEW.conversation_id, 'role', NEW.role));
        PERFORM moderation.announce('membership', NEW.user_id);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION moderation.member_updated FROM PUBLIC;
CREATE TRIGGER moderation_update AFTER UPDATE ON members FOR EACH ROW
    WHEN (OLD.role <> NEW.role AND current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.member_updated();
