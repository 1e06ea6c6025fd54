/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change_signal: how `apiguardctl` tells the servers of its own machine that it has changed something, so
 * that they need not wait for their next look into the change log. A server makes a file with one
 * word for each of its databases, maps it read-only and compares the word on every request; the
 * tool writes another word there. Where the files are stands in the table api_nodes.
 *
 * A word means nothing but "read the log": whoever writes one can cost a reading and no more.
 */
#ifndef AG_CHANGE_SIGNAL_H
#define AG_CHANGE_SIGNAL_H

#include "../base/log.h"
#include "../core/ports.h"

#define AG_CHANGE_SIGNAL_WORDS   1024 /* in a file, or twice as many, and so on */
#define AG_CHANGE_SIGNAL_MOST    (AG_CHANGE_SIGNAL_WORDS << 10)
#define AG_CHANGE_SIGNAL_OLD     apr_time_from_sec(3600) /* a server that was not seen for so long is gone */
#define AG_CHANGE_SIGNAL_REFRESH apr_time_from_sec(600)

/* The file's name in a server's runtime directory. */
const char *ag_change_signal_file(pid_t server, apr_pool_t *p);

/* What stands in api_nodes: the file's path and the number of the word. */
const char *ag_change_signal_name(const char *path, int word, apr_pool_t *p);

/* How many words a file has that has room for `n`, or AG_CHANGE_SIGNAL_MOST. */
int ag_change_signal_room(int n);

/* Makes the file (0600; one of that name is replaced) with `room` words and maps it for the life of this
 * process and its children. */
apr_status_t ag_change_signal_make(const apr_uint64_t **words, int room, const char *path);

/* Makes it longer and maps it anew; the words before stay, also for those who have it mapped as it was.
 * After a fault *words is as before. */
apr_status_t ag_change_signal_grow(const apr_uint64_t **words, int from, int to, const char *path);

/* Removes what servers that are gone have left in the directory. */
void ag_change_signal_tidy(const char *directory, apr_pool_t *p);

/* Writes another word. The name comes from a database and is not trusted: APR_EINVAL when it is no
 * such name or not exactly such a file. */
apr_status_t ag_change_signal_touch(const char *name, apr_pool_t *p);

/* 1 when the process that made the file is no more. */
int ag_change_signal_is_dead(const char *name);

/* ---- nodes: the table ------------------------------------------------------------------------ */

/* Enters or refreshes this host's row for `name` and removes those of servers that are long gone.
 * APR_SUCCESS; APR_EACCES when the statement is refused, *detail says why; or another fault. */
apr_status_t ag_nodes_enter(const char **detail, const ag_db_port_t *port, const char *name, apr_time_t now,
                            apr_pool_t *p);

/* The machine's name; NULL when it has none that could be entered. */
const char *ag_nodes_host(apr_pool_t *p);

#endif
