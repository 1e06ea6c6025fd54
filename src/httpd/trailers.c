/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trailers: with MergeTrailers, what a client sends behind a body becomes request fields, long after
 * forged ones were dropped and the credential was hidden. Where any server merges, every request's
 * body is read through this filter, whoever reads it and when: it lets nothing through that tells
 * who the client is. What got by all the same goes right before the handler.
 */
#include "body.h"
#include "hide.h"

static ap_filter_rec_t *trailers;

/* A module may take a request to another server later, so one that merges is enough. */
static int merging;

int ag_trailers_collect(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    (void)pconf;
    (void)plog;
    (void)ptemp;
    merging = 0;
    for (; s; s = s->next) {
        const core_server_config *core = ap_get_core_module_config(s->module_config);

        merging |= core->merge_trailers == AP_MERGE_TRAILERS_ENABLE;
    }
    return OK;
}

/* Trailers that may become fields. A credential must not stand among them (RFC 9110 s6.5.1). */
static apr_table_t *harmless(request_rec *r)
{
    const apr_array_header_t *fields = apr_table_elts(r->trailers_in);
    const apr_table_entry_t *field = (const apr_table_entry_t *)fields->elts;
    apr_table_t *left = apr_table_make(r->pool, fields->nelts);
    int i;

    for (i = 0; i < fields->nelts; i++) {
        if (!ag_identity_field(field[i].key) && !ag_credential_field(r, field[i].key)) {
            apr_table_addn(left, field[i].key, field[i].val);
        }
    }
    return left;
}

/* httpd makes a new table when it merges, so that is what tells; it is made once more. */
static apr_status_t trailers_filter(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode,
                                    apr_read_type_e block, apr_off_t bytes)
{
    request_rec *r = f->r;
    apr_table_t *before = r->headers_in;
    apr_status_t rv = ap_get_brigade(f->next, bb, mode, block, bytes);

    if (r->headers_in != before) {
        r->trailers_in = harmless(r);
        r->headers_in = apr_table_overlay(r->pool, before, r->trailers_in);
    }
    return rv;
}

/* httpd puts a protocol filter behind its like; ours belongs in front of the one that merges. As a
 * content filter it would stand there, too, but mod_proxy spools a body to disk that any content
 * filter might change, and a redirect drops those. */
void ag_filter_first(request_rec *r, ap_filter_t *ours)
{
    ap_filter_t *first = r->proto_input_filters;
    ap_filter_t **at;

    if (first == ours) {
        return;
    }
    for (at = &first->next; *at != ours; at = &(*at)->next) {
    }
    *at = ours->next;
    ours->next = first;
    for (at = &r->input_filters; *at != first; at = &(*at)->next) {
    }
    *at = ours;
    r->proto_input_filters = ours;
}

/* Redirects and sub-requests share the filters of the client's request. */
void ag_trailers_watch(request_rec *r)
{
    if (merging && !r->main && !r->prev) {
        ag_filter_first(r, ap_add_input_filter_handle(trailers, NULL, r, r->connection));
    }
}

int ag_trailers_merged(void)
{
    return merging;
}

void ag_register_trailers(void)
{
    trailers = ap_register_input_filter("APIGUARD_TRAILERS", trailers_filter, NULL, AP_FTYPE_PROTOCOL);
}
