/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: where a server's limits are counted, and what a section does when that cannot be asked.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

/* ---- ApiGuardCounterStore ------------------------------------------------------------------------------ */

#define DEFAULT_TIMEOUT 50
#define MAX_PREFIX      100 /* of memcached's 250 bytes a key */

static const char *read_store_option(ag_counter_store_t *store, const char *word, apr_pool_t *p)
{
    apr_int64_t timeout;
    const char *text = ag_text_option(word, "prefix");
    const char *error;

    if (text && strlen(text) <= MAX_PREFIX && ag_text_visible(text, strlen(text), 0)) {
        store->prefix = text;
        return NULL;
    }
    text = ag_text_option(word, "timeout");
    if (text) {
        error = ag_measure_number(&timeout, text, 1, 10000, p);
        store->timeout = error ? 0 : (int)timeout;
        return error;
    }
    return apr_psprintf(p,
                        "\"%s\" is not allowed: prefix=NAME (at most %d bytes) or "
                        "timeout=MILLISECONDS",
                        word, MAX_PREFIX);
}

/* What may be the names of servers; ag_fleet_check() reads each of them. */
static int servers_valid(const char *servers)
{
    return *servers && ag_text_visible(servers, strlen(servers), 0) && !strchr(servers, '"');
}

static const char *parse_counter_store(void *value, const ag_setting_t *row, const ag_words_t *words,
                                       const ag_setting_call_t *call)
{
    ag_counter_store_t *store = value;
    const char *error = NULL;
    int i;

    (void)row;
    memset(store, 0, sizeof *store);
    store->timeout = DEFAULT_TIMEOUT;
    if (strncasecmp(words->v[0], "memcached:", 10) == 0 && servers_valid(words->v[0] + 10)) {
        store->servers = words->v[0] + 10;
    }
    else if (strcasecmp(words->v[0], "shm") != 0 || words->n > 1) {
        return apr_psprintf(call->p,
                            "\"%s\" is not allowed: shm, or memcached:HOST:PORT[,...] "
                            "[prefix=NAME] [timeout=MILLISECONDS]",
                            words->v[words->n > 1]);
    }
    for (i = 1; !error && i < words->n; i++) {
        error = read_store_option(store, words->v[i], call->p);
    }
    if (!error && store->servers) {
        error = ag_fleet_check(store->servers, store->prefix ? store->prefix : "", call->p);
    }
    return error;
}

const ag_setting_kind_t ag_kind_counter_store = {parse_counter_store, NULL, NULL};

/* ---- ApiGuardStoreFailure ------------------------------------------------------------------------------- */

static const char *parse_store_failure(void *value, const ag_setting_t *row, const ag_words_t *words,
                                       const ag_setting_call_t *call)
{
    ag_store_failure_t *failure = value;
    apr_int64_t nodes = 1;

    (void)row;
    failure->policy = ag_setting_choose("local|allow|deny", words->v[0]);
    if (strncasecmp(words->v[0], "local/", 6) == 0) {
        failure->policy = AG_FAIL_LOCAL;
        if (ag_measure_number(&nodes, words->v[0] + 6, 1, 100000, call->p)) {
            failure->policy = -1;
        }
    }
    failure->nodes = (int)nodes;
    if (failure->policy >= 0 && words->n == 1) {
        return NULL;
    }
    return failure->policy >= 0
               ? apr_psprintf(call->p, "\"%s\" is one word too many behind \"%s\"", words->v[1], words->v[0])
               : apr_psprintf(call->p, "\"%s\" is not allowed: local, local/NODES, allow or deny", words->v[0]);
}

const ag_setting_kind_t ag_kind_store_failure = {parse_store_failure, NULL, NULL};
