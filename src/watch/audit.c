/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: see audit.h. Every text is cut, so the line always fits.
 */
#include "audit.h"

#include <apr_strings.h>

#define MAX_LINE 6000
#define MAX_TEXT 200 /* bytes of one text; at worst three bytes each in the line */

static int is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* Quotes, backslashes, control and non-ASCII bytes as %XX: httpd's error log writes those its own
 * way, and the line must be JSON there too. */
static const char *plain(const char *text, apr_pool_t *p)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out, *at;
    int n;

    for (n = 0; n < MAX_TEXT && is_plain(text[n]); n++) {
    }
    if (!text[n]) {
        return text; /* as nearly always */
    }
    at = out = apr_palloc(p, 3 * MAX_TEXT + 1);
    for (n = 0; *text && n < MAX_TEXT; text++, n++) {
        unsigned char c = (unsigned char)*text;

        if (is_plain(*text)) {
            *at++ = *text;
            continue;
        }
        *at++ = '%';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    *at = '\0';
    return out;
}

static void member(ag_buf_t *b, const char *name, const char *value, apr_pool_t *p)
{
    if (value) {
        ag_json_name(b, name);
        ag_json_string(b, plain(value, p));
    }
}

const char *ag_audit_line(const ag_verdict_t *verdict, const ag_request_t *request, int status,
                          const char *detail, const char *request_id, apr_pool_t *p)
{
    const ag_principal_t *who = verdict->who ? verdict->who : verdict->shown;
    ag_buf_t b;

    ag_buf_init(&b, apr_palloc(p, MAX_LINE), MAX_LINE);
    ag_buf_str(&b, "{\"event\":\"denied\"");
    member(&b, "code", ag_reason(verdict->reason)->code, p);
    ag_json_name(&b, "status");
    ag_buf_uint(&b, (apr_uint64_t)status);
    member(&b, "ip", ag_ip_text(&request->ip, p), p);
    member(&b, "method", request->method, p);
    member(&b, "path", request->path, p);
    member(&b, "credential", verdict->kind, p);
    member(&b, "client", who ? who->client : NULL, p);
    member(&b, "user", who ? who->user : NULL, p);
    member(&b, "key_id", who ? who->key_id : NULL, p);
    member(&b, "detail", detail, p);
    member(&b, "request_id", request_id, p);
    ag_buf_str(&b, "}");
    return b.start;
}

static void number(ag_buf_t *b, const char *name, apr_uint64_t value)
{
    ag_json_name(b, name);
    ag_buf_uint(b, value);
}

const char *ag_audit_ban(const ag_ban_event_t *event, apr_pool_t *p)
{
    ag_buf_t b;

    ag_buf_init(&b, apr_palloc(p, MAX_LINE), MAX_LINE);
    ag_buf_str(&b, "{\"event\":\"ban\"");
    member(&b, "code", "banned", p);
    member(&b, "ip", event->ip, p);
    member(&b, "server", event->server, p);
    number(&b, "failures", event->n);
    number(&b, "period", event->period);
    number(&b, "duration", (apr_uint64_t)event->duration);
    number(&b, "until", (apr_uint64_t)event->until);
    member(&b, "mode", event->dry_run ? "dryrun" : event->hard ? "hard" : "soft", p);
    ag_buf_str(&b, "}");
    return b.start;
}
