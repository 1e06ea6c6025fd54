-- SPDX-License-Identifier: Apache-2.0
--
-- From version 1 of the tables to version 2, for PostgreSQL. `apiguardctl init` runs this text and
-- then pgsql.sql, all in one transaction; by hand:
--
--     psql -v ON_ERROR_STOP=1 -1 -f pgsql-1-to-2.sql -f pgsql.sql

BEGIN;

UPDATE api_schema SET version = 2;

-- key_hash may be a bcrypt hash too.
ALTER TABLE api_keys DROP CONSTRAINT IF EXISTS api_keys_key_hash_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_key_hash_check CHECK (key_hash ~
    '^([0-9a-f]{64}|[$]2[aby][$][0-9]{2}[$][./0-9A-Za-z]{53})$');

ALTER TABLE api_ip_lists
    ADD COLUMN IF NOT EXISTS created_at bigint NOT NULL DEFAULT floor(extract(epoch FROM now()));

COMMIT;
