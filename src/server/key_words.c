/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_words: the words in shared memory that the processes of a server share about each database (how far
 * its change log is read, whether it answers). As many as there are databases: memory is added when a
 * reload brings more. A database keeps its words over graceful restarts, since children of both
 * generations must see when keys are dropped.
 *
 * Whose words are whose is known to the parent alone; nothing of it stands in memory that children write.
 */
#include "server.h"

#include <apr_shm.h>

#define KEPT     "mod_apiguard:words:3"
#define AT_LEAST 64 /* words in one piece of memory */

/* Words that exist, for good; their number is their place in the array. */
typedef struct {
    ag_id_t database;
    apr_int64_t generation; /* of the configuration that last used them, from 1; 0: nobody has */
    ag_key_words_t *words;
} seat_t;

static apr_array_header_t *kept_seats(apr_pool_t *pprocess)
{
    apr_array_header_t **seats = ag_keep(KEPT, sizeof *seats, pprocess);

    *seats = *seats ? *seats : apr_array_make(pprocess, AT_LEAST, sizeof(seat_t));
    return *seats;
}

static apr_status_t add_seats(apr_array_header_t *seats, int n, apr_pool_t *pprocess)
{
    ag_key_words_t *words;
    apr_status_t rv;
    apr_shm_t *shm;
    int i;

    n = n < AT_LEAST ? AT_LEAST : n;
    rv = apr_shm_create(&shm, (apr_size_t)n * sizeof *words, NULL, pprocess);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    words = apr_shm_baseaddr_get(shm);
    memset(words, 0, (apr_size_t)n * sizeof *words);
    for (i = 0; i < n; i++) {
        seat_t *seat = apr_array_push(seats);

        memset(seat, 0, sizeof *seat);
        seat->words = &words[i];
    }
    return APR_SUCCESS;
}

static void sit(seat_t *seat, int number, ag_database_t *database, apr_int64_t generation)
{
    seat->database = database->id;
    seat->generation = generation;
    database->words = seat->words;
    database->number = number;
}

/* Those that had words before get them again. How many have none. */
static int find_old(const apr_array_header_t *all, apr_array_header_t *seats, apr_int64_t generation,
                    apr_pool_t *ptemp)
{
    apr_hash_t *by_id = apr_hash_make(ptemp);
    int i, missing = 0;

    for (i = 0; i < seats->nelts; i++) {
        seat_t *seat = &APR_ARRAY_IDX(seats, i, seat_t);

        if (seat->generation) {
            apr_hash_set(by_id, &seat->database, sizeof seat->database, seat);
        }
    }
    for (i = 0; i < all->nelts; i++) {
        ag_database_t *database = APR_ARRAY_IDX(all, i, ag_database_t *);
        seat_t *seat = apr_hash_get(by_id, &database->id, sizeof database->id);

        if (seat) {
            sit(seat, (int)(seat - (seat_t *)seats->elts), database, generation);
        }
        missing += !seat;
    }
    return missing;
}

/* The generation that is just ending may still write to its own. */
static int is_free(const seat_t *seat, apr_int64_t generation)
{
    return seat->generation < generation - 1;
}

static int count_free(const apr_array_header_t *seats, apr_int64_t generation)
{
    int i, n = 0;

    for (i = 0; i < seats->nelts; i++) {
        n += is_free(&APR_ARRAY_IDX(seats, i, seat_t), generation);
    }
    return n;
}

static void fill_free(const apr_array_header_t *all, apr_array_header_t *seats, apr_int64_t generation)
{
    int i, at = 0;

    for (i = 0; i < all->nelts; i++) {
        ag_database_t *database = APR_ARRAY_IDX(all, i, ag_database_t *);

        if (database->words) {
            continue;
        }
        while (!is_free(&APR_ARRAY_IDX(seats, at, seat_t), generation)) {
            at++;
        }
        sit(&APR_ARRAY_IDX(seats, at, seat_t), at, database, generation);
        memset(database->words, 0, sizeof *database->words);
    }
}

int ag_key_words_open(int *n, server_rec *s, apr_pool_t *ptemp)
{
    const apr_array_header_t *all = ag_databases();
    apr_int64_t generation = ap_state_query(AP_SQ_CONFIG_GEN) + 1;
    apr_array_header_t *seats = kept_seats(s->process->pool);
    int missing = find_old(all, seats, generation, ptemp) - count_free(seats, generation);
    apr_status_t rv = missing > 0 ? add_seats(seats, missing, s->process->pool) : APR_SUCCESS;

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s,
                     "AG0741: there is no shared memory for %d key "
                     "databases",
                     all->nelts);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    fill_free(all, seats, generation);
    *n = seats->nelts;
    return OK;
}
