/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: where `apiguardctl` meets the servers of its own machine: a file in the runtime directory,
 * 0600, that the server's parent makes and maps and its children inherit. The table of bans lies in
 * it, so the tool lists and ends bans itself; what only the server can answer (ids of subjects need
 * its secret) the tool asks in a question, which a watchdog's thread of the server answers.
 *
 * The file holds addresses and no secret: no credential, no digest of one, no key of any kind. It is
 * never made shorter, since a mapping of what is not there any more would kill the server.
 */
#ifndef AG_CONTROL_H
#define AG_CONTROL_H

#include "../ban/ban.h"

#define AG_CONTROL_QUESTION 1024 /* bytes with the NUL; an answer too long for its room is cut by who writes it */
#define AG_CONTROL_ANSWER   61440

typedef struct ag_control_t {
    char magic[32];       /* changes with the layout */
    apr_uint64_t size;    /* of the file; this and the next two are compared, and never used */
    apr_uint64_t bans_at; /* where the table of bans begins, and its size */
    apr_uint64_t bans_size;
    apr_uint64_t served;   /* 0: nobody answers questions here */
    apr_uint64_t asked;    /* a question's number, random; 0: none was ever asked */
    apr_uint64_t taken;    /* that of the last one that was taken up */
    apr_uint64_t answered; /* and of the last one that was answered */
    ag_lock_t lock;        /* of the question */
    ag_lock_t serving;     /* who answers; only tried, since answers may come from memcached */
    char question[AG_CONTROL_QUESTION];
    char answer[AG_CONTROL_ANSWER];
} ag_control_t;

/* The file's name in a server's runtime directory. */
const char *ag_control_file(pid_t server, apr_pool_t *p);

/* How large a control file is whose bans have so much room. */
apr_size_t ag_control_bytes(apr_size_t bans);

/* Lays an empty control file into `memory` of ag_control_bytes(bans) bytes, all zero. */
apr_status_t ag_control_format(ag_control_t *control, apr_size_t bans);

/* Makes the file (one of that name is replaced), with room on the disk for all of it, and maps it for
 * the life of this process and its children. */
apr_status_t ag_control_make(ag_control_t **control, const char *path, apr_size_t bans);

/* Control files in a directory: the paths of those whose server lives. With `tidy` those that others have
 * left are removed. */
apr_array_header_t *ag_control_find(const char *directory, int tidy, apr_pool_t *p);

/* Maps a server's control file into the tool, with *fd to ask by, until `p` goes; *room is what the file's
 * length leaves for the bans. An error text or NULL.
 * The server's children can write there whatever they like, locks among it, so the tool must not be
 * root any more when it uses what it has opened. */
const char *ag_control_open(ag_control_t **control, apr_size_t *room, int *fd, const char *path, apr_pool_t *p);

/* The control file's table of bans, in `room` bytes, as the caller knows it from elsewhere: every child can
 * write what the control file says of itself. `key`, and APR_EINVAL when the control file says otherwise, as in
 * ag_bans_attach(). */
apr_status_t ag_control_bans(ag_bans_t **bans, ag_control_t *control, apr_size_t room, int fresh,
                             const ag_sip_key_t *key, apr_pool_t *p);

/* ---- questions ------------------------------------------------------------------------------- */

/* The tool: asks and waits for so long. The answer, or NULL. One tool at a time (the file is
 * locked). */
const char *ag_control_ask(ag_control_t *control, int fd, const char *question, apr_interval_time_t patience,
                           apr_pool_t *p);

/* The server: answers what has been asked, if anything. `answer` writes at most AG_CONTROL_ANSWER bytes
 * with the NUL; only one process is in it at a time. */
typedef void ag_control_answer_fn(void *ctx, char *answer, const char *question, apr_pool_t *p);
void ag_control_serve(ag_control_t *control, ag_control_answer_fn *answer, void *ctx, apr_pool_t *p);

#endif
