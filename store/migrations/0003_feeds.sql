-- +goose Up
-- What a feed says of its show beside the words, and when it is looked at next.
ALTER TABLE shows ADD COLUMN feed_guid TEXT NOT NULL DEFAULT '';                   -- podcast:guid
ALTER TABLE shows ADD COLUMN medium TEXT NOT NULL DEFAULT '';                      -- podcast:medium
ALTER TABLE shows ADD COLUMN locked BOOLEAN NOT NULL DEFAULT FALSE;                -- podcast:locked
ALTER TABLE shows ADD COLUMN secrets {{JSON}} NOT NULL DEFAULT '{}';               -- models.Access: what the server wants to be told
ALTER TABLE shows ADD COLUMN next_poll_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shows ADD COLUMN poll_failures BIGINT NOT NULL DEFAULT 0;              -- in a row
ALTER TABLE shows ADD COLUMN ended_at BIGINT NOT NULL DEFAULT 0;                   -- the server said that the feed is gone for good

ALTER TABLE episodes ADD COLUMN transcript_links {{JSON}} NOT NULL DEFAULT 'null'; -- [models.TranscriptLink]
ALTER TABLE episodes ADD COLUMN chapters_url TEXT NOT NULL DEFAULT '';
ALTER TABLE episodes ADD COLUMN missing_at BIGINT NOT NULL DEFAULT 0;              -- when the feed was first seen without it
-- The offer that the stored audio was fetched from: another one now means that the publisher replaced it.
ALTER TABLE episodes ADD COLUMN fetched_location TEXT NOT NULL DEFAULT '';
ALTER TABLE episodes ADD COLUMN fetched_type TEXT NOT NULL DEFAULT '';
ALTER TABLE episodes ADD COLUMN fetched_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE episodes ADD COLUMN fetch_again BOOLEAN NOT NULL DEFAULT FALSE;        -- the owner asked for the audio anew
UPDATE episodes SET fetched_location = enclosure_location, fetched_type = enclosure_type, fetched_bytes = enclosure_bytes
  WHERE media_key <> '';
-- Feeds are read anew, unchanged ones too: they may say what was not read before.
UPDATE shows SET etag = '', last_modified = '';
CREATE INDEX episodes_by_content ON episodes (media_sha256) WHERE media_sha256 <> '';
CREATE INDEX shows_by_poll ON shows (next_poll_at) WHERE source_kind = 'feed';

-- +goose Down
DROP INDEX shows_by_poll;
DROP INDEX episodes_by_content;
ALTER TABLE episodes DROP COLUMN fetch_again;
ALTER TABLE episodes DROP COLUMN fetched_bytes;
ALTER TABLE episodes DROP COLUMN fetched_type;
ALTER TABLE episodes DROP COLUMN fetched_location;
ALTER TABLE episodes DROP COLUMN missing_at;
ALTER TABLE episodes DROP COLUMN chapters_url;
ALTER TABLE episodes DROP COLUMN transcript_links;
ALTER TABLE shows DROP COLUMN ended_at;
ALTER TABLE shows DROP COLUMN poll_failures;
ALTER TABLE shows DROP COLUMN next_poll_at;
ALTER TABLE shows DROP COLUMN secrets;
ALTER TABLE shows DROP COLUMN locked;
ALTER TABLE shows DROP COLUMN medium;
ALTER TABLE shows DROP COLUMN feed_guid;
