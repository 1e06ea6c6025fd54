-- SPDX-License-Identifier: Apache-2.0
--
-- From version 3 of the tables to version 4, for SQLite: revoked tokens have a kind and an issuer, and may be a
-- subject's or a client's. What was there is a digest where it looks like one, else the jti of whatever issuer.
-- `apiguardctl init` runs this text and then sqlite.sql, all in one transaction; by hand:
--
--     sqlite3 -bail keys.db < sqlite-3-to-4.sql && sqlite3 keys.db < sqlite.sql

BEGIN IMMEDIATE;

ALTER TABLE api_revoked_tokens RENAME TO api_revoked_tokens_3;

CREATE TABLE api_revoked_tokens (
    kind          TEXT NOT NULL CHECK (kind IN ('jti', 'subject', 'client', 'digest')),
    issuer        TEXT NOT NULL DEFAULT '' CHECK (issuer NOT LIKE '% %'), -- a token's `iss`
    value         TEXT NOT NULL CHECK (value <> '' AND (kind <> 'digest'
                      OR (length(value) = 64 AND value NOT GLOB '*[^0-9a-f]*'))),
    issued_before INTEGER CHECK (issued_before IS NULL OR typeof(issued_before) = 'integer'), -- NULL: any time
    expires_at    INTEGER CHECK (expires_at IS NULL OR typeof(expires_at) = 'integer'), -- NULL: never
    note          TEXT,
    created_at    INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER)),
    PRIMARY KEY (kind, issuer, value)
);
CREATE INDEX api_revoked_tokens_end ON api_revoked_tokens (expires_at);

INSERT INTO api_revoked_tokens (kind, value, expires_at)
SELECT CASE WHEN length(token) = 64 AND token NOT GLOB '*[^0-9a-f]*' THEN 'digest' ELSE 'jti' END, token, expires_at
FROM api_revoked_tokens_3;
DROP TABLE api_revoked_tokens_3;

UPDATE api_schema SET version = 4;

COMMIT;
