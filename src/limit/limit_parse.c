/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_parse: one ApiGuardRateLimit line, "100/min 1000/day by=ip algorithm=bucket burst=20".
 * Words with `=` are options, from one table; `dryrun` stands alone; every other word is a window.
 * What cannot be meant (a burst without a bucket, a cost no window can hold) stops the start.
 */
#include "by.h"

#include <string.h>

#include <apr_strings.h>

#define NAME_MAX_BYTES     64
#define REFILL_MAX_SECONDS (APR_UINT64_C(36525) * 86400)

/* What is being read: options may stand before the windows they speak of. */
typedef struct {
    ag_limit_t *limit;
    const ag_algo_t *algo;
    apr_uint64_t burst;
    const ag_expr_port_t *expr;
    apr_pool_t *p;
    int in_flight; /* ApiGuardConcurrency: a number instead of windows */
} line_t;

static const char *read_by(line_t *line, const char *value)
{
    return ag_by_parse(line->limit, value, line->expr, line->p);
}

static const char *read_algorithm(line_t *line, const char *value)
{
    const char *names;

    line->algo = ag_algo_find(value, &names, line->p);
    return line->algo ? NULL : apr_psprintf(line->p, "algorithm=%s is not one of %s", value, names);
}

static const char *read_count(apr_uint64_t *count, const char *option, const char *value, apr_pool_t *p)
{
    apr_int64_t number;
    const char *error = ag_measure_number(&number, value, 1, (apr_int64_t)AG_RATE_MAX, p);

    if (error) {
        return apr_psprintf(p, "%s=: %s", option, error);
    }
    *count = (apr_uint64_t)number;
    return NULL;
}

static const char *read_burst(line_t *line, const char *value)
{
    return read_count(&line->burst, "burst", value, line->p);
}

static const char *read_cost(line_t *line, const char *value)
{
    const char *text = ag_text_option(value, "expr");

    if (text) {
        return ag_limit_expr(&line->limit->cost_expr, "cost=expr", text, 1, line->expr, line->p);
    }
    return read_count(&line->limit->cost, "cost", value, line->p);
}

static const char *read_when(line_t *line, const char *value)
{
    return ag_limit_expr(&line->limit->when, "when", value, 0, line->expr, line->p);
}

/* The name stands between quotes in a response field (RFC 9651 s3.3.3). */
static const char *read_name(line_t *line, const char *value)
{
    apr_size_t n = strlen(value);

    if (n > NAME_MAX_BYTES || !ag_text_visible(value, n, 0) || strpbrk(value, "\"\\")) {
        return apr_psprintf(line->p,
                            "name=%s is not 1 to %d printable ASCII characters without "
                            "spaces, quotes and backslashes",
                            value, NAME_MAX_BYTES);
    }
    line->limit->name = value;
    return NULL;
}

static const struct {
    const char *name;
    const char *(*read)(line_t *line, const char *value);
} options[] = {
    {"by", read_by},       {"name", read_name}, {"when", read_when}, {"algorithm", read_algorithm},
    {"burst", read_burst}, {"cost", read_cost},
};

#define N_OPTIONS   (int)(sizeof options / sizeof *options)
#define N_IN_FLIGHT 3 /* as many of them speak of requests in flight, too */

static const char *read_window(line_t *line, const char *word)
{
    ag_limit_t *limit = line->limit;
    ag_window_t *window = &limit->windows[limit->n_windows];
    const char *error = ag_measure_rate(&window->rate, word, line->p);
    int i;

    for (i = 0; !error && i < limit->n_windows; i++) {
        if (ag_rate_equal(&limit->windows[i].rate, &window->rate)) {
            error = apr_psprintf(line->p, "%s says the same as %s", word, limit->windows[i].wire.name);
        }
    }
    window->wire.name = word;
    limit->n_windows++;
    return error;
}

/* How many may be in flight: a window without a period. */
static const char *read_in_flight(line_t *line, const char *word)
{
    ag_window_t *window = line->limit->windows;
    apr_int64_t n;
    const char *error = ag_measure_number(&n, word, 0, 1000000, line->p);

    if (!error && line->limit->n_windows) {
        error = apr_psprintf(line->p, "one number is allowed, \"%s\" is too many", word);
    }
    line->limit->n_windows = 1;
    window->rate.n = error ? 0 : (apr_uint64_t)n;
    window->wire.name = apr_pstrcat(line->p, word, " concurrent", NULL);
    return error;
}

static const char *read_plain(line_t *line, const char *word)
{
    return line->in_flight ? read_in_flight(line, word) : read_window(line, word);
}

static const char *read_word(line_t *line, const char *word, unsigned *seen)
{
    int known = line->in_flight ? N_IN_FLIGHT : N_OPTIONS;
    int i;

    if (strcmp(word, "dryrun") == 0) {
        line->limit->dry_run = 1;
        return NULL;
    }
    for (i = 0; i < known; i++) {
        const char *value = ag_text_option(word, options[i].name);

        if (value && *seen & 1u << i) {
            return apr_psprintf(line->p, "%s= is given twice", options[i].name);
        }
        if (value) {
            *seen |= 1u << i;
            return options[i].read(line, value);
        }
    }
    if (strchr(word, '=')) {
        return apr_psprintf(line->p, "%s is not known; allowed are by=, %sname=, when= and dryrun", word,
                            line->in_flight ? "" : "algorithm=, burst=, cost=, ");
    }
    return read_plain(line, word);
}

/* What a bucket can hold at once, or a window at all. */
static apr_uint64_t size_of(const ag_window_t *window)
{
    return window->burst ? window->burst : window->rate.n;
}

static const char *finish_window(line_t *line, ag_window_t *window)
{
    ag_limit_t *limit = line->limit;
    const ag_rate_t *rate = &window->rate;

    window->algo = line->in_flight ? line->algo : ag_algo_for(line->algo, rate->n);
    window->burst = line->burst;
    if (line->burst && rate->n && line->burst / rate->n > REFILL_MAX_SECONDS / rate->period.seconds) {
        return apr_psprintf(line->p,
                            "burst=%" APR_UINT64_T_FMT " takes more than 100 years to "
                            "fill again at %s",
                            line->burst, window->wire.name);
    }
    if (rate->n && !limit->cost_expr && limit->cost > size_of(window)) {
        return apr_psprintf(line->p, "cost=%" APR_UINT64_T_FMT " never fits into %s", limit->cost, window->wire.name);
    }
    if (limit->name) {
        window->wire.name =
            limit->n_windows == 1 ? limit->name : apr_pstrcat(line->p, limit->name, ":", window->wire.name, NULL);
    }
    return NULL;
}

static const char *finish(line_t *line)
{
    const char *error = NULL;
    int i;

    if (!line->limit->n_windows) {
        return line->in_flight ? "no number is given, such as 10" : "no window is given, such as 100/min";
    }
    if (line->burst && line->algo != &ag_algo_bucket) {
        return "burst= needs algorithm=bucket";
    }
    for (i = 0; !error && i < line->limit->n_windows; i++) {
        error = finish_window(line, &line->limit->windows[i]);
    }
    return error;
}

static const char *join(const ag_words_t *words, apr_pool_t *p)
{
    const char *text = "";
    int i;

    for (i = 0; i < words->n; i++) {
        text = apr_pstrcat(p, text, i ? " " : "", words->v[i], NULL);
    }
    return text;
}

static const char *parse(ag_limit_t *limit, const ag_words_t *words, const ag_expr_port_t *expr, int in_flight,
                         apr_pool_t *p)
{
    line_t line = {limit, &ag_algo_sliding, 0, expr, p, in_flight};
    const char *error = NULL;
    unsigned seen = 0;
    int i;

    memset(limit, 0, sizeof *limit);
    limit->by = AG_BY_CLIENT;
    limit->prefix6 = 64;
    limit->cost = 1;
    limit->text = join(words, p);
    limit->windows = apr_pcalloc(p, (apr_size_t)(words->n + 1) * sizeof *limit->windows);
    for (i = 0; !error && i < words->n; i++) {
        error = read_word(&line, words->v[i], &seen);
    }
    return error ? error : finish(&line);
}

const char *ag_limit_parse(ag_limit_t *limit, const ag_words_t *words, const ag_expr_port_t *expr, apr_pool_t *p)
{
    return parse(limit, words, expr, 0, p);
}

const char *ag_concurrency_parse(ag_limit_t *limit, const ag_words_t *words, const ag_expr_port_t *expr,
                                 apr_pool_t *p)
{
    return parse(limit, words, expr, 1, p);
}
