-- The order of passwords. A request draws a turn before it asks whether its command is done, and the
-- provider is never given a user's password whose turn is before that of one it was given.

CREATE TABLE password_turns (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    last INTEGER NOT NULL
) STRICT;

-- The turn of the newest password that the provider was given, or was about to be given.
CREATE TABLE taken_turns (
    tenant  TEXT    NOT NULL,
    user_id TEXT    NOT NULL,
    turn    INTEGER NOT NULL,
    PRIMARY KEY (tenant, user_id)
) STRICT, WITHOUT ROWID;

ALTER TABLE staged_credentials ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;

UPDATE staged_credentials
SET turn = (
    SELECT count(*) FROM staged_credentials AS earlier
    WHERE (earlier.staged_at, earlier.command, earlier.fingerprint)
        <= (staged_credentials.staged_at, staged_credentials.command, staged_credentials.fingerprint)
)
WHERE phc IS NOT NULL;

INSERT INTO password_turns SELECT 1, coalesce(max(turn), 0) FROM staged_credentials;

DROP INDEX staged_credentials_by_time;
CREATE INDEX staged_credentials_by_turn ON staged_credentials (turn, command, fingerprint)
    WHERE phc IS NOT NULL;
