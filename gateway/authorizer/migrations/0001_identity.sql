-- Passwords and login sessions. Times are whole seconds since 1970. Nothing here can be used to log
-- in by who reads it: passwords are Argon2id, refresh tokens are SHA-256 of 256 random bits.

CREATE TABLE credentials (
    tenant     TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    phc        TEXT    NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, user_id)
) STRICT, WITHOUT ROWID;

-- A session is one login: the family of refresh tokens that descend from it. An ended one stays
-- for as long as its access tokens would have lived.
CREATE TABLE sessions (
    id         TEXT    NOT NULL PRIMARY KEY,
    tenant     TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (tenant, user_id, started_at);
CREATE INDEX sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- A rotated token stays until it would have expired: seeing it again means that it was stolen.
CREATE TABLE refresh_tokens (
    digest     BLOB    NOT NULL PRIMARY KEY,
    session    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    rotated_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);
