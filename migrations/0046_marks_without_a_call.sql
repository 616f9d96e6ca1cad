-- A mark that says itself by which transaction it moves needs no call of `note_mark` for each row. Servers of the version
-- before, and people in SQL, do not say so, and the trigger says it for them.
CREATE OR REPLACE TRIGGER note_mark BEFORE UPDATE ON members FOR EACH ROW
    WHEN ((NEW.delivered_seq, NEW.read_seq) IS DISTINCT FROM (OLD.delivered_seq, OLD.read_seq)
        AND NEW.marked_xid = OLD.marked_xid)
    EXECUTE FUNCTION note_mark();
