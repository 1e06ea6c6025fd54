/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change_signal: see change_signal.h. The file is written by nobody but its owner, the user that starts the server
 * (root, as a rule), and is never made shorter: a mapping of what is not there any more would kill
 * the server.
 */
#include "change_signal.h"

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

#define MAGIC  "mod_apiguard signal 1\n" /* changes with the layout */
#define PREFIX "apiguard."
#define SUFFIX ".signal"

typedef struct {
    char magic[64];
    apr_uint64_t words[];
} signal_t;

int ag_change_signal_room(int n)
{
    int room = AG_CHANGE_SIGNAL_WORDS;

    while (room < n && room < AG_CHANGE_SIGNAL_MOST) {
        room *= 2;
    }
    return room;
}

static off_t size_of(int room)
{
    return (off_t)(sizeof(signal_t) + (apr_size_t)room * sizeof(apr_uint64_t));
}

/* How many words a file of that size has; 0: it is none of ours. */
static int room_of(off_t size)
{
    int room = AG_CHANGE_SIGNAL_WORDS;

    while (room < AG_CHANGE_SIGNAL_MOST && size_of(room) < size) {
        room *= 2;
    }
    return size_of(room) == size ? room : 0;
}

const char *ag_change_signal_file(pid_t server, apr_pool_t *p)
{
    return apr_psprintf(p, PREFIX "%ld" SUFFIX, (long)server);
}

const char *ag_change_signal_name(const char *path, int word, apr_pool_t *p)
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

int ag_change_signal_is_dead(const char *name)
{
    const char *file = strrchr(name, '/');
    pid_t pid = server_of(file ? file + 1 : name);

    return pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

/* Room on the disk is taken now: a word that cannot be written later would not be told. */
static apr_status_t map(const apr_uint64_t **words, int fd, int room)
{
    apr_status_t rv = posix_fallocate(fd, 0, size_of(room));
    void *at;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    at = mmap(NULL, (size_t)size_of(room), PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        return errno;
    }
    *words = ((const signal_t *)at)->words;
    return APR_SUCCESS;
}

static apr_status_t write_magic(int fd)
{
    char magic[sizeof(signal_t)] = MAGIC;

    return write(fd, magic, sizeof magic) == (ssize_t)sizeof magic ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t ag_change_signal_make(const apr_uint64_t **words, int room, const char *path)
{
    apr_status_t rv;
    int fd;

    unlink(path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    rv = write_magic(fd);
    rv = rv == APR_SUCCESS ? map(words, fd, room) : rv;
    close(fd);
    if (rv != APR_SUCCESS) {
        unlink(path);
    }
    return rv;
}

void ag_change_signal_tidy(const char *directory, apr_pool_t *p)
{
    apr_finfo_t info;
    apr_dir_t *dir;

    if (apr_dir_open(&dir, directory, p) != APR_SUCCESS) {
        return;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (ag_change_signal_is_dead(info.name)) {
            unlink(apr_pstrcat(p, directory, "/", info.name, NULL));
        }
    }
    apr_dir_close(dir);
}

static int is_plain(const struct stat *info)
{
    return S_ISREG(info->st_mode) && room_of(info->st_size);
}

apr_status_t ag_change_signal_grow(const apr_uint64_t **words, int from, int to, const char *path)
{
    const apr_uint64_t *before = *words;
    struct stat info;
    apr_status_t rv;
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        return errno;
    }
    rv = fstat(fd, &info) == 0 && is_plain(&info) && info.st_size == size_of(from) ? map(words, fd, to) : APR_EINVAL;
    close(fd);
    if (rv == APR_SUCCESS) {
        munmap((void *)((apr_uintptr_t)before - offsetof(signal_t, words)), (size_t)size_of(from));
    }
    return rv;
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
    return colon[1] < '0' || colon[1] > '9' || *end || word >= AG_CHANGE_SIGNAL_MOST ? -1 : (int)word;
}

/* Another word than any before: a counter would lose one of two tools that count at once. */
static apr_status_t write_word(int fd, int word)
{
    char magic[sizeof MAGIC];
    apr_uint64_t value;
    apr_status_t rv;

    if (pread(fd, magic, sizeof magic, 0) != (ssize_t)sizeof magic || memcmp(magic, MAGIC, sizeof magic) != 0) {
        return APR_EINVAL;
    }
    rv = ag_random(&value, sizeof value);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return pwrite(fd, &value, sizeof value, (off_t)(offsetof(signal_t, words) + (size_t)word * sizeof value))
                   == (ssize_t)sizeof value
               ? APR_SUCCESS
               : APR_EGENERAL;
}

/* Looked at before it is opened, since to open a device may do something, and again after. */
apr_status_t ag_change_signal_touch(const char *name, apr_pool_t *p)
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
    rv = fstat(fd, &info) == 0 && is_plain(&info) && word < room_of(info.st_size) ? write_word(fd, word) : APR_EINVAL;
    close(fd);
    return rv;
}
