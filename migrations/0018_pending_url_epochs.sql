-- A removal that comes while the conversation's next epoch is still to begin changes nothing of it: all URLs that anybody
-- holds, those shown since included, end as it begins. Setting a later one would end the earlier URLs at once.
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
            previous_url_epoch = CASE WHEN ends_urls AND NOT next.is_set THEN c.url_epoch ELSE c.previous_url_epoch END,
            url_epoch = CASE WHEN ends_urls AND NOT next.is_set THEN next.epoch ELSE c.url_epoch END
        FROM (
            SELECT x.url_epoch > extract(epoch FROM clock_timestamp()) AS is_set,
                (ceil((extract(epoch FROM clock_timestamp()) + 60) / 240) * 240)::bigint AS epoch
            FROM conversations x WHERE x.id = settle_departure.conversation
        ) next
        WHERE c.id = settle_departure.conversation;
$$;
