/* SPDX-License-Identifier: Apache-2.0 */
/*
 * personal: a public page may be put together of parts that are not, by sub-requests of mod_include
 * or mod_autoindex. What one of them learned of the client makes the whole answer that client's
 * (RFC 9111 s3.5). It often learns it when the answer has begun, so an answer of a kind that asks
 * others is marked from the start if the client has sent what may be a credential; and a part that
 * would still come too late is refused. Where a request was sent on after its section had found out who
 * asks (to a front controller, say), the answer is that client's, too.
 */
#include "hide.h"

static ap_filter_rec_t *personal;

/* Whose answer it will be part of. */
static request_rec *answering(request_rec *r)
{
    while (r->main) {
        r = r->main;
    }
    return r;
}

static int has_filter(const request_rec *r, const char *word)
{
    const ap_filter_t *f;

    for (f = r->output_filters; f; f = f->next) {
        if (ap_strcasestr(f->frec->name, word)) { /* mod_filter calls it BYTYPE:NAME */
            return 1;
        }
    }
    return 0;
}

/* Does it ask others while it is written? */
static int composes(const request_rec *r)
{
    static int known, includes, lists;

    if (!known) {
        includes = ap_find_linked_module("mod_include.c") != NULL;
        lists = ap_find_linked_module("mod_autoindex.c") != NULL;
        known = 1;
    }
    return (includes && has_filter(r, "includes"))
           || (lists && r->handler && strcmp(r->handler, DIR_MAGIC_TYPE) == 0);
}

/* Was the client identified for the page itself? Then its own section says whose it is. */
static int is_identified(request_rec *r)
{
    const ag_check_t *check = ag_check_found(r);

    return check && check->passed && check->verdict.who && !check->verdict.who->anonymous;
}

static void mark(request_rec *r, ag_personal_t *answer, const char *vary)
{
    answer->vary = !answer->vary ? vary : apr_pstrcat(r->pool, answer->vary, ", ", vary, NULL);
    if (ag_cache_on()) {
        apr_table_setn(r->subprocess_env, "no-cache", "1"); /* mod_cache's word */
    }
}

static ag_personal_t *watch(request_rec *r)
{
    ag_personal_t *answer = ag_personal_of(r);

    if (!answer->watched) {
        answer->watched = 1;
        ap_add_output_filter_handle(personal, answer, r, r->connection);
    }
    return answer;
}

/* What a request that was sent on here has learned: its own section who asks, or mod_rewrite, which may
 * ask with -U or -F where to go. */
static const char *learned(const request_rec *r)
{
    const char *vary = NULL;

    for (; r->prev && !vary; r = r->prev) {
        vary =
            is_identified(r->prev) ? ag_check_found(r->prev)->policy->key_from.vary : ag_personal_of(r->prev)->vary;
    }
    return vary;
}

void ag_insert_personal(request_rec *r)
{
    const char *vary = r->prev && !r->main && !is_identified(r) ? learned(r) : NULL;

    if (vary) {
        mark(r, watch(r), vary);
        return;
    }
    if (r->main || !composes(r) || is_identified(r)) {
        return;
    }
    vary = ag_credential_sent(r);
    watch(r);
    if (vary) {
        mark(r, ag_personal_of(r), vary);
    }
}

/* Once for each child is enough. */
static void tell_late(request_rec *r)
{
    static apr_uint32_t told;

    if (!__atomic_exchange_n(&told, 1, __ATOMIC_RELAXED)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "AG0600: a guarded part is not included in %s: "
                      "that answer has begun and may be kept for others",
                      answering(r)->uri);
    }
}

/* 1 when the answer can still be, or is, that client's alone. */
int ag_personal_learn(request_rec *r, const ag_check_t *check)
{
    request_rec *top = answering(r);
    ag_personal_t *answer = ag_personal_of(top);

    if (is_identified(top)) {
        return 1;
    }
    if ((answer->begun || top->sent_bodyct) && !answer->vary) {
        if (!check->verdict.who->anonymous) {
            tell_late(r);
        }
        return check->verdict.who->anonymous;
    }
    mark(top, watch(top), check->policy->key_from.vary);
    return 1;
}

static apr_status_t personal_filter(ap_filter_t *f, apr_bucket_brigade *bb)
{
    ag_personal_t *answer = f->ctx;

    answer->begun = 1;
    if (answer->vary) {
        ag_fields_parts(f->r, answer->vary);
    }
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

void ag_register_personal(void)
{
    personal = ap_register_output_filter("APIGUARD_PERSONAL", personal_filter, NULL, AP_FTYPE_CONTENT_SET);
}
