/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip_file: a file with one network a line, where # begins a comment. It is taken over whole or not at
 * all. One that is being written is left alone until it has stood still for one look.
 */
#include "ip_source.h"

#include <apr_file_info.h>
#include <apr_strings.h>

#include "../base/digest.h"
#include "../core/open.h"

#define LINES 1000 /* so many are read before their memory is given back */

/* Differs when the file does: 0 when there is none. */
static apr_int64_t stamp_of(const ag_ip_source_t *source, apr_pool_t *p)
{
    apr_finfo_t info;
    apr_int64_t words[5];
    ag_id_t id;

    memset(&info, 0, sizeof info);
    if (apr_stat(&info, source->name + 5, APR_FINFO_NORM, p) != APR_SUCCESS) {
        return 0;
    }
    words[0] = info.mtime;
    words[1] = info.ctime;
    words[2] = info.size;
    words[3] = (apr_int64_t)info.inode;
    words[4] = (apr_int64_t)info.device;
    id = ag_id_of(words, sizeof words);
    return (apr_int64_t)(id.lo | 1);
}

/* One entry, or none; what follows a # is passed over. */
static const char *read_line(ag_iptable_maker_t *maker, char *line, apr_pool_t *p)
{
    char *word, *more, *last;
    const char *error;
    ag_net_t net;

    line[strcspn(line, "#")] = '\0';
    word = apr_strtok(line, " \t\r", &last);
    more = word ? apr_strtok(NULL, " \t\r", &last) : NULL;
    if (more) {
        return apr_psprintf(p, "\"%s\" is too many: one entry a line", more);
    }
    error = word ? ag_net_parse(&net, word, NULL, p) : NULL;
    if (!error && word && !ag_iptable_add(maker, &net, 0, NULL)) {
        error = "there are too many entries";
    }
    return error;
}

static const char *read_lines(ag_iptable_maker_t *maker, char *text, apr_pool_t *p)
{
    const char *error = NULL;
    apr_pool_t *pline;
    int line = 0;

    apr_pool_create(&pline, p);
    while (!error && text) {
        char *next = strchr(text, '\n');

        if (next) {
            *next++ = '\0';
        }
        if (++line % LINES == 0) {
            apr_pool_clear(pline);
        }
        error = read_line(maker, text, pline);
        text = next;
    }
    error = error ? apr_psprintf(p, "line %d: %s", line, error) : NULL;
    apr_pool_destroy(pline);
    return error;
}

static const char *load(const ag_ip_source_t *source, apr_pool_t *p)
{
    ag_iptable_maker_t *maker = ag_iptable_start(0, p);
    const ag_iptable_t *table;
    apr_size_t n;
    char *text;
    const char *error = ag_open_source(&text, &n, source->name, p);

    if (error) {
        return error;
    }
    if (strlen(text) < n) {
        return apr_psprintf(p, "%s is no text", source->name);
    }
    error = read_lines(maker, text, p);
    if (error) {
        return apr_psprintf(p, "%s, %s", source->name, error);
    }
    table = ag_iptable_finish(maker, 0);
    if (!table || ag_ipshare_publish(source->share, table) != APR_SUCCESS) {
        return apr_psprintf(p, "%s is too long for the memory there is", source->name);
    }
    ag_ipshare_confirm(source->share, AG_IPSHARE_EVER);
    return NULL;
}

const char *ag_ip_file_open(void *ctx, apr_pool_t *p, apr_pool_t *ptmp)
{
    ag_ip_source_t *source = ctx;
    ag_ipshare_notes_t *notes;
    apr_status_t rv = ag_ipshare_make(&source->share, p);
    char error[128];

    if (rv != APR_SUCCESS) {
        source->share = NULL;
        return apr_psprintf(ptmp, "%s: no memory can be shared: %s", source->name,
                            apr_strerror(rv, error, sizeof error));
    }
    notes = ag_ipshare_notes(source->share);
    notes->version = notes->found = stamp_of(source, ptmp);
    return load(source, ptmp);
}

void ag_ip_file_poll(const ag_ip_source_t *source, apr_time_t now, const ag_log_t *log,
                     apr_pool_t *p)
{
    ag_ipshare_notes_t *notes = ag_ipshare_notes(source->share);
    const char *error;
    apr_int64_t stamp;

    if (!ag_ipshare_turn(source->share, now)) {
        return;
    }
    stamp = stamp_of(source, p);
    if (stamp != notes->version && stamp == notes->found) {
        error = load(source, p);
        notes->version = stamp; /* good or bad, it is looked at once */
        if (error) {
            ag_log(log, AG_LOG_ERROR, 0, "AG0440: Require api-ip: %s; what was read before goes on",
                   error);
        }
        else {
            ag_log(log, AG_LOG_NOTICE, 0, "AG0441: Require api-ip: %s has changed and was read",
                   source->name);
        }
    }
    notes->found = stamp;
    ag_ipshare_rest(source->share, now + apr_time_from_sec(1));
}
