/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem: a refusal as application/problem+json.
 */
#include "reply.h"

#include <apr_strings.h>

#define MAX_BODY   4096
#define MAX_ERRORS 16384 /* findings that would take more are left out */

int ag_reply_status(ag_reason_e reason, int invalid_key_status)
{
    if (reason == AG_R_KEY_INVALID || reason == AG_R_KEY_REVOKED || reason == AG_R_KEY_EXPIRED) {
        return invalid_key_status == AG_INVALID_KEY_403 ? 403 : 401;
    }
    return ag_reason(reason)->status;
}

/* draft-ietf-httpapi-ratelimit-headers-11 s5. */
static const struct {
    const char *type, *title;
} types[] = {
    {"https://iana.org/assignments/http-problem-types#quota-exceeded", "Quota Exceeded"},
    {"https://iana.org/assignments/http-problem-types#temporary-reduced-capacity", "Temporary Reduced Capacity"},
    {"https://iana.org/assignments/http-problem-types#abnormal-usage-detected", "Abnormal Usage Detected"},
};

#define N_TYPES (int)(sizeof types / sizeof *types)

const char *ag_problem_type_title(const ag_reason_t *reason)
{
    int i;

    for (i = *reason->type == 'h' ? 0 : N_TYPES; i < N_TYPES; i++) {
        if (strcmp(types[i].type, reason->type) == 0) {
            return types[i].title;
        }
    }
    return NULL;
}

/* What a reason says of itself, put together by the compiler. */
static const struct {
    const char *begin, *code, *error;
} said[AG_R_COUNT] = {
#define AG_REASON(name, status, code, title, oauth, type)                                                            \
    [AG_R_##name] = {"{\"type\":\"" type "\",\"title\":\"", ",\"code\":\"" code "\"", ",\"error\":\"" title "\""},
    AG_REASON(NONE, 200, "ok", "OK", NULL, "about:blank")
#include "../core/reasons.def"
#undef AG_REASON
};

/* "minute", or "900 seconds" where there is no word for it. */
static void append_period(ag_buf_t *b, apr_uint32_t seconds)
{
    static const struct {
        apr_uint32_t seconds;
        const char *name;
    } names[] = {{1, "second"}, {60, "minute"}, {3600, "hour"}, {86400, "day"}, {604800, "week"}, {2678400, "month"}};
    int i;

    for (i = 0; i < (int)(sizeof names / sizeof *names); i++) {
        if (names[i].seconds == seconds) {
            ag_buf_str(b, names[i].name);
            return;
        }
    }
    ag_buf_uint(b, seconds);
    ag_buf_str(b, " seconds");
}

/* "100 per minute for client acme" */
static const char *limit_text(const ag_quota_line_t *line, const char *client, apr_pool_t *p)
{
    apr_size_t size = 64 + (client ? strlen(client) : 0); /* 56 without it, at most */
    ag_buf_t b;

    ag_buf_init(&b, apr_palloc(p, size), size);
    ag_buf_uint(&b, line->policy->limit);
    ag_buf_str(&b, " per ");
    append_period(&b, line->policy->window);
    if (client) {
        ag_buf_str(&b, " for client ");
        ag_buf_str(&b, client);
    }
    return b.start;
}

static const char *limit_detail(const ag_verdict_t *verdict, apr_pool_t *p)
{
    int i;

    for (i = 0; i < verdict->n_lines; i++) {
        const ag_quota_line_t *line = &verdict->lines[i];

        if (line->refused && !line->dry_run) {
            return limit_text(line, verdict->who ? verdict->who->client : NULL, p);
        }
    }
    return NULL;
}

/* "/items/0/qty is less than 1, and 2 more errors" */
static const char *found_detail(const ag_findings_t *findings, apr_pool_t *p)
{
    const char *text = ag_finding_text(&findings->list[0], p);
    int more = findings->n - 1;

    return more ? apr_psprintf(p, "%s, and %s%d more error%s", text,
                               findings->n > AG_FINDINGS_MOST ? "at least " : "", more, more == 1 ? "" : "s")
                : text;
}

const char *ag_problem_detail(const ag_verdict_t *verdict, apr_pool_t *p)
{
    if (!verdict->detail && verdict->reason == AG_R_RATE_EXCEEDED) {
        return limit_detail(verdict, p);
    }
    if (!verdict->detail && verdict->reason == AG_R_SCOPE_INSUFFICIENT && verdict->wanted) {
        return apr_pstrcat(p, "one of these scopes is needed: ", verdict->wanted, NULL);
    }
    return !verdict->detail && verdict->findings ? found_detail(verdict->findings, p) : verdict->detail;
}

void ag_problem_violated(const ag_verdict_t *verdict, ag_problem_name_fn each, void *ctx, apr_pool_t *p)
{
    const ag_quota_in_flight_t *in_flight;
    int i;

    if (verdict->reason != AG_R_RATE_EXCEEDED && verdict->reason != AG_R_CONCURRENCY_EXCEEDED) {
        return;
    }
    for (i = 0; i < verdict->n_lines; i++) {
        if (verdict->lines[i].refused && !verdict->lines[i].dry_run) {
            each(ctx, verdict->lines[i].policy->name, p);
        }
    }
    for (in_flight = verdict->in_flight; in_flight; in_flight = in_flight->next) {
        if (in_flight->refused && !in_flight->dry_run) {
            each(ctx, in_flight->policy->name, p);
        }
    }
}

static void add_name(void *ctx, const char *name, apr_pool_t *p)
{
    ag_buf_t *b = ctx;

    (void)p;
    ag_buf_str(b, b->at[-1] == '[' ? "" : ",");
    ag_json_string(b, name);
}

static void text_member(ag_buf_t *b, const char *name, const char *value)
{
    if (value) {
        ag_buf_str(b, name);
        ag_json_string(b, value);
    }
}

/* One finding, or nothing of it where it does not fit. */
static void add_finding(ag_buf_t *b, const ag_finding_t *finding, apr_pool_t *p)
{
    ag_buf_t one;

    ag_buf_init(&one, apr_palloc(p, MAX_BODY), MAX_BODY);
    ag_buf_str(&one, b->at[-1] == '[' ? "{\"detail\":" : ",{\"detail\":");
    ag_json_string(&one, finding->detail);
    text_member(&one, AG_JSON_NAME("in"), finding->in);
    text_member(&one, AG_JSON_NAME("name"), finding->name);
    text_member(&one, AG_JSON_NAME("pointer"), finding->pointer);
    text_member(&one, AG_JSON_NAME("keyword"), finding->keyword);
    ag_buf_str(&one, "}");
    if (!one.full && one.at - one.start < b->end - b->at - 4) {
        ag_buf_str(b, one.start);
    }
}

static const char *errors(const ag_findings_t *findings, apr_pool_t *p)
{
    ag_buf_t b;
    int i;

    ag_buf_init(&b, apr_palloc(p, MAX_ERRORS), MAX_ERRORS);
    ag_buf_str(&b, AG_JSON_NAME("errors") "[");
    for (i = 0; i < ag_findings_kept(findings); i++) {
        add_finding(&b, &findings->list[i], p);
    }
    ag_buf_str(&b, "]");
    return b.start;
}

const char *ag_problem(const ag_verdict_t *verdict, int status, const char *request_id, apr_pool_t *p)
{
    const char *found = verdict->findings ? errors(verdict->findings, p) : "";
    apr_size_t size = MAX_BODY + strlen(found);
    const ag_reason_t *reason = ag_reason(verdict->reason);
    const char *detail = ag_problem_detail(verdict, p);
    const char *title = ag_problem_type_title(reason);
    ag_buf_t b;

    /* Where the title is the type's, the sentence that tells this reason is the least detail. */
    detail = title && !detail ? reason->title : detail;
    ag_buf_init(&b, apr_palloc(p, size), size);
    ag_buf_str(&b, said[verdict->reason].begin);
    ag_buf_str(&b, title ? title : reason->title);
    ag_buf_str(&b, "\",\"status\":");
    ag_buf_uint(&b, (apr_uint64_t)status);
    ag_buf_str(&b, said[verdict->reason].code);
    text_member(&b, AG_JSON_NAME("detail"), detail);
    text_member(&b, AG_JSON_NAME("request_id"), request_id);
    if (verdict->retry_after) {
        ag_buf_str(&b, AG_JSON_NAME("retry_after"));
        ag_buf_uint(&b, verdict->retry_after);
    }
    if (verdict->reason == AG_R_RATE_EXCEEDED || verdict->reason == AG_R_CONCURRENCY_EXCEEDED) {
        ag_buf_str(&b, AG_JSON_NAME("violated-policies") "[");
        ag_problem_violated(verdict, add_name, &b, p);
        ag_buf_str(&b, "]");
    }
    ag_buf_str(&b, found);
    ag_buf_str(&b, said[verdict->reason].error);
    text_member(&b, AG_JSON_NAME("message"), detail ? detail : reason->title);
    ag_buf_str(&b, "}\n");
    /* Only a policy name of several kilobytes can fill the buffer; the code alone must do then. */
    return b.full ? apr_psprintf(p, "{\"status\":%d,\"code\":\"%s\"}\n", status, reason->code) : b.start;
}
