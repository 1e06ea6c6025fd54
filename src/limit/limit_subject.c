/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_subject: whose request it is. Every kind of subject is one row: how it is written behind
 * by=, and how it is found in a request. A subject's text begins with its kind, and a client's also
 * with the kind and the issuer of its credential, so no two kinds ever share a count. What cannot
 * be told counts by address: nobody escapes a limit by leaving something out.
 *
 * The text is what other machines and the client know a subject by. Clients and addresses, which
 * nearly all limits count, have ids that need no text.
 */
#include "by.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "../base/speed.h"

/* ---- in a request: the text, or NULL when it is not there ------------------------------------ */

static void write_issuer(ag_buf_t *text, const char *issuer)
{
    for (; *issuer; issuer++) {
        if (*issuer == ':' || *issuer == '%') {
            ag_buf_mem(text, *issuer == ':' ? "%3A" : "%25", 3);
        }
        else {
            ag_buf_mem(text, issuer, 1);
        }
    }
}

/* "KIND:ISSUER:NAME"; a colon in the issuer (every URL has one) is written %3A, so that where it
 * ends cannot be mistaken. */
static const char *name_of(const char *what, const ag_principal_t *who, const char *name, apr_pool_t *p)
{
    const char *issuer = who->issuer ? who->issuer : "";
    apr_size_t size;
    ag_buf_t text;

    if (!name || !*name) {
        return NULL;
    }
    size = strlen(what) + strlen(who->kind->name) + 3 * strlen(issuer) + strlen(name) + 3;
    ag_buf_init(&text, apr_palloc(p, size), size);
    ag_buf_str(&text, what);
    ag_buf_str(&text, who->kind->name);
    ag_buf_mem(&text, ":", 1);
    write_issuer(&text, issuer);
    ag_buf_mem(&text, ":", 1);
    ag_buf_str(&text, name);
    return text.start;
}

static const char *subject_ip(const ag_subject_t *asked)
{
    ag_ip_t ip = asked->request->ip;

    ag_ip_mask6(&ip, asked->limit->prefix6);
    return apr_pstrcat(asked->request->pool, "ip:", ag_ip_text(&ip, asked->request->pool), NULL);
}

static const char *subject_client(const ag_subject_t *asked)
{
    const ag_principal_t *who = asked->who;

    return who ? name_of("client:", who, who->client, asked->request->pool) : NULL;
}

/* A key's public prefix may be short (imported keys), so its client belongs to its name. */
static const char *subject_key(const ag_subject_t *asked)
{
    const ag_principal_t *who = asked->who;
    const char *client;

    if (!who || who->kind != AG_KIND(key) || !who->key_id) {
        return NULL;
    }
    client = name_of("", who, who->client, asked->request->pool);
    return apr_pstrcat(asked->request->pool, "key:", who->key_id, ":", client ? client : "", NULL);
}

static const char *subject_user(const ag_subject_t *asked)
{
    const ag_principal_t *who = asked->who;

    return who ? name_of("user:", who, who->user, asked->request->pool) : NULL;
}

static const char *subject_claim(const ag_subject_t *asked)
{
    ag_principal_t *who = asked->who;
    apr_pool_t *p = asked->request->pool;
    json_t *claims = who ? ag_claims(who, p) : NULL;
    json_t *claim = claims ? ag_json_claim(claims, asked->limit->by_name) : NULL;
    const char *text = claim ? ag_json_scalar(claim, p) : NULL;
    const char *name = text ? name_of("", who, text, p) : NULL;

    return name ? apr_pstrcat(p, "claim:", asked->limit->by_name, "=", name, NULL) : NULL;
}

static const char *subject_header(const ag_subject_t *asked)
{
    const char *name = asked->limit->by_name;
    const char *value = asked->request->header(asked->request, name);

    return value && *value ? apr_pstrcat(asked->request->pool, "header:", name, "=", value, NULL) : NULL;
}

static const char *subject_path(const ag_subject_t *asked)
{
    return apr_pstrcat(asked->request->pool, "path:", asked->request->path, NULL);
}

static const char *subject_global(const ag_subject_t *asked)
{
    (void)asked;
    return "global";
}

static const char *subject_expr(const ag_subject_t *asked)
{
    const char *text = asked->expr->text(asked->limit->by_expr, asked->request);

    return text && *text ? apr_pstrcat(asked->request->pool, "expr:", text, NULL) : NULL;
}

/* ---- in a request: the id without the text; 0 when it is not there --------------------------- */

/* The texts behind ids hold a NUL at their third or fourth byte; the others hold none. */
ag_id_t ag_by_ip_id(const ag_ip_t *ip, int prefix6, const ag_sip_key_t *key)
{
    struct {
        char kind[4];
        ag_ip_t ip;
    } text = {"ip", *ip};

    ag_ip_mask6(&text.ip, prefix6);
    return ag_sip(key, &text, sizeof text);
}

static ag_id_t ip_id(const ag_subject_t *asked)
{
    return ag_by_ip_id(&asked->request->ip, asked->limit->prefix6, asked->key);
}

static int id_ip(ag_subject_t *asked)
{
    asked->ip = &asked->request->ip;
    asked->id = ip_id(asked);
    return 1;
}

static int id_client(ag_subject_t *asked)
{
    ag_principal_t *who = asked->who;

    if (!who || !who->client || !*who->client) {
        return 0;
    }
    asked->id = ag_client_id(who, asked->key, asked->request->pool);
    return 1;
}

/* ---- behind by=: what follows the kind's name ------------------------------------------------ */

static const char *read_prefix6(ag_limit_t *limit, const char *text, const ag_expr_port_t *expr, apr_pool_t *p)
{
    apr_int64_t bits;
    const char *error = ag_measure_number(&bits, text, 1, 128, p);

    (void)expr;
    if (!error) {
        limit->prefix6 = (int)bits;
    }
    return error ? apr_psprintf(p, "by=ip/: %s bits of an IPv6 address", error) : NULL;
}

static const char *read_claim(ag_limit_t *limit, const char *text, const ag_expr_port_t *expr, apr_pool_t *p)
{
    (void)expr;
    limit->by_name = text;
    return *text ? NULL : apr_pstrdup(p, "by=claim: needs the name of a claim");
}

/* RFC 9110 s5.1: a field name is a token, and its case says nothing. */
static const char *read_header(ag_limit_t *limit, const char *text, const ag_expr_port_t *expr, apr_pool_t *p)
{
    char *name = apr_pstrdup(p, text), *at;

    (void)expr;
    for (at = name; *at; at++) {
        *at = (char)apr_tolower(*at);
    }
    limit->by_name = name;
    return ag_text_token(text) ? NULL : apr_psprintf(p, "by=header:%s does not name a request field", text);
}

const char *ag_limit_expr(ag_expr_t **compiled, const char *option, const char *text, int string,
                          const ag_expr_port_t *expr, apr_pool_t *p)
{
    const char *error = NULL;

    if (!*text) {
        return apr_psprintf(p, "%s= needs an expression", option);
    }
    *compiled = expr ? expr->parse(expr->ctx, text, string, &error) : NULL;
    if (*compiled) {
        return NULL;
    }
    return apr_psprintf(p, "%s=%s: %s", option, text, error ? error : "expressions cannot be used here");
}

static const char *read_expr(ag_limit_t *limit, const char *text, const ag_expr_port_t *expr, apr_pool_t *p)
{
    return ag_limit_expr(&limit->by_expr, "by=expr", text, 1, expr, p);
}

/* ---- the table ------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    ag_by_e by;
    char sign;    /* what parts the name from its argument; 0: there is none */
    int optional; /* the argument may be left out */
    const char *(*read)(ag_limit_t *limit, const char *text, const ag_expr_port_t *expr, apr_pool_t *p);
    const char *(*text)(const ag_subject_t *asked);
    int (*id)(ag_subject_t *asked); /* the subject's id without its text; NULL: the digest of the text */
    int chosen;                     /* a client can choose the value freely, so there may be any number of subjects */
} by_t;

/* In the order of ag_by_e. */
static const by_t kinds[] = {
    {"client", AG_BY_CLIENT, 0, 0, NULL, subject_client, id_client, 0},
    {"ip", AG_BY_IP, '/', 1, read_prefix6, subject_ip, id_ip, 0},
    {"key", AG_BY_KEY, 0, 0, NULL, subject_key, NULL, 0},
    {"user", AG_BY_USER, 0, 0, NULL, subject_user, NULL, 0},
    {"claim", AG_BY_CLAIM, ':', 0, read_claim, subject_claim, NULL, 0},
    {"header", AG_BY_HEADER, ':', 0, read_header, subject_header, NULL, 1},
    {"path", AG_BY_PATH, 0, 0, NULL, subject_path, NULL, 1},
    {"global", AG_BY_GLOBAL, 0, 0, NULL, subject_global, NULL, 0},
    {"expr", AG_BY_EXPR, '=', 0, read_expr, subject_expr, NULL, 1},
};

#define N_KINDS (int)(sizeof kinds / sizeof *kinds)

const char *ag_by_parse(ag_limit_t *limit, const char *value, const ag_expr_port_t *expr, apr_pool_t *p)
{
    const by_t *kind;

    for (kind = kinds; kind < kinds + N_KINDS; kind++) {
        apr_size_t n = strlen(kind->name);

        if (strncmp(value, kind->name, n) != 0) {
            continue;
        }
        if (kind->sign && value[n] == kind->sign) {
            limit->by = kind->by;
            return kind->read(limit, value + n + 1, expr, p);
        }
        if (!value[n] && (!kind->sign || kind->optional)) {
            limit->by = kind->by;
            return NULL;
        }
    }
    return apr_psprintf(p,
                        "by=%s is not one of client, ip, ip/BITS, key, user, claim:NAME, "
                        "header:NAME, path, global, expr=EXPRESSION",
                        value);
}

/* The subject's text by its own kind; by address when the request has none of that kind. */
static const char *text_of(ag_subject_t *subject)
{
    const char *text = kinds[subject->limit->by].text(subject);

    return text ? text : subject_ip(subject);
}

const char *ag_subject_text(ag_subject_t *subject)
{
    if (!subject->text) {
        subject->text = text_of(subject);
    }
    return subject->text;
}

const char *ag_by_word(ag_by_e by)
{
    return kinds[by].name;
}

int ag_by_chosen(ag_by_e by)
{
    return kinds[by].chosen;
}

/* The slow way: the kind has no id without a text, or the request has no such subject and counts by address. */
AG_RARE static void make_id(ag_subject_t *subject, const by_t *kind)
{
    subject->text = kind->id ? NULL : kind->text(subject);
    if (subject->text) {
        subject->id = ag_sip(subject->key, subject->text, strlen(subject->text));
    }
    else {
        id_ip(subject);
    }
}

void ag_limit_subject(ag_subject_t *subject, const ag_limit_t *limit, const ag_request_t *request,
                      ag_principal_t *who, const ag_expr_port_t *expr, const ag_sip_key_t *key)
{
    const by_t *kind = &kinds[limit->by];

    subject->limit = limit;
    subject->request = request;
    subject->who = who && !who->anonymous ? who : NULL;
    subject->expr = expr;
    subject->text = NULL;
    subject->ip = NULL;
    subject->key = key;
    subject->chosen = kind->chosen;
    if (!kind->id || !kind->id(subject)) {
        make_id(subject, kind);
    }
}
