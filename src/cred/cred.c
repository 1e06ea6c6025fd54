/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred: finds the one credential of a request. The same key in two places is one key; two that
 * differ, or two kinds, are refused, since whoever reads one of them may not be who checked the other.
 */
#include "cred.h"

#include <string.h>

#include <apr_strings.h>

#include "../keys/key_format.h"

/* The finding as it goes on. */
typedef struct {
    ag_credential_t *found;
    const ag_request_t *request;
    unsigned types;
    int ambiguous;
} hunt_t;

static void add(hunt_t *hunt, const ag_cred_type_t *type, const char *text, ag_from_e from)
{
    ag_credential_t *found = hunt->found;

    if (found->type && (found->type != type || strcmp(found->text, text) != 0)) {
        hunt->ambiguous = 1;
        return;
    }
    found->places |= 1u << from;
    if (!found->type) {
        found->type = type;
        found->text = text;
        found->n = strlen(text);
        found->from = from;
    }
}

/* A comma in a field of which one value is expected is what a repeated field looks like. */
static void add_field(hunt_t *hunt, const ag_cred_type_t *type, const char *text, ag_from_e from)
{
    if (strchr(text, ',')) {
        hunt->ambiguous = 1;
        return;
    }
    add(hunt, type, text, from);
}

/* What follows the scheme's name in Authorization, or NULL when it is another scheme. */
static const char *after_scheme(const char *value, const char *scheme)
{
    apr_size_t n = strlen(scheme);

    if (strncasecmp(value, scheme, n) != 0 || (value[n] != ' ' && value[n])) {
        return NULL;
    }
    return value + n + strspn(value + n, " ");
}

/* Two dots, no more: what a token looks like from afar. */
static int has_two_dots(const char *text)
{
    const char *dot = strchr(text, '.');

    dot = dot ? strchr(dot + 1, '.') : NULL;
    return dot && !strchr(dot + 1, '.');
}

/* A bearer value of a key's shape is a key, one with two dots a token, anything else the first of
 * the two that is enabled. */
static void add_bearer(hunt_t *hunt, const char *text, int keys)
{
    apr_size_t n = strlen(text);
    int key = keys && (hunt->types & AG_CRED_KEY);
    int jwt = (hunt->types & AG_CRED_JWT) != 0;

    if (key && ag_key_shape(text, n) != AG_KEY_FOREIGN) {
        add_field(hunt, &ag_cred_key, text, AG_FROM_BEARER);
    }
    else if (jwt && (!key || has_two_dots(text))) {
        add_field(hunt, &ag_cred_jwt, text, AG_FROM_BEARER);
    }
    else if (key) {
        add_field(hunt, &ag_cred_key, text, AG_FROM_BEARER);
    }
}

/* RFC 7617: the key is the password, or the user name when there is no password. */
static void add_basic(hunt_t *hunt, const char *text)
{
    apr_size_t n = strlen(text);
    char *pair = apr_palloc(hunt->request->pool, n + 1);
    int size = ag_base64_decode((unsigned char *)pair, text, n);
    char *colon;

    pair[size > 0 ? size : 0] = '\0';
    colon = strchr(pair, ':');
    if (size <= 0 || strlen(pair) != (apr_size_t)size || !colon) {
        add_field(hunt, &ag_cred_key, text, AG_FROM_BASIC); /* refused as malformed, not passed over */
        return;
    }
    *colon++ = '\0';
    add(hunt, &ag_cred_key, *colon ? colon : pair, AG_FROM_BASIC);
}

static void authorization(hunt_t *hunt, const ag_key_from_t *from)
{
    const char *value = hunt->request->header(hunt->request, "Authorization");
    const char *text;
    int bearer = 0, basic = 0, i;

    if (!value) {
        return;
    }
    for (i = 0; i < from->n; i++) {
        bearer |= from->sources[i].from == AG_FROM_BEARER;
        basic |= from->sources[i].from == AG_FROM_BASIC;
    }
    if ((text = after_scheme(value, "Bearer"))) {
        add_bearer(hunt, text, bearer);
    }
    else if (basic && (hunt->types & AG_CRED_KEY) && (text = after_scheme(value, "Basic"))) {
        add_basic(hunt, text);
    }
}

static void key_source(hunt_t *hunt, const ag_key_source_t *source)
{
    const ag_request_t *request = hunt->request;
    const char *text = NULL;

    switch (source->from) {
    case AG_FROM_HEADER:
        text = request->header(request, source->name);
        if (text) {
            add_field(hunt, &ag_cred_key, text, source->from);
        }
        return;
    case AG_FROM_QUERY:
        text = ag_cred_argument(request->args, source->name, &hunt->ambiguous, request->pool);
        break;
    case AG_FROM_COOKIE:
        text = ag_cred_cookie(request->header(request, "Cookie"), source->name, &hunt->ambiguous,
                              request->pool);
        break;
    default:
        return; /* Authorization is read once, for keys and tokens together */
    }
    if (text) {
        add(hunt, &ag_cred_key, text, source->from);
    }
}

ag_reason_e ag_cred_find(ag_credential_t *found, const ag_request_t *request,
                         const ag_key_from_t *key_from, unsigned types)
{
    hunt_t hunt = {found, request, types, 0};
    int i;

    memset(found, 0, sizeof *found);
    for (i = 0; (types & AG_CRED_KEY) && i < key_from->n; i++) {
        key_source(&hunt, &key_from->sources[i]);
        if (found->type && !found->source) {
            found->source = &key_from->sources[i];
        }
    }
    authorization(&hunt, key_from);
    if (hunt.ambiguous) {
        return AG_R_CREDENTIAL_AMBIGUOUS;
    }
    return found->type ? AG_R_NONE : AG_R_CREDENTIAL_MISSING;
}
