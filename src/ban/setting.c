/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the value of ApiGuardBan.
 */
#include "ban.h"

#include <string.h>

#include <apr_strings.h>

#define ALLOWED "N/PERIOD [for=DURATION] [by=ip] [hard] [dryrun], or off"
#define USUAL   600 /* seconds */

static const char *read_duration(ag_ban_rule_t *rule, const char *text, apr_pool_t *p)
{
    apr_int64_t seconds;
    const char *error = ag_measure_duration(&seconds, text, p);

    if (!error && rule->duration) {
        return "for= is given twice";
    }
    if (!error && (seconds < 1 || seconds > 366 * 86400)) {
        error = apr_psprintf(p, "\"%s\" is not from 1 second to 366 days", text);
    }
    rule->duration = error ? 0 : apr_time_from_sec(seconds);
    return error ? apr_pstrcat(p, "for=: ", error, NULL) : NULL;
}

static const char *read_word(ag_ban_rule_t *rule, const char *word, apr_pool_t *p)
{
    const char *value = ag_text_option(word, "for");

    if (value) {
        return read_duration(rule, value, p);
    }
    if (strcasecmp(word, "by=ip") == 0) {
        return NULL;
    }
    if (strcasecmp(word, "hard") == 0) {
        rule->hard = 1;
        return NULL;
    }
    if (strcasecmp(word, "dryrun") == 0) {
        rule->dry_run = 1;
        return NULL;
    }
    return apr_psprintf(p, "\"%s\" is not allowed: " ALLOWED, word);
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_ban_rule_t *rule = value;
    const char *error;
    int i;

    (void)row;
    memset(rule, 0, sizeof *rule);
    if (words->n == 1 && strcasecmp(words->v[0], "off") == 0) {
        return NULL;
    }
    error = ag_measure_rate(&rule->window.rate, words->v[0], call->p);
    if (!error && rule->window.rate.n == 0) {
        error = apr_psprintf(call->p, "\"%s\" would ban everybody: at least 1", words->v[0]);
    }
    rule->window.algo = ag_algo_for(&ag_algo_sliding, rule->window.rate.n);
    for (i = 1; !error && i < words->n; i++) {
        error = read_word(rule, words->v[i], call->p);
    }
    rule->duration = rule->duration ? rule->duration : apr_time_from_sec(USUAL);
    return error;
}

const ag_setting_kind_t ag_kind_ban = {parse, NULL, NULL};
