/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip_source: a set of addresses that has a name and a life of its own: a list in the database or a
 * file. Rules share it; it is read before the first request and again whenever it changed, by
 * whichever process has the turn, and all see it at once (ipset/ipshare).
 *
 * What a source cannot tell is never a "no": see AG_IP_UNKNOWN.
 */
#ifndef AG_IP_SOURCE_H
#define AG_IP_SOURCE_H

#include "../core/open.h"
#include "../core/setting.h"
#include "../ipset/ipshare.h"

typedef struct ag_ip_source_t {
    const char *name;    /* "list:partners" or "file:/etc/apiguard/offices" */
    const void *server;  /* a list's: the server's own, whose database it is; a file's is NULL */
    ag_ipshare_t *share; /* NULL until it is opened: nobody can tell */
} ag_ip_source_t;

/* The list's name, or NULL when it is a file. */
static inline const char *ag_ip_source_list(const ag_ip_source_t *source)
{
    return strncmp(source->name, "list:", 5) == 0 ? source->name + 5 : NULL;
}

/* The source that "list:NAME" or "file:PATH" names, made when it is the first to do so. An error text
 * or NULL. */
const char *ag_ip_source_of(ag_ip_source_t **source, const char *word, const ag_setting_call_t *call);

/* What each source leaves for later. */
ag_later_fn ag_ip_source_open;

/* 1 when a list may be called that: 1 to 63 letters, digits, and . _ - */
int ag_ip_list_name(const char *name);

/* ---- ip_file.c: one network a line ------------------------------------------------------------- */

/* Reads the file into its share. Where it cannot be read, what this process
 * read before goes on; if that was nothing, lines that are networks are taken, and the file says "no" to
 * nobody while it has others. */
ag_later_fn ag_ip_file_open;

/* Reads the file again if it has changed and then stayed as it is from one call to the next. What is
 * wrong with it is logged once, and the last good set stays. */
void ag_ip_file_poll(const ag_ip_source_t *source, apr_time_t now, const ag_log_t *log, apr_pool_t *p);

/* ---- ip_list.c: a list in the database --------------------------------------------------------- */

/* Reads the list if it has changed. It is good until `now` + `stale` then; while the database does not
 * answer that is not moved. Matches go to the database once a minute. Calls of all processes take
 * turns; one that comes too early does nothing. */
void ag_ip_list_poll(const ag_ip_source_t *source, const ag_db_port_t *port, apr_time_t stale, apr_time_t now,
                     const ag_log_t *log, apr_pool_t *p);

#endif
