-- Passwords of commands that are on their way into the journal, as Argon2id hashes, until the
-- provider has taken them. The row of one that was taken stays for a while without its hash, so
-- that a late repeat of the command does not bring an old password back.

CREATE TABLE staged_credentials (
    command        TEXT    NOT NULL,
    fingerprint    BLOB    NOT NULL,
    tenant         TEXT    NOT NULL,
    phc            TEXT,
    staged_at      INTEGER NOT NULL,
    handed_over_at INTEGER,
    PRIMARY KEY (command, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE INDEX staged_credentials_by_time ON staged_credentials (staged_at);
