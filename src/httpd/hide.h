/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hide: what is kept from whom. A credential and its copies from all who come after us, arguments
 * with a key from logs and mod_status, forged fields from backends, one client's answer from others.
 */
#ifndef AG_HIDE_H
#define AG_HIDE_H

#include "request.h"

/* ---- from handlers and backends (hide.c, copies.c) --------------------------------------------------- */

/* All places of the section that may hold a key, and the token if that is wanted, with all copies. */
void ag_identity_hide(request_rec *r, ag_check_t *check);

/* `Upgrade: h2c`, which a server may ignore (RFC 9110 s7.8): httpd would make the request anew from what is left
 * of it, without its key, and ask all sections once more. */
void ag_hide_upgrade(request_rec *r);

/* The arguments of a proxy's raw target alone, before httpd tells it with a refusal. Where nothing is to
 * be hidden it comes back when the request has passed. */
void ag_hide_target(request_rec *r, const ag_policy_t *policy);
void ag_show_target(request_rec *r);

/* The same where no section was found: all that holds a key in any, which is returned. */
const ag_key_from_t *ag_hide_collected(request_rec *r);

/* Variables that others filled from what is hidden now, in these places. */
void ag_hide_copies(request_rec *r, const ag_check_t *check, const ag_key_from_t *from);

/* What r was redirected from gave it its fields and variables: what a refused request's section takes
 * for a credential is hidden there. */
void ag_hide_behind(request_rec *r);

/* Before anything is logged: what ended before our gate and without a handler (a redirect, [F], a bad line) has
 * hidden nothing yet, and the key may be one of any section. */
int ag_hide_unanswered(request_rec *r);

/* Gives see() each field that was hidden, as it was first. */
void ag_each_hidden(request_rec *r, void (*see)(void *ctx, const char *name, const char *value), void *ctx);

/* ---- from logs (mask.c) ------------------------------------------------------------------------------ */

/* Arguments that may hold a key read NAME=*** in what logs show: %r and REQUEST_URI. */
void ag_mask_arguments(request_rec *r, const ag_policy_t *policy);

/* `text` with *** for what holds a key in any section; `text` itself when nothing does. Its query
 * begins behind the first '?', or at once. */
char *ag_masked(char *text, int query_only, apr_pool_t *p);

/* Likewise for one argument. */
char *ag_mask_argument(char *text, const char *name, int query_only, apr_pool_t *p);

/* Request fields that hold an address, as Referer does: that argument there, or with NULL those that hold
 * a key in any section. */
void ag_mask_addresses(request_rec *r, const char *name);

/* Where keys stand in all sections of the configuration. */
const ag_key_from_t *ag_collected(void);

/* Can a key or token stand in that field, in any section? */
int ag_credential_field(request_rec *r, const char *name);

/* Before anything is logged: arguments that hold a key in any section of the configuration. */
int ag_mask_log(request_rec *r);

/* Collects their names (a post_config hook). */
int ag_mask_collect(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/* ---- before a section is known, and after (inflight.c, trailers.c, personal.c) ---------------------- */

/* The request line and target as they were sent, and the file that a proxy asks for, while they are
 * masked; NULL where they are not. */
typedef struct ag_unmasked_t {
    char *line, *target, *file;
} ag_unmasked_t;

ag_unmasked_t *ag_unmasked_of(request_rec *r);    /* never NULL */
ag_unmasked_t *ag_unmasked_found(request_rec *r); /* NULL when nothing was masked */

/* From when the request line is known to when the path is mapped: what mod_status and the error log
 * show. The last one masks all that is on its way, before mod_status shows it. */
void ag_mask_line(request_rec *r);
int ag_mask_target(request_rec *r);
int ag_unmask_target(request_rec *r);
int ag_unmask_line(request_rec *r);
int ag_mask_unknown(request_rec *r);
int ag_status_handler(request_rec *r);

/* An answer that sub-requests may make one client's alone (personal.c). */
typedef struct ag_personal_t {
    int watched; /* our filter sees it begin */
    int begun;
    const char *vary; /* it is that client's; on which fields it depends */
} ag_personal_t;

ag_personal_t *ag_personal_of(request_rec *r); /* never NULL */

/* The request fields that an answer would depend on if this client has sent what may be a credential in
 * any section, else NULL. */
const char *ag_credential_sent(request_rec *r);

/* An answer is about to begin; a sub-request has passed the gate. 0: it comes too late. */
void ag_insert_personal(request_rec *r);
int ag_personal_learn(request_rec *r, const ag_check_t *check);
void ag_register_personal(void);

/* Does any server merge trailers? If so each request's body is read through our filter, and forged
 * fields are dropped once more when others have had their turn. */
int ag_trailers_collect(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);
void ag_trailers_watch(request_rec *r);
int ag_trailers_merged(void);
void ag_register_trailers(void);

#endif
