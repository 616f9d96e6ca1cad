-- Search finds what people see. Whatever is searched, and whatever it is searched for, is folded and cut by the functions
-- below and nowhere else: messages, names of people, titles of groups. They are built from what PostgreSQL itself has, and
-- name characters by their numbers, so neither the database's locale nor an extension changes what is found.
-- docs/SEARCH.md says what is found by what. The web client marks matches by the same rules (web/src/lib/folding.ts).

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_collation WHERE collname = 'und-x-icu') THEN
        RAISE EXCEPTION 'this PostgreSQL was built without ICU, which search needs for letters of all scripts: use a PostgreSQL with ICU (Debian''s has it), then start again';
    END IF;
END
$$;

-- One spelling for what looks alike: compatibility forms (ﬁ, １, ㎏), case, accents and vowel points, invisible characters,
-- skin tones, and digits of other scripts.
CREATE FUNCTION search_fold(text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text := text;
    -- What is left out: accents (combining marks of Latin, Greek, Cyrillic, Hebrew and Arabic), what has no shape of its
    -- own, variation selectors, joiners, skin tones.
    dropped CONSTANT text := '[\u00ad\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7'
        '\u0610-\u061a\u061c\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u115f\u1160'
        '\u17b4\u17b5\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\u3164'
        '\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uffa0\U0001f3fb-\U0001f3ff\U000e0001\U000e0100-\U000e01ef]+';
BEGIN
    IF octet_length(folded) = length(folded) THEN
        RETURN lower(folded COLLATE "C");
    END IF;
    -- Marks are dropped first where there may be many: the time to put them in order grows with their square.
    IF length(folded) > 255 THEN
        folded := regexp_replace(folded, dropped, '', 'g');
    END IF;
    -- A trade mark is a sign, not two letters of the word before it.
    folded := replace(replace(folded, U&'\2122', U&' \F8FE '), U&'\2120', U&' \F8FD ');
    folded := lower(normalize(folded, NFKD) COLLATE "und-x-icu");
    folded := normalize(regexp_replace(folded, dropped, '', 'g'), NFC);
    IF folded ~ '[\u00df\u00e6\u00f0\u00f8\u00fe\u0111\u0127\u0131\u0142\u014b\u0153\u0167\u03c2\u0649\u06a9\u06cc]' THEN
        folded := translate(folded, U&'\00F0\00F8\0111\0127\0131\0142\014B\0167\03C2\0649\06A9\06CC', U&'dodhilnt\03C3\064A\0643\064A');
        folded := replace(replace(replace(replace(folded, U&'\00DF', 'ss'), U&'\00E6', 'ae'), U&'\0153', 'oe'), U&'\00FE', 'th');
    END IF;
    IF folded ~ '[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59]' THEN
        folded := translate(folded,
            U&'\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669\06F0\06F1\06F2\06F3\06F4\06F5\06F6\06F7\06F8\06F9'
            '\0966\0967\0968\0969\096A\096B\096C\096D\096E\096F\09E6\09E7\09E8\09E9\09EA\09EB\09EC\09ED\09EE\09EF'
            '\0E50\0E51\0E52\0E53\0E54\0E55\0E56\0E57\0E58\0E59',
            '01234567890123456789012345678901234567890123456789');
    END IF;
    RETURN folded;
END
$$;

-- The characters of scripts that are written without blanks between words, for a bracket expression: Thai, Lao, Tibetan,
-- Burmese, Khmer, Chinese, Japanese, Korean and their neighbors. (Korean has blanks, but ties endings to its words.)
CREATE FUNCTION search_unspaced() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u0f40-\u0f84\u0f88-\u0fbc\u1000-\u103f'
        '\u1050-\u108f\u109a-\u109f\u1100-\u11ff\u1780-\u17d3\u17d7\u17dc\u17dd\u1950-\u19c9\u1a20-\u1a7c\u1b00-\u1b4b'
        '\u2e80-\u2fdf\u3005-\u3007\u3021-\u302f\u3031-\u3035\u3038-\u303c\u3041-\u309f\u30a1-\u30fa\u30fc-\u4dbf'
        '\u4e00-\ua4cf\ua960-\ua97c\ua980-\ua9c0\ua9cf-\ua9df\ua9e0-\ua9ff\uaa60-\uaadd\uac00-\ud7fb\uf900-\ufaff'
        '\U00016fe0-\U0001b2ff\U00020000-\U0003ffff';

-- The words of a text in their order. A word is a run of letters, marks and digits; each symbol is one, emoji among them;
-- of scripts without blanks every two adjacent characters are one. The last two of such a run stand together with the
-- last one (`AB B`), so that each character begins a word. All other characters only separate.
CREATE FUNCTION search_cut(text text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text := public.search_fold(text);
    words text[];
    word text;
    letters text[];
    separators CONSTANT text := '[\u0001-\u0022\u0025-\u002a\u002c-\u002f\u003a\u003b\u003f\u0040\u005b-\u005d\u005f\u0060'
        '\u007b-\u007d\u007f-\u00a1\u00a7\u00a8\u00ab\u00af\u00b4\u00b6-\u00b8\u00bb\u00bf\u02b9-\u02df\u0384\u0385\u037e'
        '\u0387\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u0600-\u0605\u0609\u060a\u060c\u060d\u061b'
        '\u061d-\u061f\u066a-\u066d\u06d4\u06dd\u0700-\u070f\u07f7-\u07f9\u0830-\u083e\u085e\u0964\u0965\u0970\u0df4\u0e4f'
        '\u0e5a\u0e5b\u0f04-\u0f14\u0f3a-\u0f3d\u0f85\u0fd0-\u0fd4\u104a-\u104f\u10fb\u1360-\u1368\u1400\u166e\u1680\u169b'
        '\u169c\u16eb-\u16ed\u1735\u1736\u17d4-\u17d6\u17d8-\u17da\u1800-\u180a\u1944\u1945\u1a1e\u1a1f\u1aa0-\u1aad\u1b5a-\u1b60'
        '\u1bfc-\u1bff\u1c3b-\u1c3f\u1c7e\u1c7f\u2000-\u2043\u2045-\u2051\u2053-\u205f\u2044\u2212\u2215\u2236\u2308-\u230b\u2329\u232a\u2768-\u2775'
        '\u27c5\u27c6\u27e6-\u27ef\u2983-\u2998\u29d8-\u29db\u29fc\u29fd\u2cf9-\u2cff\u2d70\u2e00-\u2e5d\u3000-\u3003'
        '\u3008-\u3011\u3014-\u301f\u3030\u303d\u30a0\u30fb\ua4fe\ua4ff\ua60d-\ua60f\ua874-\ua877\ua8ce\ua8cf\ua8f8-\ua8fa'
        '\ua92e\ua92f\ua95f\ua9c1-\ua9cd\uaa5c-\uaa5f\uaade\uaadf\uabeb\ufd3e\ufd3f\ufe10-\ufe1f\ufe30-\ufe6f\ufff9-\ufffb]+';
    symbols CONSTANT text := '([\U0001f1e6-\U0001f1ff]{2}|\U0001f3f4[\U000e0020-\U000e007f]+|'
        '[\u0023\u0024\u002b\u003c-\u003e\u005e\u007e\u00a2-\u00a6\u00a9\u00ac\u00ae\u00b0\u00b1\u00d7\u00f7\u03f6'
        '\u058d-\u058f\u0606-\u0608\u060b\u060e\u060f\u09f2\u09f3\u0e3f\u17db\u2052\u207a-\u207c\u208a-\u208c\u20a0-\u20cf'
        '\u2100-\u218b\u2190-\u2211\u2213\u2214\u2216-\u2235\u2237-\u2307\u230c-\u2328\u232b-\u2767\u2776-\u27c4\u27c7-\u27e5\u27f0-\u2982\u2999-\u29d7\u29dc-\u29fb'
        '\u29fe-\u2bff\u3004\u3012\u3013\u3020\u3036\u3037\u303e\u303f\u4dc0-\u4dff\ue000-\uf8ff\ufffc\ufffd'
        '\U0001d000-\U0001d24f\U0001f000-\U0001fbff])';
    unspaced CONSTANT text := public.search_unspaced();
BEGIN
    folded := regexp_replace(folded, separators, ' ', 'g');
    IF folded ~ symbols THEN
        folded := regexp_replace(folded, symbols, ' \1 ', 'g');
    END IF;
    words := array_remove(string_to_array(folded, ' '), '');
    IF folded ~ ('[' || unspaced || ']') THEN
        folded := regexp_replace(folded, '([' || unspaced || ']+)', ' \1 ', 'g');
        words := '{}';
        FOREACH word IN ARRAY array_remove(string_to_array(folded, ' '), '') LOOP
            IF length(word) > 1 AND word ~ ('^[' || unspaced || ']') THEN
                letters := string_to_array(word, NULL);
                words := words || ARRAY(
                    SELECT letter || next FROM unnest(letters, letters[2:]) AS pair (letter, next) WHERE next IS NOT NULL);
                words[cardinality(words)] := words[cardinality(words)] || ' ' || right(word, 1);
            ELSE
                words := words || word;
            END IF;
        END LOOP;
    END IF;
    -- The longest that an index takes is some 2,000 bytes. Folding makes some characters four.
    IF length(folded) > 500 THEN
        words := ARRAY(SELECT left(long, 500) FROM unnest(words) WITH ORDINALITY AS w (long, n) ORDER BY n);
    END IF;
    RETURN words;
END
$$;

-- What the indexes hold of a text.
CREATE FUNCTION search_words(text text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    -- Most messages are plain sentences, which PostgreSQL's parser cuts in the same way and in less time. The exceptions
    -- are signs inside words, symbols, and what it takes for a number (1e5).
    IF text !~ '[^\n -~]|[-#$%&*+/<=>@\\^_`|~{}[\]]|\.[^ \n]|[,!?:;][^ \n.,!?:;]|[0-9][eE][0-9]' THEN
        RETURN to_tsvector('pg_catalog.simple', lower(text COLLATE "C"));
    END IF;
    RETURN coalesce((
        SELECT string_agg(replace(word, ' ', ':' || n || ' ') || ':' || n, ' ') FROM unnest(public.search_cut(text)) WITH ORDINALITY AS w (word, n)), '')::tsvector;
END
$$;

-- The words of one term of a search, in their order: a word, a phrase, or what is written without blanks. With `is_prefix`
-- the last one is the beginning of a word, unless a sign ends it (`j.`). A character that stands alone in a script without
-- blanks always is.
CREATE FUNCTION search_parts(text text, is_prefix boolean) RETURNS TABLE (word text, begins boolean)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT split_part(part, ' ', 1),
        is_prefix AND n = count(*) OVER () AND n = cardinality(public.search_cut(text || 'x'))
            OR length(part) = 1 AND part ~ ('[' || public.search_unspaced() || ']')
    FROM unnest(public.search_cut(text)) WITH ORDINALITY AS parts (part, n) ORDER BY n
$$;

-- A search for a name: what stands between blanks begins a word of it, in any order. Null without a word.
CREATE FUNCTION search_names(text text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT string_agg('''' || part.word || CASE WHEN part.begins THEN ''':*' ELSE '''' END, ' & ')::tsquery
    FROM regexp_split_to_table(ltrim(text, ' @#'), '\s+') AS term CROSS JOIN LATERAL public.search_parts(term, true) AS part
$$;

-- The names of a message's files, as far as they are shown.
ALTER TABLE messages ADD COLUMN file_names text;
UPDATE messages m SET file_names = files.names
    FROM (
        SELECT a.message_id, string_agg(up.name, E'\n' ORDER BY a.position) AS names
        FROM attachments a JOIN uploads up ON up.id = a.upload_id WHERE up.removed_at IS NULL GROUP BY a.message_id
    ) files
    WHERE m.id = files.message_id;

CREATE FUNCTION name_message_files(message uuid) RETURNS void
LANGUAGE sql AS $$
    UPDATE public.messages m SET file_names = files.names
        FROM (
            SELECT string_agg(up.name, E'\n' ORDER BY a.position) AS names
            FROM public.attachments a JOIN public.uploads up ON up.id = a.upload_id
            WHERE a.message_id = name_message_files.message AND up.removed_at IS NULL
        ) files
        WHERE m.id = name_message_files.message AND m.file_names IS DISTINCT FROM files.names;
$$;

REVOKE ALL ON FUNCTION name_message_files FROM PUBLIC;

-- The message stays as it is: `parley.server` keeps its trigger from making this a revision. It is set in the body, since
-- only a superuser may name it in a function's SET clause.
CREATE FUNCTION attachment_changed() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before text := coalesce(current_setting('parley.server', true), '');
BEGIN
    PERFORM set_config('parley.server', 'on', true);
    PERFORM public.name_message_files(CASE TG_OP WHEN 'DELETE' THEN OLD.message_id ELSE NEW.message_id END);
    PERFORM set_config('parley.server', before, true);
    RETURN NULL;
END
$$;
CREATE TRIGGER file_names AFTER INSERT OR DELETE ON attachments FOR EACH ROW EXECUTE FUNCTION attachment_changed();

CREATE FUNCTION upload_renamed() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before text := coalesce(current_setting('parley.server', true), '');
BEGIN
    PERFORM set_config('parley.server', 'on', true);
    PERFORM public.name_message_files(a.message_id) FROM public.attachments a WHERE a.upload_id = NEW.id;
    PERFORM set_config('parley.server', before, true);
    RETURN NULL;
END
$$;
CREATE TRIGGER file_names AFTER UPDATE ON uploads FOR EACH ROW
    WHEN (OLD.removed_at IS DISTINCT FROM NEW.removed_at OR OLD.name <> NEW.name)
    EXECUTE FUNCTION upload_renamed();

-- PostgreSQL itself keeps the words right, whoever writes the text. They are stored, because a search first looks through
-- the newest messages, where it finds every word that is common (Sources/ChatStore/Messages/MessageStore+Search.swift).
-- This rewrites the table, which takes about a minute for a million messages; meanwhile it cannot be read.
ALTER TABLE messages ADD COLUMN words tsvector GENERATED ALWAYS AS (
    CASE WHEN deleted_at IS NULL
        THEN search_words(CASE WHEN file_names IS NULL THEN text ELSE text || E'\n' || file_names END) END) STORED;
DROP INDEX messages_words;
CREATE INDEX messages_words ON messages USING gin (conversation_id, words)
    WITH (fastupdate = on, gin_pending_list_limit = 1024) WHERE deleted_at IS NULL;

DROP INDEX users_display_name_words;
CREATE INDEX users_words ON users USING gin (search_words(display_name || ' ' || username));
DROP INDEX conversations_public_title;
CREATE INDEX conversations_public_words ON conversations USING gin (search_words(title)) WHERE visibility = 'public';

-- Before the row is written, the words of NEW are not there yet; they make no difference.
CREATE OR REPLACE FUNCTION moderation.message_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.words := OLD.words;
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
