-- +goose Up
-- Lists of episodes are read from a place on, whoever asks and for whichever state: all that chooses among them is in the indexes.
DROP INDEX episodes_by_date;
CREATE INDEX episodes_by_date ON episodes (published_at, id, show_id);
CREATE INDEX episodes_by_state_and_date ON episodes (state, published_at, id, show_id);

-- +goose Down
DROP INDEX episodes_by_state_and_date;
DROP INDEX episodes_by_date;
CREATE INDEX episodes_by_date ON episodes (published_at, id);
