-- SPDX-License-Identifier: Apache-2.0
--
-- The tables of mod_apiguard for SQLite 3.38 or newer. `apiguardctl init` runs this text; so does
--
--     sqlite3 /var/lib/apiguard/keys.db < sqlite.sql
--
-- It may be run again at any time: what is there stays as it is. A database of an earlier version is
-- brought to the next one by sqlite-1-to-2.sql and sqlite-2-to-3.sql, which are run before this file; `apiguardctl init`
-- does all of it.
--
-- Times are whole seconds since 1970-01-01 UTC: CAST(strftime('%s', 'now') AS INTEGER).
-- Lists are words separated by spaces, or a JSON array of strings.

-- Readers and a writer do not wait for each other. It needs a directory the server can write to.
PRAGMA journal_mode = WAL;

BEGIN IMMEDIATE;

-- One row: the version of these tables, and the number of the last change.
CREATE TABLE IF NOT EXISTS api_schema (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    version  INTEGER NOT NULL,
    revision INTEGER NOT NULL
);
INSERT OR IGNORE INTO api_schema (id, version, revision) VALUES (1, 3, 0);

-- What a client has booked. A key without a rate_limit of its own takes its plan's.
CREATE TABLE IF NOT EXISTS api_plans (
    name       TEXT PRIMARY KEY NOT NULL CHECK (name <> ''),
    rate_limit TEXT NOT NULL,       -- "1000/h 20000/day"
    note       TEXT
);

-- The keys. A key itself is nowhere: what is stored is its SHA-256 (or HMAC-SHA-256 under a pepper),
-- or for an imported one its bcrypt hash, found by the key's first 8 characters in key_prefix.
CREATE TABLE IF NOT EXISTS api_keys (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    key_hash          TEXT NOT NULL UNIQUE  -- 64 lower-case hex digits, or bcrypt's "$2y$10$..."
                      CHECK ((length(key_hash) = 64 AND key_hash NOT GLOB '*[^0-9a-f]*')
                          OR (length(key_hash) = 60 AND key_hash GLOB '$2[aby]$[0-9][0-9]$*'
                              AND substr(key_hash, 8) NOT GLOB '*[^./0-9A-Za-z]*')),
    key_prefix        TEXT NOT NULL,        -- what may be shown of the key: "agk_0uN4kLm2"
    client_name       TEXT NOT NULL CHECK (client_name NOT IN ('', 'anonymous')),
    client_email      TEXT,
    permissions       TEXT,                 -- scopes: "orders:read orders:write"
    roles             TEXT,
    allowed_ips       TEXT,                 -- NULL: any address; '': none; "10.0.0.0/8 2001:db8::/32"
    allowed_endpoints TEXT,                 -- NULL: any; '': none; ["GET /api/orders/*", "/api/me"]
    rate_limit        TEXT,                 -- NULL: the plan's, else the server's
    plan              TEXT REFERENCES api_plans (name),
    created_at        INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER)),
    expires_at        INTEGER CHECK (expires_at IS NULL OR typeof(expires_at) = 'integer'), -- NULL: never
    is_active         INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)), -- 0: revoked
    rotated_to        INTEGER REFERENCES api_keys (id), -- the key that takes this one's place
    grace_until       INTEGER CHECK (grace_until IS NULL OR typeof(grace_until) = 'integer'),
    metadata          TEXT CHECK (metadata IS NULL OR json_valid(metadata))
);
CREATE INDEX IF NOT EXISTS api_keys_prefix ON api_keys (key_prefix);
CREATE INDEX IF NOT EXISTS api_keys_client ON api_keys (client_name);
CREATE INDEX IF NOT EXISTS api_keys_plan ON api_keys (plan);

-- What `apiguardctl key create --template NAME` fills in.
CREATE TABLE IF NOT EXISTS api_templates (
    name              TEXT PRIMARY KEY NOT NULL CHECK (name <> ''),
    permissions       TEXT,
    roles             TEXT,
    allowed_ips       TEXT,
    allowed_endpoints TEXT,
    rate_limit        TEXT,
    plan              TEXT REFERENCES api_plans (name),
    expires_in        INTEGER CHECK (expires_in > 0), -- seconds; NULL: the tool's default
    note              TEXT
);

-- Named sets of networks.
CREATE TABLE IF NOT EXISTS api_ip_lists (
    list        TEXT NOT NULL CHECK (list <> ''),
    cidr        TEXT NOT NULL CHECK (cidr <> ''),
    note        TEXT,
    created_at  INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER)),
    expires_at  INTEGER,
    reviewed_at INTEGER,
    PRIMARY KEY (list, cidr)
);

-- When an entry of a list last let somebody in or kept him out. No trigger watches it.
CREATE TABLE IF NOT EXISTS api_ip_matches (
    list          TEXT NOT NULL,
    cidr          TEXT NOT NULL,
    last_match_at INTEGER NOT NULL,
    PRIMARY KEY (list, cidr)
);

-- Tokens refused before they expire: the `jti`, or the SHA-256 in hex of a token without one.
CREATE TABLE IF NOT EXISTS api_revoked_tokens (
    token      TEXT PRIMARY KEY NOT NULL CHECK (token <> ''),
    expires_at INTEGER NOT NULL     -- from then on the row is needed no more
);

-- How much a key was used: a row for each day (its first second, UTC). No trigger watches it.
CREATE TABLE IF NOT EXISTS api_usage (
    key_id       INTEGER NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    day          INTEGER NOT NULL CHECK (day % 86400 = 0),
    requests     INTEGER NOT NULL DEFAULT 0,
    denied       INTEGER NOT NULL DEFAULT 0,
    last_used_at INTEGER,
    PRIMARY KEY (key_id, day)
);

-- Who still calls what is deprecated (ApiGuardDeprecated), by section, client and day. No trigger watches it.
CREATE TABLE IF NOT EXISTS api_deprecated_usage (
    section      TEXT NOT NULL,
    kind         TEXT NOT NULL,    -- of the credential: key, jwt, anonymous
    client       TEXT NOT NULL,
    day          INTEGER NOT NULL CHECK (day % 86400 = 0),
    requests     INTEGER NOT NULL DEFAULT 0,
    refused      INTEGER NOT NULL DEFAULT 0,
    last_used_at INTEGER,
    PRIMARY KEY (section, kind, client, day)
);

CREATE VIEW IF NOT EXISTS api_keys_overview AS
SELECT k.id, k.key_prefix, k.client_name, k.client_email, k.permissions, k.roles, k.plan,
       k.created_at, k.expires_at, k.is_active,
       max(u.last_used_at) AS last_used_at,
       coalesce(sum(u.requests), 0) AS requests,
       coalesce(sum(u.denied), 0) AS denied
FROM api_keys k LEFT JOIN api_usage u ON u.key_id = k.id
GROUP BY k.id;

-- Where each server keeps its notice file: what `apiguardctl` touches so that the servers of its
-- own machine need not wait for their next look into the change log. No trigger watches it.
CREATE TABLE IF NOT EXISTS api_nodes (
    host    TEXT NOT NULL,
    notice  TEXT NOT NULL,          -- the file's path on that host
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (host, notice)
);

-- The change log. Every server reads what is new in it once a second and forgets just those keys, so
-- it does not matter who changed a row, or with what. Numbers follow each other without a gap.
-- key_hash is what changed: the stored hash of a key, or "list:NAME" of an address list.
CREATE TABLE IF NOT EXISTS api_changes (
    revision   INTEGER PRIMARY KEY AUTOINCREMENT,
    key_hash   TEXT NOT NULL,
    changed_at INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER))
);
CREATE INDEX IF NOT EXISTS api_changes_age ON api_changes (changed_at);

-- A server that slept through more than a day of changes finds a gap and forgets all keys.
CREATE TRIGGER IF NOT EXISTS api_changes_numbered AFTER INSERT ON api_changes BEGIN
    UPDATE api_schema SET revision = NEW.revision;
    DELETE FROM api_changes WHERE changed_at < CAST(strftime('%s', 'now') AS INTEGER) - 86400;
END;

-- INSERT OR REPLACE removes a row without telling its delete trigger; so its key is noted first.
CREATE TRIGGER IF NOT EXISTS api_keys_replaced BEFORE INSERT ON api_keys BEGIN
    INSERT INTO api_changes (key_hash) SELECT key_hash FROM api_keys WHERE id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS api_keys_inserted AFTER INSERT ON api_keys BEGIN
    INSERT INTO api_changes (key_hash) VALUES (NEW.key_hash);
END;

CREATE TRIGGER IF NOT EXISTS api_keys_updated AFTER UPDATE ON api_keys BEGIN
    INSERT INTO api_changes (key_hash) VALUES (NEW.key_hash);
    INSERT INTO api_changes (key_hash) SELECT OLD.key_hash WHERE OLD.key_hash <> NEW.key_hash;
END;

CREATE TRIGGER IF NOT EXISTS api_keys_deleted AFTER DELETE ON api_keys BEGIN
    INSERT INTO api_changes (key_hash) VALUES (OLD.key_hash);
END;

CREATE TRIGGER IF NOT EXISTS api_plans_inserted AFTER INSERT ON api_plans BEGIN
    INSERT INTO api_changes (key_hash) SELECT key_hash FROM api_keys WHERE plan = NEW.name;
END;

CREATE TRIGGER IF NOT EXISTS api_plans_updated AFTER UPDATE ON api_plans BEGIN
    INSERT INTO api_changes (key_hash)
    SELECT key_hash FROM api_keys WHERE plan IN (OLD.name, NEW.name);
END;

CREATE TRIGGER IF NOT EXISTS api_plans_deleted AFTER DELETE ON api_plans BEGIN
    INSERT INTO api_changes (key_hash) SELECT key_hash FROM api_keys WHERE plan = OLD.name;
END;

CREATE TRIGGER IF NOT EXISTS api_ip_lists_inserted AFTER INSERT ON api_ip_lists BEGIN
    INSERT INTO api_changes (key_hash) VALUES ('list:' || NEW.list);
END;

CREATE TRIGGER IF NOT EXISTS api_ip_lists_updated AFTER UPDATE ON api_ip_lists BEGIN
    INSERT INTO api_changes (key_hash) VALUES ('list:' || NEW.list);
    INSERT INTO api_changes (key_hash) SELECT 'list:' || OLD.list WHERE OLD.list <> NEW.list;
END;

CREATE TRIGGER IF NOT EXISTS api_ip_lists_deleted AFTER DELETE ON api_ip_lists BEGIN
    INSERT INTO api_changes (key_hash) VALUES ('list:' || OLD.list);
END;

COMMIT;
