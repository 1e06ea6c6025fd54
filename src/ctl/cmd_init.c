/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init: makes or upgrades the tables, and for SQLite makes the file they lie in. SQLite keeps two more files beside
 * it while it is in use, so whoever reads the database must be able to write to its directory: both
 * belong to the server's user, 2770 and 0660.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "sqlite_file.h"

typedef struct {
    const char *owner;
} init_options_t;

static const ag_opt_t init_options[] = {
    {"owner", AG_OPT_TEXT, offsetof(init_options_t, owner), "USER",
     "SQLite: to whom the file and a new directory belong; the user httpd runs as"},
    {0},
};

static int make_sqlite(const char *path, const char *user, apr_pool_t *p)
{
    const struct passwd *owner = user ? getpwnam(user) : NULL;
    const char *error;

    if (user && !owner) {
        return ag_ctl_fail(AG_EXIT_USAGE, "--owner: there is no user \"%s\"", user);
    }
    error = ag_sqlite_make(path, owner, p);
    return error ? ag_ctl_fail(AG_EXIT_DATABASE, "%s", error) : AG_EXIT_OK;
}

/* What root makes for himself httpd's children cannot open. */
static void warn_of_root(const char *path, apr_pool_t *p)
{
    const char *user = ag_ctl_httpd_user(p);
    struct stat info;

    if (geteuid() == 0 && stat(path, &info) == 0 && info.st_uid == 0) {
        ag_ctl_fail(0, "note: %s is root's, so httpd's children cannot use it; run init again with --owner %s%s",
                    path, user ? user : "USER", user ? ", as whom httpd runs here" : ", the user httpd runs as");
    }
}

static void report(const ag_ctl_t *ctl, const char *driver, const ag_upgrade_t *done)
{
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:b, s:s, s:i, s:i}", "ready", 1, "driver", driver, "version", done->to,
                              "version_before", done->from));
    }
    else if (done->from != 0 && done->from != done->to) {
        printf("the tables are ready (%s), upgraded from version %d to %d\n", driver, done->from, done->to);
    }
    else {
        printf("the tables are ready (%s)\n", driver);
    }
}

static int init(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const init_options_t *o = options;
    const char *driver, *params;
    const char *error = ag_ctl_address(&driver, &params, ctl->address, ctl->pool);
    ag_upgrade_t done;
    int code = AG_EXIT_OK;

    (void)operands;
    error = error ? error : ag_ctl_no_schema(driver, ctl->pool);
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    if (strcmp(driver, "sqlite3") == 0) {
        code = make_sqlite(params, o->owner, ctl->pool);
    }
    else if (o->owner) {
        return ag_ctl_fail(AG_EXIT_USAGE, "--owner is for sqlite3 files");
    }
    if (code == AG_EXIT_OK) {
        code = ag_ctl_open(ctl, 0);
    }
    if (code == AG_EXIT_OK) {
        code = ag_ctl_upgrade(&done, ctl, driver);
    }
    if (code == AG_EXIT_OK) {
        report(ctl, driver, &done);
        if (strcmp(driver, "sqlite3") == 0 && !o->owner) {
            warn_of_root(params, ctl->pool);
        }
    }
    return code;
}

const ag_cmd_t ag_cmds_init[] = {
    {"init", init, init_options, sizeof(init_options_t), NULL, "make the tables; may be run again"},
    {0},
};
