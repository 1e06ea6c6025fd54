/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask: see ask.h.
 */
#include "ask.h"

#include <apr_lib.h>
#include <apr_strings.h>

#define MAX_PARAMETERS 32

/* The parameters that mean something here; RFC 6749 s3.2 has all others ignored. */
enum { GRANT_TYPE, CLIENT_ID, CLIENT_SECRET, SCOPE, KNOWN };
static const char *const known[KNOWN] = {"grant_type", "client_id", "client_secret", "scope"};

typedef struct {
    const char *names[MAX_PARAMETERS];
    int n;
    char *values[KNOWN]; /* NULL: not sent, or empty, which is the same */
} form_t;

static int hex(char c)
{
    return ag_text_digit(c) ? c - '0' : ag_text_letter(c) && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* application/x-www-form-urlencoded in place. 0: it is not, or holds a NUL. */
static int decode(char *text)
{
    const char *from = text;

    for (; *from; from++, text++) {
        *text = *from == '+' ? ' ' : *from;
        if (*from == '%') {
            int high = hex(from[1]), low = high < 0 ? -1 : hex(from[2]);

            if (low < 0 || !(high | low)) {
                return 0;
            }
            *text = (char)(high << 4 | low);
            from += 2;
        }
    }
    *text = '\0';
    return 1;
}

static int has(const form_t *form, const char *name)
{
    int i;

    for (i = 0; i < form->n && strcmp(form->names[i], name) != 0; i++) {
    }
    return i < form->n;
}

static const char *add(form_t *form, char *pair)
{
    char *value = strchr(pair, '=');
    int i;

    value = value ? value : pair + strlen(pair);
    if (*value) {
        *value++ = '\0';
    }
    if (!decode(pair) || !decode(value)) {
        return "the body is not application/x-www-form-urlencoded";
    }
    if (has(form, pair)) {
        return "a parameter stands there twice";
    }
    if (form->n == MAX_PARAMETERS) {
        return "there are too many parameters";
    }
    form->names[form->n++] = pair;
    for (i = 0; i < KNOWN; i++) {
        if (*value && strcmp(pair, known[i]) == 0) {
            form->values[i] = value;
        }
    }
    return NULL;
}

static const char *read_form(form_t *form, const ag_ask_sent_t *asked)
{
    const char *error = NULL;
    char *pair, *last;

    memset(form, 0, sizeof *form);
    if (strlen(asked->body) != asked->size) {
        return "the body is not application/x-www-form-urlencoded";
    }
    for (pair = apr_strtok(asked->body, "&", &last); pair && !error; pair = apr_strtok(NULL, "&", &last)) {
        error = add(form, pair);
    }
    return error;
}

static int is_form(const char *type)
{
    static const char form[] = "application/x-www-form-urlencoded";
    apr_size_t n = sizeof form - 1;

    return type && strncasecmp(type, form, n) == 0 && (!type[n] || strchr("; \t", type[n]));
}

/* What stands behind "Basic", or NULL: another scheme. */
static const char *behind_basic(const char *authorization)
{
    apr_size_t n = strspn(authorization, " \t");

    authorization += n;
    return strncasecmp(authorization, "Basic", 5) == 0 && strchr(" \t", authorization[5]) && authorization[5]
               ? authorization + 5 + strspn(authorization + 5, " \t")
               : NULL;
}

/* RFC 6749 s2.3.1: each half is form-urlencoded, then both are a Basic credential. */
static const char *read_basic(ag_ask_t *ask, const char *text, apr_pool_t *p)
{
    apr_size_t n = strlen(text);
    char *pair = apr_pcalloc(p, n + 1), *colon;
    int size = ag_base64_decode((unsigned char *)pair, text, n);

    pair[size > 0 ? size : 0] = '\0';
    colon = strchr(pair, ':');
    if (size <= 0 || strlen(pair) != (apr_size_t)size || !colon) {
        return "Authorization does not hold client_id and client_secret";
    }
    *colon++ = '\0';
    if (!decode(pair) || !decode(colon)) {
        return "client_id and client_secret in Authorization are not application/x-www-form-urlencoded";
    }
    ask->client_id = pair;
    ask->secret = colon;
    return NULL;
}

/* RFC 6749 s2.3: one way to show who it is. */
static ag_reason_e read_client(ag_ask_t *ask, const char **detail, const ag_ask_sent_t *asked, const form_t *form,
                               apr_pool_t *p)
{
    const char *authorization =
        asked->authorization && !ag_text_nothing(asked->authorization) ? asked->authorization : NULL;
    const char *basic = authorization ? behind_basic(authorization) : NULL;

    ask->client_id = form->values[CLIENT_ID];
    ask->secret = form->values[CLIENT_SECRET];
    if (authorization && ask->secret) {
        *detail = "client_secret stands in the body, and there is an Authorization field";
        return AG_R_TOKEN_REQUEST_INVALID;
    }
    if (basic) {
        *detail = read_basic(ask, basic, p);
    }
    if (!*detail && basic && form->values[CLIENT_ID] && strcmp(form->values[CLIENT_ID], ask->client_id) != 0) {
        *detail = "client_id in the body is not that of Authorization";
    }
    if (*detail) {
        return AG_R_TOKEN_REQUEST_INVALID;
    }
    if (!ask->client_id || !*ask->client_id || !ask->secret || !*ask->secret) {
        *detail = "client_id and client_secret are needed, by Basic authentication or in the body";
        return AG_R_CREDENTIAL_MISSING;
    }
    return AG_R_NONE;
}

static const char *not_a_form(const ag_ask_sent_t *asked)
{
    if (asked->args && *asked->args) {
        return "parameters stand in the body, not in the query";
    }
    if (!is_form(asked->type)) {
        return "the body must be application/x-www-form-urlencoded";
    }
    return asked->body ? NULL : "the body is longer than 8192 bytes, or broke off";
}

ag_reason_e ag_ask_read(ag_ask_t *ask, const char **detail, const ag_ask_sent_t *asked, apr_pool_t *p)
{
    form_t form;
    ag_reason_e reason;

    memset(ask, 0, sizeof *ask);
    *detail = not_a_form(asked);
    *detail = *detail ? *detail : read_form(&form, asked);
    if (!*detail && !form.values[GRANT_TYPE]) {
        *detail = "grant_type is missing";
    }
    if (*detail) {
        return AG_R_TOKEN_REQUEST_INVALID;
    }
    reason = read_client(ask, detail, asked, &form, p);
    ask->scope = form.values[SCOPE];
    if (reason == AG_R_NONE && strcmp(form.values[GRANT_TYPE], "client_credentials") != 0) {
        *detail = "grant_type must be client_credentials";
        return AG_R_GRANT_UNSUPPORTED;
    }
    return reason;
}

int ag_ask_is_by(const ag_ask_t *ask, const ag_principal_t *who)
{
    return (who->client && strcmp(ask->client_id, who->client) == 0)
           || (who->key_id && *who->key_id && strcmp(ask->client_id, who->key_id) == 0);
}

/* scope-token of RFC 6749 s3.3, and no wildcard: in a token a scope is a literal word. */
static int is_scope(const char *word)
{
    apr_size_t n = strlen(word);

    return ag_text_visible(word, n, 0) && !strpbrk(word, "\"\\") && word[n - 1] != '*';
}

static int covers(const ag_principal_t *who, const char *wanted)
{
    int i;

    for (i = 0; i < who->scopes.n && !ag_principal_covers(who, who->scopes.v[i], wanted); i++) {
    }
    return i < who->scopes.n;
}

static void keep(ag_words_t *words, const char *word)
{
    if (!ag_words_has(words, word)) {
        words->v[words->n++] = word;
    }
}

static void grant_all(ag_ask_t *ask, const ag_principal_t *who, apr_pool_t *p)
{
    int i;

    ask->granted.v = apr_pcalloc(p, ((apr_size_t)who->scopes.n + 1) * sizeof(char *));
    for (i = 0; i < who->scopes.n; i++) {
        if (is_scope(who->scopes.v[i])) {
            keep(&ask->granted, who->scopes.v[i]);
        }
    }
}

const char *ag_ask_grant(ag_ask_t *ask, const ag_principal_t *who, apr_pool_t *p)
{
    char *left, *word, *last;

    ask->granted.n = 0;
    if (!ask->scope) {
        grant_all(ask, who, p);
        return NULL;
    }
    left = apr_pstrdup(p, ask->scope);
    ask->granted.v = apr_pcalloc(p, (strlen(left) / 2 + 1) * sizeof(char *));
    for (word = apr_strtok(left, " ", &last); word; word = apr_strtok(NULL, " ", &last)) {
        if (!is_scope(word)) {
            return "scope holds words that no token can say: they are printable ASCII without quote and backslash, "
                   "and end in no asterisk";
        }
        if (!covers(who, word)) {
            return "the key does not cover all of scope";
        }
        keep(&ask->granted, word);
    }
    return NULL;
}
