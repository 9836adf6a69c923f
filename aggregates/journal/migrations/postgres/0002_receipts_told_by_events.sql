-- What the event at a receipt's position says is not repeated beside it: of a command that wrote events
-- and took no number, a receipt holds the identifier, the fingerprint and the position of the last
-- event. The columns are written where there is no such event, or more to say.
ALTER TABLE receipts
    ALTER COLUMN aggregate_type DROP NOT NULL,
    ALTER COLUMN aggregate_id DROP NOT NULL,
    ALTER COLUMN version DROP NOT NULL,
    ALTER COLUMN recorded_at DROP NOT NULL;

-- The server asked these of every row, and they guard against other hands only: the verification of
-- the chain finds an event that they refused, and whoever reads a receipt its fingerprint. A position
-- is still asked to be positive: no reader would come across an event before the first.
ALTER TABLE events
    DROP CONSTRAINT events_sequence_check,
    DROP CONSTRAINT events_hash_check;
ALTER TABLE receipts DROP CONSTRAINT receipts_fingerprint_check;
