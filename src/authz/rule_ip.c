/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Require api-ip: addresses and networks in the line, or one file with an entry on each line.
 */
#include "rules.h"

#include <string.h>

#include <apr_strings.h>

#include "../core/open.h"

static const char *add_net(apr_array_header_t *nets, const char *word, apr_pool_t *p)
{
    return ag_net_parse(apr_array_push(nets), word, NULL, p);
}

/* One entry, or none; what follows a # is passed over. */
static const char *parse_line(apr_array_header_t *nets, char *line, apr_pool_t *p)
{
    char *word, *more, *last;

    line[strcspn(line, "#")] = '\0';
    word = apr_strtok(line, " \t\r", &last);
    more = word ? apr_strtok(NULL, " \t\r", &last) : NULL;
    if (more) {
        return apr_psprintf(p, "\"%s\" is too many: one entry a line", more);
    }
    return word ? add_net(nets, word, p) : NULL;
}

static const char *parse_file(apr_array_header_t *nets, char *text, apr_pool_t *p)
{
    const char *error = NULL;
    int line = 0;

    while (!error && text) {
        char *next = strchr(text, '\n');

        if (next) {
            *next++ = '\0';
        }
        line++;
        error = parse_line(nets, text, p);
        text = next;
    }
    return error ? apr_psprintf(p, "line %d: %s", line, error) : NULL;
}

static const char *open_file(void *ctx, apr_pool_t *p, apr_pool_t *ptmp)
{
    ag_rule_t *rule = ctx;
    apr_array_header_t *nets = apr_array_make(ptmp, 64, sizeof(ag_net_t));
    apr_size_t n;
    char *text;
    const char *error = ag_open_source(&text, &n, rule->file, ptmp);

    if (error) {
        return error;
    }
    error = parse_file(nets, text, ptmp);
    if (error) {
        return apr_psprintf(ptmp, "%s, %s", rule->file, error);
    }
    rule->networks = ag_ipset_make((ag_net_t *)nets->elts, nets->nelts, p);
    return NULL;
}

static const char *later(ag_rule_t *rule, const ag_setting_call_t *call)
{
    if (!call->opens) {
        return "file: is not allowed in .htaccess";
    }
    if (rule->words.n > 1) {
        return "file: stands alone";
    }
    rule->file = ag_open_absolute(rule->words.v[0], call->root, call->p);
    if (!rule->file) {
        return apr_psprintf(call->p, "\"%s\" names no file", rule->words.v[0]);
    }
    ag_open_later(call->opens, "Require api-ip", open_file, rule);
    return NULL;
}

const char *ag_rule_parse_ip(ag_rule_t *rule, const char *line, const ag_setting_call_t *call)
{
    apr_array_header_t *nets = apr_array_make(call->p, 4, sizeof(ag_net_t));
    const char *error = ag_text_words(&rule->words, line, call->p);
    int i;

    if (!error && strncmp(rule->words.v[0], "file:", 5) == 0) {
        return later(rule, call);
    }
    for (i = 0; !error && i < rule->words.n; i++) {
        error = add_net(nets, rule->words.v[i], call->p);
    }
    if (!error) {
        rule->networks = ag_ipset_make((ag_net_t *)nets->elts, nets->nelts, call->p);
    }
    return error;
}

int ag_rule_test_ip(const ag_rule_t *rule, ag_principal_t *who, const ag_ip_t *ip, apr_pool_t *p)
{
    (void)who;
    (void)p;
    return ag_ipset_has(rule->networks, ip);
}
