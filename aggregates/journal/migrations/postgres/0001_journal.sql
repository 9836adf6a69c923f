-- The journal: a dense, totally ordered, hash-chained sequence of events. PostgreSQL 15 and newer.
-- Names that are compared byte by byte have the collation "C": no update of the system's locales can
-- make an index on them wrong.

-- The first seven columns are those of postgres-es, so that its repository can read our streams. `json`
-- and not `jsonb`: the hash covers the exact text.
CREATE TABLE events (
    aggregate_type text   COLLATE "C" NOT NULL,
    aggregate_id   text   COLLATE "C" NOT NULL,
    sequence       bigint NOT NULL CHECK (sequence > 0),
    event_type     text   NOT NULL,
    event_version  text   NOT NULL,
    payload        json   NOT NULL,
    metadata       json   NOT NULL,
    position       bigint NOT NULL CHECK (position > 0),
    event_id       uuid   NOT NULL,
    recorded_at    bigint NOT NULL, -- microseconds since 1970
    command_id     uuid   NOT NULL,
    hash           bytea  NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (aggregate_type, aggregate_id, sequence),
    UNIQUE (position)
);

-- One row: the last position. Every append is a compare-and-set of it. Its page is left nearly empty,
-- so that its many versions stay in it.
CREATE TABLE head (
    id          boolean PRIMARY KEY DEFAULT true CHECK (id),
    position    bigint  NOT NULL,
    hash        bytea   NOT NULL CHECK (octet_length(hash) = 32),
    recorded_at bigint  NOT NULL
) WITH (fillfactor = 10);
INSERT INTO head (position, hash, recorded_at) VALUES (0, decode(repeat('00', 32), 'hex'), 0);

-- What each command came to, for ever.
CREATE TABLE receipts (
    command_id     uuid   PRIMARY KEY,
    fingerprint    bytea  NOT NULL CHECK (octet_length(fingerprint) = 32),
    aggregate_type text   NOT NULL,
    aggregate_id   text   NOT NULL,
    version        bigint NOT NULL,
    position       bigint NOT NULL,
    recorded_at    bigint NOT NULL,
    series         text,
    period         text,
    sequence       bigint
);

-- Keys that at most one stream of a tenant holds.
CREATE TABLE claims (
    tenant         text COLLATE "C" NOT NULL,
    kind           text COLLATE "C" NOT NULL,
    value          text COLLATE "C" NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id   text NOT NULL,
    PRIMARY KEY (tenant, kind, value)
);

-- The last number of each series and period, and the date it was given to.
CREATE TABLE series (
    tenant        text   COLLATE "C" NOT NULL,
    code          text   COLLATE "C" NOT NULL,
    period        text   COLLATE "C" NOT NULL,
    last_sequence bigint NOT NULL,
    last_date     text   COLLATE "C" NOT NULL, -- ISO 8601, so that text order is date order
    PRIMARY KEY (tenant, code, period)
) WITH (fillfactor = 50);

-- A cache of folds: may be deleted at any time.
CREATE TABLE snapshots (
    aggregate_type text   COLLATE "C" NOT NULL,
    aggregate_id   text   COLLATE "C" NOT NULL,
    version        bigint NOT NULL,
    state_hash     text   NOT NULL,
    state          text   NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id)
);

CREATE FUNCTION refuse_to_change_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% are immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

-- Per statement, so that a change that would hit no row is refused as well, and an INSERT that could
-- update. ALWAYS: also where a session has turned ordinary triggers off.
CREATE TRIGGER events_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();
ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_never_changed;
CREATE TRIGGER receipts_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON receipts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();
ALTER TABLE receipts ENABLE ALWAYS TRIGGER receipts_are_never_changed;
