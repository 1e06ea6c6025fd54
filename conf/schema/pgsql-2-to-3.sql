-- SPDX-License-Identifier: Apache-2.0
--
-- From version 2 of the tables to version 3, for PostgreSQL: only a table is new. `apiguardctl init` runs this text and then
-- pgsql.sql, all in one transaction; by hand:
--
--     psql -v ON_ERROR_STOP=1 -1 -f pgsql-2-to-3.sql -f pgsql.sql

BEGIN;

UPDATE api_schema SET version = 3;

COMMIT;
