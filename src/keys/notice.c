/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notice: see notice.h. The file is written by nobody but its owner, the user that starts the server
 * (root, as a rule), and is never made shorter: a mapping of what is not there any more would kill
 * the server.
 */
#include "notice.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "../base/digest.h"

#define MAGIC "mod_apiguard notice 1\n" /* changes with the layout */
#define PREFIX "apiguard."
#define SUFFIX ".notice"

typedef struct {
    char magic[64];
    apr_uint64_t words[AG_NOTICE_WORDS];
} notice_t;

const char *ag_notice_file(pid_t server, apr_pool_t *p)
{
    return apr_psprintf(p, PREFIX "%ld" SUFFIX, (long)server);
}

const char *ag_notice_name(const char *path, int word, apr_pool_t *p)
{
    return apr_psprintf(p, "%s:%d", path, word);
}

/* The process in a file's name, without directory; 0 when it is no such name. */
static pid_t server_of(const char *file)
{
    char *end;
    long pid;

    if (strncmp(file, PREFIX, strlen(PREFIX)) != 0) {
        return 0;
    }
    file += strlen(PREFIX);
    pid = strtol(file, &end, 10);
    return end == file || strncmp(end, SUFFIX, strlen(SUFFIX)) != 0 || pid <= 1 ? 0 : (pid_t)pid;
}

int ag_notice_is_dead(const char *name)
{
    const char *file = strrchr(name, '/');
    pid_t pid = server_of(file ? file + 1 : name);

    return pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

static apr_status_t map(const apr_uint64_t **words, int fd)
{
    notice_t *fresh = calloc(1, sizeof *fresh);
    apr_status_t rv = fresh ? APR_SUCCESS : APR_ENOMEM;
    void *at;

    if (rv == APR_SUCCESS) {
        memcpy(fresh->magic, MAGIC, sizeof MAGIC);
        rv = write(fd, fresh, sizeof *fresh) == (ssize_t)sizeof *fresh ? APR_SUCCESS : APR_EGENERAL;
    }
    free(fresh);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    at = mmap(NULL, sizeof(notice_t), PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        return errno;
    }
    *words = ((const notice_t *)at)->words;
    return APR_SUCCESS;
}

apr_status_t ag_notice_make(const apr_uint64_t **words, const char *path, apr_pool_t *p)
{
    apr_status_t rv;
    int fd;

    (void)p;
    unlink(path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    rv = map(words, fd);
    close(fd);
    if (rv != APR_SUCCESS) {
        unlink(path);
    }
    return rv;
}

void ag_notice_tidy(const char *directory, apr_pool_t *p)
{
    apr_finfo_t info;
    apr_dir_t *dir;

    if (apr_dir_open(&dir, directory, p) != APR_SUCCESS) {
        return;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (ag_notice_is_dead(info.name)) {
            unlink(apr_pstrcat(p, directory, "/", info.name, NULL));
        }
    }
    apr_dir_close(dir);
}

/* ---- what the tool does ---------------------------------------------------------------------- */

/* Splits "PATH:WORD"; the word's number, or -1. */
static int split(const char **path, const char *name, apr_pool_t *p)
{
    const char *colon = strrchr(name, ':');
    const char *file = strrchr(name, '/');
    char *end = NULL;
    long word;

    if (*name != '/' || !colon || file > colon || server_of(file + 1) == 0) {
        return -1;
    }
    word = strtol(colon + 1, &end, 10);
    *path = apr_pstrmemdup(p, name, (apr_size_t)(colon - name));
    return colon[1] < '0' || colon[1] > '9' || *end || word >= AG_NOTICE_WORDS ? -1 : (int)word;
}

static int is_plain(const struct stat *info)
{
    return S_ISREG(info->st_mode) && info->st_size == (off_t)sizeof(notice_t);
}

/* Another word than any before: a counter would lose one of two tools that count at once. */
static apr_status_t write_word(int fd, int word)
{
    char magic[sizeof MAGIC];
    apr_uint64_t value;
    apr_status_t rv;

    if (pread(fd, magic, sizeof magic, 0) != (ssize_t)sizeof magic
        || memcmp(magic, MAGIC, sizeof magic) != 0) {
        return APR_EINVAL;
    }
    rv = ag_random(&value, sizeof value);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return pwrite(fd, &value, sizeof value,
                  (off_t)(offsetof(notice_t, words) + (size_t)word * sizeof value))
                   == (ssize_t)sizeof value
               ? APR_SUCCESS
               : APR_EGENERAL;
}

/* Looked at before it is opened, since to open a device may do something, and again after. */
apr_status_t ag_notice_touch(const char *name, apr_pool_t *p)
{
    const char *path;
    int word = split(&path, name, p);
    struct stat info;
    apr_status_t rv;
    int fd;

    if (word < 0) {
        return APR_EINVAL;
    }
    if (lstat(path, &info) != 0) {
        return errno;
    }
    if (!is_plain(&info)) {
        return APR_EINVAL;
    }
    fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    rv = fstat(fd, &info) == 0 && is_plain(&info) ? write_word(fd, word) : APR_EINVAL;
    close(fd);
    return rv;
}
