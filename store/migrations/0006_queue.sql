-- +goose Up
ALTER TABLE shows ADD COLUMN paused_at BIGINT NOT NULL DEFAULT 0;       -- when its owner paused it; 0: it is not
ALTER TABLE episodes ADD COLUMN urgent_at BIGINT NOT NULL DEFAULT 0;    -- when it was asked for before all others; 0: it is not
ALTER TABLE workers ADD COLUMN place TEXT NOT NULL DEFAULT '';          -- where one worker at a time can be, see WorkOptions
ALTER TABLE workers ADD COLUMN said {{JSON}} NOT NULL DEFAULT '{}';     -- what it says of itself, see saying
INSERT INTO counters (name, value) VALUES ('paused_at', 0);             -- when the owner paused the queue; 0: it is not

-- +goose Down
DELETE FROM counters WHERE name = 'paused_at';
ALTER TABLE workers DROP COLUMN said;
ALTER TABLE workers DROP COLUMN place;
ALTER TABLE episodes DROP COLUMN urgent_at;
ALTER TABLE shows DROP COLUMN paused_at;
