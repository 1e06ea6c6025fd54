-- SPDX-License-Identifier: Apache-2.0
--
-- The tables of mod_apiguard for MariaDB 10.6 or newer. `apiguardctl init` runs this text; so does
--
--     mariadb DATABASE < mariadb.sql
--
-- It may be run again at any time: what is there stays as it is. MariaDB makes tables outside of
-- transactions; should it stop half-way, run it again. The version, by which a server knows that all
-- is there, comes last. A database of version 2 is brought to version 3 by mariadb-2-to-3.sql, which is run before this
-- file; `apiguardctl init` does both.
--
-- What the server itself needs, as a user of its own:
--
--     GRANT SELECT ON api.api_schema TO httpd@localhost;
--     (and so on for api_keys, api_plans, api_changes, api_ip_lists)
--     GRANT SELECT, INSERT, UPDATE ON api.api_usage TO httpd@localhost;
--     GRANT SELECT, INSERT, UPDATE ON api.api_deprecated_usage TO httpd@localhost;
--     GRANT SELECT, INSERT, UPDATE ON api.api_ip_matches TO httpd@localhost;
--     GRANT SELECT, INSERT, UPDATE, DELETE ON api.api_nodes TO httpd@localhost;
--
-- Times are whole seconds since 1970-01-01 UTC: unix_timestamp().
-- Lists are words separated by spaces, or a JSON array of strings.
-- Texts are equal when their bytes are: no case is folded, no space at an end is passed over.

-- One row: the version of these tables, and the number of the last change.
CREATE TABLE IF NOT EXISTS api_schema (
    id       INT PRIMARY KEY CHECK (id = 1),
    version  INT NOT NULL,
    revision BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What a client has booked. A key without a rate_limit of its own takes its plan's.
CREATE TABLE IF NOT EXISTS api_plans (
    name       VARCHAR(255) PRIMARY KEY CHECK (name <> ''),
    rate_limit VARCHAR(255) NOT NULL,       -- "1000/h 20000/day"
    note       TEXT
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- The keys. A key itself is nowhere: what is stored is its SHA-256 (or HMAC-SHA-256 under a pepper),
-- or for an imported one its bcrypt hash, found by the key's first 8 characters in key_prefix.
CREATE TABLE IF NOT EXISTS api_keys (
    id                BIGINT AUTO_INCREMENT PRIMARY KEY,
    key_hash          VARCHAR(80) NOT NULL UNIQUE, -- 64 lower-case hex digits, or bcrypt's "$2y$10$..."
    key_prefix        VARCHAR(255) NOT NULL,       -- what may be shown of the key: "agk_0uN4kLm2"
    client_name       VARCHAR(255) NOT NULL CHECK (client_name NOT IN ('', 'anonymous')),
    client_email      VARCHAR(320),
    permissions       TEXT,                 -- scopes: "orders:read orders:write"
    roles             TEXT,
    allowed_ips       TEXT,                 -- NULL: any address; '': none; "10.0.0.0/8 2001:db8::/32"
    allowed_endpoints TEXT,                 -- NULL: any; '': none; ["GET /api/orders/*", "/api/me"]
    rate_limit        VARCHAR(255),         -- NULL: the plan's, else the server's
    plan              VARCHAR(255),
    created_at        BIGINT NOT NULL DEFAULT (unix_timestamp()),
    expires_at        BIGINT,               -- NULL: never
    is_active         INT NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)), -- 0: revoked
    rotated_to        BIGINT,               -- the key that takes this one's place
    grace_until       BIGINT,
    metadata          TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    CONSTRAINT api_keys_key_hash CHECK (
        (char_length(key_hash) = 64 AND key_hash REGEXP '^[0-9a-f]{64}')
        OR (char_length(key_hash) = 60
            AND key_hash REGEXP '^[$]2[aby][$][0-9]{2}[$][./0-9A-Za-z]{53}')),
    FOREIGN KEY (plan) REFERENCES api_plans (name) ON UPDATE CASCADE,
    FOREIGN KEY (rotated_to) REFERENCES api_keys (id),
    INDEX api_keys_prefix (key_prefix),
    INDEX api_keys_client (client_name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What `apiguardctl key create --template NAME` fills in.
CREATE TABLE IF NOT EXISTS api_templates (
    name              VARCHAR(255) PRIMARY KEY CHECK (name <> ''),
    permissions       TEXT,
    roles             TEXT,
    allowed_ips       TEXT,
    allowed_endpoints TEXT,
    rate_limit        VARCHAR(255),
    plan              VARCHAR(255),
    expires_in        BIGINT CHECK (expires_in > 0), -- seconds; NULL: the tool's default
    note              TEXT,
    FOREIGN KEY (plan) REFERENCES api_plans (name) ON UPDATE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Named sets of networks.
CREATE TABLE IF NOT EXISTS api_ip_lists (
    list        VARCHAR(255) NOT NULL CHECK (list <> ''),
    cidr        VARCHAR(64) NOT NULL CHECK (cidr <> ''),
    note        TEXT,
    created_at  BIGINT NOT NULL DEFAULT (unix_timestamp()),
    expires_at  BIGINT,
    reviewed_at BIGINT,
    PRIMARY KEY (list, cidr)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- When an entry of a list last let somebody in or kept him out. No trigger watches it.
CREATE TABLE IF NOT EXISTS api_ip_matches (
    list          VARCHAR(255) NOT NULL,
    cidr          VARCHAR(64) NOT NULL,
    last_match_at BIGINT NOT NULL,
    PRIMARY KEY (list, cidr)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Tokens refused before they expire: the `jti`, or the SHA-256 in hex of a token without one.
CREATE TABLE IF NOT EXISTS api_revoked_tokens (
    token      VARCHAR(700) PRIMARY KEY CHECK (token <> ''),
    expires_at BIGINT NOT NULL      -- from then on the row is needed no more
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- How much a key was used: a row for each day (its first second, UTC). No trigger watches it.
CREATE TABLE IF NOT EXISTS api_usage (
    key_id       BIGINT NOT NULL,
    day          BIGINT NOT NULL CHECK (day % 86400 = 0),
    requests     BIGINT NOT NULL DEFAULT 0,
    denied       BIGINT NOT NULL DEFAULT 0,
    last_used_at BIGINT,
    PRIMARY KEY (key_id, day),
    FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Who still calls what is deprecated (ApiGuardDeprecated), by section, client and day. No trigger watches it.
CREATE TABLE IF NOT EXISTS api_deprecated_usage (
    section      VARCHAR(255) NOT NULL,
    kind         VARCHAR(32) NOT NULL,    -- of the credential: key, jwt, anonymous
    client       VARCHAR(255) NOT NULL,
    day          BIGINT NOT NULL CHECK (day % 86400 = 0),
    requests     BIGINT NOT NULL DEFAULT 0,
    refused      BIGINT NOT NULL DEFAULT 0,
    last_used_at BIGINT,
    PRIMARY KEY (section, kind, client, day)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Where each server keeps its notice file: what `apiguardctl` touches so that the servers of its
-- own machine need not wait for their next look into the change log. No trigger watches it.
CREATE TABLE IF NOT EXISTS api_nodes (
    host    VARCHAR(255) NOT NULL,
    notice  VARCHAR(500) NOT NULL,          -- the file's path on that host
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (host, notice)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE OR REPLACE VIEW api_keys_overview AS
SELECT k.id, k.key_prefix, k.client_name, k.client_email, k.permissions, k.roles, k.plan,
       k.created_at, k.expires_at, k.is_active,
       max(u.last_used_at) AS last_used_at,
       coalesce(sum(u.requests), 0) AS requests,
       coalesce(sum(u.denied), 0) AS denied
FROM api_keys k LEFT JOIN api_usage u ON u.key_id = k.id
GROUP BY k.id;

-- The change log. Every server reads what is new in it once a second and forgets just those keys, so
-- it does not matter who changed a row, or with what. Numbers follow each other without a gap.
-- key_hash is what changed: the stored hash of a key, or "list:NAME" of an address list.
CREATE TABLE IF NOT EXISTS api_changes (
    revision   BIGINT PRIMARY KEY,
    key_hash   VARCHAR(300) NOT NULL,
    changed_at BIGINT NOT NULL DEFAULT (unix_timestamp()),
    INDEX api_changes_age (changed_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- FOR UPDATE locks the one row until the transaction ends. So a change with a higher number is never
-- seen before one with a lower number, and a server that has read up to N has missed nothing below.
-- (AUTO_INCREMENT would not do: two transactions may commit in the other order.)
DELIMITER //
-- Once a minute is enough, and a transaction of a million changes must not look a million times among
-- what it has deleted itself.
-- A server that slept through more than a day of changes finds a gap and forgets all keys.
CREATE OR REPLACE PROCEDURE api_prune_changes() MODIFIES SQL DATA
BEGIN
    IF coalesce(@api_pruned, 0) <> unix_timestamp() DIV 60 THEN
        SET @api_pruned = unix_timestamp() DIV 60;
        DELETE FROM api_changes WHERE changed_at < unix_timestamp() - 86400;
    END IF;
END//

CREATE OR REPLACE PROCEDURE api_note_change(what VARCHAR(300) CHARACTER SET utf8mb4
                                            COLLATE utf8mb4_nopad_bin)
MODIFIES SQL DATA
BEGIN
    DECLARE number BIGINT;
    SELECT revision + 1 INTO number FROM api_schema WHERE id = 1 FOR UPDATE;
    INSERT INTO api_changes (revision, key_hash) VALUES (number, what);
    UPDATE api_schema SET revision = number WHERE id = 1;
    CALL api_prune_changes();
END//

CREATE OR REPLACE PROCEDURE api_note_plan(old_name VARCHAR(255) CHARACTER SET utf8mb4
                                          COLLATE utf8mb4_nopad_bin,
                                          new_name VARCHAR(255) CHARACTER SET utf8mb4
                                          COLLATE utf8mb4_nopad_bin)
MODIFIES SQL DATA
BEGIN
    DECLARE number BIGINT;
    SELECT revision INTO number FROM api_schema WHERE id = 1 FOR UPDATE;
    INSERT INTO api_changes (revision, key_hash)
        SELECT number + row_number() OVER (ORDER BY id), key_hash FROM api_keys
        WHERE plan IN (old_name, new_name);
    UPDATE api_schema SET revision = number + row_count() WHERE id = 1;
    CALL api_prune_changes();
END//

CREATE OR REPLACE TRIGGER api_keys_updated AFTER UPDATE ON api_keys FOR EACH ROW BEGIN
    CALL api_note_change(NEW.key_hash);
    IF OLD.key_hash <> NEW.key_hash THEN
        CALL api_note_change(OLD.key_hash);
    END IF;
END//

CREATE OR REPLACE TRIGGER api_ip_lists_updated AFTER UPDATE ON api_ip_lists FOR EACH ROW BEGIN
    CALL api_note_change(concat('list:', NEW.list));
    IF OLD.list <> NEW.list THEN
        CALL api_note_change(concat('list:', OLD.list));
    END IF;
END//
DELIMITER ;

CREATE OR REPLACE TRIGGER api_keys_inserted AFTER INSERT ON api_keys FOR EACH ROW
    CALL api_note_change(NEW.key_hash);

CREATE OR REPLACE TRIGGER api_keys_deleted AFTER DELETE ON api_keys FOR EACH ROW
    CALL api_note_change(OLD.key_hash);

CREATE OR REPLACE TRIGGER api_plans_inserted AFTER INSERT ON api_plans FOR EACH ROW
    CALL api_note_plan(NEW.name, NEW.name);

CREATE OR REPLACE TRIGGER api_plans_updated AFTER UPDATE ON api_plans FOR EACH ROW
    CALL api_note_plan(OLD.name, NEW.name);

CREATE OR REPLACE TRIGGER api_plans_deleted AFTER DELETE ON api_plans FOR EACH ROW
    CALL api_note_plan(OLD.name, OLD.name);

CREATE OR REPLACE TRIGGER api_ip_lists_inserted AFTER INSERT ON api_ip_lists FOR EACH ROW
    CALL api_note_change(concat('list:', NEW.list));

CREATE OR REPLACE TRIGGER api_ip_lists_deleted AFTER DELETE ON api_ip_lists FOR EACH ROW
    CALL api_note_change(concat('list:', OLD.list));

INSERT IGNORE INTO api_schema (id, version, revision) VALUES (1, 3, 0);
