-- The journal: a dense, totally ordered, hash-chained sequence of events.

-- The first seven columns are those of sqlite-es and postgres-es, so that their repositories can
-- read our streams. The position is the row id: the journal is read in the order it lies on disk.
CREATE TABLE events (
    aggregate_type TEXT    NOT NULL,
    aggregate_id   TEXT    NOT NULL,
    sequence       INTEGER NOT NULL CHECK (sequence > 0),
    event_type     TEXT    NOT NULL,
    event_version  TEXT    NOT NULL,
    payload        TEXT    NOT NULL,
    metadata       TEXT    NOT NULL,
    position       INTEGER PRIMARY KEY CHECK (position > 0),
    event_id       TEXT    NOT NULL,
    recorded_at    INTEGER NOT NULL, -- microseconds since 1970
    command_id     TEXT    NOT NULL,
    hash           TEXT    NOT NULL CHECK (length(hash) = 64),
    UNIQUE (aggregate_type, aggregate_id, sequence)
) STRICT;

-- One row: the last position. Every append is a compare-and-set of it.
CREATE TABLE head (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    position    INTEGER NOT NULL,
    hash        TEXT    NOT NULL CHECK (length(hash) = 64),
    recorded_at INTEGER NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, printf('%064d', 0), 0);

-- What each command came to, for ever.
CREATE TABLE receipts (
    command_id     TEXT    PRIMARY KEY,
    fingerprint    TEXT    NOT NULL CHECK (length(fingerprint) = 64),
    aggregate_type TEXT    NOT NULL,
    aggregate_id   TEXT    NOT NULL,
    version        INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    recorded_at    INTEGER NOT NULL,
    series         TEXT,
    period         TEXT,
    sequence       INTEGER
) STRICT, WITHOUT ROWID;

-- Keys that at most one stream of a tenant holds.
CREATE TABLE claims (
    tenant         TEXT NOT NULL,
    kind           TEXT NOT NULL,
    value          TEXT NOT NULL,
    aggregate_type TEXT NOT NULL,
    aggregate_id   TEXT NOT NULL,
    PRIMARY KEY (tenant, kind, value)
) STRICT, WITHOUT ROWID;

-- The last number of each series and period, and the date it was given to.
CREATE TABLE series (
    tenant        TEXT    NOT NULL,
    code          TEXT    NOT NULL,
    period        TEXT    NOT NULL,
    last_sequence INTEGER NOT NULL,
    last_date     TEXT    NOT NULL, -- ISO 8601, so that text order is date order
    PRIMARY KEY (tenant, code, period)
) STRICT, WITHOUT ROWID;

-- A cache of folds: may be deleted at any time.
CREATE TABLE snapshots (
    aggregate_type TEXT    NOT NULL,
    aggregate_id   TEXT    NOT NULL,
    version        INTEGER NOT NULL,
    state_hash     TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id)
) STRICT;

CREATE TRIGGER events_are_never_updated BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
-- INSERT OR REPLACE deletes the row in its way without asking the trigger above.
CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
    OR EXISTS (
        SELECT 1 FROM events
        WHERE aggregate_type = NEW.aggregate_type
            AND aggregate_id = NEW.aggregate_id
            AND sequence = NEW.sequence
    )
BEGIN SELECT RAISE(ABORT, 'events are immutable: occupied'); END;
CREATE TRIGGER receipts_are_never_updated BEFORE UPDATE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts are immutable'); END;
CREATE TRIGGER receipts_are_never_deleted BEFORE DELETE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts are immutable'); END;

-- One batch is one INSERT into this view, so it is one statement, which is atomic by itself and
-- needs no BEGIN, no COMMIT, and no ROLLBACK after a refusal. Each column but the heads is a JSON
-- array of rows.
CREATE VIEW batch AS SELECT
    0 AS from_position, '' AS from_hash,
    0 AS to_position, '' AS to_hash, 0 AS recorded_at,
    '' AS events, '' AS receipts, '' AS released, '' AS taken, '' AS series, '' AS snapshots;

CREATE TRIGGER batch_is_written INSTEAD OF INSERT ON batch
BEGIN
    SELECT RAISE(ABORT, 'head moved')
    WHERE NOT EXISTS (
        SELECT 1 FROM head WHERE position = NEW.from_position AND hash = NEW.from_hash
    );
    UPDATE head
    SET position = NEW.to_position, hash = NEW.to_hash, recorded_at = NEW.recorded_at;

    INSERT INTO receipts
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
        value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9
    FROM json_each(NEW.receipts);

    INSERT INTO events
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
        value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11
    FROM json_each(NEW.events);

    DELETE FROM claims WHERE (tenant, kind, value) IN (
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(NEW.released)
    );
    INSERT INTO claims
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
    FROM json_each(NEW.taken);

    INSERT INTO series
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
    FROM json_each(NEW.series) WHERE true
    ON CONFLICT (tenant, code, period) DO UPDATE
    SET last_sequence = excluded.last_sequence, last_date = excluded.last_date;

    INSERT INTO snapshots
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
    FROM json_each(NEW.snapshots) WHERE true
    ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
    SET version = excluded.version, state_hash = excluded.state_hash, state = excluded.state
    WHERE excluded.state_hash <> snapshots.state_hash OR excluded.version > snapshots.version;
END;
