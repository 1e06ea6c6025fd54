/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_file: the tool is often root, and a SQLite file lies in a directory that the server's user may write
 * to. Whoever has taken over the server could put links under the names of the file and of those that SQLite
 * makes beside it, and root would give away or overwrite what they lead to. So a file is given away only when
 * it is certainly one of ours, by its descriptor; and while SQLite is at work the tool is not root but the
 * user whose files these are.
 */
#include "sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "way.h"

#define OURS 02770 /* a directory that init or the installation made for a database */

/* How a database begins, and what SQLite makes beside it (https://sqlite.org/fileformat2.html, walformat.html). */
static const char sqlite_magic[] = "SQLite format 3"; /* with its NUL */
static const unsigned char wal_magic[] = {0x37, 0x7f, 0x06};
static const apr_uint32_t shm_magic = 3007000;
static const unsigned char journal_magic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};

static const char *trouble(const char *what, const char *path, apr_pool_t *p)
{
    return apr_psprintf(p, "%s %s: %s", what, path, strerror(errno));
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* ---- making and giving away ------------------------------------------------------------------ */

/* Rights and owner by descriptor: nobody can put another file under the name in between. */
static const char *hand_over(int fd, const char *path, mode_t mode, const struct passwd *owner, apr_pool_t *p)
{
    if (owner && fchown(fd, owner->pw_uid, owner->pw_gid) != 0) {
        return trouble("cannot give away", path, p);
    }
    return fchmod(fd, mode) == 0 ? NULL : trouble("cannot set the rights of", path, p);
}

static int is_roots_link(const char *dir)
{
    struct stat info;

    return lstat(dir, &info) == 0 && S_ISLNK(info.st_mode) && info.st_uid == 0;
}

/* A directory that was there before stays as it is, unless it was made for this and nobody has it yet. */
static const char *make_directory(int *fd, const char *dir, const struct passwd *owner, apr_pool_t *p)
{
    int is_new = mkdir(dir, 0770) == 0, flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    struct stat info;

    if (!is_new && errno != EEXIST) {
        return trouble("cannot make the directory", dir, p);
    }
    if (geteuid() == 0 && (is_new || !is_roots_link(dir))) {
        flags |= O_NOFOLLOW;
    }
    *fd = open(dir, flags);
    if (*fd < 0 || fstat(*fd, &info) != 0) {
        return trouble("cannot open the directory", dir, p);
    }
    if (is_new || (owner && info.st_uid == geteuid() && (info.st_mode & 07777) == OURS)) {
        return hand_over(*fd, dir, OURS, owner, p);
    }
    return NULL;
}

/* Empty, or begins so: what else root has left in that directory may be a secret, and whoever may write there
 * can give it any name. */
static int is_sqlite(int fd, const void *magic, apr_size_t size)
{
    char start[sizeof sqlite_magic];
    ssize_t n = pread(fd, start, size, 0);

    return n == 0 || (n == (ssize_t)size && memcmp(start, magic, size) == 0);
}

static const char *refusal(const struct stat *info, const struct passwd *owner)
{
    return !S_ISREG(info->st_mode)                                       ? "is no regular file"
           : info->st_nlink != 1                                         ? "has another name somewhere (a hard link)"
           : owner && info->st_uid != 0 && info->st_uid != owner->pw_uid ? "belongs to somebody else"
                                                                         : NULL;
}

/* Opens what is there under a name, when it is fit to be given away. NULL and *fd -1: there is nothing. */
static const char *open_old(int *fd, int dir, const char *name, const char *path, const struct passwd *owner,
                            apr_pool_t *p)
{
    struct stat info;
    const char *wrong;

    *fd = -1;
    if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? NULL : trouble("cannot look at", path, p);
    }
    wrong = refusal(&info, owner); /* before it is opened, since to open a device may do something */
    if (!wrong) {
        *fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (*fd < 0 || fstat(*fd, &info) != 0) {
            return trouble("cannot open", path, p);
        }
        wrong = refusal(&info, owner);
    }
    return wrong ? apr_psprintf(p, "%s %s; it is left alone", path, wrong) : NULL;
}

/* Makes the file, or with an owner gives him the one that is there. */
static const char *make_file(int dir, const char *path, const struct passwd *owner, apr_pool_t *p)
{
    const char *name = name_of(path), *error;
    int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
    int is_new = fd >= 0;

    if (!is_new && errno != EEXIST) {
        return trouble("cannot open", path, p);
    }
    error = is_new ? NULL : open_old(&fd, dir, name, path, owner, p);
    if (!error && fd >= 0 && !is_new && owner && !is_sqlite(fd, sqlite_magic, sizeof sqlite_magic)) {
        error = apr_psprintf(p, "%s is no SQLite database; it is left alone", path);
    }
    if (!error && fd >= 0 && (is_new || owner)) {
        error = hand_over(fd, path, 0660, owner, p);
    }
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

/* What SQLite left beside it when root used the database last. */
static const char *give_rest(int dir, const char *path, const struct passwd *owner, apr_pool_t *p)
{
    static const struct {
        const char *end;
        const void *magic;
        apr_size_t size;
    } all[] = {{"-wal", wal_magic, sizeof wal_magic},
               {"-shm", &shm_magic, sizeof shm_magic},
               {"-journal", journal_magic, sizeof journal_magic}};
    const char *error = NULL;
    int i, fd;

    for (i = 0; i < 3 && !error; i++) {
        const char *rest = apr_pstrcat(p, path, all[i].end, NULL);

        error = open_old(&fd, dir, name_of(rest), rest, owner, p);
        if (!error && fd >= 0 && !is_sqlite(fd, all[i].magic, all[i].size)) {
            error = apr_psprintf(p, "%s is none of SQLite's files; it is left alone", rest);
        }
        if (!error && fd >= 0) {
            error = hand_over(fd, rest, 0660, owner, p);
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    return error;
}

/* ---- who works on it ------------------------------------------------------------------------- */

/* SQLite opens these by their names, and would wait at a FIFO for ever. */
static const char *beside(const char *path, apr_pool_t *p)
{
    static const char *const names[] = {"-wal", "-shm", "-journal"};
    struct stat info;
    int i;

    for (i = 0; i < (int)(sizeof names / sizeof *names); i++) {
        const char *name = apr_pstrcat(p, path, names[i], NULL);

        if (lstat(name, &info) == 0 && refusal(&info, NULL)) {
            return apr_psprintf(p, "%s %s", name, refusal(&info, NULL));
        }
    }
    return NULL;
}

/* Whose rights suffice: the file's owner's; of a file of root's, those of who rules over its name. *uid 0:
 * root himself, since nobody else has a say there. */
static const char *choose(uid_t *uid, gid_t *gid, const char *path, apr_pool_t *p)
{
    const char *dir = ag_way_directory(path, p);
    struct stat file, at;

    if (lstat(path, &file) != 0 || stat(dir, &at) != 0) {
        return trouble("cannot look at", path, p);
    }
    if (S_ISLNK(file.st_mode)) {
        return apr_psprintf(p, "%s is a link; root uses the file by its own name", path);
    }
    if (refusal(&file, NULL)) {
        return apr_psprintf(p, "%s %s", path, refusal(&file, NULL));
    }
    if (beside(path, p)) {
        return beside(path, p);
    }
    *uid = file.st_uid ? file.st_uid : at.st_uid;
    *gid = file.st_uid ? file.st_gid : at.st_gid;
    if (*uid) {
        return ag_way_stranger(dir, *uid, p);
    }
    return (ag_way_is_roots(dir, p) && ag_way_are_roots(dir, 0, p))
               ? NULL
               : apr_psprintf(p,
                              "others than root may write to %s or above it, and %s is root's, so root does not "
                              "work there; `apiguardctl init --owner USER` gives it to the user httpd runs as",
                              dir, path);
}

/* The user as whom root works on the file; uid 0 before that. */
static struct {
    uid_t uid;
    gid_t gid;
} became;

/* A user without a name, as containers have them, is in one group. */
static int become(uid_t uid, gid_t gid)
{
    const struct passwd *user = getpwuid(uid);

    if (user ? initgroups(user->pw_name, user->pw_gid) : setgroups(0, NULL)) {
        return 0;
    }
    became.uid = uid;
    became.gid = user ? user->pw_gid : gid;
    return setegid(became.gid) == 0 && seteuid(uid) == 0 && geteuid() == uid;
}

/* Where others may change the way, the one who gets the files makes them himself. */
static const char *make_as(const char *dir, const struct passwd *owner, apr_pool_t *p)
{
    struct stat info;
    const char *error;

    if (geteuid() != 0 || ag_way_is_roots(dir, p)) {
        return NULL;
    }
    if (!owner || owner->pw_uid == 0) {
        return apr_psprintf(p,
                            "others than root may change where %s leads, so root makes nothing there; "
                            "`apiguardctl init --owner USER` does it with the rights of the user httpd runs as",
                            dir);
    }
    error = ag_way_stranger(lstat(dir, &info) == 0 ? dir : ag_way_directory(dir, p), owner->pw_uid, p);
    if (error) {
        return error;
    }
    return become(owner->pw_uid, owner->pw_gid) ? NULL : trouble("root's rights cannot be given up for", dir, p);
}

const char *ag_sqlite_make(const char *path, const struct passwd *owner, apr_pool_t *p)
{
    int fd = -1;
    const char *error = make_as(ag_way_directory(path, p), owner, p);

    error = error ? error : make_directory(&fd, ag_way_directory(path, p), owner, p);
    error = error ? error : make_file(fd, path, owner, p);
    if (!error && owner) {
        error = give_rest(fd, path, owner, p);
    }
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

const char *ag_sqlite_step_down(const char *path, apr_pool_t *p)
{
    uid_t uid = 0;
    gid_t gid = 0;
    const char *error = geteuid() == 0 ? choose(&uid, &gid, path, p) : NULL;

    if (error || uid == 0) {
        return error;
    }
    return become(uid, gid) ? NULL : trouble("root's rights cannot be given up for", path, p);
}

void ag_sqlite_step_up(void)
{
    if (became.uid && seteuid(0) == 0 && setegid(0) == 0) {
        setgroups(0, NULL);
    }
}

/* A failure here ends the process: the tool never goes on as root. */
void ag_sqlite_step_back(void)
{
    if (became.uid && geteuid() == 0 && !become(became.uid, became.gid)) {
        _exit(EXIT_FAILURE);
    }
}

const char *ag_sqlite_denied(const char *path, apr_pool_t *p)
{
    const char *what[] = {path, ag_way_directory(path, p)};
    const struct passwd *user = getpwuid(geteuid());
    int i;

    for (i = 0; i < 2; i++) {
        if (faccessat(AT_FDCWD, what[i], R_OK | W_OK, AT_EACCESS) != 0 && errno == EACCES) {
            return apr_psprintf(p, "%s: permission denied for %s%s", what[i],
                                user ? apr_pstrdup(p, user->pw_name) : "this user",
                                i ? ", and SQLite keeps two more files there" : "");
        }
    }
    return NULL;
}
