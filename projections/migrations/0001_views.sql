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

-- A sum over all documents may be wider than an integer of SQLite, which would become a float
-- without a word: minor_high * 10^15 + minor_low is the sum. STRICT makes an error of a float.
CREATE TABLE buckets (
    tenant     TEXT    NOT NULL,
    currency   TEXT    NOT NULL,
    measure    TEXT    NOT NULL,
    bucket     TEXT    NOT NULL,
    count      INTEGER NOT NULL,
    minor_high INTEGER NOT NULL,
    minor_low  INTEGER NOT NULL CHECK (minor_low BETWEEN 0 AND 999999999999999),
    PRIMARY KEY (tenant, currency, measure, bucket)
) STRICT, WITHOUT ROWID;

-- Every number that was given, clustered in the order of its series.
CREATE TABLE number_register (
    tenant            TEXT    NOT NULL,
    series            TEXT    NOT NULL,
    period            TEXT    NOT NULL,
    sequence          INTEGER NOT NULL,
    invoice_id        TEXT    NOT NULL,
    number            TEXT    NOT NULL,
    issue_date        TEXT    NOT NULL,
    document_status   TEXT    NOT NULL,
    settlement_status TEXT    NOT NULL,
    position          INTEGER NOT NULL,
    PRIMARY KEY (tenant, series, period, sequence, invoice_id)
) STRICT, WITHOUT ROWID;

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
