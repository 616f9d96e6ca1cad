-- Who wants nothing from whom.
CREATE TABLE blocks (
    blocker_id uuid NOT NULL REFERENCES users,
    blocked_id uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
);
CREATE INDEX blocks_blocked ON blocks (blocked_id);

-- The stranger who put somebody into a group, until that is accepted.
ALTER TABLE members
    ADD COLUMN invited_by uuid REFERENCES users,
    ADD COLUMN invited_at timestamptz,
    ADD CHECK ((invited_by IS NULL) = (invited_at IS NULL));
