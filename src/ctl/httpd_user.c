/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd_user: as whom httpd runs on this machine: the user of the children of a server that root has started, else
 * the one that a system's package of httpd has brought along. It is only ever proposed, never used by itself.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "ctl.h"

/* Debian, Fedora, Arch and Alpine, SUSE. */
static const char *const usual[] = {"www-data", "apache", "http", "wwwrun", NULL};

static int is_httpd(const char *pid, apr_pool_t *p)
{
    FILE *file = fopen(apr_pstrcat(p, "/proc/", pid, "/comm", NULL), "r");
    char name[32] = "";

    if (!file) {
        return 0;
    }
    if (!fgets(name, sizeof name, file)) {
        *name = '\0';
    }
    fclose(file);
    return strcmp(name, "httpd\n") == 0 || strcmp(name, "apache2\n") == 0;
}

/* Of that process; "0" when nobody knows. */
static const char *parent_of(const char *pid, apr_pool_t *p)
{
    FILE *file = fopen(apr_pstrcat(p, "/proc/", pid, "/stat", NULL), "r");
    long parent = 0;

    if (file && fscanf(file, "%*d (%*[^)]) %*c %ld", &parent) != 1) {
        parent = 0;
    }
    if (file) {
        fclose(file);
    }
    return apr_psprintf(p, "%ld", parent);
}

/* A process that is called so and is root's, or is not: anybody can call his own so. */
static int is_server(const char *pid, int is_root, struct stat *info, apr_pool_t *p)
{
    return stat(apr_pstrcat(p, "/proc/", pid, NULL), info) == 0 && (info->st_uid == 0) == is_root && is_httpd(pid, p);
}

/* A process of httpd's that is not root's, and whose parent is: the name of its user. */
static const char *user_of(const char *pid, apr_pool_t *p)
{
    const struct passwd *user;
    struct stat info, parent;

    if (*pid < '1' || *pid > '9' || !is_server(pid, 0, &info, p) || !is_server(parent_of(pid, p), 1, &parent, p)) {
        return NULL;
    }
    user = getpwuid(info.st_uid);
    return user ? apr_pstrdup(p, user->pw_name) : NULL;
}

const char *ag_ctl_httpd_user(apr_pool_t *p)
{
    const char *found = NULL;
    apr_finfo_t info;
    apr_dir_t *dir;
    int i;

    if (apr_dir_open(&dir, "/proc", p) == APR_SUCCESS) {
        while (!found && apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
            found = user_of(info.name, p);
        }
        apr_dir_close(dir);
    }
    for (i = 0; !found && usual[i]; i++) {
        found = getpwnam(usual[i]) ? usual[i] : NULL;
    }
    return found;
}
