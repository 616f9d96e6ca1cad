-- In which order a member's settings of a conversation changed: what is told of them may come out of order. It only rises,
-- also for somebody who left and came back: then it begins at the transaction's number. Rows from before begin at 0.
ALTER TABLE members
    ADD COLUMN attention_version bigint NOT NULL DEFAULT 0,
    -- Since when the conversation is marked as unread: what was read earlier, and is stored later, does not take it back.
    ADD COLUMN marked_unread_at timestamptz;
ALTER TABLE members ALTER COLUMN attention_version SET DEFAULT pg_current_xact_id()::text::bigint;

-- Transactions may change a row in another order than that of their numbers.
CREATE OR REPLACE FUNCTION note_attention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.attention_xid := pg_current_xact_id();
    NEW.attention_version := greatest(OLD.attention_version + 1, NEW.attention_xid::text::bigint);
    IF NEW.marked_unread AND NOT OLD.marked_unread THEN
        NEW.marked_unread_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;

-- As before, but for a mark of which its writer knows that it was asked for too early: that writes NULL, which means as it
-- was, and which no row keeps. Servers of the version before, and people in SQL, do not.
CREATE OR REPLACE FUNCTION note_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.marked_xid := pg_current_xact_id();
    IF NEW.marked_unread IS NULL THEN
        NEW.marked_unread := OLD.marked_unread;
    ELSIF NEW.read_seq > OLD.read_seq THEN
        NEW.marked_unread := false;
    END IF;
    RETURN NEW;
END
$$;
