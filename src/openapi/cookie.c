/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cookie: parameters in: cookie. Cookies that are declared nowhere are other pages' business.
 */
#include "head.h"

#include "../base/spelling.h"
#include "../input/sent.h"

#define MOST     200 /* cookies */
#define TOO_MANY "stands among too many cookies, or Cookie fields"

/* 1 when a backend may take the text for that name, though it is not written so. */
static int is_spelled(const char *at, const char *end, const char *name)
{
    int element = 0;
    char next;

    at = ag_spelling_behind(at, end, "=;,", name, &element);
    if (!at || at == end) {
        return at != NULL;
    }
    next = ag_spelling_next(&at, end);
    return next == '[' || (next == ']' && !element) || !next;
}

static const char *behind(const char *at, const char *end, const char *signs, int those)
{
    while (at < end && !strchr(signs, *at) == !those) {
        at++;
    }
    return at;
}

/* 1 when a backend may find a cookie of that name in the pair: under another spelling, or, since Python takes a blank for the
 * end of a cookie and others a comma, in the value. */
static int is_hidden(const ag_pair_t *pair, const char *name, int exact)
{
    const char *at = pair->name.at, *end = pair->value.at + pair->value.n;

    while (at < end) {
        const char *stop = behind(at, end, " \t,=", 0), *sign = behind(stop, end, " \t", 1);

        if (sign < end && *sign == '=' && !exact && is_spelled(at, stop, name)) {
            return 1;
        }
        exact = 0;
        at = behind(behind(stop, end, " \t,", 0), end, " \t,", 1);
    }
    return 0;
}

static const char *name_of(const ag_parameter_t *parameter, int i)
{
    return parameter->members ? APR_ARRAY_IDX(parameter->members, i, const char *) : parameter->name;
}

/* Takes the pair if it is one of the parameter's. */
static const char *take(ag_given_t *given, ag_piece_t *pieces, const ag_parameter_t *parameter, const ag_pair_t *pair)
{
    int i, taken = 0, n = parameter->members ? parameter->members->nelts : 1;

    for (i = 0; i < n; i++) {
        const char *name = name_of(parameter, i);
        int exact = strlen(name) == pair->name.n && memcmp(name, pair->name.at, pair->name.n) == 0;

        if (is_hidden(pair, name, exact)) {
            return "is written in a way that not all read alike";
        }
        if (exact && pair->value.n && *pair->value.at == '"') {
            return "stands in quotes, which not all take away";
        }
        if (exact && !taken++) {
            pieces[given->n].key = parameter->members ? ag_span(name, pair->name.n) : ag_span("", 0);
            pieces[given->n++].text = pair->value;
        }
    }
    return NULL;
}

/* The cookies of a parameter; of an exploded object its members. What is wrong with them, or NULL. */
static const char *collect(ag_given_t *given, ag_piece_t *pieces, const ag_parameter_t *parameter, const char *field)
{
    const char *wrong = NULL;
    ag_pairs_t pairs;
    ag_pair_t pair;

    given->pieces = pieces;
    ag_pairs_begin_cookies(&pairs, field);
    while (!wrong && ag_pairs_next(&pair, &pairs)) {
        wrong = pair.number > MOST ? TOO_MANY : take(given, pieces, parameter, &pair);
    }
    return wrong;
}

void ag_head_cookies(ag_head_t *head)
{
    const ag_operation_t *operation = head->operation;
    ag_sent_t field = {0};
    ag_piece_t *pieces = NULL;
    int i;

    for (i = 0; i < operation->n_parameters; i++) {
        const ag_parameter_t *parameter = operation->parameters[i];
        ag_given_t given = {0};
        const char *wrong;

        if (parameter->place != AG_PLACE_COOKIE) {
            continue;
        }
        if (!pieces) {
            pieces = apr_palloc(head->call->p, MOST * sizeof *pieces);
            field = ag_input_sent(head->call->request, "Cookie");
        }
        wrong = field.n + field.others > 1 ? TOO_MANY
                : field.value              ? collect(&given, pieces, parameter, field.value)
                                           : NULL;
        if (wrong) {
            ag_head_invalid(head, parameter, "name", wrong);
            continue;
        }
        ag_head_check(head, parameter, &given);
    }
}
