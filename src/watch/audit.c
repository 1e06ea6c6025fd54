/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: see audit.h. Every text is cut, so the line always fits.
 */
#include "audit.h"

#include <apr_strings.h>

#define MAX_LINE 7000
#define MAX_TEXT 200 /* bytes of one text; at worst three bytes each in the line */

static void escape(ag_buf_t *b, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";
    char code[] = {'%', digits[c >> 4], digits[c & 15]};

    ag_buf_mem(b, code, sizeof code);
}

/* Quotes, backslashes, control and non-ASCII bytes as %XX: httpd's error log writes those its own
 * way, and the line must be JSON there too. */
static void plain(ag_buf_t *b, const char *text)
{
    apr_size_t left = MAX_TEXT;

    for (;;) {
        apr_size_t n = ag_json_plain(text, left);

        ag_buf_mem(b, text, n);
        text += n;
        left -= n;
        if (!left || !*text) {
            return;
        }
        escape(b, (unsigned char)*text++);
        left--;
    }
}

static void member(ag_buf_t *b, const char *name, const char *value)
{
    if (value) {
        ag_buf_str(b, name);
        plain(b, value);
        ag_buf_str(b, "\"");
    }
}

#define TEXT(name) AG_JSON_NAME(name) "\""

static void number(ag_buf_t *b, const char *name, apr_uint64_t value)
{
    ag_buf_str(b, name);
    ag_buf_uint(b, value);
}

const char *ag_audit_line(const ag_verdict_t *verdict, const ag_request_t *request, int status, const char *detail,
                          const char *request_id, apr_uint32_t more, apr_pool_t *p)
{
    const ag_principal_t *who = verdict->who ? verdict->who : verdict->shown;
    ag_buf_t b;

    ag_buf_init(&b, apr_palloc(p, MAX_LINE), MAX_LINE);
    ag_buf_str(&b, "{\"event\":\"denied\"");
    member(&b, TEXT("code"), ag_reason(verdict->reason)->code);
    number(&b, AG_JSON_NAME("status"), (apr_uint64_t)status);
    member(&b, TEXT("ip"), ag_ip_text(&request->ip, p));
    member(&b, TEXT("method"), request->method);
    member(&b, TEXT("path"), request->path);
    member(&b, TEXT("credential"), verdict->kind);
    member(&b, TEXT("client"), who ? who->client : NULL);
    member(&b, TEXT("user"), who ? who->user : NULL);
    member(&b, TEXT("issuer"), who && who->issuer && *who->issuer ? who->issuer : NULL);
    member(&b, TEXT("key_id"), who ? who->key_id : NULL);
    member(&b, TEXT("detail"), detail);
    member(&b, TEXT("request_id"), request_id);
    if (more) {
        number(&b, AG_JSON_NAME("repeats"), more);
    }
    ag_buf_str(&b, "}");
    return b.start;
}

const char *ag_audit_ban(const ag_ban_event_t *event, apr_pool_t *p)
{
    ag_buf_t b;

    ag_buf_init(&b, apr_palloc(p, MAX_LINE), MAX_LINE);
    ag_buf_str(&b, "{\"event\":\"ban\"");
    member(&b, TEXT("code"), "banned");
    member(&b, TEXT("ip"), event->ip);
    member(&b, TEXT("server"), event->server);
    if (event->net) {
        number(&b, AG_JSON_NAME("addresses"), event->n);
    }
    else {
        number(&b, AG_JSON_NAME("failures"), event->n);
        number(&b, AG_JSON_NAME("period"), event->period);
    }
    number(&b, AG_JSON_NAME("duration"), (apr_uint64_t)event->duration);
    number(&b, AG_JSON_NAME("until"), (apr_uint64_t)event->until);
    member(&b, TEXT("mode"), event->dry_run ? "dryrun" : event->hard ? "hard" : "soft");
    ag_buf_str(&b, "}");
    return b.start;
}
