/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deep: arguments such as filter[price][min]=1 and ids[]=1 (deepObject), as PHP, Rack and Node's qs read them. OpenAPI
 * tells of one level; documents as they are published have more.
 */
#include "value.h"

#define LEVELS 8

/* A key's first part: "[a][b]" is "a", and "[b]" is left. 0: it is written otherwise. */
static int part_of(ag_span_t *part, ag_span_t *rest, ag_span_t key)
{
    const char *close = key.n && *key.at == '[' ? memchr(key.at, ']', key.n) : NULL;

    if (!close) {
        return 0;
    }
    *part = ag_span(key.at + 1, (apr_size_t)(close - key.at) - 1);
    *rest = ag_span(close + 1, key.n - part->n - 2);
    return !memchr(part->at, '[', part->n);
}

static int is_index(ag_span_t part)
{
    apr_size_t i;

    for (i = 0; i < part.n && ag_text_digit(part.at[i]); i++) {
    }
    return i == part.n;
}

static int same(ag_span_t a, ag_span_t b)
{
    return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

/* What one level works with. */
typedef struct {
    ag_value_t *value;
    const ag_parameter_t *parameter;
    ag_span_t *parts;  /* of each piece at this level */
    ag_piece_t *below; /* each piece without it */
    char *done;
    int n;
    int level;
} level_t;

static void build(ag_value_t *value, const ag_parameter_t *parameter, const ag_schema_t *schema,
                  const ag_given_t *given, int level);

/* All pieces with the same part as piece i, which are one value. */
static void group(level_t *all, int i, const ag_schema_t *schema)
{
    ag_piece_t *some = apr_palloc(all->value->p, (apr_size_t)all->n * sizeof *some);
    ag_given_t given = {0, some, 0};
    int j;

    for (j = i; j < all->n; j++) {
        if (j == i || (all->parts[i].n && same(all->parts[i], all->parts[j]))) {
            some[given.n++] = all->below[j];
            all->done[j] = 1;
        }
    }
    build(all->value, all->parameter, schema, &given, all->level + 1);
}

static int number_of(ag_span_t part)
{
    int number = 0;
    apr_size_t i;

    for (i = 0; i < part.n && number < 100000; i++) {
        number = number * 10 + part.at[i] - '0';
    }
    return part.n > 1 && *part.at == '0' ? -1 : number;
}

/* Items in the order in which they stand; their numbers count up from 0, or are not there. */
static void items(level_t *all, const ag_schema_t *schema)
{
    const ag_schema_t *item = schema ? ag_schema_items(schema) : NULL;
    int i, number = 0;

    ag_build_open(all->value->b, AG_JSON_ARRAY);
    for (i = 0; i < all->n; i++) {
        if (all->done[i]) {
            continue;
        }
        if (all->parts[i].n && number_of(all->parts[i]) != number++) {
            all->value->wrong = "has items whose numbers do not count up from 0";
        }
        group(all, i, item);
    }
    ag_build_close(all->value->b);
}

static void members(level_t *all, const ag_schema_t *schema)
{
    int i;

    ag_build_open(all->value->b, AG_JSON_OBJECT);
    for (i = 0; i < all->n; i++) {
        ag_span_t part = all->parts[i];

        if (!all->done[i]) {
            ag_build_name(all->value->b, part.at, part.n);
            group(all, i, schema ? ag_schema_property(schema, part.at, part.n) : NULL);
        }
    }
    ag_build_close(all->value->b);
}

static void build_parts(level_t *all, const ag_schema_t *schema, const ag_given_t *given)
{
    unsigned kinds = ag_value_kinds(schema);
    int i, indexes = 1, empty = 0;

    for (i = 0; i < given->n; i++) {
        if (!part_of(&all->parts[i], &all->below[i].key, given->pieces[i].key)) {
            all->value->wrong = "has brackets that are not closed";
            return;
        }
        all->below[i].text = given->pieces[i].text;
        indexes &= is_index(all->parts[i]);
        empty |= !all->parts[i].n;
    }
    if (indexes && (kinds & AG_KINDS_OF(ARRAY)) && (empty || !(kinds & AG_KINDS_OF(OBJECT)))) {
        items(all, schema);
    }
    else if (empty) {
        all->value->wrong = "has empty brackets where no list is";
    }
    else {
        members(all, schema);
    }
}

static void build(ag_value_t *value, const ag_parameter_t *parameter, const ag_schema_t *schema,
                  const ag_given_t *given, int level)
{
    level_t all = {value, parameter, NULL, NULL, NULL, given->n, level};

    if (given->n == 1 && !given->pieces[0].key.n) {
        ag_value_text(value, schema, ag_value_decode(value, parameter, given->pieces[0].text));
        return;
    }
    if (level == LEVELS) {
        value->wrong = "has more than 8 levels of brackets";
    }
    if (!value->wrong) {
        all.parts = apr_pcalloc(value->p, (apr_size_t)given->n * sizeof *all.parts);
        all.below = apr_pcalloc(value->p, (apr_size_t)given->n * sizeof *all.below);
        all.done = apr_pcalloc(value->p, (apr_size_t)given->n);
        build_parts(&all, schema, given);
    }
}

void ag_value_deep(ag_value_t *value, const ag_parameter_t *parameter, const ag_schema_t *schema,
                   const ag_given_t *given)
{
    build(value, parameter, schema, given, 0);
}
