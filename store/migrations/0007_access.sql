-- +goose Up
ALTER TABLE shows ADD COLUMN visible_to TEXT NOT NULL DEFAULT 'everyone'; -- models.Visibility
CREATE INDEX shows_kept_back ON shows (visible_to) WHERE visible_to <> 'everyone';

CREATE TABLE users (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  password TEXT NOT NULL,                -- its hash, in a form that says how it was made
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL DEFAULT 0
);

-- Of the secrets of sessions and tokens there is a SHA-256 only.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
  agent TEXT NOT NULL,
  address TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_name);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,            -- 0: never
  used_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX tokens_by_user ON tokens (user_name);

-- +goose Down
DROP TABLE tokens;
DROP TABLE sessions;
DROP TABLE users;
DROP INDEX shows_kept_back;
ALTER TABLE shows DROP COLUMN visible_to;
