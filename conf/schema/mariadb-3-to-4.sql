-- SPDX-License-Identifier: Apache-2.0
--
-- From version 3 of the tables to version 4, for MariaDB: revoked tokens have a kind and an issuer, and may be a
-- subject's or a client's. What was there is a digest where it looks like one, else the jti of whatever issuer.
-- It may be run again where it stopped. Before, GRANT SELECT ON api_revoked_tokens to a server's account that has rights
-- on single tables: without it that server lets no token in.
-- `apiguardctl init` runs this text and then mariadb.sql; by hand:
--
--     mariadb DATABASE < mariadb-3-to-4.sql && mariadb DATABASE < mariadb.sql

ALTER TABLE api_revoked_tokens
    ADD COLUMN IF NOT EXISTS kind VARCHAR(16) NOT NULL DEFAULT 'jti' FIRST,
    ADD COLUMN IF NOT EXISTS issuer VARCHAR(255) NOT NULL DEFAULT '' AFTER kind, -- a token's `iss`
    CHANGE COLUMN IF EXISTS token value VARCHAR(480) NOT NULL AFTER issuer,
    ADD COLUMN IF NOT EXISTS issued_before BIGINT AFTER value,                   -- NULL: any time
    MODIFY COLUMN expires_at BIGINT,                                             -- NULL: never
    ADD COLUMN IF NOT EXISTS note TEXT,
    ADD COLUMN IF NOT EXISTS created_at BIGINT NOT NULL DEFAULT (unix_timestamp()),
    DROP PRIMARY KEY,
    ADD PRIMARY KEY (kind, issuer, value),
    ADD INDEX IF NOT EXISTS api_revoked_tokens_end (expires_at);
UPDATE api_revoked_tokens SET kind = 'digest'
    WHERE kind = 'jti' AND char_length(value) = 64 AND value REGEXP '^[0-9a-f]{64}';
ALTER TABLE api_revoked_tokens
    ALTER COLUMN kind DROP DEFAULT,
    ADD CONSTRAINT IF NOT EXISTS api_revoked_tokens_kind CHECK (kind IN ('jti', 'subject', 'client', 'digest')),
    ADD CONSTRAINT IF NOT EXISTS api_revoked_tokens_issuer CHECK (issuer NOT LIKE '% %'),
    ADD CONSTRAINT IF NOT EXISTS api_revoked_tokens_value CHECK (value <> '' AND (kind <> 'digest'
        OR (char_length(value) = 64 AND value REGEXP '^[0-9a-f]{64}')));

-- A change of a revoked token is a long entry.
ALTER TABLE api_changes MODIFY COLUMN key_hash VARCHAR(800) NOT NULL;

UPDATE api_schema SET version = 4;
