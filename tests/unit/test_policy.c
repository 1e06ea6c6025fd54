/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two tables of directives: every default is what the directive would say, every value is read
 * or refused with a message, and an inner section changes an outer one as the documentation says.
 */
#include "unit.h"

#include <unistd.h>

#include "../../src/core/open.h"
#include "../../src/guard/policy.h"

typedef struct {
    apr_pool_t *p;
    ag_setting_call_t call;
    apr_array_header_t *limits;
} conf_t;

static ag_expr_t *parse_expr(void *ctx, const char *text, int string, const char **error)
{
    (void)ctx;
    (void)string;
    *error = "wrong";
    return strcmp(text, "wrong") ? (ag_expr_t *)(uintptr_t)text : NULL;
}

static const ag_expr_port_t expressions = {parse_expr, NULL, NULL, NULL};

static conf_t conf_of(apr_pool_t *p)
{
    conf_t c = {.p = p, .call = {.p = p, .expr = &expressions, .root = "/etc/httpd",
                                 .scope = "www /api"}};

    c.call.opens = apr_array_make(p, 4, sizeof(ag_open_t));
    c.limits = c.call.limits = apr_array_make(p, 4, sizeof(ag_limit_t *));
    return c;
}

static const char *policy_reads(ag_policy_t *policy, int row, const char *line, conf_t *c)
{
    return ag_setting_read(policy, ag_policy_rows, row, line, &c->call);
}

static const char *site_reads(ag_site_t *site, int row, const char *line, conf_t *c)
{
    return ag_setting_read(site, ag_site_rows, row, line, &c->call);
}

/* A section that says these lines of one directive. */
static ag_policy_t *section(int row, const char *const *lines, conf_t *c)
{
    ag_policy_t *policy = ag_policy_make(c->p);

    for (; lines && *lines; lines++) {
        const char *error = policy_reads(policy, row, *lines, c);

        if (error) {
            fail_msg("%s", error);
        }
    }
    return policy;
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- the tables ------------------------------------------------------------------------------ */

static void check_rows(const ag_setting_t *rows, int n, void *settings, conf_t *c)
{
    int i, j;

    for (i = 0; i < n; i++) {
        const char *error = rows[i].initial
                                ? ag_setting_read(settings, rows, i, rows[i].initial, &c->call)
                                : NULL;

        if (error) {
            fail_msg("%s", error);
        }
        assert_true(strncmp(rows[i].name, "ApiGuard", 8) == 0);
        assert_true(rows[i].help && *rows[i].help);
        assert_non_null(rows[i].kind->parse);
        for (j = 0; j < i; j++) {
            assert_string_not_equal(rows[i].name, rows[j].name);
            assert_true(rows[i].offset >= rows[j].offset + rows[j].size);
        }
    }
}

static void test_defaults_parse(void **state)
{
    conf_t c = conf_of(*state);

    check_rows(ag_policy_rows, AG_POLICY_COUNT, ag_policy_make(c.p), &c);
    check_rows(ag_site_rows, AG_SITE_COUNT, ag_site_make(c.p), &c);
}

static void test_policy_defaults(void **state)
{
    ag_policy_t *policy = ag_policy_make(*state);

    assert_false(ag_settings_written(policy, &ag_policy_table));
    assert_int_equal(policy->providers, 0);
    assert_int_equal(policy->key_from.n, 2);
    assert_int_equal(policy->key_from.sources[0].from, AG_FROM_HEADER);
    assert_string_equal(policy->key_from.sources[0].name, "X-API-Key");
    assert_int_equal(policy->key_from.sources[1].from, AG_FROM_BEARER);
    assert_string_equal(policy->key_from.vary, "Authorization, X-API-Key");
    assert_int_equal(policy->hide, AG_HIDE_KEY);
    assert_int_equal(policy->anonymous, 0);
    assert_int_equal(policy->enforce, AG_ENFORCE_CREDENTIAL);
    assert_null(policy->jwt_keys);
    assert_null(policy->jwks);
    assert_int_equal(policy->issuers.words.n, 0);
    assert_int_equal(policy->leeway, 30);
    assert_int_equal(policy->max_lifetime, 0);
    assert_string_equal(joined(&policy->required.words, *state), "exp");
    assert_null(policy->limits.list);
    assert_int_equal(policy->store_failure.policy, AG_FAIL_LOCAL);
    assert_int_equal(policy->store_failure.nodes, 1);
    assert_int_equal(policy->rate_headers, 1);
    assert_int_equal(policy->errors, AG_ERRORS_PROBLEM);
    assert_int_equal(policy->invalid_key_status, 401);
    assert_int_equal(policy->pass_headers, 0);
    assert_int_equal(policy->pass_claims.n, 0);
}

static void test_site_defaults(void **state)
{
    ag_site_t *site = ag_site_make(*state);

    assert_false(ag_settings_written(site, &ag_site_table));
    assert_null(site->key_query);
    assert_int_equal(site->key_cache.ttl, 300);
    assert_int_equal(site->key_cache.stale, 3600);
    assert_int_equal(site->key_cache.negative, 10);
    assert_null(site->key_pepper);
    assert_null(site->counter_store.servers);
    assert_int_equal(site->counter_store.timeout, 50);
    assert_int_equal(site->shared_memory, 32 << 20);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void test_choices(void **state)
{
    conf_t c = conf_of(*state);
    ag_policy_t *policy = ag_policy_make(*state);

    assert_null(policy_reads(policy, AG_POLICY_hide, "none", &c));
    assert_int_equal(policy->hide, AG_HIDE_NONE);
    assert_null(policy_reads(policy, AG_POLICY_hide, "all", &c));
    assert_int_equal(policy->hide, AG_HIDE_ALL);
    assert_null(policy_reads(policy, AG_POLICY_anonymous, "On", &c));
    assert_int_equal(policy->anonymous, 1);
    assert_null(policy_reads(policy, AG_POLICY_enforce, "require", &c));
    assert_int_equal(policy->enforce, AG_ENFORCE_REQUIRE);
    assert_null(policy_reads(policy, AG_POLICY_errors, "httpd", &c));
    assert_int_equal(policy->errors, AG_ERRORS_HTTPD);
    assert_null(policy_reads(policy, AG_POLICY_invalid_key_status, "403", &c));
    assert_int_equal(policy->invalid_key_status, 403);
    assert_null(policy_reads(policy, AG_POLICY_invalid_key_status, "401", &c));
    assert_int_equal(policy->invalid_key_status, 401);
    assert_null(policy_reads(policy, AG_POLICY_pass_headers, "on", &c));
    assert_int_equal(policy->pass_headers, 1);
    assert_null(policy_reads(policy, AG_POLICY_rate_headers, "legacy draft-6", &c));
    assert_int_equal(policy->rate_headers, 8 | 16);
    assert_null(policy_reads(policy, AG_POLICY_leeway, "0", &c));
    assert_int_equal(policy->leeway, 0);
    assert_null(policy_reads(policy, AG_POLICY_max_lifetime, "1h", &c));
    assert_int_equal(policy->max_lifetime, 3600);
    assert_null(policy_reads(policy, AG_POLICY_required, "none", &c));
    assert_int_equal(policy->required.words.n, 0);
}

static void test_key_from(void **state)
{
    static const struct {
        const char *line, *vary;
        int n, queries;
        ag_from_e last;
        const char *name;
    } cases[] = {
        {"bearer", "Authorization", 1, 0, AG_FROM_BEARER, ""},
        {"BASIC", "Authorization", 1, 0, AG_FROM_BASIC, ""},
        {"header:X-Key", "Authorization, X-Key", 1, 0, AG_FROM_HEADER, "X-Key"},
        {"header:authorization", "Authorization", 1, 0, AG_FROM_PLAIN, "authorization"},
        {"header:A header:B", "Authorization, A, B", 2, 0, AG_FROM_HEADER, "B"},
        {"cookie:k bearer", "Authorization, Cookie", 2, 0, AG_FROM_BEARER, ""},
        {"cookie:k cookie:l", "Authorization, Cookie", 2, 0, AG_FROM_COOKIE, "l"},
        {"query:k query:l", "Authorization", 2, 2, AG_FROM_QUERY, "l"},
        {"Query:k bearer cookie:c", "Authorization, Cookie", 3, 1, AG_FROM_COOKIE, "c"},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_policy_t *policy = section(AG_POLICY_key_from, SAYS(cases[i].line), &c);
        const ag_key_from_t *from = &policy->key_from;

        assert_int_equal(from->n, cases[i].n);
        assert_int_equal(from->queries, cases[i].queries);
        assert_string_equal(from->vary, cases[i].vary);
        assert_int_equal(from->sources[from->n - 1].from, cases[i].last);
        assert_string_equal(from->sources[from->n - 1].name, cases[i].name);
    }
}

/* What a client without a credential is told, and the scheme that the challenge then offers. */
static void test_advice(void **state)
{
    static const struct {
        const char *line, *advice;
        int apikey;
    } cases[] = {
        {"header:X-API-Key bearer", "in the X-API-Key field or as Authorization: Bearer", 1},
        {"bearer", "as Authorization: Bearer", 0},
        {"bearer basic", "as Authorization: Bearer or as the password of Authorization: Basic", 0},
        {"query:key cookie:k header:A", "in the key argument, in the k cookie or in the A field", 1},
        {"header:Authorization", "in the Authorization field", 1},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_policy_t *policy = section(AG_POLICY_key_from, SAYS(cases[i].line), &c);
        const char *key = apr_pstrcat(*state, "Send the key ", cases[i].advice, NULL);

        assert_string_equal(ag_policy_advice(policy), key);
        assert_int_equal(policy->key_from.places >> AG_FROM_APIKEY & 1, cases[i].apikey);
        policy->providers = AG_CRED_KEY | AG_CRED_JWT;
        assert_string_equal(ag_policy_advice(policy),
                            apr_pstrcat(*state, key, ", or a token as Authorization: Bearer", NULL));
        policy->providers = AG_CRED_JWT;
        assert_string_equal(ag_policy_advice(policy), "Send a token as Authorization: Bearer");
    }
}

static void test_store_failure(void **state)
{
    static const struct {
        const char *line;
        int policy, nodes;
    } cases[] = {{"local", AG_FAIL_LOCAL, 1}, {"local/4", AG_FAIL_LOCAL, 4},
                 {"Local/100000", AG_FAIL_LOCAL, 100000}, {"allow", AG_FAIL_ALLOW, 1},
                 {"DENY", AG_FAIL_DENY, 1}};
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_policy_t *policy = section(AG_POLICY_store_failure, SAYS(cases[i].line), &c);

        assert_int_equal(policy->store_failure.policy, cases[i].policy);
        assert_int_equal(policy->store_failure.nodes, cases[i].nodes);
    }
}

static void test_claim_map(void **state)
{
    conf_t c = conf_of(*state);
    ag_policy_t *policy = section(AG_POLICY_claim_map, SAYS("roles=realm_access.roles user=sub"),
                                  &c);

    assert_string_equal(policy->claim_map.map.roles, "realm_access.roles");
    assert_string_equal(policy->claim_map.map.user, "sub");
    assert_null(policy->claim_map.map.client);
    assert_null(policy->claim_map.map.scope);
    assert_null(policy_reads(policy, AG_POLICY_claim_map, "client=azp scope=scp", &c));
    assert_string_equal(policy->claim_map.map.client, "azp");
    assert_string_equal(policy->claim_map.map.scope, "scp");
    assert_null(policy->claim_map.map.user);
}

static void test_site_values(void **state)
{
    conf_t c = conf_of(*state);
    ag_site_t *site = ag_site_make(*state);

    assert_null(site_reads(site, AG_SITE_key_query, "\"select a from b where c = %s\"", &c));
    assert_string_equal(site->key_query, "select a from b where c = %s");
    assert_null(site_reads(site, AG_SITE_key_cache, "stale=1h ttl=1min", &c));
    assert_int_equal(site->key_cache.ttl, 60);
    assert_int_equal(site->key_cache.stale, 3600);
    assert_int_equal(site->key_cache.negative, 10);
    assert_null(site_reads(site, AG_SITE_counter_store,
                           "memcached:a:1,b:2 prefix=p1 timeout=5", &c));
    assert_string_equal(site->counter_store.servers, "a:1,b:2");
    assert_string_equal(site->counter_store.prefix, "p1");
    assert_int_equal(site->counter_store.timeout, 5);
    assert_null(site_reads(site, AG_SITE_counter_store, "memcached:/run/mc.sock", &c));
    assert_string_equal(site->counter_store.servers, "/run/mc.sock");
    assert_null(site->counter_store.prefix);
    assert_int_equal(site->counter_store.timeout, 50);
    assert_null(site_reads(site, AG_SITE_counter_store, "SHM", &c));
    assert_null(site->counter_store.servers);
    assert_null(site_reads(site, AG_SITE_shared_memory, "1M", &c));
    assert_int_equal(site->shared_memory, 1 << 20);
}

static void test_mistakes(void **state)
{
    static const struct {
        int row;
        const char *line, *error;
    } cases[] = {
        {AG_POLICY_providers, "key cert", "ApiGuardProvider: \"cert\" is not allowed: key or jwt"},
        {AG_POLICY_key_from, "body", "ApiGuardKeyFrom: \"body\" is not allowed: header:NAME"},
        {AG_POLICY_key_from, "header:", "ApiGuardKeyFrom: \"header:\" is not allowed"},
        {AG_POLICY_key_from, "header:X-A:b", "ApiGuardKeyFrom: \"header:X-A:b\" is not allowed"},
        {AG_POLICY_key_from, "\"header:X A\"", "ApiGuardKeyFrom: \"header:X A\" is not allowed"},
        {AG_POLICY_key_from, "cookie:a=b", "ApiGuardKeyFrom: \"cookie:a=b\" is not allowed"},
        {AG_POLICY_key_from, "query:a&b", "ApiGuardKeyFrom: \"query:a&b\" is not allowed"},
        {AG_POLICY_key_from, "bearer:x", "ApiGuardKeyFrom: \"bearer:x\" is not allowed"},
        {AG_POLICY_anonymous, "yes", "ApiGuardAnonymous: \"yes\" is not allowed: off or on"},
        {AG_POLICY_method_scopes, "get=read", "ApiGuardMethodScopes: \"get=read\" is not allowed: "
                                              "METHOD,METHOD=SCOPE"},
        {AG_POLICY_method_scopes, "GET", "ApiGuardMethodScopes: \"GET\" is not allowed"},
        {AG_POLICY_method_scopes, "GET=", "ApiGuardMethodScopes: \"GET=\" is not allowed"},
        {AG_POLICY_method_scopes, "=read", "ApiGuardMethodScopes: \"=read\" is not allowed"},
        {AG_POLICY_method_scopes, "GET=re*", "ApiGuardMethodScopes: \"GET=re*\" is not allowed"},
        {AG_POLICY_method_scopes, "GET=a none", "ApiGuardMethodScopes: \"none\" is not allowed"},
        {AG_POLICY_leeway, "601", "ApiGuardLeeway: \"601\" is not a number from 0 to 600"},
        {AG_POLICY_claim_map, "user", "ApiGuardClaimMap: \"user\" is not allowed: user=, client="},
        {AG_POLICY_claim_map, "user=", "ApiGuardClaimMap: \"user=\" is not allowed"},
        {AG_POLICY_providers, "cert", "ApiGuardProvider: \"cert\" is not allowed: key or jwt"},
        {AG_POLICY_issuers, "\"\"", "ApiGuardIssuer: \"\" is not allowed: a name is missing"},
        {AG_POLICY_issuers, "a \"\"", "ApiGuardIssuer: \"\" is not allowed: a name is missing"},
        {AG_POLICY_issuers, "a b a", "ApiGuardIssuer: \"a\" stands here twice"},
        {AG_POLICY_issuers, "name=x", "ApiGuardIssuer: name=WORD stands behind its issuer"},
        {AG_POLICY_issuers, "a name=x@y", "ApiGuardIssuer: \"name=x@y\" is not allowed: behind an issuer"},
        {AG_POLICY_issuers, "a name=key", "ApiGuardIssuer: \"name=key\" is not allowed: behind an issuer"},
        {AG_POLICY_issuers, "a name=x name=y", "ApiGuardIssuer: \"name=y\" is not allowed: behind an"},
        {AG_POLICY_max_lifetime, "0", "ApiGuardMaxLifetime: \"0\" is not allowed: a duration or"},
        {AG_POLICY_claim_map, "mail=x", "ApiGuardClaimMap: \"mail=x\" is not allowed"},
        {AG_POLICY_store_failure, "local/0", "ApiGuardStoreFailure: \"local/0\" is not allowed"},
        {AG_POLICY_store_failure, "local/", "ApiGuardStoreFailure: \"local/\" is not allowed"},
        {AG_POLICY_store_failure, "local/x", "ApiGuardStoreFailure: \"local/x\" is not allowed"},
        {AG_POLICY_store_failure, "deny/2", "ApiGuardStoreFailure: \"deny/2\" is not allowed"},
        {AG_POLICY_store_failure, "allow deny", "ApiGuardStoreFailure: \"deny\" is not allowed"},
        {AG_POLICY_invalid_key_status, "404", "ApiGuardInvalidKeyStatus: \"404\" is not allowed: "
                                              "401 or 403"},
        {AG_POLICY_rate_headers, "off legacy", "ApiGuardRateHeaders: \"off\" stands alone"},
        {AG_POLICY_concurrency, "ten", "ApiGuardConcurrency: \"ten\" is not a number from 0"},
        {AG_POLICY_concurrency, "5 6", "ApiGuardConcurrency: one number is allowed, \"6\" is too"},
        {AG_POLICY_concurrency, "by=ip", "ApiGuardConcurrency: no number is given, such as 10"},
        {AG_POLICY_concurrency, "5 burst=2", "ApiGuardConcurrency: burst=2 is not known; allowed "
                                             "are by=, name=, when= and dryrun"},
        {AG_POLICY_concurrency, "5 by=me", "ApiGuardConcurrency: by=me is not one of client"},
        {AG_POLICY_limits, "100", "ApiGuardRateLimit: \"100\" is not a rate"},
        {AG_POLICY_limits, "100/min when=wrong", "ApiGuardRateLimit: when=wrong: wrong"},
        {AG_POLICY_jwt_keys, "none file:k", "ApiGuardJWTKey: \"none\" is not allowed: HS256"},
        {AG_POLICY_jwt_keys, "HS256", "ApiGuardJWTKey: \"\" is not allowed: file:PATH, base64:"},
        {AG_POLICY_jwt_keys, "HS256 secret", "ApiGuardJWTKey: \"secret\" is not allowed: file:"},
        {AG_POLICY_jwt_keys, "HS256 file:k x=1", "ApiGuardJWTKey: \"x=1\" is not allowed: kid=ID"},
        {AG_POLICY_jwt_keys, "HS256 file:k kid=", "ApiGuardJWTKey: \"kid=\" is not allowed"},
        {AG_POLICY_jwks, "env:K", "ApiGuardJWKS: \"env:K\" is not allowed: file:PATH"},
        {AG_POLICY_jwks, "https://x/", "ApiGuardJWKS: \"https://x/\" is not allowed: file:PATH"},
        {AG_POLICY_jwks, "file:k kid=1", "ApiGuardJWKS: \"kid=1\" is not allowed: issuer=URL"},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_policy_t *policy = ag_policy_make(*state);
        const char *error = policy_reads(policy, cases[i].row, cases[i].line, &c);

        if (!error || strncmp(error, cases[i].error, strlen(cases[i].error)) != 0) {
            fail_msg("%s: %s", cases[i].line, error ? error : "(none)");
        }
        assert_false(ag_settings_written(policy, &ag_policy_table));
    }
    assert_int_equal(c.call.opens->nelts, 0);
}

static void test_site_mistakes(void **state)
{
    static const struct {
        int row;
        const char *line, *error;
    } cases[] = {
        {AG_SITE_key_query, "SELECT a", "ApiGuardKeyQuery: the whole statement stands in quotes"},
        {AG_SITE_key_query, "\"SELECT a\"", "ApiGuardKeyQuery: \"SELECT a\" is not allowed"},
        {AG_SITE_key_query, "\"DELETE %s\"", "ApiGuardKeyQuery: \"DELETE %s\" is not allowed"},
        {AG_SITE_key_query, "\"SELECT %s %s\"", "ApiGuardKeyQuery: \"SELECT %s %s\" is not"},
        {AG_SITE_key_query, "\"SELECT %d\"", "ApiGuardKeyQuery: \"SELECT %d\" is not allowed"},
        {AG_SITE_key_query, "\"SELECT 5%\"", "ApiGuardKeyQuery: \"SELECT 5%\" is not allowed"},
        {AG_SITE_key_cache, "size=5", "ApiGuardKeyCache: \"size=5\" is not allowed: ttl="},
        {AG_SITE_key_cache, "ttl=soon", "ApiGuardKeyCache: \"soon\" is not a duration"},
        {AG_SITE_key_cache, "300", "ApiGuardKeyCache: \"300\" is not allowed"},
        {AG_SITE_key_pepper, "secret", "ApiGuardKeyPepper: \"secret\" is not allowed: file:PATH"},
        {AG_SITE_key_pepper, "file:a b", "ApiGuardKeyPepper: \"b\" is not allowed"},
        {AG_SITE_counter_store, "redis:a:1", "ApiGuardCounterStore: \"redis:a:1\" is not allowed"},
        {AG_SITE_counter_store, "memcached:", "ApiGuardCounterStore: \"memcached:\" is not"},
        {AG_SITE_counter_store, "memcached:a", "ApiGuardCounterStore: \"a\" is not a memcached "
         "server: its port is missing, as in a:11211"},
        {AG_SITE_counter_store, "memcached:a,b", "ApiGuardCounterStore: \"a\" is not a memcached "
         "server: its port is missing, as in a:11211"},
        {AG_SITE_counter_store, "memcached:a:1,b", "ApiGuardCounterStore: \"b\" is not a memcached "
         "server: its port is missing, as in b:11211"},
        {AG_SITE_counter_store, "memcached:/run/m.sock,b", "ApiGuardCounterStore: \"b\" is not a "
         "memcached server: its port is missing, as in b:11211"},
        {AG_SITE_counter_store, "memcached:[::1]", "ApiGuardCounterStore: \"[::1]\" is not a "
         "memcached server: its port is missing, as in [::1]:11211"},
        {AG_SITE_counter_store, "shm prefix=a", "ApiGuardCounterStore: \"prefix=a\" is not"},
        {AG_SITE_counter_store, "memcached:a:1 timeout=0", "ApiGuardCounterStore: \"0\" is not a"},
        {AG_SITE_counter_store, "memcached:a:1 timeout=10001", "ApiGuardCounterStore: \"10001\""},
        {AG_SITE_counter_store, "memcached:a:1 prefix=", "ApiGuardCounterStore: \"prefix=\" is"},
        {AG_SITE_counter_store, "memcached:a:1 x=1", "ApiGuardCounterStore: \"x=1\" is not"},
        {AG_SITE_shared_memory, "1023K", "ApiGuardSharedMemory: \"1023K\" is not allowed: at"},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *error = site_reads(ag_site_make(*state), cases[i].row, cases[i].line, &c);

        if (!error || strncmp(error, cases[i].error, strlen(cases[i].error)) != 0) {
            fail_msg("%s: %s", cases[i].line, error ? error : "(none)");
        }
    }
}

/* ---- merging --------------------------------------------------------------------------------- */

/* What a merged section holds, as one text. */
static const char *told(int row, const ag_policy_t *policy, apr_pool_t *p)
{
    const apr_array_header_t *list = row == AG_POLICY_jwt_keys ? policy->jwt_keys : policy->jwks;
    const char *text = "";
    int i, windows = 0, early = 0;

    switch (row) {
    case AG_POLICY_providers:
        return apr_psprintf(p, "%u", policy->providers);
    case AG_POLICY_key_from:
        for (i = 0; i < policy->key_from.n; i++) {
            text = apr_pstrcat(p, text, policy->key_from.sources[i].name, ";", NULL);
        }
        return text;
    case AG_POLICY_issuers:
        return joined(&policy->issuers.words, p);
    case AG_POLICY_audiences:
        return joined(&policy->audiences.words, p);
    case AG_POLICY_required:
        return joined(&policy->required.words, p);
    case AG_POLICY_pass_claims:
        return joined(&policy->pass_claims, p);
    case AG_POLICY_claim_map:
        return apr_pstrcat(p, policy->claim_map.map.user ? policy->claim_map.map.user : "-", ";",
                           policy->claim_map.map.roles ? policy->claim_map.map.roles : "-", NULL);
    case AG_POLICY_limits:
        for (i = 0; policy->limits.list && i < policy->limits.list->nelts; i++) {
            const ag_limit_t *limit = APR_ARRAY_IDX(policy->limits.list, i, ag_limit_t *);

            text = apr_pstrcat(p, text, limit ? limit->text : "off", ";", NULL);
            windows += limit ? limit->n_windows : 0;
            early |= limit && ag_limit_is_early(limit);
        }
        assert_int_equal(policy->limits.windows, windows);
        assert_int_equal(policy->limits.early, early);
        return text;
    case AG_POLICY_rate_headers:
        return apr_psprintf(p, "%u", policy->rate_headers);
    default:
        for (i = 0; list && i < list->nelts; i++) {
            text = apr_pstrcat(p, text, APR_ARRAY_IDX(list, i, ag_keyset_source_t *)->source, ";",
                               NULL);
        }
        return text;
    }
}

static void test_merging(void **state)
{
    static const struct {
        int row;
        const char *outer[3], *inner[3];
        const char *merged;
    } cases[] = {
        /* replaced */
        {AG_POLICY_providers, {"key"}, {"jwt"}, "2"},
        {AG_POLICY_providers, {"key jwt"}, {NULL}, "3"},
        {AG_POLICY_key_from, {"header:A"}, {"header:B query:c"}, "B;c;"},
        {AG_POLICY_key_from, {NULL}, {"header:B"}, "B;"},
        {AG_POLICY_key_from, {"header:A"}, {NULL}, "A;"},
        {AG_POLICY_jwt_keys, {"HS256 file:/a"}, {"HS256 file:/b"}, "file:/b;"},
        {AG_POLICY_jwt_keys, {"HS256 file:/a", "ES256 file:/b"}, {NULL}, "file:/a;file:/b;"},
        {AG_POLICY_jwt_keys, {"HS256 file:/a"}, {"HS256 file:/b", "HS256 file:c"},
         "file:/b;file:/etc/httpd/c;"},
        {AG_POLICY_jwks, {"file:/a"}, {"file:/b"}, "file:/b;"},
        {AG_POLICY_jwks, {"file:/a", "file:/b"}, {NULL}, "file:/a;file:/b;"},
        {AG_POLICY_issuers, {"https://a"}, {"https://b"}, "https://b"},
        {AG_POLICY_issuers, {"https://a"}, {NULL}, "https://a"},
        {AG_POLICY_issuers, {"https://a"}, {"none"}, ""},
        {AG_POLICY_issuers, {"https://a name=a", "https://b"}, {NULL}, "https://a,https://b"},
        {AG_POLICY_issuers, {"https://a"}, {"https://b", "https://c"}, "https://b,https://c"},
        {AG_POLICY_audiences, {"a b"}, {"c"}, "c"},
        {AG_POLICY_audiences, {"a"}, {"none"}, ""},
        {AG_POLICY_required, {"sub"}, {"exp iat"}, "exp,iat"},
        {AG_POLICY_required, {NULL}, {"none"}, ""},
        {AG_POLICY_required, {"none"}, {NULL}, ""},
        {AG_POLICY_claim_map, {"user=a roles=b"}, {"roles=c"}, "-;c"},
        {AG_POLICY_pass_claims, {"a b"}, {"c"}, "c"},
        {AG_POLICY_pass_claims, {"a b"}, {"none"}, ""},
        {AG_POLICY_rate_headers, {"legacy draft-6"}, {"draft-10"}, "1"},
        {AG_POLICY_rate_headers, {"legacy"}, {"off"}, "0"},
        /* added */
        {AG_POLICY_limits, {"1/s"}, {"2/s"}, "1/s;2/s;"},
        {AG_POLICY_limits, {"1/s", "5/min by=ip"}, {"2/s"}, "1/s;5/min by=ip;2/s;"},
        {AG_POLICY_limits, {"1/s"}, {NULL}, "1/s;"},
        {AG_POLICY_limits, {NULL}, {"2/s", "3/min"}, "2/s;3/min;"},
        {AG_POLICY_limits, {"1/s"}, {"off"}, "off;"},
        {AG_POLICY_limits, {"1/s"}, {"off", "2/s"}, "off;2/s;"},
        {AG_POLICY_limits, {"1/s"}, {"2/s", "off"}, "off;"},
        {AG_POLICY_limits, {"off"}, {"2/s"}, "off;2/s;"},
        {AG_POLICY_limits, {NULL}, {NULL}, ""},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_policy_t *outer = section(cases[i].row, cases[i].outer, &c);
        ag_policy_t *inner = section(cases[i].row, cases[i].inner, &c);
        const char *before = told(cases[i].row, outer, *state);
        const ag_policy_t *merged = ag_policy_merge(outer, inner, *state);

        if (strcmp(told(cases[i].row, merged, *state), cases[i].merged) != 0) {
            fail_msg("case %d: %s", i, told(cases[i].row, merged, *state));
        }
        /* neither section is changed: both merge with others, too */
        assert_string_equal(told(cases[i].row, outer, *state), before);
    }
}

/* Three sections: `off` in the middle ends what the outer one said, whatever is added inside. */
static void test_merging_three(void **state)
{
    conf_t c = conf_of(*state);
    const ag_policy_t *a = section(AG_POLICY_limits, SAYS("1/s"), &c);
    const ag_policy_t *b = section(AG_POLICY_limits, SAYS("off"), &c);
    const ag_policy_t *d = section(AG_POLICY_limits, SAYS("3/s"), &c);
    const ag_policy_t *e = section(AG_POLICY_limits, SAYS("4/s"), &c);
    const ag_policy_t *merged;

    merged = ag_policy_merge(ag_policy_merge(a, b, c.p), d, c.p);
    assert_string_equal(told(AG_POLICY_limits, merged, c.p), "off;3/s;");
    merged = ag_policy_merge(ag_policy_merge(a, d, c.p), e, c.p);
    assert_string_equal(told(AG_POLICY_limits, merged, c.p), "1/s;3/s;4/s;");
    merged = ag_policy_merge(ag_policy_merge(a, d, c.p), b, c.p);
    assert_string_equal(told(AG_POLICY_limits, merged, c.p), "off;");
}

/* All rows of one value: an inner one that was written wins, one that was not is inherited. */
static void test_merging_scalars(void **state)
{
    static const struct {
        int row;
        const char *line;
    } said[] = {
        {AG_POLICY_hide, "all"}, {AG_POLICY_anonymous, "on"}, {AG_POLICY_enforce, "require"},
        {AG_POLICY_leeway, "5"}, {AG_POLICY_max_lifetime, "1h"}, {AG_POLICY_errors, "httpd"},
        {AG_POLICY_store_failure, "local/3"}, {AG_POLICY_invalid_key_status, "403"},
        {AG_POLICY_pass_headers, "on"},
    };
    conf_t c = conf_of(*state);
    ag_policy_t *base = ag_policy_make(*state);
    int i;

    for (i = 0; i < N_OF(said); i++) {
        const ag_setting_t *row = &ag_policy_rows[said[i].row];
        const ag_policy_t *section_ = section(said[i].row, SAYS(said[i].line), &c);
        const char *value = (const char *)section_ + row->offset;
        const ag_policy_t *in = ag_policy_merge(base, section_, c.p);
        const ag_policy_t *out = ag_policy_merge(section_, base, c.p);

        assert_memory_equal((const char *)in + row->offset, value, row->size);
        assert_memory_equal((const char *)out + row->offset, value, row->size);
        assert_memory_not_equal((const char *)base + row->offset, value, row->size);
        if (row->initial) { /* the default, said again inside, is said */
            const ag_policy_t *again = section(said[i].row, SAYS(row->initial), &c);

            in = ag_policy_merge(section_, again, c.p);
            assert_memory_equal((const char *)in + row->offset, (const char *)base + row->offset,
                                row->size);
        }
    }
}

static void test_site_merging(void **state)
{
    conf_t c = conf_of(*state);
    ag_site_t *outer = ag_site_make(*state), *inner = ag_site_make(*state), *merged;

    assert_null(site_reads(outer, AG_SITE_key_cache, "ttl=7", &c));
    assert_null(site_reads(outer, AG_SITE_key_query, "\"SELECT 1 WHERE a=%s\"", &c));
    assert_null(site_reads(inner, AG_SITE_key_query, "\"SELECT 2 WHERE a=%s\"", &c));
    merged = ag_site_merge(outer, inner, *state);
    assert_int_equal(merged->key_cache.ttl, 7);
    assert_string_equal(merged->key_query, "SELECT 2 WHERE a=%s");
    assert_int_equal(merged->shared_memory, 32 << 20);
}

/* ---- limits by name -------------------------------------------------------------------------- */

static void test_limits(void **state)
{
    conf_t c = conf_of(*state);
    ag_policy_t *policy = section(AG_POLICY_limits, SAYS("100/min 1000/day", "5/s by=ip"), &c);

    assert_int_equal(policy->limits.list->nelts, 2);
    assert_int_equal(c.limits->nelts, 2); /* their ids come once the server's name is known */
    assert_int_equal(APR_ARRAY_IDX(policy->limits.list, 0, ag_limit_t *)->windows[0].id.lo, 0);
    assert_string_equal(policy_reads(policy, AG_POLICY_limits, "5/s by=ip", &c),
                        "ApiGuardRateLimit: \"5/s by=ip\" stands here twice");
    assert_string_equal(policy_reads(policy, AG_POLICY_limits, "100/min  1000/day", &c),
                        "ApiGuardRateLimit: \"100/min 1000/day\" stands here twice");
    assert_int_equal(policy->limits.list->nelts, 2);
}

/* In .htaccess: limits get their ids at once, nothing may be opened, no limit switched off. */
static void test_htaccess(void **state)
{
    conf_t c = conf_of(*state);
    ag_policy_t *policy = ag_policy_make(*state), *other = ag_policy_make(*state);
    const ag_window_t *window;

    c.call.opens = c.call.limits = NULL;
    assert_null(policy_reads(policy, AG_POLICY_limits, "5/s", &c));
    window = APR_ARRAY_IDX(policy->limits.list, 0, ag_limit_t *)->windows;
    assert_true(window->id.lo != 0);
    assert_string_equal(window->told.field, "\"5/s\";q=5;w=1");
    assert_int_equal(window->told.field_size, strlen(window->told.field));
    assert_string_equal(window->told.begin, ", \"5/s\";r=");
    assert_int_equal(window->told.begin_size, strlen(window->told.begin));
    c.call.scope = "www /other";
    assert_null(policy_reads(other, AG_POLICY_limits, "5/s", &c));
    assert_false(ag_id_equal(APR_ARRAY_IDX(policy->limits.list, 0, ag_limit_t *)->windows[0].id,
                             APR_ARRAY_IDX(other->limits.list, 0, ag_limit_t *)->windows[0].id));
    assert_string_equal(policy_reads(policy, AG_POLICY_limits, "off", &c),
                        "ApiGuardRateLimit: off is not allowed in .htaccess");
    assert_string_equal(told(AG_POLICY_limits, policy, *state), "5/s;");
    assert_string_equal(policy_reads(policy, AG_POLICY_jwt_keys, "HS256 file:/a", &c),
                        "ApiGuardJWTKey: this is not allowed in .htaccess");
    assert_string_equal(policy_reads(policy, AG_POLICY_jwks, "file:/a", &c),
                        "ApiGuardJWKS: this is not allowed in .htaccess");
    /* what a tenant may not say at all */
    assert_false(ag_policy_rows[AG_POLICY_jwt_keys].where & AG_IN_HTACCESS);
    assert_false(ag_policy_rows[AG_POLICY_jwks].where & AG_IN_HTACCESS);
    assert_false(ag_policy_rows[AG_POLICY_issuers].where & AG_IN_HTACCESS);
    assert_false(ag_policy_rows[AG_POLICY_audiences].where & AG_IN_HTACCESS);
    assert_false(ag_policy_rows[AG_POLICY_required].where & AG_IN_HTACCESS);
    assert_false(ag_policy_rows[AG_POLICY_claim_map].where & AG_IN_HTACCESS);
    assert_false(ag_policy_rows[AG_POLICY_anonymous].where & AG_IN_HTACCESS);
    assert_false(ag_policy_rows[AG_POLICY_enforce].where & AG_IN_HTACCESS);
    assert_false(ag_policy_rows[AG_POLICY_store_failure].where & AG_IN_HTACCESS);
}

/* ---- keys, realms and what a complete section shows ------------------------------------------ */

#define SECRET "0123456789abcdef0123456789abcdef"

static const char *secret_file(const char *bytes, apr_pool_t *p)
{
    char *path = apr_pstrdup(p, "/tmp/test_policy_XXXXXX");
    int fd = mkstemp(path);

    assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
    close(fd);
    return path;
}

/* Opens all that was left for later; the first error. */
static const char *open_all(conf_t *c)
{
    ag_opening_t opening = {c->p, c->p, c->p, NULL};
    const char *error = NULL;
    int i;

    for (i = 0; !error && i < c->call.opens->nelts; i++) {
        const ag_open_t *task = &APR_ARRAY_IDX(c->call.opens, i, ag_open_t);

        error = task->open(task->ctx, &opening);
    }
    c->call.opens->nelts = 0;
    return error;
}

static ag_id_t realm_of(const ag_policy_t *policy, apr_pool_t *p)
{
    (void)p;
    return ag_policy_realm(policy);
}

static void test_keys_open(void **state)
{
    conf_t c = conf_of(*state);
    const char *path = secret_file(SECRET "\n", *state);
    const char *line = apr_pstrcat(*state, "HS256 file:", path,
                                   " kid=k1 issuer=https://a audience=me", NULL);
    ag_policy_t *policy = section(AG_POLICY_jwt_keys, SAYS(line), &c);
    const ag_jwt_keyset_t *set = &APR_ARRAY_IDX(policy->jwt_keys, 0, ag_keyset_source_t *)->set;
    const char *error;

    assert_int_equal(c.call.opens->nelts, 1);
    assert_int_equal(set->n, 0);
    assert_null(open_all(&c));
    assert_int_equal(set->n, 1);
    assert_string_equal(set->keys[0].kid, "k1");
    assert_int_equal(set->keys[0].secret_size, 32);
    assert_string_equal(set->issuer, "https://a");
    assert_string_equal(set->audience, "me");
    section(AG_POLICY_jwt_keys, SAYS(apr_pstrcat(*state, "HS512 file:", path, NULL)), &c);
    error = open_all(&c);
    assert_non_null(error); /* too short for HS512 */
    assert_non_null(strstr(error, "HS512"));
    assert_null(strstr(error, SECRET));
    unlink(path);
    section(AG_POLICY_jwks, SAYS(apr_pstrcat(*state, "file:", path, NULL)), &c);
    error = open_all(&c);
    assert_non_null(strstr(error, "cannot be read"));
    path = secret_file("{}", *state);
    section(AG_POLICY_jwks, SAYS(apr_pstrcat(*state, "file:", path, NULL)), &c);
    error = open_all(&c);
    assert_ptr_equal(strstr(error, "key set file:"), error);
    unlink(path);
}

#define JWKS                                                                                       \
    "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":"                                         \
    "\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}"

/* Configured keys and key sets together, each bound to its issuer or not. */
static void test_key_sets(void **state)
{
    conf_t c = conf_of(*state);
    const char *key = secret_file(SECRET, *state), *set = secret_file(JWKS, *state);
    const char *bound = apr_pstrcat(*state, "HS256 file:", key, " issuer=https://a", NULL);
    const char *loose = apr_pstrcat(*state, "file:", set, NULL);
    ag_policy_t *policy = section(AG_POLICY_jwt_keys, SAYS(bound), &c);
    const ag_keyset_source_t *source;
    ag_id_t without = realm_of(policy, *state);
    ag_jwt_policy_t jwt;

    assert_null(policy_reads(policy, AG_POLICY_jwks, loose, &c));
    assert_null(open_all(&c));
    source = APR_ARRAY_IDX(policy->jwks, 0, ag_keyset_source_t *);
    assert_string_equal(source->set.origin, source->source);
    /* One key is bound to an issuer: a loose one could sign as that, too. */
    assert_non_null(strstr(ag_policy_check(policy, *state), source->source));
    ag_policy_jwt(&jwt, policy, *state);
    assert_int_equal(jwt.n_sets, 1);
    assert_null(policy_reads(policy, AG_POLICY_issuers, "https://a", &c));
    assert_null(ag_policy_check(policy, *state));
    ag_policy_jwt(&jwt, policy, *state);
    assert_int_equal(jwt.n_sets, 2);
    assert_ptr_equal(jwt.sets[1], &source->set);
    assert_string_equal(jwt.sets[0]->issuer, "https://a");
    assert_false(ag_id_equal(realm_of(policy, *state), without));
    assert_null(policy_reads(policy, AG_POLICY_issuers, "https://b", &c));
    assert_non_null(strstr(ag_policy_check(policy, *state), source->source));
    ag_policy_jwt(&jwt, policy, *state);
    assert_int_equal(jwt.n_sets, 1); /* the loose one is left out */
    assert_ptr_not_equal(jwt.sets[0], &source->set);
    unlink(key);
    unlink(set);
}

static void test_pepper_opens(void **state)
{
    conf_t c = conf_of(*state);
    ag_site_t *site = ag_site_make(*state);
    const char *path = secret_file("0123456789abcdef\n", *state);

    assert_null(site_reads(site, AG_SITE_key_pepper, apr_pstrcat(*state, "file:", path, NULL),
                           &c));
    assert_null(open_all(&c));
    assert_int_equal(site->key_pepper->size, 16);
    assert_memory_equal(site->key_pepper->bytes, "0123456789abcdef", 16);
    unlink(path);
    path = secret_file("0123456789abcde\n", *state);
    assert_null(site_reads(site, AG_SITE_key_pepper, apr_pstrcat(*state, "file:", path, NULL),
                           &c));
    assert_non_null(strstr(open_all(&c), "a pepper has at least 16 bytes"));
    unlink(path);
}

/* A section with a key of this secret (opened), and one more line. */
static ag_policy_t *token_section(const char *secret, const char *options, int row,
                                  const char *line, conf_t *c)
{
    const char *path = secret_file(secret, c->p);
    ag_policy_t *policy = section(AG_POLICY_jwt_keys,
                                  SAYS(apr_pstrcat(c->p, "HS256 file:", path, options, NULL)), c);

    assert_null(open_all(c));
    unlink(path);
    APR_ARRAY_IDX(policy->jwt_keys, 0, ag_keyset_source_t *)->source = "file:k";
    if (line) {
        assert_null(policy_reads(policy, row, line, c));
    }
    return policy;
}

/* Whatever decides who is accepted makes another realm; what does not, does not. */
static void test_realms(void **state)
{
    static const struct {
        int row;
        const char *line;
    } others[] = {
        {AG_POLICY_issuers, "https://a"},    {AG_POLICY_issuers, "https://b"},
        {AG_POLICY_issuers, "https://a name=b"}, {AG_POLICY_claim_map, "wildcards"},
        {AG_POLICY_audiences, "https://a"},  {AG_POLICY_audiences, "a b"},
        {AG_POLICY_audiences, "\"a b\""},    {AG_POLICY_claim_map, "user=a"},
        {AG_POLICY_claim_map, "client=a"},   {AG_POLICY_required, "none"},
        {AG_POLICY_required, "exp iat"},     {AG_POLICY_leeway, "0"},
        {AG_POLICY_leeway, "31"},            {AG_POLICY_max_lifetime, "1h"},
        {AG_POLICY_max_lifetime, "2h"},
    };
    conf_t c = conf_of(*state);
    ag_id_t realms[N_OF(others) + 4], same;
    int n = 0, i, j;

    realms[n++] = realm_of(ag_policy_make(*state), *state);
    realms[n++] = realm_of(token_section(SECRET, "", 0, NULL, &c), *state);
    realms[n++] = realm_of(token_section("x" SECRET, "", 0, NULL, &c), *state);
    realms[n++] = realm_of(token_section(SECRET, " issuer=https://a", 0, NULL, &c), *state);
    for (i = 0; i < N_OF(others); i++) {
        realms[n++] = realm_of(token_section(SECRET, "", others[i].row, others[i].line, &c),
                               *state);
    }
    for (i = 0; i < n; i++) {
        for (j = 0; j < i; j++) {
            if (ag_id_equal(realms[i], realms[j])) {
                fail_msg("%d and %d are one realm", j, i);
            }
        }
    }
    same = realm_of(token_section(SECRET, "", AG_POLICY_leeway, "30", &c), *state);
    assert_true(ag_id_equal(same, realms[1]));
    same = realm_of(token_section(SECRET, "", AG_POLICY_limits, "5/s", &c), *state);
    assert_true(ag_id_equal(same, realms[1]));
}

static void test_jwt_policy(void **state)
{
    conf_t c = conf_of(*state);
    ag_policy_t *policy = token_section(SECRET, "", AG_POLICY_issuers, "https://a", &c);
    ag_jwt_policy_t jwt;

    assert_null(policy_reads(policy, AG_POLICY_audiences, "me you", &c));
    assert_null(policy_reads(policy, AG_POLICY_max_lifetime, "1h", &c));
    assert_null(policy_reads(policy, AG_POLICY_claim_map, "user=mail", &c));
    ag_policy_jwt(&jwt, policy, *state);
    assert_int_equal(jwt.n_sets, 1);
    assert_string_equal(joined(&jwt.issuers, *state), "https://a");
    assert_string_equal(joined(&jwt.audiences, *state), "me,you");
    assert_string_equal(joined(&jwt.required, *state), "exp");
    assert_int_equal(jwt.leeway, 30);
    assert_int_equal(jwt.max_lifetime, 3600);
    assert_string_equal(jwt.map.user, "mail");
}

/* RFC 8725 s3.8: with two issuers, a key bound to none could sign for both. */
static void test_two_issuers(void **state)
{
    conf_t c = conf_of(*state);
    ag_policy_t *loose = token_section(SECRET, "", AG_POLICY_issuers, "https://a https://b", &c);
    ag_policy_t *bound = token_section(SECRET, " issuer=https://a", AG_POLICY_issuers,
                                       "https://a https://b", &c);
    ag_policy_t *one = token_section(SECRET, "", AG_POLICY_issuers, "https://a", &c);
    ag_jwt_policy_t jwt;

    assert_string_equal(ag_policy_check(loose, *state),
                        "ApiGuardIssuer: with more than one issuer every key needs issuer=, "
                        "\"file:k\" has none");
    assert_null(ag_policy_check(bound, *state));
    assert_null(ag_policy_check(one, *state));
    assert_null(ag_policy_check(ag_policy_make(*state), *state));
    ag_policy_jwt(&jwt, loose, *state);
    assert_int_equal(jwt.n_sets, 0); /* and where nobody asked, it is not used */
    ag_policy_jwt(&jwt, bound, *state);
    assert_int_equal(jwt.n_sets, 1);
}

static void test_provides(void **state)
{
    conf_t c = conf_of(*state);
    ag_policy_t *plain = ag_policy_make(*state);
    ag_policy_t *tokens = token_section(SECRET, "", 0, NULL, &c);
    ag_policy_t *only = token_section(SECRET, "", AG_POLICY_providers, "jwt", &c);
    ag_policy_t *keys = token_section(SECRET, "", AG_POLICY_providers, "key", &c);
    ag_policy_t *sets = section(AG_POLICY_jwks, SAYS("file:/a"), &c);

    assert_int_equal(ag_policy_types(plain), AG_CRED_KEY);
    assert_int_equal(ag_policy_types(tokens), AG_CRED_KEY | AG_CRED_JWT);
    assert_int_equal(ag_policy_types(sets), AG_CRED_KEY | AG_CRED_JWT);
    assert_int_equal(ag_policy_types(only), AG_CRED_JWT);
    assert_int_equal(ag_policy_types(keys), AG_CRED_KEY);
}

static void test_warning(void **state)
{
    static const struct {
        const char *limits[3];
        int warned;
    } cases[] = {
        {{NULL}, 0}, {{"5/s by=header:X-T"}, 1}, {{"5/s by=header:X-T", "5/s by=path"}, 1},
        {{"5/s by=header:X-T", "5/s by=ip"}, 0}, {{"5/s", "5/s by=header:X-T"}, 0},
        {{"5/s by=global", "5/s by=header:X-T"}, 0}, {{"5/s by=user"}, 0},
        {{"off", "5/s by=header:X-T"}, 1}, {{"5/s by=path"}, 2}, {{"5/s by=path", "5/s by=user"}, 2},
        {{"5/s by=path", "9/s by=ip"}, 0}, {{"5/s by=path", "9/s by=ip dryrun"}, 2},
        {{"5/s by=ip/64"}, 0}, {{"5/s by=ip/65"}, 3}, {{"5/s by=ip/128", "9/s by=ip/56"}, 0},
        {{"5/s by=ip/128", "9/s by=ip/96"}, 3}, {{"5/s by=path", "9/s by=ip/128"}, 3},
        {{"5/s by=ip/128", "5/s by=header:X-T"}, 1}, {{"5/s by=ip/128", "5/s"}, 0},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_policy_t *policy = section(AG_POLICY_limits, cases[i].limits, &c);
        const char *warning = ag_policy_warning(policy, *state);

        static const char *const texts[] = {NULL, "by=header:x-t alone limits nobody",
                                            "by=path alone limits nobody",
                                            " alone limits nobody with IPv6"};
        const char *text = texts[cases[i].warned];

        if ((warning != NULL) != (text != NULL) || (text && !strstr(warning, text))) {
            fail_msg("case %d: %s", i, warning ? warning : "(none)");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults_parse), TEST(test_policy_defaults), TEST(test_site_defaults),
        TEST(test_choices), TEST(test_key_from), TEST(test_advice), TEST(test_store_failure), TEST(test_claim_map),
        TEST(test_site_values), TEST(test_mistakes), TEST(test_site_mistakes), TEST(test_merging),
        TEST(test_merging_three), TEST(test_merging_scalars), TEST(test_site_merging),
        TEST(test_limits), TEST(test_htaccess), TEST(test_keys_open), TEST(test_key_sets),
        TEST(test_pepper_opens),
        TEST(test_realms), TEST(test_jwt_policy), TEST(test_two_issuers), TEST(test_provides),
        TEST(test_warning),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
