-- A picture or film that its sender wants to be a file: everybody sees a card, and gets the file as it is.
ALTER TABLE attachments ADD COLUMN as_file boolean NOT NULL DEFAULT false;

-- As before, and such a one is among the files of its conversation.
CREATE OR REPLACE FUNCTION share_items(message uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.shared_items (conversation_id, kind, seq, position, message_id)
    SELECT m.conversation_id, CASE WHEN a.as_file OR b.kind = 'file' THEN 'files' ELSE 'media' END, m.seq, a.position, m.id
    FROM public.messages m JOIN public.attachments a ON a.message_id = m.id JOIN public.uploads up ON up.id = a.upload_id
        JOIN public.blobs b ON b.sha256 = up.sha256
    WHERE m.id = message AND m.deleted_at IS NULL
    UNION ALL
    SELECT m.conversation_id, 'links', m.seq, 0, m.id FROM public.messages m
    WHERE m.id = message AND m.deleted_at IS NULL AND public.has_link(m.text)
    ON CONFLICT DO NOTHING
$$;
