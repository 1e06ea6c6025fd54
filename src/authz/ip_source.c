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

/* Memory for a list waits for the start itself. */
const char *ag_ip_source_open(void *ctx, ag_later_call_t *opening)
{
    return ag_ip_source_list(ctx) ? NULL : ag_ip_file_open(ctx, opening);
}

static const char *make(ag_ip_source_t **source, const char *name, const void *server, const ag_setting_call_t *call)
{
    *source = apr_pcalloc(call->p, sizeof **source);
    (*source)->name = name;
    (*source)->server = server;
    ag_setting_first(call->named, server, name, *source, call->p);
    return ag_setting_later(call, "Require api-ip", AG_LATER_THEIRS, ag_ip_source_open, *source);
}

static ag_ip_source_t *find(const char *name, const void *server, const ag_setting_call_t *call)
{
    return call->named ? ag_setting_first(call->named, server, name, NULL, call->p) : NULL;
}

/* What the administrator's configuration has read anyway may be asked in .htaccess too: it opens
 * nothing there. */
static const char *list_of(ag_ip_source_t **source, const char *word, const ag_setting_call_t *call)
{
    if (!ag_ip_list_name(word + 5)) {
        return apr_psprintf(call->p, "\"%s\" names no list: 1 to 63 letters, digits and . _ -", word);
    }
    *source = find(word, call->server, call);
    if (!*source && !call->later) {
        return apr_psprintf(call->p,
                            "\"%s\" is not allowed in .htaccess unless the server's own "
                            "configuration uses that list, too",
                            word);
    }
    return *source ? NULL : make(source, word, call->server, call);
}

static const char *file_of(ag_ip_source_t **source, const char *word, const ag_setting_call_t *call)
{
    const char *name;

    if (!call->later) {
        return "file: is not allowed in .htaccess";
    }
    name = ag_open_absolute(word, call->root, call->p);
    if (!name) {
        return apr_psprintf(call->p, "\"%s\" names no file", word);
    }
    *source = find(name, NULL, call);
    return *source ? NULL : make(source, name, NULL, call);
}

const char *ag_ip_source_of(ag_ip_source_t **source, const char *word, const ag_setting_call_t *call)
{
    return strncmp(word, "list:", 5) == 0 ? list_of(source, word, call) : file_of(source, word, call);
}
