-- +goose Up
ALTER TABLE shows ADD COLUMN paused_at BIGINT NOT NULL DEFAULT 0;       -- when its owner paused it; 0: it is not
ALTER TABLE episodes ADD COLUMN urgent_at BIGINT NOT NULL DEFAULT 0;    -- when it was asked for before all others; 0: it is not
ALTER TABLE workers ADD COLUMN place TEXT NOT NULL DEFAULT '';          -- where one worker at a time can be, see WorkOptions
ALTER TABLE workers ADD COLUMN said {{JSON}} NOT NULL DEFAULT '{}';     -- what it says of itself, see saying
INSERT INTO counters (name, value) VALUES ('paused_at', 0);             -- when the owner paused the queue; 0: it is not
INSERT INTO counters (name, value) VALUES ('event', 0);                 -- the number of the newest event

-- The newest events, for those who watch.
CREATE TABLE events (
  seq BIGINT PRIMARY KEY,
  event {{JSON}} NOT NULL               -- models.Event
);

-- What the status adds up is in the indexes: the rows of episodes are long.
CREATE INDEX episodes_lengths ON episodes (state, media_duration_ms, enclosure_duration_ms);
CREATE INDEX episodes_untranslated ON episodes (updated_at) WHERE translation_warning <> '';
CREATE INDEX transcripts_lengths ON transcripts (task, duration_ms) WHERE is_current AND complete;
CREATE INDEX transcripts_reported ON transcripts (id) WHERE complete AND source = 'whisper' AND report <> '{}';

-- +goose Down
DROP INDEX transcripts_reported;
DROP INDEX transcripts_lengths;
DROP INDEX episodes_untranslated;
DROP INDEX episodes_lengths;
DROP TABLE events;
DELETE FROM counters WHERE name IN ('paused_at', 'event');
ALTER TABLE workers DROP COLUMN said;
ALTER TABLE workers DROP COLUMN place;
ALTER TABLE episodes DROP COLUMN urgent_at;
ALTER TABLE shows DROP COLUMN paused_at;
