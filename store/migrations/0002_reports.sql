-- +goose Up
-- What an owner chose for a show: models.ShowSettings.
ALTER TABLE shows ADD COLUMN settings {{JSON}} NOT NULL DEFAULT '{}';

ALTER TABLE episodes ADD COLUMN enclosure_duration_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE episodes ADD COLUMN translation_wanted BOOLEAN NOT NULL DEFAULT FALSE;  -- its job waits or runs
ALTER TABLE episodes ADD COLUMN translation_warning TEXT NOT NULL DEFAULT '';       -- why the last one failed
CREATE INDEX episodes_to_translate ON episodes (id) WHERE translation_wanted;

ALTER TABLE transcripts ADD COLUMN task TEXT NOT NULL DEFAULT 'transcribe';
ALTER TABLE transcripts ADD COLUMN report {{JSON}} NOT NULL DEFAULT '{}';           -- models.Report
DROP INDEX transcripts_one_current;
CREATE UNIQUE INDEX transcripts_one_current ON transcripts (episode_id, task) WHERE is_current;

ALTER TABLE progress ADD COLUMN task TEXT NOT NULL DEFAULT '';
ALTER TABLE progress ADD COLUMN began BIGINT NOT NULL DEFAULT 0;                    -- done before this attempt
ALTER TABLE progress ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
DELETE FROM transcripts WHERE task <> 'transcribe';
ALTER TABLE progress DROP COLUMN told_at;
ALTER TABLE progress DROP COLUMN began;
ALTER TABLE progress DROP COLUMN task;
DROP INDEX transcripts_one_current;
CREATE UNIQUE INDEX transcripts_one_current ON transcripts (episode_id) WHERE is_current;
ALTER TABLE transcripts DROP COLUMN report;
ALTER TABLE transcripts DROP COLUMN task;
DROP INDEX episodes_to_translate;
ALTER TABLE episodes DROP COLUMN translation_warning;
ALTER TABLE episodes DROP COLUMN translation_wanted;
ALTER TABLE episodes DROP COLUMN enclosure_duration_ms;
ALTER TABLE shows DROP COLUMN settings;
