/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_lookup: from a subject in words, as an administrator types it, back to the id that requests
 * are counted under.
 */
#include <string.h>

#include <apr_strings.h>

#include "by.h"

/* "%3A" and "%25" in an issuer, back to ":" and "%". */
static void read_issuer(char *issuer)
{
    char *to = issuer;

    for (; *issuer; to++) {
        int escaped = strncmp(issuer, "%3A", 3) == 0 || strncmp(issuer, "%25", 3) == 0;

        *to = !escaped ? *issuer : issuer[1] == '3' ? ':' : '%';
        issuer += escaped ? 3 : 1;
    }
    *to = '\0';
}

/* "KIND:ISSUER:NAME" */
static int client_id(ag_id_t *id, const char *text, const ag_sip_key_t *key, apr_pool_t *p)
{
    char *kind = apr_pstrdup(p, text);
    char *issuer = strchr(kind, ':');
    char *name = issuer ? strchr(issuer + 1, ':') : NULL;

    if (!name || !name[1]) {
        return 0;
    }
    *issuer++ = *name++ = '\0';
    read_issuer(issuer);
    *id = ag_client_id_of(key, kind, issuer, name, p);
    return 1;
}

/* With or without the bits of a net, which the limit knows. */
static int read_address(ag_ip_t *ip, const char *text, apr_pool_t *p)
{
    const char *slash = strchr(text, '/');

    return ag_ip_parse(ip, slash ? apr_pstrmemdup(p, text, (apr_size_t)(slash - text)) : text);
}

static const char *behind(const char *text, const char *kind)
{
    apr_size_t n = strlen(kind);

    return strncmp(text, kind, n) == 0 && text[n] == ':' ? text + n + 1 : NULL;
}

/* By an address, which has one form as a text. */
static int named_ip(ag_subject_t *subject, const char *text, apr_pool_t *p)
{
    ag_ip_t *ip = apr_palloc(p, sizeof *ip);

    if (!read_address(ip, text, p)) {
        return 0;
    }
    ag_ip_mask6(ip, subject->limit->prefix6);
    subject->ip = ip;
    subject->chosen = 0;
    subject->id = ag_by_ip_id(ip, subject->limit->prefix6, subject->key);
    subject->text = apr_pstrcat(p, "ip:", ag_ip_text(ip, p), NULL);
    return 1;
}

int ag_limit_named(ag_subject_t *subject, const ag_limit_t *limit, const char *text, const ag_sip_key_t *key,
                   apr_pool_t *p)
{
    const char *rest;

    memset(subject, 0, sizeof *subject);
    subject->limit = limit;
    subject->text = text;
    subject->key = key;
    subject->chosen = ag_by_chosen(limit->by);
    if ((rest = behind(text, "ip"))) {
        return named_ip(subject, rest, p);
    }
    if ((rest = behind(text, "client"))) {
        return client_id(&subject->id, rest, key, p);
    }
    subject->id = ag_sip(key, text, strlen(text));
    return strcmp(text, "global") == 0 || strchr(text, ':') != NULL;
}

int ag_limit_is_by(const ag_limit_t *limit, const char *text)
{
    const char *kind = ag_by_word(limit->by), *rest = behind(text, kind);
    apr_size_t n = limit->by_name ? strlen(limit->by_name) : 0;

    if (limit->by == AG_BY_GLOBAL) {
        return strcmp(text, kind) == 0;
    }
    return rest && (n == 0 || (strncmp(rest, limit->by_name, n) == 0 && rest[n] == '='));
}

int ag_limit_may_be(const ag_limit_t *limit, const char *text)
{
    return ag_limit_is_by(limit, text) || behind(text, "ip");
}
