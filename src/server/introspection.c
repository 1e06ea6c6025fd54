/* SPDX-License-Identifier: Apache-2.0 */
/*
 * introspection: who is asked about tokens is looked over at the start. Nobody is asked before the first token comes.
 */
#include "server.h"

#include "fetch.h"

static ag_introspection_t *line_at(int i)
{
    return ag_later_of(&APR_ARRAY_IDX(ag_plans()->later, i, ag_later_t), ag_introspection_open);
}

/* A token that is no JWT looks like nothing: it is for the first kind that reads the place. */
static void warn_of_keys(server_rec *s)
{
    if (ag_written("ApiGuardIntrospection", NULL) && !ag_written("ApiGuardProvider", NULL)
        && !ag_written("ApiGuardKeyFrom", NULL)) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
            "AG0949: ApiGuardIntrospection: API keys are read from Bearer, too, so tokens that are no JWT are "
            "taken for keys; set ApiGuardProvider introspect, or ApiGuardKeyFrom header:X-API-Key");
    }
}

int ag_introspection_check(server_rec *s, apr_pool_t *ptemp)
{
    const apr_array_header_t *later = ag_plans()->later;
    int i, rv = OK;

    warn_of_keys(s);
    for (i = 0; rv == OK && i < later->nelts; i++) {
        const ag_introspection_t *whom = line_at(i);
        const char *error = whom ? ag_fetch_address(whom->url, ptemp) : NULL;

        if (error) {
            rv = ag_mistake(s, APR_ARRAY_IDX(later, i, ag_later_t).directive,
                            apr_psprintf(ptemp, "\"%s\" is not allowed: %s", whom->url, error));
        }
    }
    return rv;
}

/* Lines that ask the same endpoint in the same way have one state, which knows nothing of another one of before. */
static void number(ag_introspection_t *whom, apr_hash_t *numbers, ag_introspect_shared_t *shared)
{
    const int *known = apr_hash_get(numbers, &whom->id, sizeof whom->id);
    ag_introspect_state_t *state;

    whom->number = known ? *known : (int)apr_hash_count(numbers);
    apr_hash_set(numbers, &whom->id, sizeof whom->id, known ? known : &whom->number);
    state = &shared->states[whom->number % AG_INTROSPECT_STATES];
    if (state->whose != whom->id.lo) {
        *state = (ag_introspect_state_t){.whose = whom->id.lo};
    }
}

int ag_introspection_start(server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    apr_hash_t *numbers = apr_hash_make(ptemp);
    const char *error;
    int i;

    for (i = 0; i < ag_plans()->later->nelts; i++) {
        ag_introspection_t *whom = line_at(i);

        if (whom) {
            number(whom, numbers, ag_server_of(s)->engine->cred.introspect.shared);
        }
    }
    error = apr_hash_count(numbers) ? ag_fetch_begin(pconf) : NULL;
    if (error) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "AG0948: nobody can be asked about tokens: %s", error);
    }
    return error ? HTTP_INTERNAL_SERVER_ERROR : OK;
}
