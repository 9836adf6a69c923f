-- What reactors have planned and what became of it. Times are microseconds since 1970, UTC.
-- The schema is the first one of the search path.

CREATE TABLE reactors (
    name          TEXT   PRIMARY KEY,
    position      BIGINT NOT NULL CHECK (position >= 0),
    -- Raised with every wake, so that a job knows which wakes came after its claim.
    wake_sequence BIGINT NOT NULL DEFAULT 0,
    registered_at BIGINT NOT NULL
);

CREATE TABLE jobs (
    id             UUID   PRIMARY KEY,
    reactor        TEXT   NOT NULL REFERENCES reactors (name),
    dedupe_key     TEXT   NOT NULL,
    ordering_key   TEXT   NOT NULL,
    kind           TEXT   NOT NULL CHECK (kind IN ('act', 'plan')),
    payload        TEXT   NOT NULL,
    aggregate_type TEXT   NOT NULL,
    aggregate_id   TEXT   NOT NULL,
    version        BIGINT NOT NULL,
    position       BIGINT NOT NULL,
    ordinal        BIGINT NOT NULL,
    event_id       UUID   NOT NULL,
    correlation_id UUID   NOT NULL,
    state          TEXT   NOT NULL
        CHECK (state IN ('planned', 'running', 'waiting', 'done', 'cancelled', 'parked')),
    -- planned: not before; running: end of the lease; waiting: when to look again; else nothing.
    due_at         BIGINT CHECK ((due_at IS NULL) = (state IN ('done', 'cancelled', 'parked'))),
    attempt        BIGINT NOT NULL DEFAULT 0,
    unavailable    BIGINT NOT NULL DEFAULT 0,
    fence          BIGINT NOT NULL DEFAULT 0,
    -- The claim that marked its effect as started and has not said how it ended.
    started_fence  BIGINT,
    -- Why it is to be cancelled once its act ends without success.
    cancel_reason  TEXT,
    wake_on        TEXT,
    claimed_wake   BIGINT NOT NULL DEFAULT 0,
    reason         TEXT,
    planned_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);

CREATE INDEX jobs_due ON jobs (reactor, due_at, position, ordinal)
    WHERE state IN ('planned', 'running', 'waiting');
CREATE INDEX jobs_open_by_key ON jobs (reactor, ordering_key, position, ordinal)
    WHERE state NOT IN ('done', 'cancelled');
CREATE INDEX jobs_by_state ON jobs (reactor, state, planned_at);
CREATE INDEX jobs_open_by_dedupe_key ON jobs (reactor, dedupe_key)
    WHERE state NOT IN ('done', 'cancelled');
CREATE INDEX jobs_finished ON jobs (updated_at) WHERE state IN ('done', 'cancelled');

-- Wakes that a job which runs now may have missed.
CREATE TABLE wakes (
    reactor       TEXT        NOT NULL REFERENCES reactors (name),
    fact          TEXT        NOT NULL,
    sequence      BIGINT      NOT NULL,
    -- The server's time: a wake is kept longer than any claim that may not have seen it can last.
    remembered_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (reactor, fact)
);

CREATE INDEX wakes_remembered ON wakes (reactor, remembered_at);

-- Ids of pruned jobs: none of them is ever planned again.
CREATE TABLE finished_jobs (
    id UUID PRIMARY KEY
);
