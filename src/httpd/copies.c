/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies: a credential is hidden after others have seen it. SetEnvIf, mod_rewrite and mod_headers may have
 * filled variables, arguments and other fields from it, which scripts, logs, backends and whatever a request is
 * redirected to get: there it reads ***.
 */
#include "hide.h"

/* A shorter text may well be a part of what has nothing to do with it. */
#define TELLING 8

static char *without(const char *value, const char *text, apr_size_t n, apr_pool_t *p)
{
    apr_size_t size = strlen(value) + 1; /* *** is shorter than any TELLING text */
    const char *at;
    ag_buf_t out;

    ag_buf_init(&out, apr_palloc(p, size), size);
    for (; (at = strstr(value, text)); value = at + n) {
        ag_buf_mem(&out, value, (apr_size_t)(at - value));
        ag_buf_str(&out, "***");
    }
    ag_buf_str(&out, value);
    return out.start;
}

/* A short one counts as a whole value, and only if it was good: a client could blot out others'. */
static void scrub_variables(request_rec *r, const char *text, apr_size_t n, int good)
{
    const apr_array_header_t *variables = apr_table_elts(r->subprocess_env);
    apr_table_entry_t *variable = (apr_table_entry_t *)variables->elts;
    int i;

    for (i = 0; i < variables->nelts; i++) {
        const char *value = variable[i].val;

        if (n >= TELLING && strstr(value, text)) {
            variable[i].val = without(value, text, n, r->pool);
        }
        else if (good && n && strcmp(value, text) == 0) {
            variable[i].val = apr_pstrdup(r->pool, "***");
        }
    }
}

/* May another field hold it? With "early", or where a password is a key, which is hidden after all fixups. */
static int may_be_in_fields(request_rec *r)
{
    return ag_fields_early() || !ag_is_ours(r);
}

static void scrub_fields(request_rec *r, const char *text, apr_size_t n)
{
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    apr_table_entry_t *field = (apr_table_entry_t *)fields->elts;
    int i, n_fields = may_be_in_fields(r) ? fields->nelts : 0;

    for (i = 0; i < n_fields; i++) {
        if (strlen(field[i].val) >= n && strstr(field[i].val, text)) {
            field[i].val = without(field[i].val, text, n, r->pool);
        }
    }
}

static char *scrubbed(char *target, const char *text, apr_size_t n, apr_pool_t *p)
{
    return target && strstr(target, text) ? without(target, text, n, p) : target;
}

/* What mod_rewrite put into another argument, or into the path of a proxy's target. */
static void scrub_target(request_rec *r, const char *text, apr_size_t n)
{
    request_rec *each;

    for (each = r; each; each = each->prev) {
        if (each->args) {
            each->parsed_uri.query = each->args = scrubbed(each->args, text, n, r->pool);
        }
    }
    if (r->proxyreq) {
        r->uri = scrubbed(r->uri, text, n, r->pool);
        r->filename = scrubbed(r->filename, text, n, r->pool);
    }
}

static void scrub(request_rec *r, const char *text, int good)
{
    apr_size_t n = strlen(text);

    scrub_variables(r, text, n, good);
    if (n >= TELLING) {
        scrub_fields(r, text, n);
        scrub_target(r, text, n);
    }
}

typedef struct {
    request_rec *r;
    const ag_key_from_t *from;
    int good;
} scrubbing_t;

/* The scheme is no secret; the rest may be the key in base64. */
static const char *behind_scheme(const char *name, const char *value)
{
    const char *rest = ap_strcasestr(name, "Authorization") ? strchr(value, ' ') : NULL;

    return rest ? rest + strspn(rest, " ") : value;
}

typedef const char *(*find_fn)(const char *list, const char *name, int *twice, apr_pool_t *p);

/* All values of that name in a list, as they were sent and as they are read. */
static void scrub_pairs(const scrubbing_t *self, const char *all, const char *ends, const char *name, find_fn find)
{
    request_rec *r = self->r;
    char *list = apr_pstrdup(r->pool, all);
    char *pair, *last;
    int twice = 0;

    for (pair = apr_strtok(list, ends, &last); pair; pair = apr_strtok(NULL, ends, &last)) {
        const char *value = find(pair, name, &twice, r->pool);

        if (value) {
            scrub(r, value, self->good);
            scrub(r, strchr(pair, '=') + 1, self->good);
        }
    }
}

/* httpd has joined a repeated field by commas. */
static void scrub_elements(const scrubbing_t *self, const char *name, const char *value)
{
    char *list = apr_pstrdup(self->r->pool, value);
    char *element, *last;

    for (element = apr_strtok(list, ",", &last); element; element = apr_strtok(NULL, ",", &last)) {
        element += strspn(element, " ");
        scrub(self->r, behind_scheme(name, element), self->good);
    }
}

static void scrub_field(void *ctx, const char *name, const char *value)
{
    const scrubbing_t *self = ctx;
    int i;

    if (strcasecmp(name, "Cookie") != 0) {
        scrub(self->r, behind_scheme(name, value), self->good);
        if (strchr(value, ',')) {
            scrub_elements(self, name, value);
        }
        return;
    }
    scrub_variables(self->r, value, strlen(value), self->good); /* other cookies stay in the field */
    for (i = 0; i < self->from->n; i++) {
        if (self->from->sources[i].from == AG_FROM_COOKIE) {
            scrub_pairs(self, value, ";,", self->from->sources[i].name, ag_cred_cookie);
        }
    }
}

/* Most requests have nothing that could hold one. */
static int has_room(request_rec *r)
{
    return r->args || r->prev || r->proxyreq || may_be_in_fields(r) || !apr_is_empty_table(r->subprocess_env);
}

void ag_hide_copies(request_rec *r, const ag_check_t *check, const ag_key_from_t *from)
{
    const char *args = check->exchange->request.args;
    scrubbing_t self = {r, from, check->passed};
    int i;

    if (!has_room(r)) {
        return;
    }
    ag_each_hidden(r, scrub_field, &self);
    for (i = 0; args && from->queries && i < from->n; i++) {
        if (from->sources[i].from == AG_FROM_QUERY) {
            scrub_pairs(&self, args, "&;", from->sources[i].name, ag_cred_argument);
        }
    }
}
