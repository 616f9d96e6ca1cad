-- What moderators did is for every server of the database, and work that comes up from time to time is for one of them.

-- Every server reads it, and none takes it from another: rows go by their age. Ids are not committed in their order, so
-- readers go by the transactions: whatever an older one inserts is committed while it is still under way for them.
CREATE TABLE moderation.kept_changes (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid     xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind    text NOT NULL CHECK (kind IN ('message', 'access', 'mute', 'upload', 'words', 'membership', 'conversation')),
    subject uuid
);
CREATE INDEX kept_changes_xid ON moderation.kept_changes (xid, id);

-- What no server has acted on yet.
INSERT INTO moderation.kept_changes (kind, subject) SELECT kind, subject FROM moderation.changes ORDER BY id;

-- `moderation.changes` is the queue of servers before this version, which delete what they have acted on, and do not know
-- the kind `conversation`. Nobody else reads it, and what nobody deletes goes by its age. A later version drops it.
ALTER TABLE moderation.changes ADD COLUMN at timestamptz NOT NULL DEFAULT now();

CREATE OR REPLACE FUNCTION moderation.announce(kind text, subject uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO moderation.kept_changes (kind, subject) VALUES (announce.kind, announce.subject);
    IF announce.kind <> 'conversation' THEN
        INSERT INTO moderation.changes (kind, subject) VALUES (announce.kind, announce.subject);
    END IF;
    PERFORM pg_notify('parley_moderation', '');
END
$$;

-- Whoever ends a session, or closes or opens an account, tells all servers with the commit. A session is named: many may
-- end in a short time. What accounts are closed is read anew.
CREATE FUNCTION notify_session_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('parley_sessions', NEW.id::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER notify_session_end AFTER UPDATE ON sessions FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL)
    EXECUTE FUNCTION notify_session_end();

CREATE FUNCTION notify_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('parley_sessions', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER notify_access AFTER UPDATE ON users FOR EACH ROW
    WHEN ((OLD.closed, OLD.banned_at, OLD.banned_until, OLD.ban_reason, OLD.disabled_at) IS DISTINCT FROM
        (NEW.closed, NEW.banned_at, NEW.banned_until, NEW.ban_reason, NEW.disabled_at))
    EXECUTE FUNCTION notify_access();

-- A title or a visibility that is changed in SQL is a change of the conversation like any other.
CREATE FUNCTION moderation.conversation_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.revision := OLD.revision + 1;
    NEW.updated_at := now();
    PERFORM moderation.announce('conversation', NEW.id);
    PERFORM moderation.audit('conversation.edit', NEW.id::text,
        jsonb_build_object('title', OLD.title, 'visibility', OLD.visibility));
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION moderation.conversation_updated FROM PUBLIC;
CREATE TRIGGER moderation_update BEFORE UPDATE ON conversations FOR EACH ROW
    WHEN ((OLD.title, OLD.visibility) IS DISTINCT FROM (NEW.title, NEW.visibility)
        AND current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.conversation_updated();

-- Of who comes, goes or gets another role in SQL, the other members learn at once, too.
CREATE FUNCTION moderation.members_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM moderation.announce('conversation', id) FROM (SELECT DISTINCT conversation_id AS id FROM changed) AS concerned;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION moderation.members_changed FROM PUBLIC;
-- After the triggers that raise the revision, which come before them in the alphabet.
CREATE TRIGGER moderation_inserted_told AFTER INSERT ON members REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.members_changed();
CREATE TRIGGER moderation_deleted_told AFTER DELETE ON members REFERENCING OLD TABLE AS changed FOR EACH STATEMENT
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.members_changed();
CREATE FUNCTION moderation.role_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM moderation.announce('conversation', NEW.conversation_id);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION moderation.role_changed FROM PUBLIC;
CREATE TRIGGER moderation_role_told AFTER UPDATE ON members FOR EACH ROW
    WHEN (OLD.role <> NEW.role AND current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.role_changed();

-- Work that one of the servers does from time to time: whoever takes its row. `next_at` is then when another may take it,
-- in case this server dies; a server that is still at work moves it on.
CREATE TABLE jobs (
    name     text PRIMARY KEY,
    next_at  timestamptz NOT NULL,
    -- Of one turn; null when nobody is at work.
    taken_by uuid
);
