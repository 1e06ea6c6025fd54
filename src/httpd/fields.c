/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields: the fields of an answer, between httpd's tables and the rows of reply/answers.def: what rows may ask
 * about the answer, and how a field gets into it.
 */
#include "hide.h"

/* ---- an answer that httpd sends as it is ------------------------------------------------------ */

/* httpd sends both tables. */
static const char *said(void *ctx, const char *name)
{
    const request_rec *r = ctx;
    const char *value = apr_table_get(r->headers_out, name);

    return value || apr_is_empty_table(r->err_headers_out) ? value : apr_table_get(r->err_headers_out, name);
}

static void names_in(const apr_table_t *fields, void (*see)(void *data, const char *name), void *data)
{
    const apr_array_header_t *all = apr_table_elts(fields);
    const apr_table_entry_t *field = (const apr_table_entry_t *)all->elts, *end = field + all->nelts;

    for (; field < end; field++) {
        see(data, field->key);
    }
}

static void names(void *ctx, void (*see)(void *data, const char *name), void *data)
{
    const request_rec *r = ctx;

    names_in(r->headers_out, see, data);
    names_in(r->err_headers_out, see, data);
}

/* Goes on to the next field of that name, until one has the value. */
static int differs(void *value, const char *name, const char *there)
{
    (void)name;
    return strcmp(value, there) != 0;
}

static void put_into(apr_table_t *fields, ag_put_e how, const char *name, const char *value)
{
    switch (how) {
    case AG_PUT_ALONE:
        if (value) {
            apr_table_setn(fields, name, value);
        }
        else {
            apr_table_unset(fields, name);
        }
        break;
    case AG_PUT_UNSAID:
        if (!apr_table_get(fields, name)) {
            apr_table_addn(fields, name, value);
        }
        break;
    case AG_PUT_BESIDE:
        apr_table_addn(fields, name, value);
        break;
    case AG_PUT_ONCE:
        if (apr_table_do(differs, (void *)value, fields, name, NULL)) {
            apr_table_addn(fields, name, value);
        }
        break;
    case AG_PUT_JOINED:
        apr_table_mergen(fields, name, value);
        break;
    }
}

static void put(void *ctx, ag_put_e how, const char *name, const char *value)
{
    request_rec *r = ctx;
    int other = !apr_is_empty_table(r->err_headers_out);

    if (other && how == AG_PUT_UNSAID && apr_table_get(r->err_headers_out, name)) {
        return;
    }
    put_into(r->headers_out, how, name, value);
    if (other && how == AG_PUT_ALONE) {
        apr_table_unset(r->err_headers_out, name);
    }
}

/* Behind what was taken away, all that is left is looked at once more: that is rare. */
static void drop_from(apr_table_t *fields, const char *prefix)
{
    const apr_array_header_t *all = apr_table_elts(fields);
    const apr_table_entry_t *field = (const apr_table_entry_t *)all->elts;
    apr_size_t n = strlen(prefix);
    int i;

    for (i = 0; i < all->nelts; i++) {
        if ((*field[i].key | 0x20) == (*prefix | 0x20) && strncasecmp(field[i].key, prefix, n) == 0) {
            apr_table_unset(fields, field[i].key);
            i = -1;
        }
    }
}

static void drop(void *ctx, const char *prefix)
{
    request_rec *r = ctx;

    drop_from(r->headers_out, prefix);
    drop_from(r->err_headers_out, prefix);
}

/* The fields that decided. A key that came under another spelling of its field's name is in none that
 * a cache would compare. */
static const char *vary(void *ctx)
{
    const ag_check_t *check = ag_check_found(ctx);
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

static const ag_answer_port_t as_it_is = {put, drop, names, said, vary};

/* ---- a refusal, before httpd writes its page --------------------------------------------------- */

/* httpd drops all that the application said, and sends this table alone. */
static const char *error_said(void *ctx, const char *name)
{
    return apr_table_get(((request_rec *)ctx)->err_headers_out, name);
}

/* Another pass through the hooks, after a redirect, puts the same field again. */
static void error_put(void *ctx, ag_put_e how, const char *name, const char *value)
{
    put_into(((request_rec *)ctx)->err_headers_out, how, name, value);
}

static void error_names(void *ctx, void (*see)(void *data, const char *name), void *data)
{
    names_in(((request_rec *)ctx)->err_headers_out, see, data);
}

static void error_drop(void *ctx, const char *prefix)
{
    drop_from(((request_rec *)ctx)->err_headers_out, prefix);
}

static const ag_answer_port_t error_page = {error_put, error_drop, error_names, error_said, vary};

/* ---- answers ----------------------------------------------------------------------------------- */

/* Whose limits the answer tells of: this request's, or those of the one that was redirected here. */
static ag_check_t *limited(request_rec *r, ag_check_t *check)
{
    while (r->prev && !(check && check->bill)) {
        r = r->prev;
        check = ag_check_found(r);
    }
    return check && (check->bill || check->exchange->in_flight) ? check : NULL;
}

static void set_limits(ag_fields_t *fields, ag_check_t *check)
{
    if (check && check->policy->rate_headers) {
        fields->limited = check;
        fields->answer.limited = &check->verdict;
        fields->answer.forms = check->policy->rate_headers;
    }
}

void ag_fields_say(ag_fields_t *fields, request_rec *r, unsigned moments)
{
    ag_answer_t *a = &fields->answer;

    a->moments = moments;
    a->ctx = r;
    a->p = r->pool;
    if (a->limited && moments & (AG_AT_SENDING | AG_AT_REFUSAL)) {
        a->now = apr_time_sec(fields->limited->exchange->request.now);
        if (fields->limited->bill || !a->limited->n_lines) {
            ag_guard_tell(fields->limited); /* as they are now; a sub-request's refusal keeps its own */
        }
    }
    ag_answer_say(a);
}

/* Whose section speaks of the answer: an ErrorDocument stands for the request that failed. */
static request_rec *asked(request_rec *r)
{
    request_rec *failed = r;

    for (; r->prev; r = r->prev) {
        if (ap_is_HTTP_ERROR(r->prev->status)) {
            failed = r->prev;
        }
    }
    return failed;
}

/* Of CORS the section of the address that the client asked for decides: a preflight has told what it allows. */
static void look_at_cors(ag_answer_t *a, request_rec *r)
{
    const ag_policy_t *policy;

    while (r->prev) {
        r = r->prev;
    }
    policy = ag_policy_of(r);
    if (policy->cors) {
        a->cors = policy->cors;
        a->origin = apr_table_get(r->headers_in, "Origin");
        a->exposed = policy->rate_headers;
    }
}

/* A forward proxy brings other people's pages, of which its section says nothing unless told to. */
static int is_others(const request_rec *r)
{
    return r->proxyreq == PROXYREQ_PROXY;
}

/* What a section says of its answers, whoever writes them: there may be no check at all. */
static void look_at_section(ag_answer_t *a, request_rec *r)
{
    request_rec *section = asked(r);
    const ag_policy_t *policy = ag_policy_of(section);

    a->preset = ag_hardening_preset(policy->hardening, ag_is_ours(section) && !is_others(section));
    a->lines = policy->header_lines;
    a->secure = (a->preset || a->lines) && ag_is_secure(section);
    a->deprecated = policy->deprecated;
    look_at_cors(a, r);
}

/* What the check of a request has found out about its answer. */
static void look_at_check(ag_fields_t *fields, request_rec *r, ag_check_t *check)
{
    fields->answer.personal = check && check->passed && (check->verdict.who || ag_is_ours(r));
    set_limits(fields, limited(r, check));
}

static ag_fields_t *begin(request_rec *r)
{
    ag_fields_t *fields = ag_fields_kept(r);

    memset(fields, 0, sizeof *fields);
    fields->answer.port = &as_it_is;
    fields->answer.moments = AG_AT_ANSWER | AG_AT_SENDING;
    look_at_section(&fields->answer, r);
    return fields;
}

ag_fields_t *ag_fields_of(request_rec *r, ag_check_t *check)
{
    ag_fields_t *fields = begin(r);

    look_at_check(fields, r, check);
    return ag_answer_any(&fields->answer) ? fields : NULL;
}

ag_fields_t *ag_fields_error(request_rec *r, ag_check_t *check)
{
    ag_fields_t *fields = begin(r);

    if (check && check->passed && check->verdict.reason == AG_R_NONE) {
        look_at_check(fields, r, check);
    }
    if (check && check->verdict.reason != AG_R_NONE) {
        fields->answer.refused = &check->verdict;
        fields->answer.page = check->page;
    }
    return ag_answer_any(&fields->answer) ? fields : NULL;
}

void ag_fields_parts(request_rec *r, const char *parts)
{
    ag_fields_t fields = {.answer = {.port = &as_it_is, .parts = parts}};

    ag_fields_say(&fields, r, AG_AT_PARTS);
}

/* A sub-request's refusal tells of no limits: it is no answer yet. */
void ag_fields_refusal(request_rec *r, ag_check_t *check, unsigned moment, const ag_challenge_t *challenge)
{
    ag_fields_t fields = {
        .answer = {
            .port = &error_page, .verdict = &check->verdict, .refused = &check->verdict, .challenge = challenge}};

    if (!r->main && (check->bill || check->verdict.n_lines || check->exchange->in_flight)) {
        set_limits(&fields, check);
    }
    ag_fields_say(&fields, r, moment);
}

void ag_fields_preflight(request_rec *r, const ag_policy_t *policy)
{
    ag_answer_t a = {.port = &as_it_is, .ctx = r, .p = r->pool, .cors = policy->cors};
    const char *local = apr_table_get(r->headers_in, "Access-Control-Request-Private-Network");

    a.origin = apr_table_get(r->headers_in, "Origin");
    ag_cors_preflight(&a, ag_policy_cors_headers(policy, r->pool), local && strcasecmp(local, "true") == 0);
}
