/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forged: fields that tell who the client is are ours to set. What a client sends of that kind, in any
 * spelling that a backend may take for it, is dropped.
 */
#include "hide.h"

int ag_identity_field(const char *name)
{
    return ag_text_behind(name, AG_IDENTITY_PREFIX) != NULL;
}

/* Most fields of an API begin "X-API-" at most, so the sixth character tells them from ours. */
static int may_be_ours(const char *name)
{
    return (name[0] | 0x20) == 'x' && name[1] && (name[2] | 0x20) == 'a' && (name[3] | 0x20) == 'p'
           && (name[4] | 0x20) == 'i' && (name[5] | 0x20) == 'g';
}

/* Puts back what is no identity field. One pass: taking fields out one by one would be quadratic. */
static void put_back_others(request_rec *r)
{
    apr_array_header_t *fields = apr_array_copy(r->pool, apr_table_elts(r->headers_in));
    const apr_table_entry_t *field = (const apr_table_entry_t *)fields->elts;
    int i;

    apr_table_clear(r->headers_in);
    for (i = 0; i < fields->nelts; i++) {
        if (!ag_identity_field(field[i].key)) {
            apr_table_addn(r->headers_in, field[i].key, field[i].val);
        }
    }
}

void ag_drop_forged(request_rec *r)
{
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    const apr_table_entry_t *field = (const apr_table_entry_t *)fields->elts;
    int i;

    for (i = 0; i < fields->nelts; i++) {
        if (may_be_ours(field[i].key) && ag_identity_field(field[i].key)) {
            put_back_others(r);
            return;
        }
    }
}
