-- SPDX-License-Identifier: Apache-2.0
--
-- From version 2 of the tables to version 3, for SQLite: only a table is new. `apiguardctl init` runs this text and then
-- sqlite.sql, all in one transaction; by hand:
--
--     sqlite3 -bail keys.db < sqlite-2-to-3.sql && sqlite3 keys.db < sqlite.sql

BEGIN IMMEDIATE;

UPDATE api_schema SET version = 3;

COMMIT;
