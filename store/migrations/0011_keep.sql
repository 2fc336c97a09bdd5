-- +goose Up
-- Recordings that nothing needs any more, until their files are removed.
CREATE TABLE unwanted_media (
  id {{ID}},
  media_key TEXT NOT NULL
);

-- +goose Down
DROP TABLE unwanted_media;
