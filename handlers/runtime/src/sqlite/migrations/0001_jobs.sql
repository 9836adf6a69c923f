-- What reactors have planned and what became of it. Times are microseconds since 1970, UTC.

CREATE TABLE reactors (
    name          TEXT    PRIMARY KEY,
    position      INTEGER NOT NULL CHECK (position >= 0),
    -- Raised with every wake, so that a job knows which wakes came after its claim.
    wake_sequence INTEGER NOT NULL DEFAULT 0,
    registered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    id             BLOB    PRIMARY KEY CHECK (length(id) = 16),
    reactor        TEXT    NOT NULL REFERENCES reactors (name),
    dedupe_key     TEXT    NOT NULL,
    ordering_key   TEXT    NOT NULL,
    kind           TEXT    NOT NULL CHECK (kind IN ('act', 'plan')),
    payload        TEXT    NOT NULL,
    aggregate_type TEXT    NOT NULL,
    aggregate_id   TEXT    NOT NULL,
    version        INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    ordinal        INTEGER NOT NULL,
    event_id       BLOB    NOT NULL CHECK (length(event_id) = 16),
    correlation_id BLOB    NOT NULL CHECK (length(correlation_id) = 16),
    state          TEXT    NOT NULL
        CHECK (state IN ('planned', 'running', 'waiting', 'done', 'cancelled', 'parked')),
    -- planned: not before; running: end of the lease; waiting: when to look again; else nothing.
    due_at         INTEGER CHECK ((due_at IS NULL) = (state IN ('done', 'cancelled', 'parked'))),
    attempt        INTEGER NOT NULL DEFAULT 0,
    unavailable    INTEGER NOT NULL DEFAULT 0,
    fence          INTEGER NOT NULL DEFAULT 0,
    -- The claim that marked its effect as started and has not said how it ended.
    started_fence  INTEGER,
    -- Why it is to be cancelled once its act ends without success.
    cancel_reason  TEXT,
    wake_on        TEXT,
    claimed_wake   INTEGER NOT NULL DEFAULT 0,
    reason         TEXT,
    planned_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX jobs_due ON jobs (reactor, due_at)
    WHERE state IN ('planned', 'running', 'waiting');
CREATE INDEX jobs_open_by_key ON jobs (reactor, ordering_key, position, ordinal)
    WHERE state NOT IN ('done', 'cancelled');
CREATE INDEX jobs_by_state ON jobs (reactor, state, planned_at);
CREATE INDEX jobs_finished ON jobs (updated_at) WHERE state IN ('done', 'cancelled');

-- Wakes that a job which runs now may have missed.
CREATE TABLE wakes (
    reactor  TEXT    NOT NULL REFERENCES reactors (name),
    fact     TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (reactor, fact)
) STRICT, WITHOUT ROWID;

-- Ids of pruned jobs: none of them is ever planned again.
CREATE TABLE finished_jobs (
    id BLOB PRIMARY KEY CHECK (length(id) = 16)
) STRICT, WITHOUT ROWID;
