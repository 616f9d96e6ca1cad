-- Marks and profiles change without a revision. Each row says by which transaction it did so last: `sync` finds by it what
-- a device has missed. A device's cursor is the oldest transaction that was under way when it last asked; what commits
-- later has no older one, in whatever order transactions commit.
--
-- Triggers write it, so that servers of the version before and plain SQL count, too.

-- A member's row is in several indexes, and a mark moves with each message that is read: no index is added. What a device
-- has missed is found among the members of its own conversations.
ALTER TABLE members ADD COLUMN marked_xid xid8 NOT NULL DEFAULT '0';
ALTER TABLE members ALTER COLUMN marked_xid SET DEFAULT pg_current_xact_id();

CREATE FUNCTION note_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.marked_xid := pg_current_xact_id();
    RETURN NEW;
END
$$;
CREATE TRIGGER note_mark BEFORE UPDATE ON members FOR EACH ROW
    WHEN ((NEW.delivered_seq, NEW.read_seq) IS DISTINCT FROM (OLD.delivered_seq, OLD.read_seq))
    EXECUTE FUNCTION note_mark();

ALTER TABLE users ADD COLUMN changed_xid xid8 NOT NULL DEFAULT '0';

CREATE FUNCTION note_profile() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id();
    RETURN NEW;
END
$$;
-- After `moderation_update`, which comes before it in the alphabet.
CREATE TRIGGER note_profile BEFORE UPDATE ON users FOR EACH ROW
    WHEN ((NEW.username, NEW.display_name, NEW.about, NEW.avatar_upload_id) IS DISTINCT FROM
        (OLD.username, OLD.display_name, OLD.about, OLD.avatar_upload_id))
    EXECUTE FUNCTION note_profile();

-- A profile that is changed in SQL is announced as `access`: servers of the version before read such a row, too, and what
-- they do then (look whether the account is closed) changes nothing. A ban announces itself (0007).
CREATE FUNCTION moderation.profile_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM moderation.announce('access', NEW.id);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION moderation.profile_changed FROM PUBLIC;
CREATE TRIGGER moderation_profile AFTER UPDATE ON users FOR EACH ROW
    WHEN (OLD.changed_xid IS DISTINCT FROM NEW.changed_xid
        AND (NEW.banned_at, NEW.banned_until, NEW.disabled_at) IS NOT DISTINCT FROM
            (OLD.banned_at, OLD.banned_until, OLD.disabled_at)
        AND current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.profile_changed();

-- A picture that is removed, or restored, is gone from the profile, or back.
CREATE FUNCTION moderation.avatar_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE users SET changed_xid = pg_current_xact_id() WHERE avatar_upload_id = NEW.id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION moderation.avatar_changed FROM PUBLIC;
CREATE TRIGGER moderation_avatar AFTER UPDATE ON uploads FOR EACH ROW
    WHEN (OLD.removed_at IS DISTINCT FROM NEW.removed_at)
    EXECUTE FUNCTION moderation.avatar_changed();
