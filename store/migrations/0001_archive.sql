-- +goose Up
-- Words in double braces are replaced per engine, see engine.go. Times are milliseconds since 1970 UTC, 0 is unknown.
CREATE TABLE shows (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  author TEXT NOT NULL,
  description TEXT NOT NULL,
  language TEXT NOT NULL,
  link TEXT NOT NULL,
  image_url TEXT NOT NULL,
  people {{JSON}} NOT NULL,
  source_kind TEXT NOT NULL,
  source_location TEXT NOT NULL,
  etag TEXT NOT NULL,
  last_modified TEXT NOT NULL,
  polled_at BIGINT NOT NULL,
  fingerprint TEXT NOT NULL,             -- of the published fields
  problem TEXT NOT NULL DEFAULT '',      -- why the last poll failed
  problem_at BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE episodes (
  id TEXT PRIMARY KEY,
  show_id TEXT NOT NULL REFERENCES shows (id) ON DELETE CASCADE,
  guid TEXT NOT NULL,
  title TEXT NOT NULL,
  notes TEXT NOT NULL,
  link TEXT NOT NULL,
  published_at BIGINT NOT NULL,
  season BIGINT NOT NULL,
  number BIGINT NOT NULL,
  people {{JSON}} NOT NULL,
  enclosure_location TEXT NOT NULL,
  enclosure_type TEXT NOT NULL,
  enclosure_bytes BIGINT NOT NULL,
  fingerprint TEXT NOT NULL,             -- of the published fields that can be searched
  state TEXT NOT NULL CHECK (state IN ('queued', 'downloading', 'downloaded', 'transcribing', 'done', 'failed')),
  reason TEXT NOT NULL DEFAULT '',       -- why it failed, or why it will be tried again
  failed_at BIGINT NOT NULL DEFAULT 0,
  media_warning TEXT NOT NULL DEFAULT '',
  transcript_warning TEXT NOT NULL DEFAULT '',
  media_key TEXT NOT NULL DEFAULT '',
  media_sha256 TEXT NOT NULL DEFAULT '',
  media_bytes BIGINT NOT NULL DEFAULT 0,
  media_type TEXT NOT NULL DEFAULT '',
  media_duration_ms BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX episodes_by_date ON episodes (published_at, id);
CREATE INDEX episodes_by_show ON episodes (show_id, published_at, id);
CREATE INDEX episodes_by_state ON episodes (state, failed_at);

CREATE TABLE transcripts (
  id {{ID}},
  episode_id TEXT NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
  source TEXT NOT NULL,
  model TEXT NOT NULL,
  asked_language TEXT NOT NULL,          -- as ordered: '' leaves it to detection
  language TEXT NOT NULL,                -- as ordered or detected
  prompt TEXT NOT NULL,
  media_sha256 TEXT NOT NULL,            -- the audio that was read
  duration_ms BIGINT NOT NULL DEFAULT 0,
  cursor_ms BIGINT NOT NULL DEFAULT 0,
  segment_count BIGINT NOT NULL DEFAULT 0,
  complete BOOLEAN NOT NULL,
  is_current BOOLEAN NOT NULL,
  warning TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL
);
CREATE INDEX transcripts_by_episode ON transcripts (episode_id);
CREATE UNIQUE INDEX transcripts_one_current ON transcripts (episode_id) WHERE is_current;

CREATE TABLE segments (
  transcript_id BIGINT NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE,
  position BIGINT NOT NULL,              -- 0, 1, 2, … in order of time
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  speaker TEXT NOT NULL,
  doubtful BOOLEAN NOT NULL,
  text TEXT NOT NULL,
  words {{BYTES}} NOT NULL,              -- see words.go
  PRIMARY KEY (transcript_id, position)
);

-- One row an episode that is or was here: the number of its newest change. No foreign key: a deletion is a change.
CREATE TABLE changes (
  episode_id TEXT PRIMARY KEY,
  seq BIGINT NOT NULL UNIQUE,
  deleted BOOLEAN NOT NULL
);

CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('change', 0);

-- Processes that take jobs, and when each was last known to be alive.
CREATE TABLE workers (
  id TEXT PRIMARY KEY,
  beat_at BIGINT NOT NULL
);

-- What running attempts tell about themselves; rows of attempts that are over are ignored and swept.
CREATE TABLE progress (
  job_id BIGINT PRIMARY KEY,
  attempt BIGINT NOT NULL,
  kind TEXT NOT NULL,
  episode_id TEXT NOT NULL,
  show_id TEXT NOT NULL,
  done BIGINT NOT NULL,
  total BIGINT NOT NULL,
  started_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE progress;
DROP TABLE workers;
DROP TABLE counters;
DROP TABLE changes;
DROP TABLE segments;
DROP TABLE transcripts;
DROP TABLE episodes;
DROP TABLE shows;
