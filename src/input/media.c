/* SPDX-License-Identifier: Apache-2.0 */
/*
 * media: one pass over the field. The type and the names of parameters are copied in lower case, since they are compared
 * in any case (RFC 9110 s8.3.1); values are not.
 */
#include "media.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "../base/text.h"

#define TCHAR "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

/* Reads on from `at`. */
typedef struct {
    const char *at;
    apr_pool_t *p;
} reader_t;

static void skip_blanks(reader_t *r)
{
    r->at += strspn(r->at, " \t");
}

static char *lower(char *text)
{
    char *at;

    for (at = text; *at; at++) {
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at | 0x20 : *at);
    }
    return text;
}

/* A token (RFC 9110 s5.6.2), copied; NULL: there is none. */
static char *token(reader_t *r)
{
    apr_size_t n = strspn(r->at, TCHAR);
    const char *start = r->at;

    r->at += n;
    return n ? apr_pstrmemdup(r->p, start, n) : NULL;
}

/* A quoted string (RFC 9110 s5.6.4) without its quotes and escapes; NULL: it is broken. */
static const char *quoted(reader_t *r)
{
    char *value = apr_palloc(r->p, strlen(r->at));
    char *to = value;

    for (r->at++; *r->at && *r->at != '"'; r->at++) {
        r->at += *r->at == '\\';
        if (((unsigned char)*r->at < ' ' && *r->at != '\t') || *r->at == 0x7F) {
            return NULL;
        }
        *to++ = *r->at;
    }
    *to = '\0';
    return *r->at++ == '"' ? value : NULL;
}

static const char *read_type(ag_media_t *media, reader_t *r)
{
    const char *start = r->at;
    apr_size_t type = strspn(start, TCHAR);
    apr_size_t subtype = start[type] == '/' ? strspn(start + type + 1, TCHAR) : 0;

    if (!type || !subtype) {
        return "is no media type";
    }
    r->at += type + 1 + subtype;
    media->type = lower(apr_pstrmemdup(r->p, start, (apr_size_t)(r->at - start)));
    return NULL;
}

static const char *read_parameter(ag_media_t *media, reader_t *r)
{
    char *name = token(r);
    const char *value;

    if (!name || *r->at != '=') {
        return "has a parameter that is no NAME=VALUE";
    }
    r->at++;
    value = *r->at == '"' ? quoted(r) : token(r);
    if (!value) {
        return "has a parameter whose value is none";
    }
    if (ag_media_parameter(media, lower(name))) {
        return "names a parameter twice";
    }
    if (media->n == AG_MEDIA_PARAMETERS) {
        return "has too many parameters";
    }
    media->parameters[media->n].name = name;
    media->parameters[media->n++].value = value;
    return NULL;
}

const char *ag_media_read(ag_media_t *media, const char *field, apr_pool_t *p)
{
    reader_t r = {field, p};
    const char *error;

    memset(media, 0, sizeof *media);
    skip_blanks(&r);
    error = read_type(media, &r);
    skip_blanks(&r);
    while (!error && *r.at == ';') {
        r.at++;
        skip_blanks(&r);
        if (*r.at && *r.at != ';') { /* "text/plain;" may stand there (RFC 9110 s5.6.6) */
            error = read_parameter(media, &r);
            skip_blanks(&r);
        }
    }
    return error   ? error
           : *r.at ? (*r.at == ',' ? "stands there twice" : "has something behind it that is no parameter")
                   : NULL;
}

const char *ag_media_parameter(const ag_media_t *media, const char *name)
{
    int i;

    for (i = 0; i < media->n && strcmp(media->parameters[i].name, name) != 0; i++) {
    }
    return i < media->n ? media->parameters[i].value : NULL;
}

int ag_media_utf8(const ag_media_t *media)
{
    const char *charset = ag_media_parameter(media, "charset");

    return !charset || strcasecmp(charset, "utf-8") == 0;
}

/* ---- ranges ------------------------------------------------------------------------------------ */

int ag_media_matches(const char *range, const char *type)
{
    const char *slash = strchr(range, '/');
    apr_size_t n = (apr_size_t)(slash - range) + 1;
    apr_size_t suffix, whole = strlen(type);

    if (slash[1] != '*') {
        return strcmp(range, type) == 0;
    }
    if (*range != '*' && strncmp(range, type, n) != 0) {
        return 0;
    }
    suffix = strlen(slash + 2); /* "+json": behind something */
    return !suffix || (whole > n + suffix && strcmp(type + whole - suffix, slash + 2) == 0);
}

int ag_media_rank(const char *range)
{
    const char *slash = strchr(range, '/');

    return slash[1] != '*' ? 3 : slash[2] ? 2 : *range != '*';
}

const char *ag_media_range(const char **range, const char *word, apr_pool_t *p)
{
    char *copy = lower(apr_pstrdup(p, word));
    char *slash = strchr(copy, '/');
    const char *tail = slash ? slash + 1 : "";
    int any = slash && copy[0] == '*';

    *range = copy;
    if (slash && tail[0] == '*' && (!tail[1] || (tail[1] == '+' && tail[2] && !any))) {
        tail += tail[1] ? 2 : 0;
    }
    else if (any || strchr(tail, '*')) {
        tail = "";
    }
    if (slash) {
        *slash = '\0';
    }
    if (!slash || (!any && (!ag_text_token(copy) || strchr(copy, '*'))) || (any && copy[1])
        || (strcmp(tail, "*") != 0 && (!ag_text_token(tail) || strchr(tail, '*')))) {
        return apr_psprintf(p, "\"%s\" is not allowed: TYPE/SUBTYPE, TYPE/*, TYPE/*+SUFFIX or */*", word);
    }
    *slash = '/';
    return NULL;
}
