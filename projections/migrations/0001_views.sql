-- Documents: the folded stream as JSON, one row each.
CREATE TABLE documents (
    kind             TEXT    NOT NULL,
    tenant           TEXT    NOT NULL,
    key              TEXT    NOT NULL,
    version          INTEGER NOT NULL,
    position         INTEGER NOT NULL,
    created_position INTEGER NOT NULL,
    document         TEXT    NOT NULL,
    PRIMARY KEY (kind, tenant, key)
);

-- What lists filter by, clustered in the order of lists, so that a filter reads narrow rows only.
-- f0..f9 are the kind's index fields in the order of its FIELDS.
CREATE TABLE document_index (
    kind             TEXT    NOT NULL,
    tenant           TEXT    NOT NULL,
    created_position INTEGER NOT NULL,
    key              TEXT    NOT NULL,
    f0, f1, f2, f3, f4, f5, f6, f7, f8, f9,
    PRIMARY KEY (kind, tenant, created_position)
) WITHOUT ROWID;

-- The first field of every kind is the one that is looked up exactly: an invoice's number, a SKU,
-- an e-mail address.
CREATE INDEX document_index_first_field
    ON document_index (kind, f0, tenant, created_position) WHERE f0 IS NOT NULL;

CREATE TABLE buckets (
    tenant   TEXT    NOT NULL,
    currency TEXT    NOT NULL,
    measure  TEXT    NOT NULL,
    bucket   TEXT    NOT NULL,
    count    INTEGER NOT NULL,
    minor    INTEGER NOT NULL,
    PRIMARY KEY (tenant, currency, measure, bucket)
) WITHOUT ROWID;

CREATE TABLE parked (
    kind     TEXT    NOT NULL,
    tenant   TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    position INTEGER NOT NULL,
    reason   TEXT    NOT NULL,
    PRIMARY KEY (kind, tenant, key)
) WITHOUT ROWID;

CREATE TABLE checkpoint (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL
);
INSERT INTO checkpoint (one, position) VALUES (1, 0);
