-- The order of passwords. A request draws a turn before it asks whether its command is done, and the
-- provider is never given a user's password whose turn is before that of one it was given.

CREATE SEQUENCE password_turns AS bigint;

-- The turn of the newest password that the provider was given, or was about to be given.
CREATE TABLE taken_turns (
    tenant  text   NOT NULL,
    user_id uuid   NOT NULL,
    turn    bigint NOT NULL,
    PRIMARY KEY (tenant, user_id)
);

ALTER TABLE staged_credentials ADD COLUMN turn bigint NOT NULL DEFAULT 0;

UPDATE staged_credentials
SET turn = placed.turn
FROM (
    SELECT command, fingerprint, row_number() OVER (ORDER BY staged_at, command, fingerprint) AS turn
    FROM staged_credentials
    WHERE phc IS NOT NULL
) AS placed
WHERE staged_credentials.command = placed.command
    AND staged_credentials.fingerprint = placed.fingerprint;

SELECT setval('password_turns', 1 + max(turn)) FROM staged_credentials;

DROP INDEX staged_credentials_by_time;
CREATE INDEX staged_credentials_by_turn ON staged_credentials (turn, command, fingerprint)
    WHERE phc IS NOT NULL;
