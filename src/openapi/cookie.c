/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cookie: parameters in: cookie. Cookies that are declared nowhere are other pages' business.
 */
#include "head.h"

#define MOST 200 /* cookies */

typedef struct {
    const char *value;
    int n;
} field_t;

static void see(void *ctx, const char *name, const char *value)
{
    field_t *field = ctx;

    (void)name;
    field->value = value;
    field->n++;
}

/* The cookies of a parameter; of an exploded object its members. -1: there are too many. */
static int collect(ag_piece_t *pieces, const ag_parameter_t *parameter, const char *field)
{
    ag_pairs_t pairs;
    ag_pair_t pair;
    int i, n = 0;

    ag_pairs_begin_cookies(&pairs, field);
    while (ag_pairs_next(&pair, &pairs)) {
        const char *const *members = (const char *const *)(parameter->members ? parameter->members->elts : NULL);
        int n_names = members ? parameter->members->nelts : 1;

        if (pair.number > MOST) {
            return -1;
        }
        for (i = 0; i < n_names; i++) {
            const char *name = members ? members[i] : parameter->name;

            if (strlen(name) == pair.name.n && memcmp(name, pair.name.at, pair.name.n) == 0) {
                pieces[n].key = members ? ag_span(name, pair.name.n) : ag_span("", 0);
                pieces[n++].text = pair.value;
                break;
            }
        }
    }
    return n;
}

void ag_head_cookies(ag_head_t *head)
{
    const ag_operation_t *operation = head->operation;
    field_t field = {NULL, 0};
    ag_piece_t *pieces = NULL;
    int i;

    for (i = 0; i < operation->n_parameters; i++) {
        ag_given_t given = {0};

        if (operation->parameters[i]->place != AG_PLACE_COOKIE) {
            continue;
        }
        if (!pieces) {
            pieces = apr_palloc(head->call->p, MOST * sizeof *pieces);
            head->call->request->spellings(head->call->request, "Cookie", see, &field);
        }
        given.pieces = pieces;
        given.n = field.n ? collect(pieces, operation->parameters[i], field.value) : 0;
        if (field.n > 1 || given.n < 0) {
            ag_head_invalid(head, operation->parameters[i], "name",
                            "stands among too many cookies, or Cookie fields");
            continue;
        }
        ag_head_check(head, operation->parameters[i], &given);
    }
}
