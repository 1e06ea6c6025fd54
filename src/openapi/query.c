/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query: which parameter each argument belongs to. One that a backend may take for a declared one, and is not written as
 * it is declared, is refused: its value would be checked by nobody.
 */
#include <apr_strings.h>

#include "head.h"

#define MOST 1000 /* arguments */

typedef struct {
    const ag_parameter_t *parameter; /* NULL: it is nobody's */
    ag_piece_t piece;
} argument_t;

/* ---- names --------------------------------------------------------------------------------------- */

/* "filter[a][b]" of a deep parameter: the key is "[a][b]". */
static int is_deep(argument_t *argument, const ag_operation_t *operation, const ag_pair_t *pair, apr_pool_t *p)
{
    ag_span_t name;
    const char *open;
    int which;

    if (ag_span_decode(&name, pair->name, 1, p) != AG_ENCODED_WELL || !(open = memchr(name.at, '[', name.n))) {
        return 0;
    }
    which = ag_input_name_exact(operation->names, ag_span(name.at, (apr_size_t)(open - name.at)));
    if (which < 0 || operation->queries[which].parameter->style != AG_STYLE_DEEP) {
        return 0;
    }
    argument->parameter = operation->queries[which].parameter;
    argument->piece.key = ag_span(open, name.n - (apr_size_t)(open - name.at));
    return 1;
}

static void take_known(argument_t *argument, const ag_query_t *query)
{
    argument->parameter = query->parameter;
    if (query->member) {
        argument->piece.key = ag_span(query->member, strlen(query->member));
    }
}

/* What is declared nowhere: a member of an open object, a credential, or unknown. */
static void take_other(argument_t *argument, ag_head_t *head, const ag_pair_t *pair)
{
    ag_input_call_t *call = head->call;
    ag_finding_t finding = {"query", NULL, NULL, "unknown", NULL};
    int which;

    if ((call->credentials && ag_input_name(&which, call->credentials, pair) == AG_NAME_KNOWN)
        || ag_input_name(&which, head->openapi->credentials, pair) == AG_NAME_KNOWN) {
        return;
    }
    if (head->operation->rest && ag_span_decode(&argument->piece.key, pair->name, 1, call->p) == AG_ENCODED_WELL) {
        argument->parameter = head->operation->rest;
    }
    else if (!head->openapi->options.pass) {
        finding.detail = apr_psprintf(call->p, "Argument %d is none of those that are known here", pair->number);
        ag_findings_add(&call->findings, &finding);
    }
}

static void take(argument_t *argument, ag_head_t *head, const ag_pair_t *pair)
{
    const ag_operation_t *operation = head->operation;
    int which;

    argument->piece.text = pair->value;
    if (is_deep(argument, operation, pair, head->call->p)) {
        return;
    }
    switch (ag_input_name(&which, operation->names, pair)) {
    case AG_NAME_KNOWN:
        take_known(argument, &operation->queries[which]);
        break;
    case AG_NAME_SPELLED:
        ag_head_invalid(head, operation->queries[which].parameter, "name",
                        "is written in a way that not all read alike");
        break;
    default:
        take_other(argument, head, pair);
    }
}

/* ---- all of it ----------------------------------------------------------------------------------- */

static int count(const char *args)
{
    ag_pairs_t pairs;
    ag_pair_t pair;
    int n = 0;

    ag_pairs_begin(&pairs, args, strlen(args));
    while (n <= MOST && ag_pairs_next(&pair, &pairs)) {
        n++;
    }
    return n;
}

/* Gives a parameter what belongs to it. */
static void check(ag_head_t *head, const ag_parameter_t *parameter, const argument_t *arguments, int n,
                  ag_piece_t *pieces)
{
    ag_given_t given = {0, pieces, 0};
    int i;

    for (i = 0; i < n; i++) {
        if (arguments[i].parameter == parameter) {
            pieces[given.n++] = arguments[i].piece;
        }
    }
    ag_head_check(head, parameter, &given);
}

/* in: querystring takes all of it as one text. */
static void check_whole(ag_head_t *head, const ag_parameter_t *parameter, const char *args)
{
    ag_piece_t piece = {{"", 0}, ag_span(args, strlen(args))};
    ag_given_t given = {*args != '\0', &piece, 0};

    ag_head_check(head, parameter, &given);
}

void ag_head_query(ag_head_t *head)
{
    const ag_operation_t *operation = head->operation;
    const char *args = head->call->args ? head->call->args : "";
    int i, n = operation->whole_query ? 0 : count(args);
    argument_t *arguments = n ? apr_pcalloc(head->call->p, (apr_size_t)n * sizeof *arguments) : NULL;
    ag_piece_t *pieces = n ? apr_palloc(head->call->p, (apr_size_t)n * sizeof *pieces) : NULL;
    ag_pairs_t pairs;
    ag_pair_t pair;

    if (n > MOST) {
        head->call->detail = "There are more than 1000 arguments";
        head->invalid = 1;
        return;
    }
    ag_pairs_begin(&pairs, args, strlen(args));
    for (i = 0; i < n && ag_pairs_next(&pair, &pairs); i++) {
        take(&arguments[i], head, &pair);
    }
    for (i = 0; i < operation->n_parameters; i++) {
        const ag_parameter_t *parameter = operation->parameters[i];

        if (parameter->place == AG_PLACE_QUERY) {
            check(head, parameter, arguments, n, pieces);
        }
        else if (parameter->place == AG_PLACE_QUERYSTRING) {
            check_whole(head, parameter, args);
        }
    }
}
