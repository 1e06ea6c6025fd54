/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way: see way.h. A name is safe from somebody when neither it nor the directory it stands in is his, and no
 * link that is followed either.
 */
#include "way.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#define OTHERS 022 /* who may write besides the owner */

const char *ag_way_directory(const char *path, apr_pool_t *p)
{
    const char *slash = strrchr(path, '/');

    return !slash ? "." : slash == path ? "/" : apr_pstrmemdup(p, path, (apr_size_t)(slash - path));
}

/* May nobody but root put another thing in the place of what lies in this directory? A sticky one, such as
 * /tmp, keeps what belongs to others, but takes what is new. */
static int is_roots(const struct stat *info, int may_be_sticky)
{
    int others = (info->st_mode & OTHERS & ~(info->st_gid == 0 ? 020u : 0u)) != 0;

    return info->st_uid == 0 && (!others || (may_be_sticky && (info->st_mode & S_ISVTX)));
}

int ag_way_are_roots(const char *dir, int may_be_sticky, apr_pool_t *p)
{
    char *whole = realpath(dir, NULL);
    char *at = whole ? apr_pstrdup(p, whole) : NULL;
    struct stat info;
    int good = at != NULL;

    free(whole);
    while (good && *at) {
        char *slash = strrchr(at, '/');

        good = stat(at, &info) == 0 && is_roots(&info, may_be_sticky);
        may_be_sticky = 1;
        *slash = '\0';
    }
    return good && stat("/", &info) == 0 && is_roots(&info, 0);
}

/* 1 when nobody but root can make this one name lead elsewhere. Who has a directory in a sticky one may put
 * something else in its place. */
static int is_name_roots(const char *dir, const char *above, apr_pool_t *p)
{
    struct stat info;
    char *whole;
    int good;

    if (!ag_way_are_roots(above, 1, p)) {
        return 0;
    }
    if (lstat(dir, &info) != 0) {
        return errno == ENOENT;
    }
    if (!S_ISLNK(info.st_mode)) {
        return info.st_uid == 0 || ag_way_are_roots(above, 0, p);
    }
    whole = realpath(dir, NULL);
    good = info.st_uid == 0 && whole && ag_way_are_roots(ag_way_directory(whole, p), 1, p);
    free(whole);
    return good;
}

int ag_way_is_roots(const char *dir, apr_pool_t *p)
{
    const char *above = ag_way_directory(dir, p);

    return is_name_roots(dir, above, p) && (strcmp(above, dir) == 0 || ag_way_is_roots(above, p));
}
