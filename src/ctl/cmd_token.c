/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token issue: makes a signed token, for trying things out and for machines that have no issuer. It
 * always expires, and always has an id by which it can be named.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "../base/digest.h"
#include "../base/measure.h"
#include "../issue/sign.h"
#include "ctl.h"

typedef struct {
    const char *alg, *key, *kid, *sub, *iss, *client, *ttl, *typ;
    ag_words_t scopes, audiences;
} issue_options_t;

#define OPTION(name, kind, member, value, help)                                                                      \
    {                                                                                                                \
        name, kind, offsetof(issue_options_t, member), value, help                                                   \
    }

static const ag_opt_t issue_options[] = {
    OPTION("alg", AG_OPT_TEXT, alg, "ALG", "how it is signed: HS256, RS256, ES256, ...; needed"),
    OPTION("key", AG_OPT_TEXT, key, "file:PATH", "the secret, or a private key in PEM; needed"),
    OPTION("kid", AG_OPT_TEXT, kid, "ID", "the name of the key"),
    OPTION("sub", AG_OPT_TEXT, sub, "USER", "whom it speaks for"),
    OPTION("client", AG_OPT_TEXT, client, "NAME", "the client it is issued to (azp; of at+jwt client_id)"),
    OPTION("scope", AG_OPT_LIST, scopes, "SCOPE", "a permission; may be repeated"),
    OPTION("aud", AG_OPT_LIST, audiences, "AUDIENCE", "who shall accept it; may be repeated"),
    OPTION("iss", AG_OPT_TEXT, iss, "ISSUER", "who issues it"),
    OPTION("ttl", AG_OPT_TEXT, ttl, "DURATION", "how long it is good, 1h unless given"),
    OPTION("typ", AG_OPT_TEXT, typ, "TYPE", "what it is: at+jwt (an access token, RFC 9068), or JWT unless given"),
    {0},
};

static int is_access_token(const issue_options_t *o)
{
    return o->typ && strcasecmp(o->typ, "at+jwt") == 0;
}

static void set_text(json_t *claims, const char *name, const char *text)
{
    if (text) {
        json_object_set_new(claims, name, json_string(text));
    }
}

/* One word is a string, several are an array (RFC 7519 s4.1.3). */
static void set_audiences(json_t *claims, const ag_words_t *words)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < words->n; i++) {
        json_array_append_new(array, json_string(words->v[i]));
    }
    if (words->n == 1) {
        set_text(claims, "aud", words->v[0]);
    }
    else if (words->n > 1) {
        json_object_set(claims, "aud", array);
    }
    json_decref(array);
}

static void set_scopes(json_t *claims, const ag_words_t *words, apr_pool_t *p)
{
    const char *text = NULL;
    int i;

    for (i = 0; i < words->n; i++) {
        text = text ? apr_pstrcat(p, text, " ", words->v[i], NULL) : words->v[i];
    }
    set_text(claims, "scope", text);
}

static const char *make_claims(const ag_ctl_t *ctl, const issue_options_t *o, apr_int64_t ttl, const char *id)
{
    json_t *claims = json_object();
    json_int_t now = apr_time_sec(ctl->now);
    char *dump;
    const char *text;

    set_text(claims, "iss", o->iss);
    set_text(claims, "sub", o->sub);
    set_audiences(claims, &o->audiences);
    set_text(claims, is_access_token(o) ? "client_id" : "azp", o->client);
    set_scopes(claims, &o->scopes, ctl->pool);
    json_object_set_new(claims, "iat", json_integer(now));
    json_object_set_new(claims, "exp", json_integer(now + ttl));
    set_text(claims, "jti", id);
    dump = json_dumps(claims, JSON_COMPACT | JSON_PRESERVE_ORDER);
    text = apr_pstrdup(ctl->pool, dump);
    free(dump);
    json_decref(claims);
    return text;
}

static const char *check_texts(const issue_options_t *o)
{
    const char *texts[] = {o->kid, o->sub, o->client, o->iss};
    apr_size_t i;
    int k;

    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i] && (!*texts[i] || !ag_text_printable(texts[i]) || ag_text_blank(texts[i]) == AG_BLANK_END)) {
            return "--kid, --sub, --client and --iss take UTF-8 without control characters, and no "
                   "blank at an end";
        }
    }
    for (k = 0; k < o->scopes.n; k++) {
        if (!ag_text_visible(o->scopes.v[k], strlen(o->scopes.v[k]), 0)) {
            return "--scope takes one word; repeat the option for more";
        }
    }
    for (k = 0; k < o->audiences.n; k++) {
        if (!*o->audiences.v[k] || !ag_text_printable(o->audiences.v[k])) {
            return "--aud takes UTF-8 without control characters";
        }
    }
    return NULL;
}

static const char *make_id(char id[33])
{
    unsigned char random[16];

    if (ag_random(random, sizeof random) != APR_SUCCESS) {
        return "the system gives no random numbers";
    }
    ag_hex(id, random, sizeof random);
    return NULL;
}

/* The token, or NULL and *error. */
static char *issue(const char **error, const ag_ctl_t *ctl, const issue_options_t *o, apr_int64_t *ttl)
{
    ag_jwt_order_t order = {0};
    const unsigned char *key;
    char id[33];
    char *token = NULL;

    order.alg = o->alg ? ag_alg_find(o->alg) : AG_ALG_NONE;
    if (order.alg == AG_ALG_NONE || !o->key) {
        *error = apr_pstrcat(ctl->pool, "--alg ALG and --key file:PATH are needed; an algorithm is ",
                             ag_alg_list(ctl->pool), NULL);
        return NULL;
    }
    if (o->typ && !is_access_token(o) && strcasecmp(o->typ, "JWT") != 0) {
        *error = "--typ is at+jwt or JWT";
        return NULL;
    }
    *error = ag_measure_duration(ttl, o->ttl ? o->ttl : "1h", ctl->pool);
    if (!*error && *ttl == 0) {
        *error = "--ttl is at least a second";
    }
    *error = *error ? *error : check_texts(o);
    *error = *error ? *error : ag_ctl_secret_file(&key, &order.key_size, o->key, ctl->pool);
    *error = *error ? *error : make_id(id);
    if (*error) {
        return NULL;
    }
    order.key = (const char *)key;
    order.kid = o->kid;
    order.typ = is_access_token(o) ? "at+jwt" : NULL;
    order.claims = make_claims(ctl, o, *ttl, id);
    *error = ag_jwt_sign(&token, &order, ctl->pool);
    return *error ? NULL : token;
}

static int token_issue(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char *error;
    apr_int64_t ttl;
    char *token = issue(&error, ctl, options, &ttl);

    (void)operands;
    if (!token) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:s, s:I}", "token", token, "expires_in", (json_int_t)ttl));
    }
    else {
        puts(token);
    }
    return AG_EXIT_OK;
}

const ag_cmd_t ag_cmds_token[] = {
    {"token issue", token_issue, issue_options, sizeof(issue_options_t), NULL, "make a signed token (JWT)"},
    {0},
};
