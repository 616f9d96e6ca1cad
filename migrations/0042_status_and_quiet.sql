-- What somebody says of themselves for now, and when their devices are to be silent. Others see both.
ALTER TABLE users
    ADD COLUMN status_text text CHECK (char_length(status_text) BETWEEN 1 AND 100),
    ADD COLUMN status_emoji text CHECK (octet_length(status_emoji) BETWEEN 1 AND 64),
    -- From then on it is as if there were none.
    ADD COLUMN status_until timestamptz,
    ADD COLUMN quiet_until timestamptz,
    -- Every day between these minutes of the day, by the clock of the zone; past midnight where the first is the later.
    ADD COLUMN quiet_from smallint CHECK (quiet_from BETWEEN 0 AND 1439),
    ADD COLUMN quiet_to smallint CHECK (quiet_to BETWEEN 0 AND 1439),
    ADD COLUMN quiet_zone text CHECK (char_length(quiet_zone) BETWEEN 1 AND 64),
    ADD CONSTRAINT users_status_has_text CHECK (status_text IS NOT NULL OR (status_emoji IS NULL AND status_until IS NULL)),
    ADD CONSTRAINT users_quiet_hours_are_whole CHECK (num_nulls(quiet_from, quiet_to, quiet_zone) IN (0, 3)),
    ADD CONSTRAINT users_quiet_hours_end CHECK (quiet_from <> quiet_to);

-- As before, and for these columns too: whoever changes a profile, everybody who sees it is told.
DROP TRIGGER note_profile ON users;
CREATE TRIGGER note_profile BEFORE UPDATE ON users FOR EACH ROW
    WHEN ((NEW.username, NEW.display_name, NEW.about, NEW.avatar_upload_id, NEW.status_text, NEW.status_emoji,
            NEW.status_until, NEW.quiet_until, NEW.quiet_from, NEW.quiet_to, NEW.quiet_zone) IS DISTINCT FROM
        (OLD.username, OLD.display_name, OLD.about, OLD.avatar_upload_id, OLD.status_text, OLD.status_emoji,
            OLD.status_until, OLD.quiet_until, OLD.quiet_from, OLD.quiet_to, OLD.quiet_zone))
    EXECUTE FUNCTION note_profile();

-- The same as before, and the status: what everybody is shown, moderators see.
CREATE OR REPLACE VIEW moderation.users AS
SELECT u.id, u.username, u.display_name, u.about, u.created_at, u.last_seen_at, u.avatar_upload_id,
    u.banned_at IS NOT NULL AND (u.banned_until IS NULL OR u.banned_until > now()) AS is_banned,
    u.banned_at, u.banned_until, u.ban_reason,
    u.muted_until IS NOT NULL AND u.muted_until > now() AS is_muted, u.muted_until,
    u.disabled_at, u.status_text, u.status_emoji, u.status_until
FROM public.users u;
