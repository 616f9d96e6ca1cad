-- A blob is content on disk, stored once however often it is uploaded; an upload is somebody's reference to it.

CREATE TABLE blobs (
    sha256        text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size          bigint NOT NULL CHECK (size >= 0),
    type          text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('image', 'video', 'audio', 'file')),
    -- What is served: the received bytes without their metadata, so with a length and a hash of their own.
    served_size   bigint NOT NULL CHECK (served_size >= 0),
    served_sha256 text NOT NULL CHECK (served_sha256 ~ '^[0-9a-f]{64}$'),
    -- A picture whose metadata could not be removed is for its owner's eyes only.
    owner_only    boolean NOT NULL DEFAULT false,
    width         integer CHECK (width > 0),
    height        integer CHECK (height > 0),
    duration      double precision CHECK (duration >= 0),
    blurhash      text,
    thumbnails    jsonb NOT NULL DEFAULT '[]',
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- `sha256` refers to `blobs` without a foreign key: a removed upload stays as a row that answers `gone` after its
-- content has left the disk.
CREATE TABLE uploads (
    id         uuid PRIMARY KEY,
    owner_id   uuid NOT NULL REFERENCES users,
    sha256     text NOT NULL,
    name       text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 255),
    type       text NOT NULL,
    size       bigint NOT NULL CHECK (size >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz
);
CREATE INDEX uploads_owner ON uploads (owner_id, created_at DESC);
CREATE INDEX uploads_sha256 ON uploads (sha256);
CREATE INDEX uploads_created ON uploads (created_at) WHERE removed_at IS NULL;

ALTER TABLE users ADD FOREIGN KEY (avatar_upload_id) REFERENCES uploads;
CREATE INDEX users_avatar ON users (avatar_upload_id) WHERE avatar_upload_id IS NOT NULL;
