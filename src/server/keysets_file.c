/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keysets_file: see keysets.h. A set outlives a stop of the server, and where the runtime directory does, a reboot:
 * then the next start needs no network.
 */
#include "keysets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unixd.h>

#define FOLDER "apiguard.keysets"

/* Of a folder, and not of a link to one: its parent may be another user's. */
static apr_status_t hand_over(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    apr_status_t rv = APR_SUCCESS;

    if (fd < 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    if (geteuid() == 0 && fchown(fd, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0) {
        rv = APR_FROM_OS_ERROR(errno);
    }
    if (rv == APR_SUCCESS && fchmod(fd, 0700) != 0) {
        rv = APR_FROM_OS_ERROR(errno);
    }
    close(fd);
    return rv;
}

const char *ag_keysets_folder(apr_status_t *rv, apr_pool_t *p)
{
    const char *path = ap_runtime_dir_relative(p, FOLDER);

    *rv = mkdir(path, 0700) == 0 || errno == EEXIST ? hand_over(path) : APR_FROM_OS_ERROR(errno);
    return *rv == APR_SUCCESS ? path : NULL;
}

/* Newlines at the end are nothing to a key set, and whoever reads files leaves one out. */
static apr_size_t length_of(const char *text, apr_size_t n)
{
    while (n && text[n - 1] == '\n') {
        n--;
    }
    return n;
}

static apr_status_t fill(const char *path, const char *text, apr_size_t n, apr_pool_t *p)
{
    apr_int32_t flags = APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL;
    apr_file_t *file;
    apr_status_t rv = apr_file_open(&file, path, flags, APR_FPROT_UREAD | APR_FPROT_UWRITE, p);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = apr_file_write_full(file, text, n, NULL);
    rv = rv == APR_SUCCESS ? apr_file_sync(file) : rv;
    apr_file_close(file);
    return rv;
}

const char *ag_keysets_publish(const ag_keyring_t *ring, const char *text, apr_size_t n, apr_pool_t *p)
{
    const char *path = ring->file + strlen("file:");
    const char *fresh = apr_psprintf(p, "%s.%ld", path, (long)getpid());
    char why[128];
    apr_status_t rv;

    n = length_of(text, n);
    apr_file_remove(fresh, p);
    rv = fill(fresh, text, n, p);
    rv = rv == APR_SUCCESS ? apr_file_rename(fresh, path, p) : rv;
    if (rv == APR_SUCCESS) {
        ring->words->text = ag_id_of(text, n);
        __atomic_add_fetch(&ring->words->generation, 1, __ATOMIC_RELEASE);
        return NULL;
    }
    apr_file_remove(fresh, p);
    return apr_psprintf(p, "%s cannot be written: %s", path, apr_strerror(rv, why, sizeof why));
}

int ag_keysets_stands(const ag_keyring_t *ring, const char *text, apr_size_t n, apr_pool_t *p)
{
    char *is;
    apr_size_t size;

    n = length_of(text, n);
    return ring->words->generation && ag_id_equal(ring->words->text, ag_id_of(text, n))
           && !ag_open_source(&is, &size, ring->file, p) && size == n && memcmp(is, text, n) == 0;
}
