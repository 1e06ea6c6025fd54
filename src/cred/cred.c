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
    unsigned places; /* where a key is read: AG_FROM_BIT */
    int ambiguous;
} hunt_t;

static void add(hunt_t *hunt, const ag_cred_type_t *type, const char *text, ag_from_e from)
{
    ag_credential_t *found = hunt->found;

    found->places |= AG_FROM_BIT(from);
    if (ag_text_nothing(text)) {
        return;
    }
    if (found->type && (found->type != type || strcmp(found->text, text) != 0)) {
        hunt->ambiguous = 1;
        return;
    }
    if (!found->type) {
        found->type = type;
        found->text = text;
        found->n = strlen(text);
        found->from = from;
    }
}

/* A list's empty elements do not count (RFC 9110 s5.6.1): httpd joins an empty field and one that is
 * not to ", KEY". */
static const char *without_commas(const char *text, apr_pool_t *p)
{
    apr_size_t n;

    text += strspn(text, ", \t");
    for (n = strlen(text); n && strchr(", \t", text[n - 1]); n--) {
    }
    return apr_pstrmemdup(p, text, n);
}

/* A comma in a field of which one value is expected is what a repeated field looks like. */
static void add_field(hunt_t *hunt, const ag_cred_type_t *type, const char *text, ag_from_e from)
{
    if (strchr(text, ',')) {
        text = without_commas(text, hunt->request->pool);
        hunt->ambiguous |= strchr(text, ',') != NULL;
    }
    add(hunt, type, text, from);
}

/* What follows the scheme's name in Authorization, or NULL when it is another scheme. */
static const char *after_scheme(const char *value, const char *scheme)
{
    apr_size_t n = strlen(scheme);

    if (strncasecmp(value, scheme, n) != 0 || (value[n] && !strchr(" \t", value[n]))) {
        return NULL;
    }
    return value + n + strspn(value + n, " \t");
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
static void add_bearer(hunt_t *hunt, const char *text)
{
    int key = (hunt->places & AG_FROM_BIT(AG_FROM_BEARER)) != 0;
    int jwt = (hunt->types & AG_CRED_JWT) != 0;

    if (jwt && (!key || (has_two_dots(text) && ag_key_shape(text, strlen(text)) == AG_KEY_FOREIGN))) {
        add_field(hunt, &ag_cred_jwt, text, AG_FROM_BEARER);
    }
    else {
        add_field(hunt, &ag_cred_key, text, AG_FROM_BEARER);
    }
}

static void add_apikey(hunt_t *hunt, const char *text)
{
    add_field(hunt, &ag_cred_key, text, AG_FROM_APIKEY);
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
    add(hunt, &ag_cred_key, ag_text_nothing(colon) ? pair : colon, AG_FROM_BASIC);
}

static const struct {
    const char *name;
    ag_from_e from;
    void (*add)(hunt_t *hunt, const char *text);
} schemes[] = {
    {"Bearer", AG_FROM_BEARER, add_bearer},
    {"ApiKey", AG_FROM_APIKEY, add_apikey},
    {"Basic", AG_FROM_BASIC, add_basic},
};

/* The number of the scheme by which `value` begins, of those that are read here, and what stands behind
 * it; -1: none. */
static int find_scheme(const char **rest, const hunt_t *hunt, const char *value)
{
    unsigned read = hunt->places | (hunt->types & AG_CRED_JWT ? AG_FROM_BIT(AG_FROM_BEARER) : 0);
    int i;

    for (i = 0; i < (int)(sizeof schemes / sizeof *schemes); i++) {
        if (read & AG_FROM_BIT(schemes[i].from) && (*rest = after_scheme(value, schemes[i].name))) {
            return i;
        }
    }
    return -1;
}

/* The one element of a repeated Authorization field: one that is empty, or a scheme without anything
 * behind it, does not count. With more than one, all that there is, and ambiguous if any is read here;
 * whichever that is, the field is a place of credentials. */
static const char *only_element(hunt_t *hunt, const char *value)
{
    char *rest = apr_pstrdup(hunt->request->pool, value);
    const char *only = "";
    int count = 0, ours = 0;
    char *element, *last;

    for (element = apr_strtok(rest, ",", &last); element; element = apr_strtok(NULL, ",", &last)) {
        const char *rest;
        int i;

        element += strspn(element, " \t");
        i = find_scheme(&rest, hunt, element);
        hunt->found->places |= i >= 0 ? AG_FROM_BIT(schemes[i].from) : 0;
        if (!ag_text_nothing(element) && (i < 0 || !ag_text_nothing(rest))) {
            count++;
            ours |= i >= 0;
            only = element;
        }
    }
    hunt->ambiguous |= count > 1 && ours;
    return count > 1 ? value : only;
}

static void authorization(hunt_t *hunt)
{
    const ag_request_t *request = hunt->request;
    const char *value = request->header(request, request->authorization);
    const char *rest;
    int i;

    if (!value) {
        return;
    }
    if (strchr(value, ',')) {
        value = only_element(hunt, value);
    }
    i = find_scheme(&rest, hunt, value);
    if (i >= 0) {
        schemes[i].add(hunt, rest);
    }
    else if (hunt->places & AG_FROM_BIT(AG_FROM_PLAIN)) {
        add_field(hunt, &ag_cred_key, value, AG_FROM_PLAIN);
    }
}

static void add_spelling(void *ctx, const char *name, const char *text)
{
    hunt_t *hunt = ctx;

    hunt->found->fields++;
    hunt->found->field = name;
    hunt->found->value = text;
    add_field(hunt, &ag_cred_key, text, AG_FROM_HEADER);
}

static void key_source(hunt_t *hunt, const ag_key_source_t *source)
{
    const ag_request_t *request = hunt->request;
    const char *text = NULL;

    switch (source->from) {
    case AG_FROM_HEADER:
        request->spellings(request, source->name, add_spelling, hunt);
        return;
    case AG_FROM_QUERY:
        text = ag_cred_argument(request->args, source->name, &hunt->ambiguous, request->pool);
        break;
    case AG_FROM_COOKIE:
        text = ag_cred_cookie(request->header(request, "Cookie"), source->name, &hunt->ambiguous, request->pool);
        break;
    default:
        return; /* Authorization is read once, for keys and tokens together */
    }
    if (text) {
        add(hunt, &ag_cred_key, text, source->from);
    }
}

ag_reason_e ag_cred_find(ag_credential_t *found, const ag_request_t *request, const ag_key_from_t *key_from,
                         unsigned types)
{
    int keys = (types & AG_CRED_KEY) != 0;
    hunt_t hunt = {found, request, types, keys ? key_from->places : 0, 0};
    int i;

    memset(found, 0, sizeof *found);
    found->looked = keys;
    for (i = 0; keys && i < key_from->n; i++) {
        key_source(&hunt, &key_from->sources[i]);
    }
    authorization(&hunt);
    if (hunt.ambiguous) {
        return AG_R_CREDENTIAL_AMBIGUOUS;
    }
    return found->type ? AG_R_NONE : AG_R_CREDENTIAL_MISSING;
}
