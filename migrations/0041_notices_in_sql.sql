-- Notices that are deleted or changed in SQL: a notice keeps the title of its time, so a bad one is removed there, too. It
-- is a change of the conversation like any other: it has a revision, and every open page hears of it. What was removed is
-- not to live on in the log.
CREATE FUNCTION moderation.notices_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Those that go with their conversation are no change of it.
    UPDATE conversations SET revision = revision + 1, updated_at = now()
        WHERE id IN (SELECT conversation_id FROM changed);
    PERFORM moderation.announce('conversation', c.id),
        moderation.audit(CASE TG_OP WHEN 'DELETE' THEN 'notice.remove' ELSE 'notice.edit' END, c.id::text,
            jsonb_build_object('notices', x.ids))
    FROM (SELECT conversation_id, jsonb_agg(id ORDER BY id) AS ids FROM changed GROUP BY conversation_id) x
        JOIN conversations c ON c.id = x.conversation_id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION moderation.notices_changed FROM PUBLIC;
CREATE TRIGGER moderation_deleted AFTER DELETE ON notices REFERENCING OLD TABLE AS changed FOR EACH STATEMENT
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.notices_changed();
CREATE TRIGGER moderation_updated AFTER UPDATE ON notices REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.notices_changed();
