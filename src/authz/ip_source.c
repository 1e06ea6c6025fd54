/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip_source: from a word of a Require line to the source it names.
 */
#include "ip_source.h"

#include <apr_strings.h>

#include "../core/open.h"

int ag_ip_list_name(const char *name)
{
    apr_size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789._-");

    return n > 0 && n < 64 && !name[n];
}

/* A list belongs to a server, a file to all. */
static const char *index_name(const char *name, const void *server, apr_pool_t *p)
{
    return strncmp(name, "list:", 5) == 0 ? apr_psprintf(p, "%pp %s", server, name) : name;
}

ag_ip_source_t *ag_ip_source_index(ag_ip_source_t *source, apr_hash_t *names)
{
    const char *name = index_name(source->name, source->server, apr_hash_pool_get(names));
    ag_ip_source_t *first = apr_hash_get(names, name, APR_HASH_KEY_STRING);

    if (!first) {
        apr_hash_set(names, name, APR_HASH_KEY_STRING, source);
    }
    return first ? first : source;
}

static ag_ip_source_t *find(const char *name, const ag_setting_call_t *call)
{
    return call->source_names
               ? apr_hash_get(call->source_names, index_name(name, call->server, call->p), APR_HASH_KEY_STRING)
               : NULL;
}

static ag_ip_source_t *make(const char *name, const ag_setting_call_t *call)
{
    ag_ip_source_t *source = apr_pcalloc(call->p, sizeof *source);

    source->name = name;
    source->server = call->server;
    if (call->sources) {
        APR_ARRAY_PUSH(call->sources, ag_ip_source_t *) = source;
        ag_ip_source_index(source, call->source_names);
    }
    return source;
}

/* What the administrator's configuration has read anyway may be asked in .htaccess too: it opens
 * nothing there. */
static const char *list_of(ag_ip_source_t **source, const char *word, const ag_setting_call_t *call)
{
    if (!ag_ip_list_name(word + 5)) {
        return apr_psprintf(call->p, "\"%s\" names no list: 1 to 63 letters, digits and . _ -", word);
    }
    *source = find(word, call);
    if (!*source && !call->opens) {
        return apr_psprintf(call->p,
                            "\"%s\" is not allowed in .htaccess unless the server's own "
                            "configuration uses that list, too",
                            word);
    }
    *source = *source ? *source : make(word, call);
    return NULL;
}

static const char *file_of(ag_ip_source_t **source, const char *word, const ag_setting_call_t *call)
{
    const char *name;

    if (!call->opens) {
        return "file: is not allowed in .htaccess";
    }
    name = ag_open_absolute(word, call->root, call->p);
    if (!name) {
        return apr_psprintf(call->p, "\"%s\" names no file", word);
    }
    *source = find(name, call);
    if (!*source) {
        *source = make(name, call);
        ag_open_later(call->opens, "Require api-ip", AG_OPEN_THEIRS, ag_ip_file_open, *source);
    }
    return NULL;
}

const char *ag_ip_source_of(ag_ip_source_t **source, const char *word, const ag_setting_call_t *call)
{
    return strncmp(word, "list:", 5) == 0 ? list_of(source, word, call) : file_of(source, word, call);
}
