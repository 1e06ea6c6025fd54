/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open: see open.h.
 */
#include "open.h"

#include <stdlib.h>
#include <string.h>

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "../base/digest.h"

#define MAX_SIZE (64 << 20)

void ag_open_later(apr_array_header_t *opens, const char *directive,
                   const char *(*open)(void *ctx, apr_pool_t *p, apr_pool_t *ptmp), void *ctx)
{
    ag_open_t *task = apr_array_push(opens);

    task->directive = directive;
    task->open = open;
    task->ctx = ctx;
}

static const char *cannot_read(const char *path, apr_status_t rv, apr_pool_t *p)
{
    char text[128];

    return apr_psprintf(p, "\"%s\" cannot be read: %s", path, apr_strerror(rv, text, sizeof text));
}

/* A pipe would keep its reader waiting until somebody writes: it is opened without that, and refused. */
static const char *read_file(char **text, apr_size_t *n, const char *path, apr_pool_t *p)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_NONBLOCK,
                                    APR_FPROT_OS_DEFAULT, p);

    if (rv != APR_SUCCESS) {
        return cannot_read(path, rv, p);
    }
    rv = apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_TYPE, file);
    if (rv == APR_SUCCESS && (info.filetype != APR_REG || info.size > MAX_SIZE)) {
        apr_file_close(file);
        return apr_psprintf(p, "\"%s\" is no file of at most 64 MB", path);
    }
    if (rv == APR_SUCCESS) {
        *text = apr_pcalloc(p, (apr_size_t)info.size + 1);
        rv = apr_file_read_full(file, *text, (apr_size_t)info.size, n);
    }
    apr_file_close(file);
    if (rv != APR_SUCCESS && !APR_STATUS_IS_EOF(rv)) {
        return cannot_read(path, rv, p);
    }
    if (*n && (*text)[*n - 1] == '\n') {
        (*text)[--*n] = '\0';
    }
    return NULL;
}

static const char *decode(char **text, apr_size_t *n, const char *path, apr_pool_t *p)
{
    unsigned char *bytes = apr_pcalloc(p, *n + 1);
    int size = ag_base64_decode(bytes, *text, *n);

    if (size < 0) {
        return apr_psprintf(p, "\"%s\" is not base64", path);
    }
    ag_wipe(*text, *n);
    *text = (char *)bytes;
    *n = (apr_size_t)size;
    return NULL;
}

const char *ag_open_source(char **text, apr_size_t *n, const char *source, apr_pool_t *p)
{
    const char *path = strchr(source, ':') + 1;
    const char *error;

    *n = 0;
    if (strncmp(source, "env:", 4) == 0) {
        if (apr_env_get(text, path, p) != APR_SUCCESS || !**text) {
            return apr_psprintf(p, "the environment variable %s is not set", path);
        }
        *text = apr_pstrdup(p, *text); /* the caller wipes it; the environment is read again */
        *n = strlen(*text);
        return NULL;
    }
    error = read_file(text, n, path, p);
    if (!error && strncmp(source, "base64:", 7) == 0) {
        error = decode(text, n, path, p);
    }
    return error;
}

const char *ag_open_absolute(const char *source, const char *root, apr_pool_t *p)
{
    static const char *const words[] = {"file:", "base64:"};
    char *path;
    int i;

    if (strncmp(source, "env:", 4) == 0 && source[4]) {
        return source;
    }
    for (i = 0; i < 2; i++) {
        apr_size_t n = strlen(words[i]);

        if (strncmp(source, words[i], n) == 0 && source[n]
            && apr_filepath_merge(&path, root, source + n, APR_FILEPATH_TRUENAME, p)
                   == APR_SUCCESS) {
            return apr_pstrcat(p, words[i], path, NULL);
        }
    }
    return NULL;
}
