-- What was shared before: in a step of its own, so that nobody waits for the locks of the one before meanwhile.
INSERT INTO shared_items (conversation_id, kind, seq, position, message_id)
SELECT m.conversation_id, CASE b.kind WHEN 'file' THEN 'files' ELSE 'media' END, m.seq, a.position, m.id
FROM attachments a JOIN messages m ON m.id = a.message_id JOIN uploads up ON up.id = a.upload_id
    JOIN blobs b ON b.sha256 = up.sha256
WHERE m.deleted_at IS NULL
ON CONFLICT DO NOTHING;

INSERT INTO shared_items (conversation_id, kind, seq, position, message_id)
SELECT m.conversation_id, 'links', m.seq, 0, m.id FROM messages m WHERE m.deleted_at IS NULL AND has_link(m.text)
ON CONFLICT DO NOTHING;
