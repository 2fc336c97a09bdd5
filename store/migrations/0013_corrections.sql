-- +goose Up
-- What people say about transcripts is laid over them when they are read.
CREATE TABLE edits (
  id {{ID}},
  episode_id TEXT NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  was TEXT NOT NULL,
  becomes TEXT NOT NULL,
  words_before TEXT NOT NULL,
  words_after TEXT NOT NULL,
  audio TEXT NOT NULL,                   -- SHA-256 of the recording that the times are of
  rule_id BIGINT NOT NULL DEFAULT 0,     -- that changed the words in an earlier transcript; 0: a person did
  user_name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  undone_at BIGINT NOT NULL DEFAULT 0,
  undone_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX edits_by_episode ON edits (episode_id, id);
CREATE INDEX edits_by_rule ON edits (rule_id, episode_id) WHERE rule_id > 0;

CREATE TABLE rules (
  id {{ID}},
  show_id TEXT NOT NULL,                 -- '': everywhere. No foreign key: what was done stays in the log
  becomes TEXT NOT NULL,
  heard {{JSON}} NOT NULL,               -- [string]
  match_case BOOLEAN NOT NULL,
  within_words BOOLEAN NOT NULL,
  places BIGINT NOT NULL DEFAULT 0,      -- that it changed when it was made, about
  user_name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  undone_at BIGINT NOT NULL DEFAULT 0,
  undone_by TEXT NOT NULL DEFAULT ''
);
CREATE TABLE rule_exceptions (
  rule_id BIGINT NOT NULL REFERENCES rules (id) ON DELETE CASCADE,
  episode_id TEXT NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
  start_ms BIGINT NOT NULL,
  was TEXT NOT NULL,
  PRIMARY KEY (rule_id, episode_id, start_ms)
);
CREATE INDEX rule_exceptions_by_episode ON rule_exceptions (episode_id);

CREATE TABLE private_passages (
  id {{ID}},
  episode_id TEXT NOT NULL,              -- no foreign key: an episode that is removed and comes back is as private as it was
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,                -- 0: to the end
  reason TEXT NOT NULL,
  until_at BIGINT NOT NULL,              -- 0: for ever
  ended BOOLEAN NOT NULL DEFAULT FALSE,  -- until_at has passed, and the index was told
  audio TEXT NOT NULL,
  user_name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  lifted_at BIGINT NOT NULL DEFAULT 0,
  lifted_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX private_by_episode ON private_passages (episode_id, start_ms);
CREATE INDEX private_by_audio ON private_passages (audio) WHERE audio <> '';
CREATE INDEX private_to_end ON private_passages (until_at) WHERE until_at > 0 AND NOT ended;

CREATE TABLE names (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  aliases {{JSON}} NOT NULL,             -- [string]
  ignored BOOLEAN NOT NULL,
  sure BOOLEAN NOT NULL,
  user_name TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE confirmations (
  episode_id TEXT NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  doubt TEXT NOT NULL,
  said TEXT NOT NULL,
  user_name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (episode_id, start_ms, doubt)
);

-- What looks wrong in transcripts, as far as they were looked through: it follows from them, see review.go.
CREATE TABLE doubts (
  episode_id TEXT NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  doubt TEXT NOT NULL,
  said TEXT NOT NULL,
  suggested TEXT NOT NULL,
  worth BIGINT NOT NULL,                 -- words a minute of listening, in thousandths
  PRIMARY KEY (episode_id, start_ms, doubt)
);
CREATE INDEX doubts_by_worth ON doubts (worth, episode_id, start_ms, doubt);
CREATE TABLE looked_through (
  episode_id TEXT PRIMARY KEY REFERENCES episodes (id) ON DELETE CASCADE,
  seq BIGINT NOT NULL                    -- of the change up to which it was
);

ALTER TABLE transcripts ADD COLUMN chosen_at BIGINT NOT NULL DEFAULT 0;  -- when somebody said that it is the better one
INSERT INTO counters (name, value) VALUES ('rules', 0);                  -- grows with every change of rules and names
INSERT INTO counters (name, value) VALUES ('by_hand', 0);                -- number of the newest change that a person made

-- +goose Down
DELETE FROM counters WHERE name IN ('rules', 'by_hand');
ALTER TABLE transcripts DROP COLUMN chosen_at;
DROP TABLE looked_through;
DROP TABLE doubts;
DROP TABLE confirmations;
DROP TABLE names;
DROP TABLE private_passages;
DROP TABLE rule_exceptions;
DROP TABLE rules;
DROP TABLE edits;
