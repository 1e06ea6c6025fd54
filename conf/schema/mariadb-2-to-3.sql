-- SPDX-License-Identifier: Apache-2.0
--
-- From version 2 of the tables to version 3, for MariaDB: only a table is new. It is made here, too, since the version
-- must not come before it. `apiguardctl init` runs this text and then mariadb.sql; by hand:
--
--     mariadb DATABASE < mariadb-2-to-3.sql && mariadb DATABASE < mariadb.sql

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

UPDATE api_schema SET version = 3;
