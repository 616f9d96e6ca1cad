-- What a pattern finds is asked inside, in `share_items`. A call of `has_link` here is expanded anew by every statement that
-- stores messages, for some microseconds, whether or not a text has `://`.
CREATE OR REPLACE TRIGGER note_shared_new AFTER INSERT ON messages FOR EACH ROW
    WHEN (strpos(NEW.text, '://') > 0)
    EXECUTE FUNCTION note_shared_message();
