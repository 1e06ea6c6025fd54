/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authz_fixture: what the tests of the Require rules share: somebody with claims, a rule made of a line,
 * and tables of lines and what they say.
 */
#ifndef AG_AUTHZ_FIXTURE_H
#define AG_AUTHZ_FIXTURE_H

#include "unit.h"

#include <apr_hash.h>

#include <unistd.h>

#include "../../src/authz/authz.h"
#include "../../src/authz/ip_source.h"
#include "../../src/core/open.h"

static const char *claims_text =
    "{\"iss\":\"https://id.example\",\"org\":\"acme\",\"n\":7,\"big\":9007199254740993,"
    "\"yes\":true,\"no\":false,\"nil\":null,\"real\":1.5,\"empty\":\"\","
    "\"groups\":[\"dev\",\"ops\",7,true],\"realm_access\":{\"roles\":[\"admin\",\"user\"]},"
    "\"https://x.example/roles\":\"boss\",\"a.b\":\"dotted\",\"with space\":\"one two\","
    "\"https://x.example:8443/port.s\":\"eighty\",\"none\":[],\"deep\":[[\"admin\"]]}";

static inline json_t *parse_claims(ag_principal_t *who, apr_pool_t *p)
{
    return ag_json_object(who->raw, who->raw_size, p);
}

static inline ag_words_t words_of(const char *line, apr_pool_t *p)
{
    ag_words_t words;

    assert_null(ag_text_words(&words, line, p));
    return words;
}

static inline const ag_cred_kind_t *kind_of(const char *name)
{
    int kind = ag_setting_choose(AG_CRED_NAMES, name);

    return kind < 0 ? &ag_cred_anonymous : &ag_cred_kinds[kind];
}

static inline ag_principal_t *make_who(const char *kind, const char *client, apr_pool_t *p)
{
    ag_principal_t *who = apr_pcalloc(p, sizeof *who);

    who->kind = kind_of(kind);
    who->wildcards = strcmp(kind, "key") == 0;
    who->client = client;
    who->scopes = words_of("read orders:* pay", p);
    who->roles = words_of("dev ops:*", p);
    who->parse_claims = parse_claims;
    who->raw = claims_text;
    who->raw_size = strlen(claims_text);
    return who;
}

static inline ag_rule_t *rule_of(const char *name, const char *line, apr_pool_t *p)
{
    ag_setting_call_t call = {.p = p};
    ag_rule_t *rule;
    const char *error = ag_rule_parse(&rule, name, line, &call);

    if (error) {
        fail_msg("%s", error);
    }
    return rule;
}

/* A request from `address`. */
static inline ag_request_t from(const char *address, apr_pool_t *p)
{
    ag_request_t request = make_request(NULL, p);

    assert_true(ag_ip_parse(&request.ip, address));
    return request;
}

static inline ag_rule_e ask(const char *name, const char *line, ag_principal_t *who, apr_pool_t *p)
{
    ag_verdict_t verdict = {.who = who};
    ag_request_t request = from("192.0.2.1", p);

    return ag_rule_test(rule_of(name, line, p), &verdict, &request);
}

typedef struct {
    const char *line;
    int yes;
} case_t;

static inline void run(const char *name, const case_t *cases, int n, ag_principal_t *who, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        ag_rule_e answer = ask(name, cases[i].line, who, p);

        if (answer != (cases[i].yes ? AG_RULE_YES : AG_RULE_NO)) {
            fail_msg("Require %s %s: %d", name, cases[i].line, (int)answer);
        }
    }
}

/* What was logged: how often, and the last line. */
static int logged;
static char last_line[1024];

static inline void write_log(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    (void)log;
    (void)level;
    (void)rv;
    logged++;
    apr_cpystrn(last_line, text, sizeof last_line);
}

static const ag_log_t test_log = {.write = write_log, .level = AG_LOG_DEBUG};

#endif
