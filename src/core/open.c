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
#include <apr_user.h>

#include "../base/digest.h"
#include "keep.h"

#define MAX_SIZE (64 << 20)
#define MARK     "\xEF\xBB\xBF" /* UTF-8's byte order mark */

/* Who we are, since permission is denied to somebody. */
static const char *user(apr_pool_t *p)
{
    apr_uid_t uid;
    apr_gid_t gid;
    char *name;

    return apr_uid_current(&uid, &gid, p) == APR_SUCCESS && apr_uid_name_get(&name, uid, p) == APR_SUCCESS
               ? name
               : "this user";
}

static const char *cannot_read(const char *path, apr_status_t rv, apr_pool_t *p)
{
    char text[128];

    return apr_psprintf(p, "\"%s\" cannot be read by %s: %s", path, user(p), apr_strerror(rv, text, sizeof text));
}

/* A pipe would keep its reader waiting until somebody writes: it is opened without that, and refused. */
static const char *read_file(char **text, apr_size_t *n, const char *path, apr_pool_t *p)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_NONBLOCK, APR_FPROT_OS_DEFAULT, p);

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
    const char *from = *text;
    apr_size_t length = *n;
    int size;

    ag_open_skip_mark(&from, &length);
    length -= length && from[length - 1] == '\r';
    size = ag_base64_decode(bytes, from, length);

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
            && apr_filepath_merge(&path, root, source + n, APR_FILEPATH_TRUENAME, p) == APR_SUCCESS) {
            return apr_pstrcat(p, words[i], path, NULL);
        }
    }
    return NULL;
}

/* ---- what others add ------------------------------------------------------------------------- */

static int is_marked(const char *text, apr_size_t n)
{
    return n >= strlen(MARK) && memcmp(text, MARK, strlen(MARK)) == 0;
}

void ag_open_skip_mark(const char **text, apr_size_t *n)
{
    if (is_marked(*text, *n)) {
        *text += strlen(MARK);
        *n -= strlen(MARK);
    }
}

const char *ag_open_oddity(const char *text, apr_size_t n, const char *source, apr_pool_t *p)
{
    const char *what = is_marked(text, n)         ? "begins with a byte order mark"
                       : n && text[n - 1] == '\r' ? "ends in a carriage return"
                                                  : NULL;

    return what && strncmp(source, "file:", 5) == 0
               ? apr_psprintf(p,
                              "%s %s, which is part of the secret: whoever has the secret without "
                              "it has another",
                              source, what)
               : NULL;
}

/* ---- what outlives a reload ------------------------------------------------------------------ */

typedef struct {
    apr_pool_t *pool; /* its own, so that one text after another does not fill the process */
    char *text;
    apr_size_t n;
} kept_t;

const char *ag_open_kept(apr_size_t *n, const char *name, apr_pool_t *pkeep)
{
    const kept_t *kept = ag_keep(name, sizeof *kept, pkeep);

    *n = kept->n;
    return kept->text;
}

void ag_open_keep(const char *name, const char *text, apr_size_t n, apr_pool_t *pkeep)
{
    kept_t *kept = ag_keep(name, sizeof *kept, pkeep);

    if (kept->text && kept->n == n && memcmp(kept->text, text, n) == 0) {
        return;
    }
    if (kept->text) {
        ag_wipe(kept->text, kept->n);
        apr_pool_destroy(kept->pool);
    }
    apr_pool_create(&kept->pool, pkeep);
    kept->text = apr_pstrmemdup(kept->pool, text, n);
    kept->n = n;
}
