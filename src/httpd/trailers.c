/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trailers: with MergeTrailers, what a client sends behind a chunked body becomes request fields,
 * long after forged ones were dropped; and mod_proxy_fcgi reads the body first. Whoever reads the
 * body reads it through this filter, which drops them anew and sets ours again.
 */
#include "glue.h"

static ap_filter_rec_t *trailers;

/* httpd makes a new table when it merges, so that is what tells. */
static apr_status_t trailers_filter(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode,
                                    apr_read_type_e block, apr_off_t bytes)
{
    request_rec *r = f->r;
    const apr_table_t *before = r->headers_in;
    apr_status_t rv = ap_get_brigade(f->next, bb, mode, block, bytes);

    if (r->headers_in != before) {
        ag_strip_forged(r);
        ag_proxy_fixups(r);
    }
    return rv;
}

void ag_insert_trailers_filter(request_rec *r)
{
    if (!r->main && apr_table_get(r->headers_in, "Transfer-Encoding")) {
        ap_add_input_filter_handle(trailers, NULL, r, r->connection);
    }
}

void ag_register_trailers(void)
{
    trailers = ap_register_input_filter("APIGUARD_TRAILERS", trailers_filter, NULL,
                                        AP_FTYPE_CONTENT_SET);
}
