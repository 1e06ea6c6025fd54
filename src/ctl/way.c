/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way: see way.h. A name is safe from somebody when neither it nor the directory it stands in is his, and no
 * link that is followed either.
 */
#include "way.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* ---- of a user's way ------------------------------------------------------------------------- */

#define LINKS 40 /* as the system: a link may lead back to itself */

static const char *user_name(uid_t uid, apr_pool_t *p)
{
    const struct passwd *user = getpwuid(uid);

    return user ? apr_pstrdup(p, user->pw_name) : apr_psprintf(p, "%lu", (unsigned long)uid);
}

/* NULL: it cannot be told. */
static const char *absolute(const char *path, apr_pool_t *p)
{
    char cwd[PATH_MAX];

    return *path == '/' ? path : getcwd(cwd, sizeof cwd) ? apr_pstrcat(p, cwd, "/", path, NULL) : NULL;
}

/* What a link leads to, and what follows it; NULL: it cannot be told. */
static const char *follow(const char *link, const char *rest, apr_pool_t *p)
{
    char target[PATH_MAX];
    ssize_t n = readlink(link, target, sizeof target - 1);

    target[n > 0 ? n : 0] = '\0';
    return n > 0 && n < (ssize_t)sizeof target - 1 ? apr_pstrcat(p, target, rest, NULL) : NULL;
}

/* `at` holds no link, so what is above it is what it says. */
static const char *next_name(const char *at, const char *name, apr_pool_t *p)
{
    const char *slash = strrchr(at, '/');

    if (strcmp(name, "..") == 0) {
        return slash ? apr_pstrmemdup(p, at, (apr_size_t)(slash - at)) : at;
    }
    return strcmp(name, ".") == 0 ? at : apr_pstrcat(p, at, "/", name, NULL);
}

const char *ag_way_stranger(const char *dir, uid_t uid, apr_pool_t *p)
{
    const char *at = "", *rest = absolute(dir, p);
    int links = 0;

    while (rest && *(rest += strspn(rest, "/"))) {
        apr_size_t n = strcspn(rest, "/");
        const char *name = next_name(at, apr_pstrmemdup(p, rest, n), p);
        struct stat info;

        rest += n;
        if (lstat(*name ? name : "/", &info) != 0) {
            return apr_psprintf(p, "cannot look at %s: %s", name, strerror(errno));
        }
        if (info.st_uid != 0 && info.st_uid != uid) {
            return apr_psprintf(p,
                                "%s, which leads to %s, belongs to %s, who could lead root elsewhere; run this as "
                                "%s, to whom the database belongs",
                                name, dir, user_name(info.st_uid, p), user_name(uid, p));
        }
        if (S_ISLNK(info.st_mode)) {
            rest = links++ < LINKS ? follow(name, rest, p) : NULL;
            name = rest && *rest == '/' ? "" : at;
        }
        at = name;
    }
    return rest ? NULL : apr_psprintf(p, "it cannot be told where %s leads", dir);
}
