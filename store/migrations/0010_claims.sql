-- +goose Up
-- What one of several processes does at a time: who, and until when, in ms since 1970 by the clock that all share.
CREATE TABLE claims (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until BIGINT NOT NULL
);
ALTER TABLE episodes ADD COLUMN place TEXT NOT NULL DEFAULT '';         -- whose folders have the file of a local recording: Store.Place

-- +goose Down
ALTER TABLE episodes DROP COLUMN place;
DROP TABLE claims;
