-- SPDX-License-Identifier: Apache-2.0
--
-- From version 1 of the tables to version 2, for SQLite. `apiguardctl init` runs this text and then
-- sqlite.sql, all in one transaction; by hand:
--
--     sqlite3 -bail keys.db < sqlite-1-to-2.sql && sqlite3 keys.db < sqlite.sql

BEGIN IMMEDIATE;

-- A new column cannot get the time as its default, so it gets that below.
ALTER TABLE api_ip_lists ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
UPDATE api_ip_lists SET created_at = CAST(strftime('%s', 'now') AS INTEGER);

-- key_hash may be a bcrypt hash too. SQLite can alter neither a CHECK nor a default, and to copy a
-- table would lose the columns, indexes and triggers that somebody added to it, and break his views.
-- What the rows look like stays the same, so the texts of the tables are changed:
-- https://www.sqlite.org/lang_altertable.html#otheralter
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (length(key_hash) = 64 AND key_hash NOT GLOB ''*[^0-9a-f]*'')',
    'CHECK ((length(key_hash) = 64 AND key_hash NOT GLOB ''*[^0-9a-f]*'')
                          OR (length(key_hash) = 60 AND key_hash GLOB ''$2[aby]$[0-9][0-9]$*''
                              AND substr(key_hash, 8) NOT GLOB ''*[^./0-9A-Za-z]*''))')
WHERE type = 'table' AND name = 'api_keys';
UPDATE sqlite_schema SET sql = replace(sql, 'created_at INTEGER NOT NULL DEFAULT 0',
    'created_at INTEGER NOT NULL DEFAULT (CAST(strftime(''%s'', ''now'') AS INTEGER))')
WHERE type = 'table' AND name = 'api_ip_lists';
PRAGMA writable_schema = RESET;

-- A table that is not as version 1 made it is left alone: NULL is no version, all is rolled back.
UPDATE api_schema SET version = (SELECT 2 FROM sqlite_schema WHERE type = 'table'
                                 AND name = 'api_keys' AND instr(sql, '$2[aby]$') > 0);

COMMIT;
