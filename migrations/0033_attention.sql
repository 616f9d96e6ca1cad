-- How much of a conversation a member wants to be told, and where it stands in their list. Of the account, for all its
-- devices; nobody else sees it. Everything has a default: servers of the version before insert members without it.
ALTER TABLE members
    ADD COLUMN notifications text NOT NULL DEFAULT 'all' CHECK (notifications IN ('all', 'mentions', 'none')),
    ADD COLUMN muted_until timestamptz,
    ADD COLUMN pinned boolean NOT NULL DEFAULT false,
    ADD COLUMN archived boolean NOT NULL DEFAULT false,
    ADD COLUMN marked_unread boolean NOT NULL DEFAULT false,
    -- As `marked_xid` is of the marks, so that `sync` tells a device that was away. Apart from it, because marks are told
    -- to the other members.
    ADD COLUMN attention_xid xid8 NOT NULL DEFAULT '0';

-- Reading takes back what was marked as unread, whoever moves the mark.
CREATE OR REPLACE FUNCTION note_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.marked_xid := pg_current_xact_id();
    IF NEW.read_seq > OLD.read_seq THEN
        NEW.marked_unread := false;
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION note_attention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.attention_xid := pg_current_xact_id();
    RETURN NEW;
END
$$;
-- After `note_mark`, which comes before it in the alphabet.
CREATE TRIGGER note_member_attention BEFORE UPDATE ON members FOR EACH ROW
    WHEN ((NEW.notifications, NEW.muted_until, NEW.pinned, NEW.archived, NEW.marked_unread) IS DISTINCT FROM
        (OLD.notifications, OLD.muted_until, OLD.pinned, OLD.archived, OLD.marked_unread))
    EXECUTE FUNCTION note_attention();

-- In SQL: the member's connections are cut, as where SQL gives them another role, and they find out when they come again.
CREATE FUNCTION moderation.attention_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM moderation.announce('membership', NEW.user_id);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION moderation.attention_changed FROM PUBLIC;
CREATE TRIGGER moderation_attention AFTER UPDATE ON members FOR EACH ROW
    WHEN (OLD.attention_xid IS DISTINCT FROM NEW.attention_xid
        AND current_setting('parley.server', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION moderation.attention_changed();
