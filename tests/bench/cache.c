/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache: how many keys or tokens are known at once, and how often they are: the cache itself with the
 * records that are kept in it, without httpd.
 *
 *   cache keys|tokens BYTES        a table: places in so much memory, and the share of hits
 *   cache keys|tokens BYTES HITS   so many hits in a full cache, to be counted by callgrind
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/base/cache.h"
#include "../../src/cred/token_memo.h"
#include "../../src/keys/keys_record.h"

#define TURNS 20 /* of which the second half counts */

typedef struct {
    const void *record;
    apr_size_t n;
    apr_size_t most; /* bytes of the longest that is kept */
    apr_pool_t *p;
} kind_t;

/* A key of a plan with two rates, a network, two scopes and a role. */
static void usual_key(kind_t *kind)
{
    static const char *scopes[] = {"orders:read", "orders:write"}, *roles[] = {"partner"};
    static const ag_rate_t rates[] = {{1000, {3600, AG_PERIOD_PLAIN}}, {20000, {86400, AG_PERIOD_PLAIN}}};
    static const char hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    ag_key_t key = {.id = "1234567",
                    .hash = hex,
                    .key_id = "ak_live_3f9c2a71",
                    .client = "Miller & Sons Ltd",
                    .rates = rates,
                    .n_rates = 2,
                    .active = 1};

    key.scopes.v = scopes;
    key.scopes.n = 2;
    key.roles.v = roles;
    key.roles.n = 1;
    kind->record = ag_keys_record_make(&kind->n, &key, kind->p);
    kind->most = AG_KEY_RECORD_SIZE;
}

/* What an issuer of today puts into one: names of 36 characters, three scopes, two roles. */
static void usual_token(kind_t *kind)
{
    static const char *scopes[] = {"openid", "orders:read", "orders:write"};
    static const char *roles[] = {"partner", "offline_access"};
    ag_principal_t who = {.issuer = "https://login.example.com/realms/customers",
                          .client = "0d1fb6d4-7f0d-4f53-9d3c-2f0f2f7a61c5",
                          .user = "6f0a3c1e-52b7-4d0c-8a37-b1d0c92f5e11"};
    ag_token_memo_t memo = {1, 2};
    char *record = apr_palloc(kind->p, AG_TOKEN_RECORD_SIZE);

    who.scopes.v = scopes;
    who.scopes.n = 3;
    who.roles.v = roles;
    who.roles.n = 2;
    kind->n = ag_token_memo_write(record, AG_TOKEN_RECORD_SIZE, &memo, &who);
    kind->record = record;
    kind->most = AG_TOKEN_RECORD_SIZE;
}

static ag_cache_t *make(const kind_t *kind, apr_size_t bytes)
{
    ag_cache_t *cache;

    if (ag_cache_attach(&cache, calloc(1, bytes), bytes, kind->most, 1, kind->p) != APR_SUCCESS) {
        fputs("cache: too little memory\n", stderr);
        exit(1);
    }
    return cache;
}

/* Asks for that one and puts it in where it is not known; 1: it was. */
static int use(const kind_t *kind, ag_cache_t *cache, unsigned number, apr_size_t n)
{
    static const ag_sip_key_t key = {1, 2};
    ag_id_t id = ag_sip(&key, &number, sizeof number);
    apr_time_t stored;
    char out[4096];

    if (ag_cache_get(cache, id, out, &stored)) {
        return 1;
    }
    memset(out, 'x', n);
    memcpy(out, kind->record, kind->n < n ? kind->n : n);
    ag_cache_put(cache, id, out, n, 1);
    return 0;
}

static unsigned known(const kind_t *kind, ag_cache_t *cache, unsigned records, apr_size_t n)
{
    unsigned i, hits = 0;

    for (i = 0; i < records; i++) {
        hits += (unsigned)use(kind, cache, i, n);
    }
    return hits;
}

/* Of `records` used in turn: how many of a hundred are hits. */
static double in_turn(const kind_t *kind, ag_cache_t *cache, unsigned records, apr_size_t n)
{
    unsigned turn, hits = 0;

    for (turn = 0; turn < TURNS; turn++) {
        unsigned now = known(kind, cache, records, n);

        hits += turn < TURNS / 2 ? 0 : now;
    }
    return 100.0 * hits / records / (TURNS - TURNS / 2);
}

static unsigned places_for(const kind_t *kind, apr_size_t bytes, apr_size_t n)
{
    apr_size_t places, used;
    ag_cache_t *cache = make(kind, bytes);
    unsigned i;

    ag_cache_fill(cache, &places, &used);
    for (i = 0; i < 3 * places; i++) {
        use(kind, cache, i, n);
    }
    ag_cache_fill(cache, &places, &used);
    return (unsigned)used;
}

static void row(const kind_t *kind, const char *what, apr_size_t bytes, apr_size_t n)
{
    static const unsigned of[] = {80, 100, 150, 300};
    unsigned places = places_for(kind, bytes, n), i;

    printf("%-22s %7u %8u", what, (unsigned)n, places);
    for (i = 0; i < sizeof of / sizeof *of; i++) {
        ag_cache_t *cache = make(kind, bytes);

        printf(" %9.0f %%", in_turn(kind, cache, places / 100 * of[i], n));
    }
    putchar('\n');
}

static void table(const kind_t *kind, apr_size_t bytes)
{
    apr_size_t each = ag_cache_bytes(100000, kind->most) / 100000;
    ag_cache_t *cache = make(kind, ag_cache_bytes(4000, kind->most));

    printf("%-22s %7s %8s %43s\n", "", "bytes", "places", "hits of 80, 100, 150, 300 in turn per 100");
    row(kind, "usual", bytes, kind->n);
    row(kind, "long", bytes, kind->most);
    printf("bytes of memory for a usual one: %u\n", (unsigned)each);
    printf("6,000 in turn over 4,000 places: %.0f %% hits\n", in_turn(kind, cache, 6000, kind->n));
}

/* In a cache that is full; what is known of `records` is asked for again and again. */
static void hits(const kind_t *kind, apr_size_t bytes, unsigned n)
{
    ag_cache_t *cache = make(kind, bytes);
    unsigned records = places_for(kind, bytes, kind->n), done = 0;

    known(kind, cache, records, kind->n);
    while (done < n) {
        unsigned i;

        for (i = 0; i < records && done < n; i++) {
            done += (unsigned)use(kind, cache, i, kind->n);
        }
    }
}

int main(int argc, char **argv)
{
    kind_t kind;
    apr_size_t bytes;

    if (argc < 3) {
        return 2;
    }
    apr_initialize();
    apr_pool_create(&kind.p, NULL);
    bytes = (apr_size_t)atol(argv[2]);
    if (strcmp(argv[1], "keys") == 0) {
        usual_key(&kind);
    }
    else {
        usual_token(&kind);
    }
    if (argc > 3) {
        hits(&kind, bytes, (unsigned)atol(argv[3]));
    }
    else {
        table(&kind, bytes);
    }
    return 0;
}
