/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: see control.h. A question has a number of its own; the server that has put the answer there
 * writes the number beside it, so an answer to somebody who is gone is nobody else's.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#define MAGIC  "mod_apiguard control 3\n"
#define PREFIX "apiguard."
#define SUFFIX ".control"

const char *ag_control_file(pid_t server, apr_pool_t *p)
{
    return apr_psprintf(p, PREFIX "%ld" SUFFIX, (long)server);
}

/* Where the bans begin: behind the control file, on a line of the processor's cache. */
static apr_size_t bans_at(void)
{
    return (sizeof(ag_control_t) + 63) & ~(apr_size_t)63;
}

apr_size_t ag_control_bytes(apr_size_t bans)
{
    return bans_at() + bans;
}

apr_status_t ag_control_format(ag_control_t *control, apr_size_t bans)
{
    control->size = ag_control_bytes(bans);
    control->bans_at = bans_at();
    control->bans_size = bans;
    memcpy(control->magic, MAGIC, sizeof MAGIC);
    return ag_lock_init(&control->lock) ? APR_ENOLOCK : ag_lock_init(&control->serving);
}

static int is_whole(const ag_control_t *control, apr_size_t room)
{
    return memcmp(control->magic, MAGIC, sizeof MAGIC) == 0 && control->size == ag_control_bytes(room)
           && control->bans_at == bans_at() && control->bans_size == room;
}

apr_status_t ag_control_bans(ag_bans_t **bans, ag_control_t *control, apr_size_t room, int fresh,
                             const ag_sip_key_t *key, apr_pool_t *p)
{
    if (!is_whole(control, room)) {
        return APR_EINVAL;
    }
    return ag_bans_attach(bans, (char *)control + bans_at(), room, fresh, key, p);
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Room on the disk is taken now: a page that cannot be written later would kill the server. */
static apr_status_t map_new(ag_control_t **control, int fd, apr_size_t bans)
{
    apr_size_t size = ag_control_bytes(bans);
    apr_status_t rv = posix_fallocate(fd, 0, (off_t)size);
    void *at;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        return errno;
    }
    *control = at;
    return ag_control_format(*control, bans);
}

apr_status_t ag_control_make(ag_control_t **control, const char *path, apr_size_t bans)
{
    apr_status_t rv;
    int fd;

    unlink(path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    rv = map_new(control, fd, bans);
    close(fd);
    if (rv != APR_SUCCESS) {
        unlink(path);
    }
    return rv;
}

/* The process in a file's name; 0 when it is no control file's. */
static pid_t server_of(const char *file)
{
    char *end;
    long pid;

    if (strncmp(file, PREFIX, strlen(PREFIX)) != 0) {
        return 0;
    }
    file += strlen(PREFIX);
    pid = strtol(file, &end, 10);
    return end == file || strcmp(end, SUFFIX) != 0 || pid <= 1 ? 0 : (pid_t)pid;
}

apr_array_header_t *ag_control_find(const char *directory, int tidy, apr_pool_t *p)
{
    apr_array_header_t *paths = apr_array_make(p, 1, sizeof(char *));
    apr_finfo_t info;
    apr_dir_t *dir;

    if (apr_dir_open(&dir, directory, p) != APR_SUCCESS) {
        return paths;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        pid_t pid = server_of(info.name);
        const char *path = apr_pstrcat(p, directory, "/", info.name, NULL);

        if (pid && kill(pid, 0) != 0 && errno == ESRCH) {
            if (tidy) {
                unlink(path);
            }
        }
        else if (pid) {
            APR_ARRAY_PUSH(paths, const char *) = path;
        }
    }
    apr_dir_close(dir);
    return paths;
}

/* ---- the tool -------------------------------------------------------------------------------- */

typedef struct {
    void *at;
    apr_size_t size;
    int fd;
} mapping_t;

static apr_status_t unmap(void *mapped)
{
    const mapping_t *mapping = mapped;

    munmap(mapping->at, mapping->size);
    close(mapping->fd);
    return APR_SUCCESS;
}

/* What was wrong; then `fd` is still open. */
static const char *map_old(mapping_t *mapping, int fd, const char *path, apr_pool_t *p)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size < (off_t)ag_control_bytes(0)) {
        return apr_psprintf(p, "%s is no server's file", path);
    }
    mapping->fd = fd;
    mapping->size = (apr_size_t)info.st_size;
    mapping->at = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return mapping->at == MAP_FAILED ? apr_psprintf(p, "%s cannot be mapped", path) : NULL;
}

const char *ag_control_open(ag_control_t **control, apr_size_t *room, int *fd, const char *path, apr_pool_t *p)
{
    mapping_t *mapping = apr_palloc(p, sizeof *mapping);
    const char *error;

    *fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0) {
        return apr_psprintf(p, "%s: %s", path, strerror(errno));
    }
    error = map_old(mapping, *fd, path, p);
    if (error) {
        close(*fd);
        return error;
    }
    apr_pool_cleanup_register(p, mapping, unmap, apr_pool_cleanup_null);
    *control = mapping->at;
    *room = mapping->size - bans_at();
    return is_whole(*control, *room) ? NULL : apr_psprintf(p, "%s is of another version of mod_apiguard", path);
}

#define LOOK apr_time_from_msec(20)

/* 1 when this tool is the one that may ask. */
static int take_turn(int fd, apr_interval_time_t *patience)
{
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK || *patience <= 0) {
            return 0;
        }
        apr_sleep(LOOK);
        *patience -= LOOK;
    }
    return 1;
}

static const char *wait_for(const ag_control_t *control, apr_uint64_t number, apr_interval_time_t patience,
                            apr_pool_t *p)
{
    for (; patience > 0; patience -= LOOK) {
        if (__atomic_load_n(&control->answered, __ATOMIC_ACQUIRE) == number) {
            return apr_pstrndup(p, control->answer, AG_CONTROL_ANSWER - 1);
        }
        apr_sleep(LOOK);
    }
    return NULL;
}

const char *ag_control_ask(ag_control_t *control, int fd, const char *question, apr_interval_time_t patience,
                           apr_pool_t *p)
{
    const char *answer = NULL;
    apr_uint64_t number;

    if (take_turn(fd, &patience) && ag_random(&number, sizeof number) == APR_SUCCESS) {
        ag_lock_take(&control->lock);
        apr_cpystrn(control->question, question, sizeof control->question);
        __atomic_store_n(&control->asked, number | 1, __ATOMIC_RELEASE);
        ag_lock_give(&control->lock);
        answer = wait_for(control, number | 1, patience, p);
    }
    flock(fd, LOCK_UN);
    return answer;
}

/* ---- the server ------------------------------------------------------------------------------ */

/* The number of a question that no process has taken up; 0: there is none. It is marked as taken before it is
 * answered, so a question that crashes the process is not tried again by the next one. */
static apr_uint64_t take_up(const char **question, ag_control_t *control, apr_pool_t *p)
{
    apr_uint64_t asked = 0;

    ag_lock_take(&control->lock);
    if (control->asked != control->taken) {
        asked = control->taken = control->asked;
        *question = apr_pstrndup(p, control->question, AG_CONTROL_QUESTION - 1);
    }
    ag_lock_give(&control->lock);
    return asked;
}

void ag_control_serve(ag_control_t *control, ag_control_answer_fn *answer, void *ctx, apr_pool_t *p)
{
    apr_uint64_t asked = __atomic_load_n(&control->asked, __ATOMIC_ACQUIRE);
    const char *question;

    if (asked == __atomic_load_n(&control->taken, __ATOMIC_ACQUIRE) || !ag_lock_try(&control->serving)) {
        return;
    }
    asked = take_up(&question, control, p);
    if (asked) {
        answer(ctx, control->answer, question, p);
        __atomic_store_n(&control->answered, asked, __ATOMIC_RELEASE);
    }
    ag_lock_give(&control->serving);
}
