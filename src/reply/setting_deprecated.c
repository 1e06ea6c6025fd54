/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the value of ApiGuardDeprecated. What answers say is put together here, so that a request only has to
 * copy pointers.
 */
#include "setting.h"

#include <apr_strings.h>

#include "../base/date.h"
#include "url.h"

#define ALLOWED "since=DATE [sunset=DATE] [link=URL] [successor=URL], or off"

/* The line, word by word; NULL where it says nothing. */
typedef struct {
    const char *since, *sunset, *link, *successor;
} line_t;

/* ---- words ------------------------------------------------------------------------------------ */

static const char *read_word(line_t *line, const char *word, apr_pool_t *p)
{
    const struct {
        const char *name, **value;
    } options[] = {
        {"since", &line->since}, {"sunset", &line->sunset}, {"link", &line->link}, {"successor", &line->successor}};
    apr_size_t i;

    for (i = 0; i < sizeof options / sizeof *options; i++) {
        const char *value = ag_text_option(word, options[i].name);

        if (value && *options[i].value) {
            return apr_pstrcat(p, options[i].name, "= is given twice", NULL);
        }
        if (value) {
            *options[i].value = value;
            return NULL;
        }
    }
    return apr_psprintf(p, "\"%s\" is not allowed: " ALLOWED, word);
}

static const char *read_date(apr_int64_t *seconds, const char *name, const char *text, apr_pool_t *p)
{
    return !text || ag_date_read(seconds, text)
               ? NULL
               : apr_psprintf(p, "%s=: \"%s\" is no date: a day such as 2030-01-31, or 2030-01-31T12:00:00Z", name,
                              text);
}

/* An absolute URL of the web, or a reference that says itself that it begins at a path: "docs.example.org/v2" is a
 * host that lacks its scheme. */
static int is_reference(const char *url)
{
    int absolute = strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0;

    return ag_url_signs(url) && (absolute ? ag_url_host(url) != NULL : *url && strchr("/.?#", *url) != NULL);
}

static const char *check_url(const char *name, const char *url, apr_pool_t *p)
{
    return !url || is_reference(url)
               ? NULL
               : apr_psprintf(p,
                              "%s=: \"%s\" is no URL: https://..., or a path that begins with \"/\"; what else is "
                              "no letter, digit or sign of a URL stands as %%XX",
                              name, ag_text_plain(url, p));
}

/* ---- what answers say ------------------------------------------------------------------------- */

static const char *http_date(apr_time_t time, apr_pool_t *p)
{
    char *text = apr_palloc(p, APR_RFC822_DATE_LEN);

    apr_rfc822_date(text, time);
    return text;
}

/* Each relation by itself, since readers differ in what they make of several in one rel. */
static const char *links(const line_t *line, apr_pool_t *p)
{
    const char *all = NULL;

    if (line->link) {
        all = apr_pstrcat(p, "<", line->link, ">; rel=\"deprecation\"", NULL);
    }
    if (line->link && line->sunset) {
        all = apr_pstrcat(p, all, ", <", line->link, ">; rel=\"sunset\"", NULL);
    }
    if (line->successor) {
        all =
            apr_pstrcat(p, all ? all : "", all ? ", <" : "<", line->successor, ">; rel=\"successor-version\"", NULL);
    }
    return all;
}

static const char *detail(const line_t *line, const char *sunset, apr_pool_t *p)
{
    return apr_pstrcat(p, "It ended on ", sunset, line->successor ? "; its successor is " : "",
                       line->successor ? line->successor : "", line->link ? "; see " : "",
                       line->link ? line->link : "", NULL);
}

static ag_deprecated_t *make(const line_t *line, apr_int64_t since, apr_int64_t sunset, apr_pool_t *p)
{
    ag_deprecated_t *deprecated = apr_pcalloc(p, sizeof *deprecated);

    deprecated->since = apr_psprintf(p, "@%" APR_INT64_T_FMT, since);
    deprecated->link = links(line, p);
    if (line->sunset) {
        deprecated->end = sunset ? apr_time_from_sec(sunset) : 1; /* 0 is never */
        deprecated->sunset = http_date(apr_time_from_sec(sunset), p);
        deprecated->detail = detail(line, deprecated->sunset, p);
    }
    return deprecated;
}

/* By which name the server goes is known when all is read. */
static const char *name_it(void *ctx, ag_later_call_t *call)
{
    ag_deprecated_t *deprecated = ctx;
    const char *section = call->section ? call->section : "";
    apr_size_t n = strlen(section);

    while (n && section[n - 1] == ' ') {
        n--;
    }
    deprecated->where =
        apr_pstrcat(call->p, call->server_name, n ? " " : "", apr_pstrndup(call->p, section, n), NULL);
    return NULL;
}

/* ---- the line --------------------------------------------------------------------------------- */

static const char *read_line(line_t *line, const ag_words_t *words, apr_pool_t *p)
{
    const char *error = NULL;
    int i;

    for (i = 0; !error && i < words->n; i++) {
        error = read_word(line, words->v[i], p);
    }
    error = error ? error : line->since ? NULL : "since= is missing: from when on it is deprecated";
    error = error ? error : check_url("link", line->link, p);
    return error ? error : check_url("successor", line->successor, p);
}

static const char *parse_dates(const ag_deprecated_t **value, const line_t *line, const ag_setting_t *row,
                               const ag_setting_call_t *call)
{
    apr_int64_t since = 0, sunset = 0;
    const char *error = read_date(&since, "since", line->since, call->p);
    ag_deprecated_t *deprecated;

    error = error ? error : read_date(&sunset, "sunset", line->sunset, call->p);
    if (error) {
        return error;
    }
    if (line->sunset && since > sunset) {
        return apr_psprintf(call->p, "since=%s is after sunset=%s", line->since, line->sunset);
    }
    *value = deprecated = make(line, since, sunset, call->p);
    deprecated->htaccess = !call->later;
    return ag_setting_later(call, row->name, AG_LATER_OURS, name_it, deprecated);
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    line_t line = {NULL, NULL, NULL, NULL};
    const char *error;

    if (words->n == 1 && strcasecmp(words->v[0], "off") == 0) {
        *(const ag_deprecated_t **)value = NULL;
        return call->later ? NULL : "off is not allowed in .htaccess";
    }
    error = read_line(&line, words, call->p);
    return error ? error : parse_dates(value, &line, row, call);
}

/* .htaccess may bring the end nearer; it cannot put it off. */
static void merge(void *value, const void *outer, const void *inner, apr_pool_t *p)
{
    const ag_deprecated_t *out = *(const ag_deprecated_t *const *)outer, *in = *(const ag_deprecated_t *const *)inner;
    int puts_off = in && in->htaccess && out && out->end && (!in->end || in->end > out->end);

    (void)p;
    *(const ag_deprecated_t **)value = puts_off ? out : in;
}

const ag_setting_kind_t ag_kind_deprecated = {parse, merge, NULL};
