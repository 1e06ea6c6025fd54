/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input: secrets and times as they come from outside. A secret is wiped when its pool goes.
 */
#include <stdio.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include "../base/date.h"
#include "../base/digest.h"
#include "../base/measure.h"
#include "ctl.h"

#define MAX_LINE   8192
#define MAX_FILE   65536
#define MAX_TEXT   (1024 * 1024 * 1024)
#define FIRST_READ 65536

typedef struct {
    char *bytes;
    apr_size_t size;
} secret_t;

static apr_status_t wipe(void *secret)
{
    secret_t *s = secret;

    ag_wipe(s->bytes, s->size);
    return APR_SUCCESS;
}

void ag_ctl_wipe_later(void *bytes, apr_size_t size, apr_pool_t *p)
{
    secret_t *s = apr_palloc(p, sizeof *s);

    s->bytes = bytes;
    s->size = size;
    apr_pool_cleanup_register(p, s, wipe, apr_pool_cleanup_null);
}

void *ag_ctl_secret_memory(apr_size_t size, apr_pool_t *p)
{
    void *bytes = apr_pcalloc(p, size);

    ag_ctl_wipe_later(bytes, size, p);
    return bytes;
}

char *ag_ctl_secret(apr_pool_t *p)
{
    char *line = ag_ctl_secret_memory(MAX_LINE, p);
    apr_size_t n;

    setvbuf(stdin, NULL, _IONBF, 0); /* no second copy in the library's buffer */
    if (!fgets(line, MAX_LINE, stdin)) {
        ag_ctl_fail(0, "there is no key on standard input");
        return NULL;
    }
    n = strcspn(line, "\r\n");
    if (n == 0 || n == MAX_LINE - 1) {
        ag_ctl_fail(0, n ? "the line on standard input is too long" : "the key is empty");
        return NULL;
    }
    line[n] = '\0';
    return line;
}

const char *ag_ctl_secret_file(const unsigned char **bytes, apr_size_t *n, const char *value, apr_pool_t *p)
{
    const char *path = strncmp(value, "file:", 5) == 0 ? value + 5 : NULL;
    char *content;
    apr_file_t *file;
    apr_status_t rv;
    char error[128];

    if (!path || !*path) {
        return "write file:PATH; a secret does not belong on a command line";
    }
    rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, p);
    if (rv != APR_SUCCESS) {
        return apr_psprintf(p, "%s: %s", path, apr_strerror(rv, error, sizeof error));
    }
    content = ag_ctl_secret_memory(MAX_FILE + 1, p);
    rv = apr_file_read_full(file, content, MAX_FILE + 1, n);
    apr_file_close(file);
    if (rv != APR_SUCCESS && !APR_STATUS_IS_EOF(rv)) {
        return apr_psprintf(p, "%s: %s", path, apr_strerror(rv, error, sizeof error));
    }
    *n -= *n > 0 && content[*n - 1] == '\n';
    if (*n == 0 || *n > MAX_FILE) {
        return apr_psprintf(p, "%s is %s", path, *n ? "longer than 64 KB" : "empty");
    }
    *bytes = (const unsigned char *)content;
    return NULL;
}

/* Reads to the end; *text grows by doubling, and what it leaves behind is wiped with the pool. */
static apr_status_t read_all(char **text, apr_size_t *n, apr_file_t *file, apr_pool_t *p)
{
    apr_size_t size = FIRST_READ;
    apr_status_t rv = APR_SUCCESS;

    *n = 0;
    *text = ag_ctl_secret_memory(size, p);
    while (rv == APR_SUCCESS && *n < MAX_TEXT) {
        apr_size_t got = size - 1 - *n;

        rv = apr_file_read_full(file, *text + *n, got, &got);
        *n += got;
        if (rv == APR_SUCCESS) {
            char *larger = ag_ctl_secret_memory(2 * size, p);

            memcpy(larger, *text, *n);
            *text = larger;
            size *= 2;
        }
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv != APR_SUCCESS ? rv : APR_ENOSPC;
}

const char *ag_ctl_secret_text(char **text, apr_size_t *n, const char *path, apr_pool_t *p)
{
    apr_file_t *file;
    apr_status_t rv = strcmp(path, "-") == 0 ? apr_file_open_flags_stdin(&file, APR_FOPEN_READ, p)
                                             : apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, p);
    char error[128];

    if (rv == APR_SUCCESS) {
        rv = read_all(text, n, file, p);
        apr_file_close(file);
    }
    if (rv == APR_SUCCESS) {
        return NULL;
    }
    return apr_psprintf(p, "%s: %s", ag_ctl_plain(path, p),
                        rv == APR_ENOSPC ? "it is larger than 1 GB" : apr_strerror(rv, error, sizeof error));
}

const char *ag_ctl_until(apr_int64_t *seconds, const char *text, apr_time_t now, apr_pool_t *p)
{
    apr_int64_t duration;

    *seconds = 0;
    if (strcmp(text, "never") == 0) {
        return NULL;
    }
    if (!ag_measure_duration(&duration, text, p)) {
        *seconds = apr_time_sec(now) + duration;
    }
    else if (!ag_date_read(seconds, text)) {
        return apr_psprintf(p,
                            "\"%s\" is not a time: a duration such as 90d, a date such as "
                            "2030-01-31 or 2030-01-31T12:00:00Z, or never",
                            text);
    }
    if (*seconds > AG_LAST_SECOND) {
        return apr_psprintf(p, "\"%s\" is behind the year 9999", text);
    }
    if (*seconds <= apr_time_sec(now)) {
        return apr_psprintf(p, "\"%s\" is not in the future", text);
    }
    return NULL;
}
