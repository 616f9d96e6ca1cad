-- What `parley_moderator` works with: views to read, functions to act. Everything else is closed to the role.

-- A direct conversation is called by the names of the two.
CREATE VIEW moderation.conversations AS
SELECT c.id, c.kind, c.visibility, coalesce(c.title, (SELECT string_agg(u.username, ' & ' ORDER BY u.username) FROM public.users u
        WHERE u.id IN (c.direct_low, c.direct_high))) AS name, c.last_seq AS messages,
    (SELECT count(*) FROM public.members m WHERE m.conversation_id = c.id) AS member_count,
    (SELECT array_agg(x.username) FROM (SELECT u.username FROM public.members m JOIN public.users u ON u.id = m.user_id
        WHERE m.conversation_id = c.id ORDER BY m.joined_at, m.user_id LIMIT 50) x) AS members,
    c.created_at, c.active_at, c.revision
FROM public.conversations c;

CREATE VIEW moderation.users AS
SELECT u.id, u.username, u.display_name, u.about, u.created_at, u.last_seen_at, u.avatar_upload_id,
    u.banned_at IS NOT NULL AND (u.banned_until IS NULL OR u.banned_until > now()) AS is_banned,
    u.banned_at, u.banned_until, u.ban_reason,
    u.muted_until IS NOT NULL AND u.muted_until > now() AS is_muted, u.muted_until,
    u.disabled_at
FROM public.users u;

-- `text` is also what was removed by a moderator and can be restored; what its sender deleted is empty.
CREATE VIEW moderation.messages AS
SELECT m.id, m.created_at, s.username AS sender, m.text,
    CASE WHEN m.deleted_at IS NULL THEN 'shown' WHEN m.deleted_by IS NULL THEN 'removed' ELSE 'deleted' END AS state,
    (SELECT array_agg(up.name ORDER BY a.position) FROM public.attachments a JOIN public.uploads up ON up.id = a.upload_id
        WHERE a.message_id = m.id) AS files,
    (SELECT count(*) FROM public.reports r WHERE r.message_id = m.id AND r.closed_at IS NULL) AS open_reports,
    c.name AS conversation, m.conversation_id, m.sender_id, m.seq, m.revision, m.reply_to, m.edited_at,
    m.deleted_at, m.deleted_by
FROM public.messages m
    JOIN public.users s ON s.id = m.sender_id
    JOIN moderation.conversations c ON c.id = m.conversation_id;

-- One row for each message that carries the upload; one without a message where none does. Paths are below STORAGE_DIR.
CREATE VIEW moderation.uploads AS
SELECT up.id, up.created_at, o.username AS owner, up.name, up.type, b.kind, up.size, pg_size_pretty(up.size) AS pretty_size,
    b.width, b.height, b.duration, up.sha256, up.removed_at,
    CASE WHEN b.sha256 IS NOT NULL THEN path.of_file END AS file_path,
    CASE WHEN b.thumbnails @> '[{"size": "medium"}]' THEN path.of_file || '.medium.webp' END AS thumbnail_path,
    up.owner_id, a.message_id, m.conversation_id, c.name AS conversation, m.deleted_at AS message_deleted_at,
    EXISTS (SELECT FROM public.users u WHERE u.avatar_upload_id = up.id) AS is_avatar
FROM public.uploads up
    JOIN public.users o ON o.id = up.owner_id
    CROSS JOIN LATERAL (SELECT concat_ws('/', 'uploads', left(up.sha256, 2), substr(up.sha256, 3, 2), up.sha256)) AS path (of_file)
    LEFT JOIN public.blobs b ON b.sha256 = up.sha256
    LEFT JOIN public.attachments a ON a.upload_id = up.id
    LEFT JOIN public.messages m ON m.id = a.message_id
    LEFT JOIN moderation.conversations c ON c.id = m.conversation_id;

-- `reporter` is empty where the word filter reported.
CREATE VIEW moderation.reports AS
SELECT r.id, r.created_at, reporter.username AS reporter, r.reason, sender.username AS sender, m.text,
    m.deleted_at IS NOT NULL AS message_is_deleted, c.name AS conversation, r.message_id,
    m.conversation_id, m.sender_id, r.reporter_id, r.closed_at, r.resolution
FROM public.reports r
    JOIN public.messages m ON m.id = r.message_id
    JOIN public.users sender ON sender.id = m.sender_id
    JOIN moderation.conversations c ON c.id = m.conversation_id
    LEFT JOIN public.users reporter ON reporter.id = r.reporter_id;

-- Functions. Those that write run with the owner's rights.

-- Turns the triggers on, whatever the session set, and gives them the reason; answers the reason there was, which is put
-- back at the end. (A SET clause of the functions would do the same, but only a superuser may write one for a setting
-- that PostgreSQL does not know.)
CREATE FUNCTION moderation.because(reason text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    before text := coalesce(current_setting('parley.reason', true), '');
BEGIN
    PERFORM set_config('parley.server', 'off', true);
    PERFORM set_config('parley.reason', coalesce(because.reason, before), true);
    RETURN before;
END
$$;

CREATE FUNCTION moderation.find_user(who text) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
    found uuid;
BEGIN
    SELECT u.id INTO found FROM public.users u WHERE u.username = lower(who) OR u.id::text = lower(who);
    IF found IS NULL THEN
        RAISE EXCEPTION 'there is no user %', who;
    END IF;
    RETURN found;
END
$$;

-- In the order in which the server locks: conversation, then message.
CREATE FUNCTION moderation.lock_conversation(message_id uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM public.conversations c
        WHERE c.id = (SELECT m.conversation_id FROM public.messages m WHERE m.id = lock_conversation.message_id)
        FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no message %', lock_conversation.message_id;
    END IF;
END
$$;

CREATE FUNCTION moderation.remove_message(message_id uuid, reason text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before text := moderation.because(reason);
BEGIN
    PERFORM moderation.lock_conversation(remove_message.message_id);
    UPDATE messages SET deleted_at = now() WHERE id = remove_message.message_id AND deleted_at IS NULL;
    PERFORM moderation.because(before);
END
$$;

CREATE FUNCTION moderation.restore_message(message_id uuid, reason text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before text := moderation.because(reason);
BEGIN
    PERFORM moderation.lock_conversation(restore_message.message_id);
    IF EXISTS (SELECT FROM messages WHERE id = restore_message.message_id AND deleted_by IS NOT NULL) THEN
        RAISE EXCEPTION 'message % was deleted by its sender or a group''s admin, not by a moderator', restore_message.message_id;
    END IF;
    UPDATE messages SET deleted_at = NULL WHERE id = restore_message.message_id AND deleted_at IS NOT NULL;
    PERFORM moderation.because(before);
END
$$;

-- For good: the file answers `gone` everywhere, and its content leaves the disk with the last upload of it.
CREATE FUNCTION moderation.remove_upload(upload_id uuid, reason text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before text := moderation.because(reason);
BEGIN
    IF NOT EXISTS (SELECT FROM uploads WHERE id = remove_upload.upload_id) THEN
        RAISE EXCEPTION 'there is no upload %', remove_upload.upload_id;
    END IF;
    UPDATE uploads SET removed_at = now() WHERE id = remove_upload.upload_id AND removed_at IS NULL;
    PERFORM moderation.because(before);
END
$$;

-- Those who act on people take a user name or an id.

CREATE FUNCTION moderation.ban_user(who text, reason text, until timestamptz DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before text := moderation.because(reason);
BEGIN
    IF ban_user.until <= now() THEN
        RAISE EXCEPTION 'the end of a ban lies in the future';
    END IF;
    UPDATE users SET banned_at = now(), banned_until = ban_user.until, ban_reason = ban_user.reason
        WHERE id = moderation.find_user(who);
    PERFORM moderation.because(before);
END
$$;

CREATE FUNCTION moderation.unban_user(who text, reason text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before text := moderation.because(reason);
BEGIN
    UPDATE users SET banned_at = NULL WHERE id = moderation.find_user(who);
    PERFORM moderation.because(before);
END
$$;

CREATE FUNCTION moderation.mute_user(who text, until timestamptz DEFAULT 'infinity', reason text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before text := moderation.because(reason);
BEGIN
    IF mute_user.until <= now() THEN
        RAISE EXCEPTION 'the end of a mute lies in the future';
    END IF;
    UPDATE users SET muted_until = coalesce(mute_user.until, 'infinity') WHERE id = moderation.find_user(who);
    PERFORM moderation.because(before);
END
$$;

CREATE FUNCTION moderation.unmute_user(who text, reason text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before text := moderation.because(reason);
BEGIN
    UPDATE users SET muted_until = NULL WHERE id = moderation.find_user(who);
    PERFORM moderation.because(before);
END
$$;

CREATE FUNCTION moderation.ban_user(who uuid, reason text, until timestamptz DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$ SELECT moderation.ban_user(who::text, reason, until) $$;
CREATE FUNCTION moderation.unban_user(who uuid, reason text DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$ SELECT moderation.unban_user(who::text, reason) $$;
CREATE FUNCTION moderation.mute_user(who uuid, until timestamptz DEFAULT 'infinity', reason text DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$ SELECT moderation.mute_user(who::text, until, reason) $$;
CREATE FUNCTION moderation.unmute_user(who uuid, reason text DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$ SELECT moderation.unmute_user(who::text, reason) $$;

CREATE FUNCTION moderation.close_report(report_id uuid, resolution text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM reports WHERE id = close_report.report_id) THEN
        RAISE EXCEPTION 'there is no report %', close_report.report_id;
    END IF;
    UPDATE reports r SET closed_at = now(), resolution = close_report.resolution
        WHERE r.id = close_report.report_id AND r.closed_at IS NULL;
END
$$;

-- Adding a pattern that is there changes what it does.
CREATE FUNCTION moderation.add_blocked_word(pattern text, action text DEFAULT 'refuse') RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO moderation.blocked_words (pattern, action)
    VALUES (lower(add_blocked_word.pattern), add_blocked_word.action)
    ON CONFLICT (pattern) DO UPDATE SET action = excluded.action;
$$;

CREATE FUNCTION moderation.remove_blocked_word(pattern text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM moderation.blocked_words w WHERE w.pattern = lower(remove_blocked_word.pattern);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the word % is not blocked', remove_blocked_word.pattern;
    END IF;
END
$$;

-- A new function is everybody's to call unless that is taken back.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA moderation FROM PUBLIC;
GRANT USAGE ON SCHEMA moderation TO parley_moderator;
GRANT SELECT ON moderation.users, moderation.messages, moderation.uploads, moderation.reports,
    moderation.conversations, moderation.blocked_words TO parley_moderator;
GRANT EXECUTE ON FUNCTION
    moderation.remove_message, moderation.restore_message, moderation.remove_upload,
    moderation.ban_user(text, text, timestamptz), moderation.ban_user(uuid, text, timestamptz),
    moderation.unban_user(text, text), moderation.unban_user(uuid, text),
    moderation.mute_user(text, timestamptz, text), moderation.mute_user(uuid, timestamptz, text),
    moderation.unmute_user(text, text), moderation.unmute_user(uuid, text),
    moderation.close_report, moderation.add_blocked_word, moderation.remove_blocked_word
    TO parley_moderator;
