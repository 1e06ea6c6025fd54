/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema: the files of conf/schema as texts in the program. script/embed writes them when building.
 */
#ifndef AG_SCHEMA_H
#define AG_SCHEMA_H

extern const char ag_schema_mariadb[];
extern const char ag_schema_mariadb_2_to_3[];
extern const char ag_schema_mariadb_3_to_4[];
extern const char ag_schema_pgsql[];
extern const char ag_schema_pgsql_1_to_2[];
extern const char ag_schema_pgsql_2_to_3[];
extern const char ag_schema_pgsql_3_to_4[];
extern const char ag_schema_sqlite[];
extern const char ag_schema_sqlite_1_to_2[];
extern const char ag_schema_sqlite_2_to_3[];
extern const char ag_schema_sqlite_3_to_4[];

#endif
