-- Moderation in plain SQL. Whoever keeps order reads the views and calls the functions of schema `moderation`, or, as the
-- owner of the database, writes to `users`, `messages` and `uploads` directly. Triggers give every such write its
-- revision, its row in the audit log and its row in `moderation.changes`, from which the server makes live events.
-- The server's own sessions set `parley.server` to `on`, and the triggers leave what they write alone.
--
-- A moderator who sets `parley.server` gains nothing: the role may write through the functions only, and each of them
-- turns the setting off for itself.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'parley_moderator') THEN
        CREATE ROLE parley_moderator NOLOGIN;
    END IF;
EXCEPTION
    -- Roles belong to the whole cluster: another database may be migrated at the same time.
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role parley_moderator is missing and % may not create it: run CREATE ROLE parley_moderator NOLOGIN as a superuser, then start again', current_user;
END
$$;

CREATE SCHEMA moderation;

-- What the server has yet to act on. It deletes a row when it has, so that nothing is lost while it is away or its
-- notification connection is cut: what is still here is still to be done, in whatever order transactions committed.
CREATE TABLE moderation.changes (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    text NOT NULL CHECK (kind IN ('message', 'access', 'mute', 'upload', 'words')),
    subject uuid
);

CREATE TABLE moderation.audit_log (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The role that logged in to the database, whatever it was granted or the function ran as.
    actor   text NOT NULL DEFAULT session_user,
    action  text NOT NULL,
    subject text,
    reason  text,
    detail  jsonb
);
CREATE INDEX audit_log_subject ON moderation.audit_log (subject, id);

CREATE FUNCTION moderation.refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON moderation.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION moderation.refuse_rewriting();

-- The server compares words as docs/MODERATION.md says.
CREATE TABLE moderation.blocked_words (
    pattern    text PRIMARY KEY CHECK (char_length(pattern) BETWEEN 1 AND 100 AND pattern ~ '[^[:punct:][:space:]]'),
    action     text NOT NULL DEFAULT 'refuse' CHECK (action IN ('refuse', 'mask', 'report')),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT session_user
);

-- Tells the server, in the same transaction; notifications of one transaction are one.
CREATE FUNCTION moderation.announce(kind text, subject uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO moderation.changes (kind, subject) VALUES (announce.kind, announce.subject);
    PERFORM pg_notify('parley_moderation', '');
END
$$;

-- The reason is the function's argument, or what the owner said before a plain statement: SET parley.reason = '…'.
CREATE FUNCTION moderation.audit(action text, subject text, detail jsonb DEFAULT NULL, reason text DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO moderation.audit_log (action, subject, detail, reason)
    VALUES (audit.action, audit.subject, audit.detail,
        coalesce(audit.reason, nullif(current_setting('parley.reason', true), '')));
$$;

-- Triggers: the one place where a moderator's or owner's write becomes a revision, an audit row and a change. They run
-- with the owner's rights, so that somebody granted a table cannot be stopped by, or write into, what is below.

CREATE FUNCTION moderation.message_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.conversation_id, NEW.sender_id, NEW.seq) IS DISTINCT FROM
        (OLD.id, OLD.conversation_id, OLD.sender_id, OLD.seq) THEN
        RAISE EXCEPTION 'a message keeps its id, conversation_id, sender_id and seq';
    END IF;
    IF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL THEN
        NEW.deleted_by := NULL;
        IF NEW.text = '' AND NOT EXISTS (SELECT FROM attachments a WHERE a.message_id = NEW.id) THEN
            RAISE EXCEPTION 'message % was deleted with its text: nothing is left to restore', NEW.id;
        END IF;
    END IF;
    IF NEW.deleted_at IS NULL AND NEW.text <> OLD.text AND NEW.edited_at IS NOT DISTINCT FROM OLD.edited_at THEN
        NEW.edited_at := now();
    END IF;
    UPDATE conversations SET revision = revision + 1, updated_at = now()
        WHERE id = NEW.conversation_id RETURNING revision INTO NEW.revision;
    PERFORM moderation.announce('message', NEW.id);
    IF OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL THEN
        PERFORM moderation.audit('message.remove', NEW.id::text);
    ELSIF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL THEN
        PERFORM moderation.audit('message.restore', NEW.id::text);
    ELSIF (NEW.text, NEW.reply_to, NEW.created_at) IS DISTINCT FROM (OLD.text, OLD.reply_to, OLD.created_at) THEN
        -- What was deleted is not to live on in the log.
        PERFORM moderation.audit('message.edit', NEW.id::text,
            CASE WHEN NEW.deleted_at IS NULL THEN jsonb_build_object('text', OLD.text) END);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER moderation_update BEFORE UPDATE ON messages FOR EACH ROW
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.message_updated();

-- DELETE leaves the row as a tombstone, so that `seq` has no hole, and forgets what it said for good: the text, the
-- reactions and the files that no other message carries.
CREATE FUNCTION moderation.message_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    carried uuid[];
BEGIN
    -- It goes with its conversation.
    IF NOT EXISTS (SELECT FROM conversations WHERE id = OLD.conversation_id) THEN
        RETURN OLD;
    END IF;
    UPDATE messages SET text = '', deleted_at = coalesce(deleted_at, now()) WHERE id = OLD.id;
    DELETE FROM reactions WHERE message_id = OLD.id;
    WITH detached AS (DELETE FROM attachments WHERE message_id = OLD.id RETURNING upload_id)
        SELECT array_agg(upload_id) INTO carried FROM detached;
    UPDATE uploads up SET removed_at = now()
        WHERE up.id = ANY(carried) AND up.removed_at IS NULL
            AND NOT EXISTS (SELECT FROM attachments a WHERE a.upload_id = up.id)
            AND NOT EXISTS (SELECT FROM users u WHERE u.avatar_upload_id = up.id);
    PERFORM moderation.audit('message.erase', OLD.id::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER moderation_delete BEFORE DELETE ON messages FOR EACH ROW
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.message_deleted();

CREATE FUNCTION moderation.upload_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.removed_at IS NULL AND NOT EXISTS (SELECT FROM blobs b WHERE b.sha256 = NEW.sha256) THEN
        RAISE EXCEPTION 'the content of upload % has been deleted: it cannot come back', NEW.id;
    END IF;
    PERFORM moderation.announce('upload', NEW.id);
    PERFORM moderation.audit(
        CASE WHEN NEW.removed_at IS NULL THEN 'upload.restore' ELSE 'upload.remove' END, NEW.id::text,
        jsonb_build_object('sha256', NEW.sha256, 'name', NEW.name));
    -- The messages that carry it look different now. The messages' trigger assigns the true revision.
    UPDATE messages SET revision = revision + 1
        WHERE deleted_at IS NULL AND id IN (SELECT message_id FROM attachments WHERE upload_id = NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER moderation_update AFTER UPDATE ON uploads FOR EACH ROW
    WHEN (OLD.removed_at IS DISTINCT FROM NEW.removed_at
        AND current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.upload_updated();

-- The row stays: it is what answers `gone`.
CREATE FUNCTION moderation.upload_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE uploads SET removed_at = now() WHERE id = OLD.id AND removed_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER moderation_delete BEFORE DELETE ON uploads FOR EACH ROW
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.upload_deleted();

CREATE FUNCTION moderation.user_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.id <> OLD.id THEN
        RAISE EXCEPTION 'a user keeps the id';
    END IF;
    -- An end alone means a ban; lifting a ban lifts its end and its reason.
    IF NEW.banned_at IS NULL AND OLD.banned_at IS NULL AND NEW.banned_until > now() THEN
        NEW.banned_at := now();
    ELSIF NEW.banned_at IS NULL THEN
        NEW.banned_until := NULL;
        NEW.ban_reason := NULL;
    END IF;
    IF (NEW.banned_at, NEW.banned_until, NEW.disabled_at) IS DISTINCT FROM
        (OLD.banned_at, OLD.banned_until, OLD.disabled_at) THEN
        PERFORM moderation.announce('access', NEW.id);
    END IF;
    IF (NEW.banned_at, NEW.banned_until) IS DISTINCT FROM (OLD.banned_at, OLD.banned_until) THEN
        PERFORM moderation.audit(
            CASE WHEN NEW.banned_at IS NULL THEN 'user.unban' ELSE 'user.ban' END, NEW.id::text,
            jsonb_build_object('username', NEW.username, 'until', NEW.banned_until),
            CASE WHEN NEW.ban_reason IS DISTINCT FROM OLD.ban_reason THEN NEW.ban_reason END);
    END IF;
    IF (NEW.username, NEW.display_name, NEW.about) IS DISTINCT FROM (OLD.username, OLD.display_name, OLD.about) THEN
        PERFORM moderation.audit('user.edit', NEW.id::text, jsonb_build_object(
            'username', OLD.username, 'display_name', OLD.display_name, 'about', OLD.about));
    END IF;
    IF NEW.disabled_at IS DISTINCT FROM OLD.disabled_at THEN
        PERFORM moderation.audit(
            CASE WHEN NEW.disabled_at IS NULL THEN 'user.enable' ELSE 'user.disable' END, NEW.id::text,
            jsonb_build_object('username', NEW.username));
    END IF;
    IF NEW.muted_until IS DISTINCT FROM OLD.muted_until THEN
        PERFORM moderation.announce('mute', NEW.id);
        PERFORM moderation.audit(
            CASE WHEN NEW.muted_until > now() THEN 'user.mute' ELSE 'user.unmute' END, NEW.id::text,
            jsonb_build_object('username', NEW.username, 'until', NEW.muted_until));
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER moderation_update BEFORE UPDATE ON users FOR EACH ROW
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.user_updated();

-- Messages go on naming their sender, so a user is closed and not deleted.
CREATE FUNCTION moderation.user_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE users SET disabled_at = now() WHERE id = OLD.id AND disabled_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER moderation_delete BEFORE DELETE ON users FOR EACH ROW
    WHEN (current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.user_deleted();

CREATE FUNCTION moderation.report_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM moderation.audit(
        CASE WHEN NEW.closed_at IS NULL THEN 'report.reopen' ELSE 'report.close' END, NEW.id::text,
        jsonb_build_object('message', NEW.message_id), NEW.resolution);
    RETURN NULL;
END
$$;
CREATE TRIGGER moderation_update AFTER UPDATE ON reports FOR EACH ROW
    WHEN (OLD.closed_at IS DISTINCT FROM NEW.closed_at)
    EXECUTE FUNCTION moderation.report_updated();

CREATE FUNCTION moderation.word_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM moderation.audit('word.remove', OLD.pattern);
    ELSE
        PERFORM moderation.audit('word.add', NEW.pattern, jsonb_build_object('action', NEW.action));
        -- Patterns with a wildcard are tried one by one on every word sent; the others cost nothing however many.
        IF (SELECT count(*) FROM moderation.blocked_words WHERE pattern LIKE '%*%') > 200 THEN
            RAISE EXCEPTION 'at most 200 patterns with a * are kept';
        END IF;
    END IF;
    PERFORM moderation.announce('words', NULL);
    RETURN NULL;
END
$$;
CREATE TRIGGER moderation_change AFTER INSERT OR UPDATE OR DELETE ON moderation.blocked_words FOR EACH ROW
    EXECUTE FUNCTION moderation.word_changed();
