/* SPDX-License-Identifier: Apache-2.0 */
/*
 * introspect_ask: one question to an introspection endpoint (RFC 7662 s2). Of its answer nothing is taken on trust but
 * the claims: only a JSON object whose `active` is a boolean is one at all.
 */
#include "introspect.h"

#include <string.h>

#include <apr_strings.h>

#define MAX_ANSWER (64 << 10) /* bytes */

static int is_plain(char c)
{
    return ag_text_letter(c) || ag_text_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

const char *ag_introspect_encode(const char *text, apr_size_t n, apr_pool_t *p)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = apr_palloc(p, 3 * n + 1), *at = out;
    apr_size_t i;

    for (i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if (is_plain(text[i])) {
            *at++ = text[i];
            continue;
        }
        *at++ = '%';
        *at++ = hex[c >> 4];
        *at++ = hex[c & 15];
    }
    *at = '\0';
    return out;
}

/* ---- the answer ---------------------------------------------------------------------------------- */

/* Parameters of a media type do not matter here: JSON is UTF-8 (RFC 8259 s8.1). */
static int is_json(const char *type)
{
    static const char json[] = "application/json";
    apr_size_t n = sizeof json - 1;

    return type && strncasecmp(type, json, n) == 0 && (!type[n] || strchr("; \t", type[n]));
}

static const char *judge_status(long status, apr_pool_t *p)
{
    if (status == 200) {
        return NULL;
    }
    return status == 401 || status == 403
               ? apr_psprintf(p, "it answers %ld: client= or secret= of this line is not what it expects", status)
               : apr_psprintf(p, "it answers %ld", status);
}

/* Of what anybody may send: it is too long, or has a form that is not liked. */
static int is_of_token(long status)
{
    return status == 400 || status == 413 || status == 414 || status == 422 || status == 431;
}

static ag_introspect_e fail(ag_introspect_answer_t *answer, const char *error)
{
    answer->error = error;
    return AG_INTROSPECT_FAILED;
}

static ag_introspect_e judge(ag_introspect_answer_t *answer, const ag_fetched_t *got, apr_pool_t *p)
{
    json_t *active;

    if ((answer->error = judge_status(got->status, p))) {
        answer->of_token = is_of_token(got->status);
        return AG_INTROSPECT_FAILED;
    }
    if (!is_json(got->type)) {
        return fail(answer, "its answer is not application/json");
    }
    answer->text = got->body;
    answer->n = got->length;
    answer->claims = ag_json_object(got->body, got->length, p);
    if (!answer->claims) {
        return fail(answer, "its answer is no JSON object, or has a member twice");
    }
    active = json_object_get(answer->claims, "active");
    return json_is_true(active)    ? AG_INTROSPECT_ACTIVE
           : json_is_false(active) ? AG_INTROSPECT_INACTIVE
                                   : fail(answer, "\"active\" in its answer is neither true nor false");
}

/* ---- the question -------------------------------------------------------------------------------- */

ag_introspect_e ag_introspect_ask(ag_introspect_answer_t *answer, const ag_fetch_port_t *port,
                                  const ag_introspection_t *whom, const char *token, apr_size_t n,
                                  apr_interval_time_t patience, apr_pool_t *p)
{
    char *form = apr_pstrcat(p, "token=", ag_introspect_encode(token, n, p), "&token_type_hint=access_token",
                             whom->form, NULL);
    ag_fetch_t fetch = {.url = whom->url,
                        .accept = "application/json",
                        .form = form,
                        .user = whom->user,
                        .password = whom->password,
                        .ca_file = whom->ca ? whom->ca + strlen("file:") : NULL,
                        .max_size = MAX_ANSWER,
                        .timeout = patience};
    ag_fetched_t got;
    const char *error = port->run(port->ctx, &got, &fetch, p);

    memset(answer, 0, sizeof *answer);
    ag_wipe(form, strlen(form));
    return error ? fail(answer, error) : judge(answer, &got, p);
}
