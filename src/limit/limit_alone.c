/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_alone: limits of a section that limit nobody, since each client can choose by what it is counted and
 * no other limit stands beside them.
 */
#include "setting.h"

#include <apr_strings.h>

#define SEGMENT 64 /* bits of an IPv6 address that are given to it: the others it chooses (RFC 7421) */

static int is_by_free_bits(const ag_limit_t *limit)
{
    return limit->by == AG_BY_IP && limit->prefix6 > SEGMENT;
}

/* 1 when it limits whoever the other one does not, for all its requests. Two with a when= are the
 * administrator's to compare. */
static int stands_beside(const ag_limit_t *limit, const ag_limit_t *lone)
{
    return !limit->dry_run && (!limit->when || lone->when) && !is_by_free_bits(limit)
           && (limit->by == AG_BY_IP || limit->by == AG_BY_CLIENT || limit->by == AG_BY_GLOBAL);
}

/* A client chooses its header fields freely, what stands behind a script's path (PATH_INFO), and half of
 * its IPv6 address: a limit by one of them alone limits nobody who varies it. Such a limit, or NULL
 * where one that a client cannot choose stands beside it. */
static const ag_limit_t *lone_choice(const ag_limits_t *limits)
{
    const ag_limit_t *lone = NULL;
    int n = limits->list ? limits->list->nelts : 0;
    int i;

    for (i = 0; i < n; i++) {
        const ag_limit_t *limit = APR_ARRAY_IDX(limits->list, i, ag_limit_t *);

        if (limit && (limit->by == AG_BY_HEADER || limit->by == AG_BY_PATH || is_by_free_bits(limit))) {
            lone = lone && lone->by == AG_BY_HEADER ? lone : limit;
        }
    }
    for (i = 0; lone && i < n; i++) {
        const ag_limit_t *limit = APR_ARRAY_IDX(limits->list, i, ag_limit_t *);

        if (limit && stands_beside(limit, lone)) {
            return NULL;
        }
    }
    return lone;
}

const char *ag_limits_warning(const ag_limits_t *rates, const ag_limits_t *concurrency, apr_pool_t *p)
{
    const ag_limit_t *rate = lone_choice(rates);
    const ag_limit_t *lone = rate ? rate : lone_choice(concurrency);
    const char *directive = rate ? "ApiGuardRateLimit" : "ApiGuardConcurrency";

    if (!lone) {
        return NULL;
    }
    if (lone->by == AG_BY_IP) {
        return apr_psprintf(p,
                            "%s %s: by=ip/%d alone limits nobody with IPv6, who has at least a /64 of "
                            "addresses; limit by ip, client or global too",
                            directive, lone->text, lone->prefix6);
    }
    if (lone->by == AG_BY_PATH) {
        return apr_psprintf(p,
                            "%s %s: by=path alone limits nobody who varies the path, as with "
                            "/script.php/1, /script.php/2; limit by ip, client or global too",
                            directive, lone->text);
    }
    return apr_psprintf(p,
                        "%s: by=header:%s alone limits nobody who varies that field; limit by ip, "
                        "client or global too",
                        directive, lone->by_name);
}
