/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caching: keeps an answer meant for one client out of caches shared by many (RFC 9111 s3.5). The credential
 * is hidden when the application answers, so no cache behind us can know that itself.
 */
#include "answer.h"

#include <string.h>

/* 1 when one of the words stands in what a Cache-Control says. */
static int says(const char *cache_control, const char *const *words)
{
    for (; *words; words++) {
        if (strcasestr(cache_control, *words)) {
            return 1;
        }
    }
    return 0;
}

/* An answer to an identified client is that client's alone, unless the application says otherwise. Where
 * nothing was said even the client's own cache asks again each time (s5.2.2.4): another user of the
 * same browser, or a key revoked since, gets nothing out of it, and nothing needs to vary. */
void ag_answer_own(const ag_answer_t *a)
{
    static const char *const whose[] = {"private", "no-store", "public", "s-maxage", "must-revalidate", NULL};
    const char *said = a->port->said(a->ctx, "Cache-Control");

    if (!said && !a->port->said(a->ctx, "Expires")) {
        ag_answer_put(a, AG_PUT_BESIDE, "Cache-Control", "private, no-cache");
        return;
    }
    if (!said || !says(said, whose)) {
        ag_answer_put(a, AG_PUT_JOINED, "Cache-Control", "private");
    }
    ag_answer_put(a, AG_PUT_JOINED, "Vary", a->port->vary(a->ctx));
}

/* What says that the page may be kept for all was said of it without those parts. */
void ag_answer_parts(const ag_answer_t *a)
{
    static const char *const alone[] = {"private", "no-store", NULL};
    const char *said = a->port->said(a->ctx, "Cache-Control");

    if (!said || !says(said, alone)) {
        ag_answer_put(a, AG_PUT_ALONE, "Cache-Control", "private, no-cache");
    }
    ag_answer_put(a, AG_PUT_JOINED, "Vary", a->parts);
}

/* A refusal may be another one in a moment, or none. */
void ag_answer_no_store(const ag_answer_t *a)
{
    ag_answer_put(a, AG_PUT_ALONE, "Cache-Control", "no-store");
}
