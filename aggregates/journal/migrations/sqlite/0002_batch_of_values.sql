-- A batch is handed over as values: as JSON, reading it cost more than writing it.

-- Still one INSERT into a view, so one statement, which is atomic by itself and needs no BEGIN, no
-- COMMIT, and no ROLLBACK after a refusal. The first row moves the head; each of the others is an
-- event, a receipt, or the last event of a command together with its receipt, whose columns are
-- then the same. A row of nothing but NULL is padding.
DROP VIEW batch;
CREATE VIEW batch AS SELECT
    '' AS aggregate_type, '' AS aggregate_id, 0 AS sequence, '' AS event_type,
    '' AS event_version, '' AS payload, '' AS metadata, 0 AS position, '' AS event_id,
    0 AS recorded_at, '' AS command_id, '' AS hash,
    '' AS fingerprint, '' AS series, '' AS period, 0 AS number,
    0 AS from_position, '' AS from_hash, '' AS rest;

CREATE TRIGGER batch_moves_the_head INSTEAD OF INSERT ON batch
WHEN NEW.from_position IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'head moved')
    WHERE NOT EXISTS (
        SELECT 1 FROM head WHERE position = NEW.from_position AND hash = NEW.from_hash
    );
    UPDATE head
    SET position = NEW.position, hash = NEW.hash, recorded_at = NEW.recorded_at;
END;

CREATE TRIGGER batch_adds_an_event INSTEAD OF INSERT ON batch
WHEN NEW.event_type IS NOT NULL
BEGIN
    INSERT INTO events VALUES (
        NEW.aggregate_type, NEW.aggregate_id, NEW.sequence, NEW.event_type, NEW.event_version,
        NEW.payload, NEW.metadata, NEW.position, NEW.event_id, NEW.recorded_at, NEW.command_id,
        NEW.hash
    );
END;

CREATE TRIGGER batch_adds_a_receipt INSTEAD OF INSERT ON batch
WHEN NEW.fingerprint IS NOT NULL
BEGIN
    INSERT INTO receipts VALUES (
        NEW.command_id, NEW.fingerprint, NEW.aggregate_type, NEW.aggregate_id, NEW.sequence,
        NEW.position, NEW.recorded_at, NEW.series, NEW.period, NEW.number
    );
END;

-- What few batches have comes with the head, as one JSON object of arrays of rows.
CREATE TRIGGER batch_has_a_rest INSTEAD OF INSERT ON batch
WHEN NEW.rest IS NOT NULL
BEGIN
    DELETE FROM claims WHERE (tenant, kind, value) IN (
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(NEW.rest, '$.released')
    );
    INSERT INTO claims
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
    FROM json_each(NEW.rest, '$.taken');

    INSERT INTO series
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
    FROM json_each(NEW.rest, '$.series') WHERE true
    ON CONFLICT (tenant, code, period) DO UPDATE
    SET last_sequence = excluded.last_sequence, last_date = excluded.last_date;

    INSERT INTO snapshots
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
    FROM json_each(NEW.rest, '$.snapshots') WHERE true
    ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
    SET version = excluded.version, state_hash = excluded.state_hash, state = excluded.state
    WHERE excluded.state_hash <> snapshots.state_hash OR excluded.version > snapshots.version;
END;
