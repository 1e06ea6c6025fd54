/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_fixture: a cache of small records.
 */
#ifndef AG_CACHE_FIXTURE_H
#define AG_CACHE_FIXTURE_H

#include "unit.h"

#include "../../src/base/cache.h"

#define RECORD 100

static inline ag_id_t id_of(apr_uint64_t hi, apr_uint64_t lo)
{
    ag_id_t id = {hi, lo};

    return id;
}

static inline int put(ag_cache_t *cache, ag_id_t id, const char *text, apr_time_t now)
{
    return ag_cache_put(cache, id, text, strlen(text), now);
}

/* The record as a text, or NULL. */
static inline const char *get(ag_cache_t *cache, ag_id_t id)
{
    static char text[RECORD + 1];
    apr_time_t stored;
    apr_size_t n = ag_cache_get(cache, id, text, &stored);

    text[n] = '\0';
    return n ? text : NULL;
}

#endif
