/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota: the rate limit fields, and when to come again. draft-11 is the draft's own form; the older ones are written as
 * express-rate-limit 8 writes them, since its clients are who reads them.
 */
#include "answer.h"

#include <string.h>

#include <apr_base64.h>
#include <apr_strings.h>

#define LINE_SIZE 160 /* one policy in one field, its name aside */

static void param(ag_buf_t *b, const char *name, apr_uint64_t value)
{
    ag_buf_str(b, name);
    ag_buf_uint(b, value);
}

static void put(const ag_answer_t *a, const char *name, const char *value)
{
    ag_answer_put(a, AG_PUT_ALONE, name, value);
}

static ag_buf_t buffer_for(const ag_verdict_t *verdict, apr_pool_t *p)
{
    const ag_quota_in_flight_t *in_flight;
    apr_size_t size = 1;
    ag_buf_t b;
    int i;

    for (i = 0; i < verdict->n_lines; i++) {
        size += LINE_SIZE + verdict->lines[i].policy->field_size;
    }
    for (in_flight = verdict->in_flight; in_flight; in_flight = in_flight->next) {
        size += LINE_SIZE + in_flight->policy->field_size;
    }
    ag_buf_init(&b, apr_palloc(p, size), size);
    return b;
}

/* The fields of one limit's windows lie in one text, which is then the whole value. */
static int is_one_text(const ag_verdict_t *verdict)
{
    const ag_quota_line_t *line = verdict->lines;
    const ag_quota_line_t *last = line + verdict->n_lines - 1;

    if (verdict->in_flight) {
        return 0;
    }
    for (; line < last; line++) {
        const char *end = line->policy->field + line->policy->field_size;

        if (*end != ',' || end + 2 != line[1].policy->field) {
            return 0;
        }
    }
    return last->policy->field[last->policy->field_size] == '\0';
}

static void add_policy(ag_buf_t *b, const ag_quota_policy_t *wire)
{
    ag_buf_mem(b, ", ", b->at > b->start ? 2 : 0);
    ag_buf_mem(b, wire->field, wire->field_size);
}

static const char *policies(const ag_verdict_t *verdict, apr_pool_t *p)
{
    const ag_quota_in_flight_t *in_flight;
    ag_buf_t policy;
    int i;

    if (is_one_text(verdict)) {
        return verdict->lines[0].policy->field;
    }
    policy = buffer_for(verdict, p);
    for (i = 0; i < verdict->n_lines; i++) {
        add_policy(&policy, verdict->lines[i].policy);
    }
    for (in_flight = verdict->in_flight; in_flight; in_flight = in_flight->next) {
        add_policy(&policy, in_flight->policy);
    }
    return policy.start;
}

/* draft-ietf-httpapi-ratelimit-headers-11 s3 and s4. On every answer, so from texts made before. */
static void draft_11(const ag_answer_t *a)
{
    const ag_verdict_t *verdict = a->limited;
    ag_buf_t limit = buffer_for(verdict, a->p);
    int i;

    for (i = 0; i < verdict->n_lines; i++) {
        const ag_quota_line_t *line = &verdict->lines[i];

        ag_buf_mem(&limit, line->policy->begin, line->policy->begin_size);
        ag_buf_uint(&limit, line->quota.remaining);
        ag_buf_mem(&limit, ";t=", 3);
        ag_buf_uint(&limit, line->quota.reset);
    }
    put(a, "RateLimit-Policy", policies(verdict, a->p));
    if (verdict->n_lines) {
        put(a, "RateLimit", limit.start + 2); /* no ", " before the first */
    }
}

/* The partition key: the first 12 hexadecimal digits of the subject's SHA-256, in base64. */
static void partition(ag_buf_t *b, const char *subject)
{
    unsigned char hash[AG_SHA256_SIZE];
    char hex[2 * AG_SHA256_SIZE + 1];
    char text[17];

    ag_sha256(hash, subject, strlen(subject));
    ag_hex(hex, hash, sizeof hash);
    apr_base64_encode(text, hex, 12);
    ag_buf_str(b, "; pk=:");
    ag_buf_str(b, text);
    ag_buf_str(b, ":");
}

static void draft_8(const ag_answer_t *a)
{
    const ag_verdict_t *verdict = a->limited;
    ag_buf_t policy = buffer_for(verdict, a->p);
    ag_buf_t limit = buffer_for(verdict, a->p);
    int i;

    for (i = 0; i < verdict->n_lines; i++) {
        const ag_quota_line_t *line = &verdict->lines[i];

        ag_buf_str(&policy, i ? ", " : "");
        ag_buf_str(&limit, i ? ", " : "");
        ag_buf_sf_string(&limit, line->policy->name);
        param(&limit, "; r=", line->quota.remaining);
        param(&limit, "; t=", line->quota.reset);
        ag_buf_sf_string(&policy, line->policy->name);
        param(&policy, "; q=", line->policy->limit);
        param(&policy, "; w=", line->policy->window);
        partition(&policy, line->subject);
    }
    put(a, "RateLimit", limit.start);
    put(a, "RateLimit-Policy", policy.start);
}

/* 1 when `line` refuses before `tight` does; a dry run never does. */
static int is_tighter(const ag_quota_line_t *line, const ag_quota_line_t *tight)
{
    if (line->dry_run != tight->dry_run) {
        return tight->dry_run;
    }
    return line->refused != tight->refused ? line->refused : line->quota.remaining < tight->quota.remaining;
}

/* Forms with room for one limit tell the one that will refuse first. */
static const ag_quota_line_t *tightest(const ag_verdict_t *verdict)
{
    const ag_quota_line_t *tight = &verdict->lines[0];
    int i;

    for (i = 1; i < verdict->n_lines; i++) {
        const ag_quota_line_t *line = &verdict->lines[i];

        tight = is_tighter(line, tight) ? line : tight;
    }
    return tight;
}

/* "100;w=60" */
static void old_policy(const ag_answer_t *a, const ag_quota_line_t *line)
{
    put(a, "RateLimit-Policy",
        apr_psprintf(a->p, "%" APR_UINT64_T_FMT ";w=%u", line->policy->limit, line->policy->window));
}

#define NUMBER_SIZE 21 /* the longest one, and a NUL */

static void number(const ag_answer_t *a, const char *name, apr_uint64_t value)
{
    ag_buf_t b;

    ag_buf_init(&b, apr_palloc(a->p, NUMBER_SIZE), NUMBER_SIZE);
    ag_buf_uint(&b, value);
    put(a, name, b.start);
}

static void draft_7(const ag_answer_t *a)
{
    const ag_quota_line_t *line = tightest(a->limited);

    old_policy(a, line);
    put(a, "RateLimit",
        apr_psprintf(a->p, "limit=%" APR_UINT64_T_FMT ", remaining=%" APR_UINT64_T_FMT ", reset=%u",
                     line->policy->limit, line->quota.remaining, line->quota.reset));
}

static void draft_6(const ag_answer_t *a)
{
    const ag_quota_line_t *line = tightest(a->limited);

    old_policy(a, line);
    number(a, "RateLimit-Limit", line->policy->limit);
    number(a, "RateLimit-Remaining", line->quota.remaining);
    number(a, "RateLimit-Reset", line->quota.reset);
}

static void legacy(const ag_answer_t *a)
{
    const ag_quota_line_t *line = tightest(a->limited);

    number(a, "X-RateLimit-Limit", line->policy->limit);
    number(a, "X-RateLimit-Remaining", line->quota.remaining);
    number(a, "X-RateLimit-Reset", (apr_uint64_t)a->now + line->quota.reset);
}

void ag_answer_quota(const ag_answer_t *a)
{
    static void (*const forms[])(const ag_answer_t *a) = {draft_11, draft_8, draft_7, draft_6, legacy};
    /* The older forms have no word for requests in flight. */
    unsigned left = a->limited->n_lines ? a->forms : a->limited->in_flight ? a->forms & AG_QUOTA_DRAFT_11 : 0;

    for (; left; left &= left - 1) {
        forms[__builtin_ctz(left)](a);
    }
}

/* Seconds until the same request can pass (RFC 9110 s10.2.3). */
void ag_answer_retry(const ag_answer_t *a)
{
    number(a, "Retry-After", a->verdict->retry_after);
}
