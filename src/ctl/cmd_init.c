/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init: makes or upgrades the tables, and for SQLite makes the file they lie in. SQLite keeps two more files beside
 * it while it is in use, so whoever reads the database must be able to write to its directory: both
 * belong to the server's user, 2770 and 0660. A directory that was there before is left as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ctl.h"

typedef struct {
    const char *owner;
} init_options_t;

static const ag_opt_t init_options[] = {
    {"owner", AG_OPT_TEXT, offsetof(init_options_t, owner), "USER",
     "SQLite: to whom the file and a new directory belong; the user httpd runs as"},
    {0},
};

static int trouble(const char *what, const char *path)
{
    return ag_ctl_fail(AG_EXIT_DATABASE, "%s %s: %s", what, path, strerror(errno));
}

/* Rights and owner by descriptor: nobody can put another file under the name in between. */
static int hand_over(int fd, const char *path, mode_t mode, const struct passwd *owner)
{
    if (owner && fchown(fd, owner->pw_uid, owner->pw_gid) != 0) {
        return trouble("cannot give away", path);
    }
    if (fchmod(fd, mode) != 0) {
        return trouble("cannot set the rights of", path);
    }
    return AG_EXIT_OK;
}

static int make_directory(const char *path, const struct passwd *owner, apr_pool_t *p)
{
    const char *slash = strrchr(path, '/');
    const char *dir = !slash ? "." : apr_pstrmemdup(p, path, (apr_size_t)(slash - path));
    int fd, code;

    if (!*dir || mkdir(dir, 0770) != 0) {
        return !*dir || errno == EEXIST ? AG_EXIT_OK : trouble("cannot make the directory", dir);
    }
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return trouble("cannot open the directory", dir);
    }
    code = hand_over(fd, dir, 02770, owner);
    close(fd);
    return code;
}

/* Makes the file, or with an owner gives him the one that is there. */
static int make_file(const char *path, const struct passwd *owner)
{
    int code = AG_EXIT_OK;
    int is_new = 1;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);

    if (fd < 0 && errno == EEXIST) {
        is_new = 0;
        fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd < 0) {
        return trouble("cannot open", path);
    }
    if (is_new || owner) {
        code = hand_over(fd, path, 0660, owner);
    }
    close(fd);
    return code;
}

static int make_sqlite(const char *path, const char *user, apr_pool_t *p)
{
    const struct passwd *owner = user ? getpwnam(user) : NULL;
    int code;

    if (user && !owner) {
        return ag_ctl_fail(AG_EXIT_USAGE, "--owner: there is no user \"%s\"", user);
    }
    code = make_directory(path, owner, p);
    return code == AG_EXIT_OK ? make_file(path, owner) : code;
}

static void report(const ag_ctl_t *ctl, const char *driver, const ag_upgrade_t *done)
{
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:b, s:s, s:i, s:i}", "ready", 1, "driver", driver, "version",
                              done->to, "version_before", done->from));
    }
    else if (done->from != 0 && done->from != done->to) {
        printf("the tables are ready (%s), upgraded from version %d to %d\n", driver, done->from,
               done->to);
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
    }
    return code;
}

const ag_cmd_t ag_cmds_init[] = {
    {"init", init, init_options, sizeof(init_options_t), NULL, "make the tables; may be run again"},
    {0},
};
