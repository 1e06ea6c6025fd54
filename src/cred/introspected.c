/* SPDX-License-Identifier: Apache-2.0 */
/*
 * introspected: see introspected.h. Answers and marks lie apart: whoever sends invented tokens makes marks alone.
 */
#include "introspected.h"

#include <string.h>

#include <apr_strings.h>

#define AHEAD apr_time_from_sec(2) /* what was stored by another one's clock */

/* A record: how long the memo is, the memo, and the answer. Where that did not suit the section there is no memo: it is
 * judged again, which costs less than asking again. */
typedef struct head_t {
    apr_uint64_t memo_size;
} head_t;

/* Room for a pointer's alignment. */
#define ROUNDED(n) (((n) + 7) & ~(apr_size_t)7)

void ag_introspected_keep(const ag_cred_call_t *call, ag_id_t id, const ag_token_memo_t *memo,
                          const ag_principal_t *who, const ag_introspect_answer_t *answer)
{
    const ag_introspect_engine_t *engine = &call->engine->introspect;
    char record[AG_INTROSPECT_RECORD_SIZE] __attribute__((aligned(8)));
    head_t head = {0};
    apr_size_t at = sizeof head;

    if (who) {
        head.memo_size = ag_token_memo_write(record + at, sizeof record - at, memo, who);
        at += ROUNDED(head.memo_size);
    }
    if ((who && !head.memo_size) || at + answer->n > sizeof record) {
        ag_cache_drop(engine->answers, id);
        ag_introspect_too_long(engine, call->introspection, answer->n, call->request->log);
        return;
    }
    memcpy(record, &head, sizeof head);
    memcpy(record + at, answer->text, answer->n);
    ag_cache_put(engine->answers, id, record, at + answer->n, call->request->now);
}

/* The record's answer, judged anew. */
static int recall_text(ag_reason_e *reason, ag_principal_t **who, ag_cred_call_t *call, const char *text,
                       apr_size_t n)
{
    apr_pool_t *p = call->request->pool;
    ag_introspect_answer_t answer = {.text = text, .n = n, .claims = ag_json_object(text, n, p)};
    ag_token_memo_t memo;

    if (!answer.claims) {
        return 0;
    }
    *reason = ag_introspect_judge(who, &memo, call, &answer);
    *who = NULL; /* one that has become good is asked about anew */
    return *reason != AG_R_NONE;
}

static int recall_memo(ag_reason_e *reason, ag_principal_t **who, ag_cred_call_t *call, const char *record,
                       apr_size_t n)
{
    const head_t *head = (const void *)record;
    apr_size_t at = sizeof *head + ROUNDED(head->memo_size);
    ag_token_memo_t memo;

    if (at >= n
        || !ag_token_memo_read(&memo, who, record + sizeof *head, (apr_size_t)head->memo_size, call->request->pool)
        || !(*who)->issuer) {
        *who = NULL;
        return 0;
    }
    (*who)->parse_claims = ag_introspect_claims_of;
    (*who)->raw = record + at;
    (*who)->raw_size = n - at;
    *reason = ag_token_times(&memo, call);
    return 1;
}

/* Every child can write to the cache: what cannot be read is not there. */
int ag_introspected_recall(ag_reason_e *reason, ag_principal_t **who, ag_cred_call_t *call, ag_id_t id,
                           apr_int64_t seconds)
{
    char record[AG_INTROSPECT_RECORD_SIZE] __attribute__((aligned(8)));
    apr_time_t stored, now = call->request->now;
    apr_size_t n = ag_cache_get(call->engine->introspect.answers, id, record, &stored);
    const char *copy;
    head_t head;

    if (n <= sizeof head || stored + apr_time_from_sec(seconds) <= now || stored > now + AHEAD) {
        return 0;
    }
    copy = apr_pmemdup(call->request->pool, record, n);
    memcpy(&head, copy, sizeof head);
    if (head.memo_size > n) {
        return 0;
    }
    return head.memo_size ? recall_memo(reason, who, call, copy, n)
                          : recall_text(reason, who, call, copy + sizeof head, n - sizeof head);
}

/* ---- marks ----------------------------------------------------------------------------------------- */

/* Its bits, and when they were written; 0: there are none. */
static int mark_of(apr_time_t *stored, const ag_cred_call_t *call, ag_id_t id)
{
    char mark = 0;

    return ag_cache_get(call->engine->introspect.inactive, id, &mark, stored) ? mark : 0;
}

/* That it was good lasts over further answers. */
int ag_introspected_mark(const ag_cred_call_t *call, ag_id_t id, int bit, apr_time_t now)
{
    apr_time_t stored;
    int was = mark_of(&stored, call, id) & AG_INTROSPECTED_WAS_GOOD && now - stored < AG_RECENTLY_GOOD_SPAN;
    char mark = (char)(bit | (was || ag_token_marked(call, id) ? AG_INTROSPECTED_WAS_GOOD : 0));

    ag_cache_put(call->engine->introspect.inactive, id, &mark, 1, now);
    return mark;
}

int ag_introspected_is_inactive(const ag_cred_call_t *call, ag_id_t id)
{
    apr_time_t stored, now = call->request->now;
    int mark = mark_of(&stored, call, id);

    return mark & AG_INTROSPECTED_INACTIVE && stored + apr_time_from_sec(call->introspection->negative) > now
                   && stored <= now + AHEAD
               ? mark
               : 0;
}

int ag_introspected_has_failed(const ag_cred_call_t *call, ag_id_t id, apr_time_t since)
{
    apr_time_t stored;

    return mark_of(&stored, call, id) & AG_INTROSPECTED_FAILED && stored > since;
}
