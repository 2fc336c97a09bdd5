-- +goose Up
-- Transcripts that were not made here: models.Origin.
ALTER TABLE transcripts ADD COLUMN origin {{JSON}} NOT NULL DEFAULT '{}';
ALTER TABLE episodes ADD COLUMN import_warning TEXT NOT NULL DEFAULT '';            -- why the last one could not be used

-- +goose Down
ALTER TABLE episodes DROP COLUMN import_warning;
DELETE FROM transcripts WHERE source <> 'whisper';
ALTER TABLE transcripts DROP COLUMN origin;
