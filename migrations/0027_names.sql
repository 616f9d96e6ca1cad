-- Names that people see can be seen, and do nothing to the text around them: ChatModel's NameText, as far as PostgreSQL
-- can tell. What the server accepts is accepted here; here some more is, because the server knows what each script needs.
CREATE FUNCTION is_name(name text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT
        -- Control characters and separators, directions, what Unicode ignores by default, blank symbols, code points for
        -- private use and noncharacters. The three flags that are spelled with tags are no matter here.
        regexp_replace(name, '\U0001F3F4\U000E0067\U000E0062(\U000E0065\U000E006E\U000E0067|\U000E0073\U000E0063\U000E0074|'
            || '\U000E0077\U000E006C\U000E0073)\U000E007F', 'flag', 'g')
        !~ ('[\u0001-\u001F\u007F-\u009F\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180E\u200B\u200E\u200F\u2028-\u202E'
            || '\u2060-\u206F\u3164\uE000-\uF8FF\uFDD0-\uFDEF\uFEFF\uFFA0\uFFF0-\uFFFC\uFFFE\uFFFF\U0001BCA0-\U0001BCA3'
            || '\U0001D159\U0001D173-\U0001D17A\U000E0000-\U000E00FF\U000E01F0-\U0010FFFF]')
        -- Joiners are between characters of scripts that have them, or of an emoji; selectors select something.
        AND name !~ '(^|[\u0001-\u024F])[\u200C\u200D]|[\u200C\u200D]([\u0001-\u024F\u200C\u200D]|$)'
        AND name !~ '([A-Za-z\u00C0-\u024F]|[\uFE00-\uFE0F])[\uFE00-\uFE0F\U000E0100-\U000E01EF]'
        -- Marks are on something, and not many on one character.
        AND name !~ '^\s*[\u0300-\u036F\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\uFE20-\uFE2F]'
        AND name !~ '[\u0300-\u036F\u0483-\u0489\u0591-\u05BD\u064B-\u065F\u0E31\u0E34-\u0E3A\u0E47-\u0E4E\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\uFE20-\uFE2F]{6}'
        -- Something is left without blanks.
        AND name ~ '[^\s\u0085\u00A0\u1680\u2000-\u200A\u202F\u205F\u2800\u3000\u200C\u200D\uFE00-\uFE0F]'
$$;

CREATE FUNCTION refuse_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %: a name that can be seen, without invisible and control characters',
        TG_ARGV[0], TG_TABLE_NAME USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, COLUMN = TG_ARGV[0];
END
$$;

-- Triggers and no CHECK: older names stay, and a CHECK that old rows break would refuse every later change of theirs.
CREATE TRIGGER display_name_is_made BEFORE INSERT ON users FOR EACH ROW
    WHEN (NOT is_name(NEW.display_name)) EXECUTE FUNCTION refuse_name('display_name');
CREATE TRIGGER display_name_is_changed BEFORE UPDATE OF display_name ON users FOR EACH ROW
    WHEN (NEW.display_name IS DISTINCT FROM OLD.display_name AND NOT is_name(NEW.display_name))
    EXECUTE FUNCTION refuse_name('display_name');
CREATE TRIGGER title_is_made BEFORE INSERT ON conversations FOR EACH ROW
    WHEN (NOT is_name(NEW.title)) EXECUTE FUNCTION refuse_name('title');
CREATE TRIGGER title_is_changed BEFORE UPDATE OF title ON conversations FOR EACH ROW
    WHEN (NEW.title IS DISTINCT FROM OLD.title AND NOT is_name(NEW.title)) EXECUTE FUNCTION refuse_name('title');

-- Moderators spell user names as people do.
CREATE OR REPLACE FUNCTION moderation.find_user(who text) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
    found uuid;
BEGIN
    SELECT u.id INTO found FROM public.users u
        WHERE u.username = lower(normalize(who, NFKC)) OR u.id::text = lower(who);
    IF found IS NULL THEN
        RAISE EXCEPTION 'there is no user %', who;
    END IF;
    RETURN found;
END
$$;
