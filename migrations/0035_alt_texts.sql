-- What can be seen or heard in an attachment, in the words of whoever sent it: for people who do not see or hear it.
ALTER TABLE attachments ADD COLUMN alt text CHECK (char_length(alt) BETWEEN 1 AND 1000);

-- The same as before, and `alts`: what everybody in the conversation is shown, moderators see.
CREATE OR REPLACE VIEW moderation.messages AS
SELECT m.id, m.created_at, s.username AS sender, m.text,
    CASE WHEN m.deleted_at IS NULL THEN 'shown' WHEN m.deleted_by IS NULL THEN 'removed' ELSE 'deleted' END AS state,
    (SELECT array_agg(up.name ORDER BY a.position) FROM public.attachments a JOIN public.uploads up ON up.id = a.upload_id
        WHERE a.message_id = m.id) AS files,
    (SELECT count(*) FROM public.reports r WHERE r.message_id = m.id AND r.closed_at IS NULL) AS open_reports,
    c.name AS conversation, m.conversation_id, m.sender_id, m.seq, m.revision, m.reply_to, m.edited_at,
    m.deleted_at, m.deleted_by,
    (SELECT array_agg(a.alt ORDER BY a.position) FROM public.attachments a
        WHERE a.message_id = m.id AND a.alt IS NOT NULL) AS alts
FROM public.messages m
    JOIN public.users s ON s.id = m.sender_id
    JOIN moderation.conversations c ON c.id = m.conversation_id;
