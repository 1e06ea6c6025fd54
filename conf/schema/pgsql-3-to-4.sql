-- SPDX-License-Identifier: Apache-2.0
--
-- From version 3 of the tables to version 4, for PostgreSQL: revoked tokens have a kind and an issuer, and may be a
-- subject's or a client's. What was there is a digest where it looks like one, else the jti of whatever issuer.
-- `apiguardctl init` runs this text and then pgsql.sql, all in one transaction; by hand:
--
--     psql -v ON_ERROR_STOP=1 -1 -f pgsql-3-to-4.sql -f pgsql.sql

BEGIN;

ALTER TABLE api_revoked_tokens RENAME TO api_revoked_tokens_3;
ALTER INDEX api_revoked_tokens_pkey RENAME TO api_revoked_tokens_3_pkey;

CREATE TABLE api_revoked_tokens (
    kind          text NOT NULL CHECK (kind IN ('jti', 'subject', 'client', 'digest')),
    issuer        text NOT NULL DEFAULT '' CHECK (issuer NOT LIKE '% %'), -- a token's `iss`
    value         text NOT NULL CHECK (value <> '' AND (kind <> 'digest' OR value ~ '^[0-9a-f]{64}$')),
    issued_before bigint,           -- NULL: any time
    expires_at    bigint,           -- NULL: never
    note          text,
    created_at    bigint NOT NULL DEFAULT floor(extract(epoch FROM now())),
    PRIMARY KEY (kind, issuer, value)
);
CREATE INDEX api_revoked_tokens_end ON api_revoked_tokens (expires_at);

INSERT INTO api_revoked_tokens (kind, value, expires_at)
SELECT CASE WHEN token ~ '^[0-9a-f]{64}$' THEN 'digest' ELSE 'jti' END, token, expires_at
FROM api_revoked_tokens_3;
DROP TABLE api_revoked_tokens_3;

-- Who may read the keys may read what is revoked: a server that could not would let no token in.
DO $$
DECLARE
    who oid;
BEGIN
    FOR who IN SELECT DISTINCT a.grantee FROM pg_class c, aclexplode(c.relacl) a
               WHERE c.oid = 'api_keys'::regclass AND a.privilege_type = 'SELECT' LOOP
        EXECUTE 'GRANT SELECT ON api_revoked_tokens TO '
            || CASE WHEN who = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(who)) END;
    END LOOP;
END
$$;

UPDATE api_schema SET version = 4;

COMMIT;
