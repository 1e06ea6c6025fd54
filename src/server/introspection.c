/* SPDX-License-Identifier: Apache-2.0 */
/*
 * introspection: who is asked about tokens is looked over at the start. Nobody is asked before the first token comes.
 */
#include "server.h"

#include "fetch.h"

static const ag_introspection_t *line_at(int i)
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

int ag_introspection_start(server_rec *s, apr_pool_t *pconf)
{
    const char *error = NULL;
    int i, n = ag_plans()->later->nelts;

    for (i = 0; i < n && !line_at(i); i++) {
    }
    error = i < n ? ag_fetch_begin(pconf) : NULL;
    if (error) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "AG0948: nobody can be asked about tokens: %s", error);
    }
    return error ? HTTP_INTERNAL_SERVER_ERROR : OK;
}
