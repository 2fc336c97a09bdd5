-- +goose Up
-- Recordings that nothing needs any more, until their files are removed.
CREATE TABLE unwanted_media (
  id {{ID}},
  media_key TEXT NOT NULL
);
-- Whether an episode has a recording, or is to have it, is asked for each one that is removed.
CREATE INDEX episodes_by_media ON episodes (media_key) WHERE media_key <> '';
CREATE INDEX episodes_by_stored ON episodes (enclosure_location) WHERE enclosure_location LIKE 'media:%';

-- +goose Down
DROP INDEX episodes_by_stored;
DROP INDEX episodes_by_media;
DROP TABLE unwanted_media;
