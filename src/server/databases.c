/* SPDX-License-Identifier: Apache-2.0 */
/*
 * databases: which database each virtual host uses, found out once from the lines of the configuration.
 * Thousands of hosts mostly use one; what has to be done for a database (read its change log, write usage
 * down, look for its tables) is done once for it and not once for each host.
 *
 * Two hosts have one database when mod_dbd would open it by the same driver and parameters and begin with
 * the same statements. Where that cannot be told a host has a database of its own, so a key that is good
 * in one is never a hit in another.
 */
#include "server.h"

/* What mod_dbd is told; a later line replaces an earlier one, but for statements, which add up. */
typedef struct {
    const char *driver, *params; /* NULL: nothing is said */
    const char *statements;      /* to begin with */
    const char *pool;            /* all other lines: how many connections, and so on */
} lines_t;

/* While they are found. */
typedef struct {
    lines_t main;
    apr_hash_t *hosts;     /* lines_t of each <VirtualHost>, by the place of its line */
    apr_hash_t *databases; /* ag_database_t, by id */
    apr_hash_t *keys;      /* ag_keys_t, by what tells pools of connections apart */
    apr_array_header_t *all;
    ag_id_t sum; /* of all lines so far, and of which host each is */
    apr_pool_t *pconf, *ptemp;
} finder_t;

static apr_array_header_t *databases; /* of the configuration in force */

const apr_array_header_t *ag_databases(void)
{
    return databases;
}

/* ---- the lines ------------------------------------------------------------------------------- */

static const char *add_line(const char *text, const ap_directive_t *at, apr_pool_t *p)
{
    return apr_pstrcat(p, text, at->directive, " ", at->args, "\n", NULL);
}

static void sum_up(finder_t *f, const ap_directive_t *at)
{
    char hex[2 * sizeof f->sum + 1];
    const char *text = add_line(ag_hex(hex, &f->sum, sizeof f->sum), at, f->ptemp);

    f->sum = ag_id_of(text, strlen(text));
}

static void read_line(finder_t *f, lines_t *lines, const ap_directive_t *at)
{
    if (strncasecmp(at->directive, "DBD", 3) != 0) {
        return;
    }
    sum_up(f, at);
    if (strcasecmp(at->directive, "DBDriver") == 0) {
        lines->driver = at->args;
    }
    else if (strcasecmp(at->directive, "DBDParams") == 0) {
        lines->params = at->args;
    }
    else if (strcasecmp(at->directive, "DBDInitSQL") == 0) {
        lines->statements = add_line(lines->statements, at, f->ptemp);
    }
    else {
        lines->pool = add_line(lines->pool, at, f->ptemp);
    }
}

static int is_host(const ap_directive_t *at)
{
    return strcasecmp(at->directive, "<VirtualHost") == 0;
}

/* Those from `at` on, and in sections, but not those of virtual hosts. */
static void read_lines(finder_t *f, lines_t *lines, const ap_directive_t *at)
{
    for (; at; at = at->next) {
        if (!is_host(at)) {
            read_line(f, lines, at);
            read_lines(f, lines, at->first_child);
        }
    }
}

static int is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static int are_same(const lines_t *a, const lines_t *b)
{
    return is_same(a->driver, b->driver) && is_same(a->params, b->params) && is_same(a->statements, b->statements)
           && is_same(a->pool, b->pool);
}

static const char *place_of(const char *file, unsigned line, apr_pool_t *p)
{
    return apr_psprintf(p, "%u %s", line, file ? file : "");
}

/* A file may be included several times, with other words each time: then one place has several lines, and
 * if they differ nobody knows whose they are. */
static void read_host(finder_t *f, const ap_directive_t *at)
{
    const char *place = place_of(at->filename, (unsigned)at->line_num, f->ptemp);
    lines_t *lines = apr_palloc(f->ptemp, sizeof *lines), *before;
    static lines_t unknown;

    *lines = (lines_t){NULL, NULL, "", ""};
    sum_up(f, at);
    read_lines(f, lines, at->first_child);
    before = apr_hash_get(f->hosts, place, APR_HASH_KEY_STRING);
    if (!before || !are_same(before, lines)) {
        apr_hash_set(f->hosts, place, APR_HASH_KEY_STRING, before ? &unknown : lines);
    }
}

static void read_hosts(finder_t *f, const ap_directive_t *at)
{
    for (; at; at = at->next) {
        if (is_host(at)) {
            read_host(f, at);
        }
        else {
            read_hosts(f, at->first_child);
        }
    }
}

/* The lines in force for a server. 0: nobody knows. */
static int lines_of(lines_t *lines, const finder_t *f, const server_rec *s)
{
    const lines_t *own;

    *lines = f->main;
    if (!s->is_virtual) {
        return 1;
    }
    own = apr_hash_get(f->hosts, place_of(s->defn_name, s->defn_line_number, f->ptemp), APR_HASH_KEY_STRING);
    if (!own || !own->statements) {
        return 0;
    }
    lines->driver = own->driver ? own->driver : lines->driver;
    lines->params = own->params ? own->params : lines->params;
    lines->statements = apr_pstrcat(f->ptemp, lines->statements, own->statements, NULL);
    lines->pool = apr_pstrcat(f->ptemp, lines->pool, own->pool, NULL);
    return 1;
}

/* ---- databases ------------------------------------------------------------------------------- */

static ag_id_t id_of(const finder_t *f, const lines_t *lines)
{
    const char *text = apr_pstrcat(f->ptemp, "database\n", lines->driver ? lines->driver : "", "\n",
                                   lines->params ? lines->params : "", "\n", lines->statements, NULL);

    return ag_id_of(text, strlen(text));
}

/* Of a server whose lines nobody knows: by its name, its port and how many there were before. After a
 * reload it is another one wherever any line is, since that may have given it another database, whose keys
 * nobody may find in the cache. */
static ag_id_t own_id(const finder_t *f, const server_rec *s, int number)
{
    char hex[2 * sizeof f->sum + 1];
    const char *text = apr_psprintf(f->ptemp, "own\n%s\n%u\n%d\n%s", s->server_hostname, (unsigned)s->port, number,
                                    ag_hex(hex, &f->sum, sizeof f->sum));

    return ag_id_of(text, strlen(text));
}

static void *find(apr_hash_t *in, const ag_id_t *id)
{
    return apr_hash_get(in, id, sizeof *id);
}

static ag_database_t *database_of(finder_t *f, ag_id_t id, server_rec *s)
{
    ag_database_t *database = find(f->databases, &id);

    if (!database) {
        database = apr_pcalloc(f->pconf, sizeof *database);
        database->id = id;
        database->server = s;
        database->stores = apr_array_make(f->pconf, 1, sizeof(ag_key_store_t *));
        apr_hash_set(f->databases, &database->id, sizeof database->id, database);
        APR_ARRAY_PUSH(f->all, ag_database_t *) = database;
    }
    return database;
}

/* Hosts that differ in how many connections they may have do not share connections. */
static ag_keys_t *keys_of(finder_t *f, ag_id_t id, const lines_t *lines, server_rec *s)
{
    ag_id_t *pool = apr_palloc(f->ptemp, sizeof *pool);
    ag_keys_t *keys;

    *pool = ag_id_mix(id, ag_id_of(lines->pool, strlen(lines->pool)));
    keys = find(f->keys, pool);
    if (!keys) {
        keys = apr_pcalloc(f->pconf, sizeof *keys);
        ag_dbd_port(&keys->db, s);
        apr_hash_set(f->keys, pool, sizeof *pool, keys);
    }
    return keys;
}

static void find_one(finder_t *f, server_rec *s)
{
    ag_server_t *record = ag_server_of(s);
    lines_t lines;
    int known = lines_of(&lines, f, s);
    ag_id_t id = known ? id_of(f, &lines) : own_id(f, s, f->all->nelts);

    record->database = database_of(f, id, s);
    if (known) {
        record->database->driver = lines.driver ? lines.driver : "";
        record->database->params = lines.params ? lines.params : "";
    }
    record->keys = keys_of(f, id, &lines, s);
    record->database->keys = record->database->keys ? record->database->keys : record->keys;
}

void ag_records_own(server_rec *s, apr_pool_t *pconf)
{
    for (; s; s = s->next) {
        ap_set_module_config(s->module_config, &apiguard_module,
                             apr_pmemdup(pconf, ag_server_of(s), sizeof(ag_server_t)));
    }
}

void ag_databases_find(server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    finder_t f = {{NULL, NULL, "", ""},
                  apr_hash_make(ptemp),
                  apr_hash_make(ptemp),
                  apr_hash_make(ptemp),
                  apr_array_make(pconf, 1, sizeof(ag_database_t *)),
                  {0, 0},
                  pconf,
                  ptemp};

    read_lines(&f, &f.main, ap_conftree);
    read_hosts(&f, ap_conftree);
    for (; s; s = s->next) {
        find_one(&f, s);
    }
    databases = f.all;
}
