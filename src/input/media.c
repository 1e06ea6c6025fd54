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

static const char *behind_blanks(const char *at)
{
    return at + strspn(at, " \t");
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
static char *token(const char **at, apr_pool_t *p)
{
    apr_size_t n = strspn(*at, TCHAR);

    *at += n;
    return n ? apr_pstrmemdup(p, *at - n, n) : NULL;
}

/* A quoted string (RFC 9110 s5.6.4) without its quotes and escapes; NULL: it is broken. */
static const char *quoted(const char **from, int *escaped, apr_pool_t *p)
{
    const char *at = *from + 1;
    char *value = apr_palloc(p, strlen(at) + 1);
    char *to = value;

    for (; *at && *at != '"'; at++) {
        *escaped |= *at == '\\';
        at += *at == '\\';
        if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7F) {
            return NULL;
        }
        *to++ = *at;
    }
    *to = '\0';
    *from = at + 1;
    return *at == '"' ? value : NULL;
}

static const char *read_type(ag_media_t *media, const char **at, apr_pool_t *p)
{
    apr_size_t type = strspn(*at, TCHAR);
    apr_size_t subtype = (*at)[type] == '/' ? strspn(*at + type + 1, TCHAR) : 0;

    if (!type || !subtype) {
        return "is no media type";
    }
    media->type = lower(apr_pstrmemdup(p, *at, type + 1 + subtype));
    *at += type + 1 + subtype;
    return NULL;
}

const char *ag_media_parameter_read(ag_media_t *media, const char **at, apr_pool_t *p)
{
    char *name = token(at, p);
    int escaped = 0;
    const char *value;

    if (!name || **at != '=') {
        return "has a parameter that is no NAME=VALUE";
    }
    ++*at;
    value = **at == '"' ? quoted(at, &escaped, p) : token(at, p);
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
    media->parameters[media->n].escaped = escaped;
    media->parameters[media->n++].value = value;
    return NULL;
}

const char *ag_media_read(ag_media_t *media, const char *field, apr_pool_t *p)
{
    const char *at = behind_blanks(field);
    const char *error;

    memset(media, 0, sizeof *media);
    error = read_type(media, &at, p);
    at = behind_blanks(at);
    while (!error && *at == ';') {
        at = behind_blanks(at + 1);
        if (*at && *at != ';') { /* "text/plain;" may stand there (RFC 9110 s5.6.6) */
            error = ag_media_parameter_read(media, &at, p);
            at = error ? at : behind_blanks(at);
        }
    }
    if (!error && *at) {
        error = *at == ',' ? "stands there twice" : "has something behind it that is no parameter";
    }
    return error;
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
