-- The same refusal, as a failure of the row: to undo a whole statement (ABORT), SQLite keeps a copy of
-- each page that the statement changes, for every row that is inserted.
DROP TRIGGER events_are_never_replaced;
CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
    OR EXISTS (
        SELECT 1 FROM events
        WHERE aggregate_type = NEW.aggregate_type
            AND aggregate_id = NEW.aggregate_id
            AND sequence = NEW.sequence
    )
BEGIN SELECT RAISE(FAIL, 'events are immutable: occupied'); END;
