-- +goose Up
-- What a recording or its publisher tells beside the words.
ALTER TABLE episodes ADD COLUMN chapters {{JSON}} NOT NULL DEFAULT 'null';  -- [models.Chapter]
ALTER TABLE episodes ADD COLUMN cover TEXT NOT NULL DEFAULT '';             -- a row of covers, '' for none
ALTER TABLE shows ADD COLUMN cover TEXT NOT NULL DEFAULT '';
ALTER TABLE shows ADD COLUMN cover_url TEXT NOT NULL DEFAULT '';            -- where it was last looked for

-- Pictures by their content: the episodes of a show mostly have the same one.
CREATE TABLE covers (
  sha256 TEXT PRIMARY KEY,
  jpeg {{BYTES}} NOT NULL
);

-- +goose Down
DROP TABLE covers;
ALTER TABLE shows DROP COLUMN cover_url;
ALTER TABLE shows DROP COLUMN cover;
ALTER TABLE episodes DROP COLUMN cover;
ALTER TABLE episodes DROP COLUMN chapters;
