-- +goose Up
-- What is added up of each show is in the index: the rows of episodes are long.
CREATE INDEX episodes_totals ON episodes (show_id, state, media_duration_ms, enclosure_duration_ms, media_bytes);

-- +goose Down
DROP INDEX episodes_totals;
