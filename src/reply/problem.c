/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem: a refusal as application/problem+json.
 */
#include "reply.h"

#include <apr_strings.h>

#define MAX_BODY 4096

int ag_reply_status(ag_reason_e reason, int invalid_key_status)
{
    if (reason == AG_R_KEY_INVALID || reason == AG_R_KEY_REVOKED || reason == AG_R_KEY_EXPIRED) {
        return invalid_key_status;
    }
    return ag_reason(reason)->status;
}

/* "minute", or "15 minutes" as seconds where there is no word for it. */
static const char *period(apr_uint32_t seconds, apr_pool_t *p)
{
    static const struct {
        apr_uint32_t seconds;
        const char *name;
    } names[] = {{1, "second"},    {60, "minute"},      {3600, "hour"},
                 {86400, "day"},   {604800, "week"},    {2678400, "month"}};
    int i;

    for (i = 0; i < (int)(sizeof names / sizeof *names); i++) {
        if (names[i].seconds == seconds) {
            return names[i].name;
        }
    }
    return apr_psprintf(p, "%u seconds", seconds);
}

/* "100 per minute for client acme" */
static const char *limit_detail(const ag_verdict_t *verdict, apr_pool_t *p)
{
    const char *client = verdict->who ? verdict->who->client : NULL;
    int i;

    for (i = 0; i < verdict->n_lines; i++) {
        const ag_quota_line_t *line = &verdict->lines[i];

        if (line->refused && !line->dry_run) {
            return apr_psprintf(p, "%" APR_UINT64_T_FMT " per %s%s%s", line->limit,
                                period(line->window, p), client ? " for client " : "",
                                client ? client : "");
        }
    }
    return NULL;
}

const char *ag_problem_detail(const ag_verdict_t *verdict, apr_pool_t *p)
{
    if (!verdict->detail && verdict->reason == AG_R_RATE_EXCEEDED) {
        return limit_detail(verdict, p);
    }
    if (!verdict->detail && verdict->reason == AG_R_SCOPE_INSUFFICIENT && verdict->wanted) {
        return apr_pstrcat(p, "one of these scopes is needed: ", verdict->wanted, NULL);
    }
    return verdict->detail;
}

static void violated(ag_buf_t *b, const ag_verdict_t *verdict)
{
    const char *comma = "";
    int i;

    ag_json_name(b, "violated-policies");
    ag_buf_str(b, "[");
    for (i = 0; i < verdict->n_lines; i++) {
        if (verdict->lines[i].refused && !verdict->lines[i].dry_run) {
            ag_buf_str(b, comma);
            ag_json_string(b, verdict->lines[i].policy);
            comma = ",";
        }
    }
    ag_buf_str(b, "]");
}

static void text_member(ag_buf_t *b, const char *name, const char *value)
{
    if (value) {
        ag_json_name(b, name);
        ag_json_string(b, value);
    }
}

static void number_member(ag_buf_t *b, const char *name, apr_uint64_t value)
{
    ag_json_name(b, name);
    ag_buf_uint(b, value);
}

const char *ag_problem(const ag_verdict_t *verdict, int status, const char *request_id,
                       apr_pool_t *p)
{
    const ag_reason_t *reason = ag_reason(verdict->reason);
    const char *detail = ag_problem_detail(verdict, p);
    ag_buf_t b;

    ag_buf_init(&b, apr_palloc(p, MAX_BODY), MAX_BODY);
    ag_buf_str(&b, "{");
    text_member(&b, "type", reason->type);
    text_member(&b, "title", reason->title);
    number_member(&b, "status", (apr_uint64_t)status);
    text_member(&b, "code", reason->code);
    text_member(&b, "detail", detail);
    text_member(&b, "request_id", request_id);
    if (verdict->retry_after) {
        number_member(&b, "retry_after", verdict->retry_after);
    }
    if (verdict->reason == AG_R_RATE_EXCEEDED) {
        violated(&b, verdict);
    }
    text_member(&b, "error", reason->title);
    text_member(&b, "message", detail ? detail : reason->title);
    ag_buf_str(&b, "}\n");
    /* Only a policy name of several kilobytes can fill the buffer; the code alone must do then. */
    return b.full ? apr_psprintf(p, "{\"status\":%d,\"code\":\"%s\"}\n", status, reason->code)
                  : b.start;
}
