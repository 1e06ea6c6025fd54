/* SPDX-License-Identifier: Apache-2.0 */
/*
 * param: what ApiGuardParam says of one argument or field, and all lines of a section by name.
 */
#ifndef AG_INPUT_PARAM_H
#define AG_INPUT_PARAM_H

#include <apr_tables.h>

#include "../base/text.h"
#include "../json/number.h"
#include "../schema/format.h"
#include "../schema/pattern.h"
#include "names.h"

typedef struct ag_param_t ag_param_t;

struct ag_param_t {
    const char *name;
    int header; /* in=header; else in=query */
    int number; /* type=integer or number */
    const struct ag_param_type_t *type;
    const ag_format_t *format;      /* of type=date and the like; or NULL */
    const ag_number_t *min, *max;   /* NULL: no bound */
    apr_uint64_t shortest, longest; /* characters; 0 and APR_UINT64_MAX: any */
    const ag_pattern_t *pattern;    /* or NULL */
    ag_words_t allowed;             /* empty: any */
    int list, required;
    const char *fallback;      /* default=, as a backend reads it; NULL: none */
    const char *told;          /* likewise as it is added to a query string: "name=value", encoded */
    int off;                   /* the line only takes an inherited one away */
    int tenant;                /* it stands in .htaccess */
    const ag_param_t *beneath; /* what must hold, too: .htaccess opens nothing; NULL: nothing */
    const char *bounds[4];     /* min=, max=, length= and the enum as they are written, for findings */
};

/* All that a section says. Never changed once it is made. */
typedef struct ag_params_t {
    apr_array_header_t *lines;  /* const ag_param_t *, those of `off` too */
    int refuse;                 /* other arguments: 1: refused, -1: that was taken back, 0: nothing was said */
    int cleared;                /* nothing is inherited */
    const ag_param_t **queries; /* the lines that are in force, by their numbers in `names` */
    const ag_param_t **headers;
    int n_queries, n_headers;
    ag_input_names_t *names; /* of queries */
} ag_params_t;

/* What is wrong with a text for a parameter. */
typedef struct ag_param_wrong_t {
    const char *keyword, *detail;
    int costly; /* its pattern took too long */
} ag_param_wrong_t;

/* 1 when one value (decoded UTF-8) is what the line asks for, of a list each of its values. Else 0 and *wrong, whose detail
 * may come from `p`. */
int ag_param_fits(ag_param_wrong_t *wrong, const ag_param_t *param, ag_span_t value, apr_pool_t *p);

/* Which types there are, "string|integer|..."; and one of them, or NULL. */
extern const char ag_param_types[];
const struct ag_param_type_t *ag_param_type(const char *word);
int ag_param_type_number(const struct ag_param_type_t *type);
const ag_format_t *ag_param_type_format(const struct ag_param_type_t *type); /* NULL: it has none */
int ag_param_type_text(const struct ag_param_type_t *type);

#endif
