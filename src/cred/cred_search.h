/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred_search: what the finding of a request's credential and the kinds that take part in it share.
 */
#ifndef AG_CRED_SEARCH_H
#define AG_CRED_SEARCH_H

#include "cred.h"

/* One search as it goes on. */
struct ag_cred_search_t {
    ag_credential_t *found;
    const ag_request_t *request;
    const ag_key_from_t *key_from;
    int ambiguous; /* there are two that differ, or two kinds */
};

/* A text of that kind was found. The same one again is still one; blank, it is none. */
void ag_cred_add(ag_cred_search_t *search, const ag_cred_type_t *type, const char *text, ag_from_e from);

/* Likewise in a field of which one value is expected: what a repeated field looks like is two. */
void ag_cred_add_field(ag_cred_search_t *search, const ag_cred_type_t *type, const char *text, ag_from_e from);

#endif
