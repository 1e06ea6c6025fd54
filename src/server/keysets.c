/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keysets: which key sets are fetched, and what the processes of this server share of them. A set is one thing, however
 * many lines and virtual hosts name it.
 */
#include "keysets.h"

#include <sys/mman.h>

#include "fetch.h"

#define KEPT "mod_apiguard:keyring:1:" /* and the ring's name: its words */

static const ag_keyset_source_t *source_at(int i)
{
    return ag_later_of(&APR_ARRAY_IDX(ag_plans()->later, i, ag_later_t), ag_keyring_open);
}

int ag_keysets_wanted(void)
{
    int i;

    for (i = 0; i < ag_plans()->later->nelts; i++) {
        if (source_at(i)) {
            return 1;
        }
    }
    return 0;
}

int ag_keysets_check(server_rec *s, apr_pool_t *ptemp)
{
    const apr_array_header_t *later = ag_plans()->later;
    int i, rv = OK;

    for (i = 0; rv == OK && i < later->nelts; i++) {
        const ag_keyset_source_t *source = source_at(i);
        const char *error = source ? ag_fetch_address(source->source, ptemp) : NULL;

        if (error) {
            rv = ag_mistake(s, APR_ARRAY_IDX(later, i, ag_later_t).directive,
                            apr_psprintf(ptemp, "\"%s\" is not allowed: %s", source->source, error));
        }
    }
    return rv;
}

/* What was reloaded may be what mends it, or a shorter refresh= than the next fetch was planned with. */
static int is_due_now(const ag_keyring_t *ring)
{
    apr_interval_time_t ahead = ring->words->next - apr_time_now();

    return ring->words->failures || (ring->refresh && ahead > apr_time_from_sec(ring->refresh));
}

/* Kept over a graceful restart: nobody fetches what the generation before has just fetched. */
static apr_status_t share(ag_keyring_t *ring, apr_pool_t *pprocess, apr_pool_t *ptemp)
{
    ag_keyring_words_t **kept = ag_keep(apr_pstrcat(ptemp, KEPT, ring->name, NULL), sizeof *kept, pprocess);

    if (!*kept) {
        void *memory = mmap(NULL, sizeof **kept, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED) {
            return APR_FROM_OS_ERROR(errno);
        }
        *kept = memory;
    }
    ring->words = *kept;
    if (is_due_now(ring)) {
        ring->words->next = 0;
    }
    return APR_SUCCESS;
}

static apr_status_t open_ring(ag_keyring_t *ring, const char *folder, server_rec *s, apr_pool_t *pconf,
                              apr_pool_t *ptemp)
{
    if (ring->file) {
        return APR_SUCCESS;
    }
    ring->file = apr_pstrcat(pconf, "file:", folder, "/", ring->name, NULL);
    APR_ARRAY_PUSH(ag_plans()->rings, ag_keyring_t *) = ring;
    return share(ring, s->process->pool, ptemp);
}

/* A server that runs goes on: without any ring, tokens that need one get 503. */
static int fail(server_rec *s, apr_status_t rv, const char *what)
{
    apr_array_clear(ag_plans()->rings);
    ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s, "AG0903: key sets cannot be fetched: there is no %s%s", what,
                 ag_is_reload() ? "; the server goes on, and tokens that need them get 503" : "");
    return ag_is_reload() ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

int ag_keysets_open(server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    ag_plans_t *plans = ag_plans();
    apr_status_t rv = APR_SUCCESS;
    const char *folder, *error;
    int i;

    plans->rings = apr_array_make(pconf, 2, sizeof(ag_keyring_t *));
    if (!ag_keysets_wanted()) {
        return OK;
    }
    folder = ag_keysets_folder(&rv, ptemp);
    if (!folder) {
        return fail(s, rv, apr_pstrcat(ptemp, "folder for them in ", ap_runtime_dir_relative(ptemp, ""), NULL));
    }
    error = ag_fetch_begin(pconf);
    if (error) {
        return fail(s, 0, error);
    }
    for (i = 0; rv == APR_SUCCESS && i < plans->later->nelts; i++) {
        const ag_keyset_source_t *source = source_at(i);

        rv = source ? open_ring(source->set.ring, folder, s, pconf, ptemp) : APR_SUCCESS;
    }
    return rv == APR_SUCCESS ? OK : fail(s, rv, "shared memory");
}

void ag_keysets_read(server_rec *s, apr_pool_t *ptmp)
{
    const apr_array_header_t *rings = ag_plans()->rings;
    int i;

    (void)s;
    for (i = 0; rings && i < rings->nelts; i++) {
        ag_keyring_t *ring = APR_ARRAY_IDX(rings, i, ag_keyring_t *);

        if (ag_keyring_read(ring, ptmp)) {
            __atomic_store_n(&ring->words->wanted, 1, __ATOMIC_RELEASE); /* somebody has removed the file */
        }
    }
}
