/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keysets_fetch: when a key set is fetched, and what becomes of the answer. One child does it for all, each set in a
 * thread of its own, since any server may hang. What cannot be fetched, or is no key set, changes nothing: the keys that
 * were fetched last stay in force.
 */
#include "keysets.h"

#include <pthread.h>
#include <signal.h>

#define AT_ONCE 16 /* fetches under way */

#define USUAL    300                   /* seconds between two fetches, where nobody says otherwise */
#define SHORTEST 60                    /* what an issuer may ask for */
#define LONGEST  86400                 /* likewise */
#define PAUSE    apr_time_from_sec(10) /* between two fetches that tokens ask for */
#define DOUBLED  6                     /* after failures: 2, 4 ... 64 seconds */

/* ---- when -------------------------------------------------------------------------------------------- */

/* What tokens ask for comes on top: it never takes the place of what the clock wants. A clock that was set back makes
 * every set due. */
static int is_due(const ag_keyring_words_t *words, apr_time_t now)
{
    int wanted = __atomic_load_n(&words->wanted, __ATOMIC_ACQUIRE) && !words->failures;

    return now >= words->next || now < words->begun || words->next - now > apr_time_from_sec(LONGEST)
           || (wanted && now - words->begun >= PAUSE);
}

/* What the administrator has written is the longest; then what the issuer says. A tenth is left to chance, so that the
 * nodes of a fleet do not all come at once. */
static apr_interval_time_t period(const ag_keyring_t *ring, apr_int64_t max_age)
{
    apr_int64_t seconds = ring->refresh ? ring->refresh : USUAL;
    apr_uint16_t chance = 0;

    if (max_age >= 0) {
        apr_int64_t said = max_age < SHORTEST ? SHORTEST : max_age > LONGEST ? LONGEST : max_age;

        seconds = ring->refresh && ring->refresh < said ? ring->refresh : said;
    }
    ag_random(&chance, sizeof chance);
    return apr_time_from_sec(seconds) - apr_time_from_sec(seconds) / 10 * chance / UINT16_MAX;
}

static void plan_again(ag_keyring_words_t *words)
{
    apr_uint64_t n = ++words->failures;

    words->next = apr_time_now() + apr_time_from_sec(1 << (n < DOUBLED ? n : DOUBLED));
}

/* ---- what becomes of it --------------------------------------------------------------------------------- */

static void fail(const ag_keyring_t *ring, const char *error, server_rec *s)
{
    plan_again(ring->words);
    ag_count(AG_COUNT_KEYSET_FAILURES);
    if (ring->words->failures == 1) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "AG0900: the key set %s cannot be fetched: %s; %s",
                     ag_keyring_source(ring), error,
                     ag_keyring_there(ring) ? "the keys that were fetched last stay in force"
                                            : "until it can, tokens that need it get 503");
    }
}

static void succeed(const ag_keyring_t *ring, apr_int64_t max_age, server_rec *s)
{
    if (ring->words->failures) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s, "AG0901: the key set %s was fetched again",
                     ag_keyring_source(ring));
    }
    ring->words->failures = 0;
    ring->words->next = apr_time_now() + period(ring, max_age);
}

static void tell(const ag_keyring_t *ring, const ag_jwt_keyset_t *set, const char *error, server_rec *s)
{
    if (error) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "AG0904: the key set %s: %s; tokens that need it get 503",
                     ag_keyring_source(ring), error);
        return;
    }
    ap_log_error(APLOG_MARK, set->left_out ? APLOG_WARNING : APLOG_NOTICE, 0, s,
                 "AG0902: the key set %s has changed; keys in force: %d%s%s", ag_keyring_source(ring), set->n,
                 set->left_out ? "; " : "", set->left_out ? set->left_out : "");
}

/* A set without a key that we can use is what its issuer says, and no mistake of the way: nothing stays. */
static void take(ag_keyring_t *ring, const ag_fetched_t *answer, server_rec *s, apr_pool_t *p)
{
    ag_jwt_keyset_t set = {.ring = ring};
    const char *empty = ag_jwt_load_jwks(&set, answer->body, answer->length, p), *error = NULL;
    int stands;

    if (!set.is_read) {
        fail(ring, empty, s);
        return;
    }
    stands = ag_keysets_stands(ring, answer->body, answer->length, p);
    error = stands ? NULL : ag_keysets_publish(ring, answer->body, answer->length, p);
    if (error) {
        fail(ring, error, s);
        return;
    }
    if (empty) {
        plan_again(ring->words); /* not over yet */
    }
    else {
        succeed(ring, answer->max_age, s);
    }
    if (!stands) {
        tell(ring, &set, empty, s);
    }
}

/* ---- fetching ------------------------------------------------------------------------------------------- */

static void fetch(ag_keyring_t *ring, server_rec *s, apr_pool_t *p)
{
    ag_fetched_t answer;
    const char *error;

    ring->words->begun = apr_time_now();
    __atomic_store_n(&ring->words->wanted, 0, __ATOMIC_RELAXED); /* before: a question meanwhile is a new one */
    error = ag_keysets_get(&answer, ring, p);
    if (ag_jobs_over()) {
        __atomic_store_n(&ring->words->wanted, 1, __ATOMIC_RELEASE); /* whoever takes over begins again */
        return;
    }
    ag_count(AG_COUNT_KEYSET_FETCHES);
    if (error) {
        fail(ring, error, s);
    }
    else {
        take(ring, &answer, s, p);
    }
}

typedef struct {
    ag_keyring_t *ring;
    server_rec *server;
    apr_pool_t *pool;
} errand_t;

static void end(const errand_t *errand)
{
    __atomic_store_n(&errand->ring->fetching, 0, __ATOMIC_RELEASE);
    apr_pool_destroy(errand->pool);
    ag_jobs_end();
}

static void *run(void *data)
{
    const errand_t *errand = data;

    fetch(errand->ring, errand->server, errand->pool);
    end(errand);
    return NULL;
}

/* Signals are for threads that know what to do with them. */
static int start_thread(errand_t *errand)
{
    sigset_t all, before;
    pthread_attr_t detached;
    pthread_t thread;
    int rv;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    rv = pthread_create(&thread, &detached, run, errand);
    pthread_attr_destroy(&detached);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rv;
}

/* 1: a thread is at it. */
static int start(ag_keyring_t *ring, server_rec *s)
{
    errand_t *errand;
    apr_pool_t *p;

    if (!ag_jobs_begin()) {
        return 0;
    }
    apr_pool_create(&p, NULL); /* of no other pool: those are other threads' */
    errand = apr_palloc(p, sizeof *errand);
    *errand = (errand_t){ring, s, p};
    ring->fetching = 1;
    if (start_thread(errand) == 0) {
        return 1;
    }
    end(errand); /* the next round tries again */
    return 0;
}

void ag_keysets_fetch(server_rec *s)
{
    const apr_array_header_t *rings = ag_plans()->rings;
    apr_time_t now = apr_time_now();
    int i, busy = 0;

    for (i = 0; rings && i < rings->nelts; i++) {
        ag_keyring_t *ring = APR_ARRAY_IDX(rings, i, ag_keyring_t *);
        int fetching = __atomic_load_n(&ring->fetching, __ATOMIC_ACQUIRE);

        if (!fetching && busy < AT_ONCE && is_due(ring->words, now)) {
            fetching = start(ring, s);
        }
        busy += fetching;
    }
}
