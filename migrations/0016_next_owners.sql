-- Among admins, and among members, those into whose life a stranger put the group come last to own it.
CREATE OR REPLACE FUNCTION settle_departure(conversation uuid, ends_urls boolean) RETURNS void LANGUAGE sql AS $$
    UPDATE members m SET role = 'owner'
        WHERE m.conversation_id = settle_departure.conversation
            AND NOT EXISTS (SELECT FROM members o
                WHERE o.conversation_id = settle_departure.conversation AND o.role = 'owner')
            AND m.user_id = (SELECT x.user_id FROM members x JOIN users u ON u.id = x.user_id
                WHERE x.conversation_id = settle_departure.conversation
                ORDER BY u.disabled_at IS NOT NULL, x.role = 'admin' DESC, x.invited_by IS NOT NULL, x.joined_at, x.user_id
                LIMIT 1);
    UPDATE conversations c SET revision = c.revision + 1, updated_at = now(),
            visibility = CASE
                WHEN EXISTS (SELECT FROM members m WHERE m.conversation_id = c.id) THEN c.visibility
                ELSE 'private'
            END,
            previous_url_epoch = CASE
                WHEN ends_urls AND c.url_epoch < next.epoch THEN c.url_epoch ELSE c.previous_url_epoch
            END,
            url_epoch = CASE WHEN ends_urls THEN greatest(c.url_epoch, next.epoch) ELSE c.url_epoch END
        FROM (SELECT (ceil((extract(epoch FROM clock_timestamp()) + 60) / 240) * 240)::bigint AS epoch) next
        WHERE c.id = settle_departure.conversation;
$$;
