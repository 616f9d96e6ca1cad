-- What a message costs its conversation's row. Each statement that writes it reads every CHECK of the table anew, about
-- three microseconds for each. Those of what a message does not change are one call from now on, which allows the same.
CREATE FUNCTION is_conversation(
    kind text, visibility text, title text, direct_low uuid, direct_high uuid, hidden_low_seq bigint,
    hidden_high_seq bigint
) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN CASE kind
        WHEN 'direct' THEN direct_low < direct_high AND title IS NULL AND visibility IS NULL
        WHEN 'group' THEN visibility IN ('private', 'public') AND char_length(title) BETWEEN 1 AND 80
            AND (direct_low IS NULL OR direct_high IS NULL) AND hidden_low_seq IS NULL AND hidden_high_seq IS NULL
    END IS TRUE;
END
$$;
ALTER TABLE conversations
    ADD CONSTRAINT conversations_are_direct_or_groups CHECK (is_conversation(
        kind, visibility, title, direct_low, direct_high, hidden_low_seq, hidden_high_seq)),
    DROP CONSTRAINT conversations_check,
    DROP CONSTRAINT conversations_check1,
    DROP CONSTRAINT conversations_check2,
    DROP CONSTRAINT conversations_check3,
    DROP CONSTRAINT conversations_check4,
    DROP CONSTRAINT conversations_kind_check,
    DROP CONSTRAINT conversations_title_check,
    DROP CONSTRAINT conversations_visibility_check;

-- Only of what is named, so that a message's statement does not ask for it.
CREATE OR REPLACE TRIGGER moderation_update BEFORE UPDATE OF title, visibility ON conversations FOR EACH ROW
    WHEN ((OLD.title, OLD.visibility) IS DISTINCT FROM (NEW.title, NEW.visibility)
        AND current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.conversation_updated();
