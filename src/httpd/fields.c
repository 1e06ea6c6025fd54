/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields: what an answer carries besides its body: what is left of the limits, and the fields that keep
 * an answer meant for one client out of caches shared by many.
 */
#include "hide.h"

/* 1 when the application has said whose the answer is. */
static int says_whose(const char *cache_control)
{
    static const char *const words[] = {"private", "no-store", "public", "s-maxage", "must-revalidate"};
    int i;

    for (i = 0; i < (int)(sizeof words / sizeof *words); i++) {
        if (ap_strcasestr(cache_control, words[i])) {
            return 1;
        }
    }
    return 0;
}

/* The fields that decided. A key that came under another spelling of its field's name is in none that
 * a cache would compare. */
static const char *vary_of(const ag_check_t *check)
{
    const ag_key_from_t *from = &check->policy->key_from;
    const ag_request_t *request = &check->exchange->request;
    int i;

    for (i = 0; check->credential.type && check->credential.from == AG_FROM_HEADER; i++) {
        if (i == from->n) {
            return "*"; /* RFC 9110 s12.5.5 */
        }
        if (from->sources[i].from == AG_FROM_HEADER && request->header(request, from->sources[i].name)) {
            break;
        }
    }
    return from->vary;
}

/* An answer to an identified client is that client's alone, unless the application says otherwise
 * (RFC 9111 s3.5). The credential is hidden by now, so no cache behind us can know that itself. Where
 * nothing was said even the client's own cache asks again each time (s5.2.2.4): another user of the
 * same browser, or a key revoked since, gets nothing out of it, and nothing needs to vary. */
static void keep_for_one(request_rec *r, const ag_check_t *check, apr_table_t *fields)
{
    const char *said = apr_table_get(r->headers_out, "Cache-Control");

    if (!said && !apr_is_empty_table(r->err_headers_out)) {
        said = apr_table_get(r->err_headers_out, "Cache-Control");
    }
    if (!said && !apr_table_get(r->headers_out, "Expires")) {
        apr_table_addn(fields, "Cache-Control", "private, no-cache");
        return;
    }
    if (!said) {
        apr_table_addn(fields, "Cache-Control", "private");
    }
    else if (!says_whose(said)) {
        apr_table_mergen(r->headers_out, "Cache-Control", "private");
    }
    apr_table_mergen(fields, "Vary", vary_of(check));
}

void ag_field_set(void *ctx, const char *name, const char *value)
{
    request_rec *r = ctx;

    apr_table_setn(r->headers_out, name, value);
    if (!apr_is_empty_table(r->err_headers_out)) {
        apr_table_unset(r->err_headers_out, name); /* httpd sends both tables */
    }
}

void ag_error_field_set(void *ctx, const char *name, const char *value)
{
    request_rec *r = ctx;

    apr_table_setn(r->err_headers_out, name, value);
}

static void tell_quota(request_rec *r, ag_check_t *check, ag_field_fn set)
{
    if (!check->policy->rate_headers) {
        return;
    }
    ag_guard_tell(check);
    ag_quota_fields(&check->verdict, check->policy->rate_headers, apr_time_sec(check->exchange->request.now), set, r,
                    r->pool);
}

void ag_quota_tell_error(request_rec *r, ag_check_t *check)
{
    if (!r->main) {
        tell_quota(r, check, ag_error_field_set);
    }
}

/* Whose limits the answer tells of: this request's, or those of the one that was redirected here. */
static ag_check_t *limited(request_rec *r)
{
    ag_check_t *check = NULL;

    for (; r && !(check && check->bill); r = r->prev) {
        check = ag_check_found(r);
    }
    return check && check->bill ? check : NULL;
}

void ag_limits_tell(request_rec *r, ag_field_fn set)
{
    ag_check_t *told = limited(r);

    if (told) {
        tell_quota(r, told, set);
    }
}

void ag_fields_finish(request_rec *r, apr_table_t *fields)
{
    const ag_check_t *check = ag_check_found(r);

    if (check && check->passed && (check->verdict.who || ag_is_ours(r))) {
        keep_for_one(r, check, fields);
    }
}

int ag_limits_any(request_rec *r)
{
    return limited(r) != NULL;
}
