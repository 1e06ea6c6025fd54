/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_servers: the paths in front of a document's own, from the URLs of its servers.
 */
#include <apr_strings.h>

#include "load.h"

/* {variable} by its default. */
static const char *variable(ag_loader_t *loader, const ag_at_t *server, const char *name)
{
    ag_at_t all = ag_at_member(loader, server, "variables"), one = ag_at_member(loader, &all, name);

    return ag_at_string(loader, &one, "default");
}

static const char *fill_in(const char **url, ag_loader_t *loader, const ag_at_t *server)
{
    const char *open, *close, *value;

    while ((open = strchr(*url, '{')) && (close = strchr(open, '}'))) {
        value = variable(loader, server, apr_pstrmemdup(loader->ptmp, open + 1, (apr_size_t)(close - open) - 1));
        if (!value || strpbrk(value, "{}")) {
            return ag_at_wrong(loader, server, "the variable of \"url\" has no \"default\" under \"variables\"");
        }
        *url = apr_pstrcat(loader->ptmp, apr_pstrmemdup(loader->ptmp, *url, (apr_size_t)(open - *url)), value,
                           close + 1, NULL);
    }
    return NULL;
}

/* What stands behind the host, without slashes at its end; a relative URL counts from the root. */
static const char *path_of(const char *url, apr_pool_t *p)
{
    const char *host = strstr(url, "://");
    const char *path = host ? host + 3 + strcspn(host + 3, "/?#") : url;
    apr_size_t n;

    path = !host && strncmp(path, "./", 2) == 0 ? path + 1 : path;
    n = strcspn(path, "?#");
    while (n && path[n - 1] == '/') {
        n--;
    }
    return n && *path != '/' ? apr_pstrcat(p, "/", apr_pstrmemdup(p, path, n), NULL) : apr_pstrmemdup(p, path, n);
}

static void add(apr_array_header_t *bases, const char *base)
{
    int i;

    for (i = 0; i < bases->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(bases, i, const char *), base) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(bases, const char *) = base;
}

const char *ag_load_bases(apr_array_header_t **bases, ag_loader_t *loader, const ag_at_t *at)
{
    ag_at_t servers = ag_at_member(loader, at, "servers"), each = {0};
    const char *error = NULL;

    *bases = NULL;
    if (!ag_at_is(&servers, AG_JSON_ARRAY) || !ag_at_node(&servers)->n) {
        return NULL;
    }
    *bases = apr_array_make(loader->ptmp, 2, sizeof(const char *));
    while (!error && ag_at_next(&each, NULL, loader, &servers)) {
        const char *url = ag_at_string(loader, &each, "url");

        error = url ? fill_in(&url, loader, &each) : ag_at_wrong(loader, &each, "has no \"url\"");
        if (!error) {
            add(*bases, path_of(url, loader->p));
        }
    }
    return error;
}
