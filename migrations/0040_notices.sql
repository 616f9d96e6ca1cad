-- What happens to a group beside messages: who comes, who goes, and what it is called. Each stands behind the message that
-- was the last one by then. Triggers write them, whoever makes the change: plain SQL, and servers of the version before, too.
CREATE TABLE notices (
    id              bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    seq             bigint NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('joined', 'added', 'left', 'removed', 'renamed')),
    -- Who did it; nobody, where SQL did. No reference: what happened stays.
    actor           uuid,
    -- The first of those who came or went, and how many they are: one statement is one notice.
    people          uuid[] NOT NULL DEFAULT '{}',
    count           int NOT NULL DEFAULT 0,
    title           text,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conversation_id, seq, id)
);

-- The server says for whom it makes a change. Its transactions hold the lock of the conversation, so no message comes between.
CREATE FUNCTION acting_user() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('parley.actor', true), '')::uuid
$$;

CREATE FUNCTION note_members() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    actor uuid := acting_user();
BEGIN
    -- Those with whom a group begins are no news. Where the conversation itself is gone, nobody reads of it.
    INSERT INTO notices (conversation_id, seq, kind, actor, people, count)
    SELECT c.id, c.last_seq,
        CASE
            WHEN TG_OP = 'INSERT' THEN CASE WHEN x.people = ARRAY[actor] THEN 'joined' ELSE 'added' END
            ELSE CASE WHEN x.people = ARRAY[actor] THEN 'left' ELSE 'removed' END
        END,
        actor, x.people[1:3], cardinality(x.people)
    FROM (
        SELECT m.conversation_id, array_agg(m.user_id ORDER BY m.joined_at, m.user_id) AS people
        FROM changed m GROUP BY m.conversation_id
    ) x JOIN conversations c ON c.id = x.conversation_id
    WHERE c.kind = 'group' AND c.created_at < now();
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION note_members FROM PUBLIC;
CREATE TRIGGER note_arrivals AFTER INSERT ON members REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
    EXECUTE FUNCTION note_members();
CREATE TRIGGER note_departures AFTER DELETE ON members REFERENCING OLD TABLE AS changed FOR EACH STATEMENT
    EXECUTE FUNCTION note_members();

CREATE FUNCTION note_title() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO notices (conversation_id, seq, kind, actor, title)
    VALUES (NEW.id, NEW.last_seq, 'renamed', acting_user(), NEW.title);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION note_title FROM PUBLIC;
-- Of the title only: what each message changes in its conversation asks for nothing.
CREATE TRIGGER note_title AFTER UPDATE OF title ON conversations FOR EACH ROW
    WHEN (NEW.kind = 'group' AND OLD.title IS DISTINCT FROM NEW.title)
    EXECUTE FUNCTION note_title();
