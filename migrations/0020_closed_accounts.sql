-- Accounts that are closed, which are those that are banned or disabled, read no more: their marks do not keep messages
-- from being read by all others. Whether an account is closed stands in `users`, and for each of its memberships in
-- `members`, where the indexes of the marks leave it out. So the lowest mark that counts is still one step away, however
-- many of a group's members are closed.
--
-- Triggers write it, so that servers of the version before and plain SQL count, too. The end of a ban is no write: the
-- server looks for those that have come.
ALTER TABLE users ADD COLUMN closed boolean NOT NULL DEFAULT false;
ALTER TABLE members ADD COLUMN closed boolean NOT NULL DEFAULT false;

UPDATE users SET closed = true
    WHERE disabled_at IS NOT NULL OR (banned_at IS NOT NULL AND (banned_until IS NULL OR banned_until > now()));
UPDATE members m SET closed = true FROM users u WHERE u.id = m.user_id AND u.closed;

CREATE INDEX users_closed ON users (banned_until) WHERE closed;
DROP INDEX members_read;
DROP INDEX members_delivered;
CREATE INDEX members_read ON members (conversation_id, read_seq) WHERE NOT closed;
CREATE INDEX members_delivered ON members (conversation_id, delivered_seq) WHERE NOT closed;
CREATE INDEX members_closed_read ON members (conversation_id, read_seq) WHERE closed;
CREATE INDEX members_closed_delivered ON members (conversation_id, delivered_seq) WHERE closed;

CREATE FUNCTION note_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.closed := NEW.disabled_at IS NOT NULL
        OR (NEW.banned_at IS NOT NULL AND (NEW.banned_until IS NULL OR NEW.banned_until > now()));
    IF TG_OP = 'UPDATE' AND NEW.closed <> OLD.closed THEN
        NEW.changed_xid := pg_current_xact_id();
    END IF;
    RETURN NEW;
END
$$;
-- After `moderation_update`, which comes before it in the alphabet.
CREATE TRIGGER note_closed BEFORE UPDATE ON users FOR EACH ROW
    WHEN ((NEW.disabled_at, NEW.banned_at, NEW.banned_until, NEW.closed) IS DISTINCT FROM
        (OLD.disabled_at, OLD.banned_at, OLD.banned_until, OLD.closed))
    EXECUTE FUNCTION note_closed();
CREATE TRIGGER note_closed_new BEFORE INSERT ON users FOR EACH ROW
    WHEN (NEW.disabled_at IS NOT NULL OR NEW.banned_at IS NOT NULL OR NEW.closed)
    EXECUTE FUNCTION note_closed();

CREATE FUNCTION close_memberships() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE members SET closed = NEW.closed WHERE user_id = NEW.id AND closed <> NEW.closed;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION close_memberships FROM PUBLIC;
CREATE TRIGGER close_memberships AFTER UPDATE ON users FOR EACH ROW
    WHEN (OLD.closed <> NEW.closed)
    EXECUTE FUNCTION close_memberships();

CREATE FUNCTION note_closed_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.closed := coalesce((SELECT u.closed FROM users u WHERE u.id = NEW.user_id), false);
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION note_closed_member FROM PUBLIC;
CREATE TRIGGER note_closed_member BEFORE INSERT ON members FOR EACH ROW
    EXECUTE FUNCTION note_closed_member();
