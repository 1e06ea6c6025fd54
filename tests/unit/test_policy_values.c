/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directives: every value is read, or refused with a message.
 */
#include "policy_fixture.h"
#include "../../src/reply/answer.h"

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
    assert_int_equal(policy->invalid_key_status, AG_INVALID_KEY_403);
    assert_null(policy_reads(policy, AG_POLICY_invalid_key_status, "401", &c));
    assert_int_equal(policy->invalid_key_status, AG_INVALID_KEY_401);
    assert_null(policy_reads(policy, AG_POLICY_pass_headers, "on", &c));
    assert_int_equal(policy->pass_headers, 1);
    assert_null(policy_reads(policy, AG_POLICY_rate_headers, "legacy draft-6", &c));
    assert_int_equal(policy->rate_headers, 8 | 16);
    assert_null(policy_reads(policy, AG_POLICY_rate_headers, "Draft-10", &c));
    assert_int_equal(policy->rate_headers, AG_QUOTA_DRAFT_11);
    assert_null(policy_reads(policy, AG_POLICY_rate_headers, "draft-11 legacy draft-10", &c));
    assert_int_equal(policy->rate_headers, AG_QUOTA_DRAFT_11 | AG_QUOTA_LEGACY);
    assert_non_null(strstr(policy_reads(policy, AG_POLICY_rate_headers, "draft-10 off", &c), "\"off\" stands alone"));
    assert_non_null(strstr(policy_reads(policy, AG_POLICY_rate_headers, "draft-10|draft-8", &c), "is not allowed"));
    assert_int_equal(policy->token_types, AG_TYP_ACCESS | AG_TYP_JWT);
    assert_null(policy_reads(policy, AG_POLICY_token_types, "AT+JWT", &c));
    assert_int_equal(policy->token_types, AG_TYP_ACCESS);
    assert_null(policy_reads(policy, AG_POLICY_token_types, "any", &c));
    assert_int_equal(policy->token_types, AG_TYP_OTHER);
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

        assert_string_equal(ag_policy_advice(policy, *state), key);
        assert_int_equal(policy->key_from.places >> AG_FROM_APIKEY & 1, cases[i].apikey);
        policy->providers = AG_KIND(key)->bit | AG_KIND(jwt)->bit;
        assert_string_equal(ag_policy_advice(policy, *state),
                            apr_pstrcat(*state, key, ", or a token as Authorization: Bearer", NULL));
        policy->providers = AG_KIND(jwt)->bit;
        assert_string_equal(ag_policy_advice(policy, *state), "Send a token as Authorization: Bearer");
    }
}

static void test_store_failure(void **state)
{
    static const struct {
        const char *line;
        int policy, nodes;
    } cases[] = {{"local", AG_FAIL_LOCAL, 1},
                 {"local/4", AG_FAIL_LOCAL, 4},
                 {"Local/100000", AG_FAIL_LOCAL, 100000},
                 {"allow", AG_FAIL_ALLOW, 1},
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
    ag_policy_t *policy = section(AG_POLICY_claim_map, SAYS("roles=realm_access.roles user=sub"), &c);

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
    assert_null(site_reads(site, AG_SITE_counter_store, "memcached:a:1,b:2 prefix=p1 timeout=5", &c));
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

static const struct {
    int row;
    const char *line, *error;
} mistakes[] = {
    {AG_POLICY_providers, "key certs", "ApiGuardProvider: \"certs\" is not allowed: key, "},
    {AG_POLICY_key_from, "body", "ApiGuardKeyFrom: \"body\" is not allowed: header:NAME"},
    {AG_POLICY_key_from, "header:", "ApiGuardKeyFrom: \"header:\" is not allowed"},
    {AG_POLICY_key_from, "header:x_apiguard_key", "ApiGuardKeyFrom: \"header:x_apiguard_key\" is not allowed"},
    {AG_POLICY_key_from, "header:X-A:b", "ApiGuardKeyFrom: \"header:X-A:b\" is not allowed"},
    {AG_POLICY_key_from, "\"header:X A\"", "ApiGuardKeyFrom: \"header:X A\" is not allowed"},
    {AG_POLICY_key_from, "cookie:a=b", "ApiGuardKeyFrom: \"cookie:a=b\" is not allowed"},
    {AG_POLICY_key_from, "query:a&b", "ApiGuardKeyFrom: \"query:a&b\" is not allowed"},
    {AG_POLICY_key_from, "bearer:x", "ApiGuardKeyFrom: \"bearer:x\" is not allowed"},
    {AG_POLICY_anonymous, "yes", "ApiGuardAnonymous: \"yes\" is not allowed: off or on"},
    {AG_POLICY_method_scopes, "get=read",
     "ApiGuardMethodScopes: \"get=read\" is not allowed: "
     "METHOD,METHOD=SCOPE"},
    {AG_POLICY_method_scopes, "GET", "ApiGuardMethodScopes: \"GET\" is not allowed"},
    {AG_POLICY_method_scopes, "GET=", "ApiGuardMethodScopes: \"GET=\" is not allowed"},
    {AG_POLICY_method_scopes, "=read", "ApiGuardMethodScopes: \"=read\" is not allowed"},
    {AG_POLICY_method_scopes, "GET=re*", "ApiGuardMethodScopes: \"GET=re*\" is not allowed"},
    {AG_POLICY_method_scopes, "GET=a,b", "ApiGuardMethodScopes: \"GET=a,b\" is not allowed"},
    {AG_POLICY_issuers, "none https://a", "ApiGuardIssuer: \"none\" stands alone"},
    {AG_POLICY_issuers, "https://a off", "ApiGuardIssuer: \"off\" stands alone"},
    {AG_POLICY_method_scopes, "GET=a none", "ApiGuardMethodScopes: \"none\" is not allowed"},
    {AG_POLICY_token_types, "at+jwt id+jwt", "ApiGuardTokenType: \"id+jwt\" is not allowed: at+jwt, jwt or any"},
    {AG_POLICY_token_types, "none", "ApiGuardTokenType: \"none\" is not allowed: at+jwt, jwt or any"},
    {AG_POLICY_token_binding, "off", "ApiGuardTokenBinding: \"off\" is not allowed: require or on"},
    {AG_POLICY_token_binding, "on require", "ApiGuardTokenBinding: one value is allowed"},
    {AG_POLICY_leeway, "601", "ApiGuardLeeway: \"601\" is not a number from 0 to 600"},
    {AG_POLICY_claim_map, "user", "ApiGuardClaimMap: \"user\" is not allowed: user=, client="},
    {AG_POLICY_claim_map, "user=", "ApiGuardClaimMap: \"user=\" is not allowed"},
    {AG_POLICY_providers, "certs", "ApiGuardProvider: \"certs\" is not allowed: key, "},
    {AG_POLICY_certificate, "cn", "ApiGuardCertificate: \"cn\" is not allowed: client=cn|dn|"},
    {AG_POLICY_certificate, "client=", "ApiGuardCertificate: client=: \"\" is not allowed: cn, dn, san-dns"},
    {AG_POLICY_certificate, "client=cn|dn", "ApiGuardCertificate: client=: \"cn|dn\" is not allowed"},
    {AG_POLICY_certificate, "client=cn client=dn", "ApiGuardCertificate: client= is given twice"},
    {AG_POLICY_certificate, "issuer=CN=a issuer=CN=b", "ApiGuardCertificate: issuer= is given twice"},
    {AG_POLICY_certificate, "issuer=", "ApiGuardCertificate: issuer=: \"\" is not allowed: the authority's"},
    {AG_POLICY_certificate, "issuer=\"CN=a, O=b\"", "ApiGuardCertificate: issuer=: \"CN=a, O=b\" is not allowed"},
    {AG_POLICY_issuers, "\"\"", "ApiGuardIssuer: \"\" is not allowed: a name is missing"},
    {AG_POLICY_issuers, "a \"\"", "ApiGuardIssuer: \"\" is not allowed: a name is missing"},
    {AG_POLICY_issuers, "a b a", "ApiGuardIssuer: \"a\" stands here twice"},
    {AG_POLICY_issuers, "name=x", "ApiGuardIssuer: name=WORD, discover and ca=PATH stand behind"},
    {AG_POLICY_issuers, "a name=x@y", "ApiGuardIssuer: \"name=x@y\" is not allowed: behind an issuer"},
    {AG_POLICY_issuers, "a name=key", "ApiGuardIssuer: \"name=key\" is not allowed: behind an issuer"},
    {AG_POLICY_issuers, "a name=x name=y", "ApiGuardIssuer: \"name=y\" is not allowed: behind an"},
    {AG_POLICY_max_lifetime, "0", "ApiGuardMaxLifetime: \"0\" is not allowed: a duration or"},
    {AG_POLICY_claim_map, "mail=x", "ApiGuardClaimMap: \"mail=x\" is not allowed"},
    {AG_POLICY_store_failure, "local deny", "ApiGuardStoreFailure: \"deny\" is one word too many behind \"local\""},
    {AG_POLICY_store_failure, "local/0", "ApiGuardStoreFailure: \"local/0\" is not allowed"},
    {AG_POLICY_store_failure, "local/", "ApiGuardStoreFailure: \"local/\" is not allowed"},
    {AG_POLICY_store_failure, "local/x", "ApiGuardStoreFailure: \"local/x\" is not allowed"},
    {AG_POLICY_store_failure, "deny/2", "ApiGuardStoreFailure: \"deny/2\" is not allowed"},
    {AG_POLICY_store_failure, "allow deny", "ApiGuardStoreFailure: \"deny\" is one word too many"},
    {AG_POLICY_invalid_key_status, "404",
     "ApiGuardInvalidKeyStatus: \"404\" is not allowed: "
     "401 or 403"},
    {AG_POLICY_rate_headers, "off legacy", "ApiGuardRateHeaders: \"off\" stands alone"},
    {AG_POLICY_concurrency, "ten", "ApiGuardConcurrency: \"ten\" is not a number from 0"},
    {AG_POLICY_concurrency, "5 6", "ApiGuardConcurrency: one number is allowed, \"6\" is too"},
    {AG_POLICY_concurrency, "by=ip", "ApiGuardConcurrency: no number is given, such as 10"},
    {AG_POLICY_concurrency, "5 burst=2",
     "ApiGuardConcurrency: burst=2 is not known; allowed "
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
    {AG_POLICY_jwks, "ftp://x/", "ApiGuardJWKS: \"ftp://x/\" is not allowed: file:PATH or https://..."},
    {AG_POLICY_jwks, "https://x/ kid=1",
     "ApiGuardJWKS: \"kid=1\" is not allowed: issuer=URL, audience=NAME, refresh="},
    {AG_POLICY_jwks, "https://x/ refresh=0", "ApiGuardJWKS: \"refresh=0\" is not allowed: 1s to 1d are allowed"},
    {AG_POLICY_jwks, "https://x/ refresh=2d", "ApiGuardJWKS: \"refresh=2d\" is not allowed: 1s to 1d are allowed"},
    {AG_POLICY_jwks, "https://x/ refresh=soon", "ApiGuardJWKS: \"refresh=soon\" is not allowed: "},
    {AG_POLICY_jwks, "https://x/ ca=", "ApiGuardJWKS: \"ca=\" is not allowed"},
    {AG_POLICY_jwks, "\"https://x/ y\"", "ApiGuardJWKS: an address has neither blanks nor"},
    {AG_POLICY_issuers, "https://a discover discover", "ApiGuardIssuer: discover stands here twice"},
    {AG_POLICY_issuers, "a discover", "ApiGuardIssuer: \"a\" discover is not allowed: the issuer is no"},
    {AG_POLICY_issuers, "https://a?b discover", "ApiGuardIssuer: \"https://a?b\" discover is not allowed"},
    {AG_POLICY_issuers, "https://a ca=/x", "ApiGuardIssuer: ca=PATH stands with discover"},
    {AG_POLICY_issuers, "https://a ca= discover", "ApiGuardIssuer: \"ca=\" is not allowed: ca=PATH"},
    {AG_POLICY_jwks, "file:k refresh=1min", "ApiGuardJWKS: \"refresh=1min\" is not allowed: issuer=URL"},
    {AG_POLICY_jwks, "file:k kid=1", "ApiGuardJWKS: \"kid=1\" is not allowed: issuer=URL"},
};

static void test_mistakes(void **state)
{
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(mistakes); i++) {
        ag_policy_t *policy = ag_policy_make(*state);
        const char *error = policy_reads(policy, mistakes[i].row, mistakes[i].line, &c);

        if (!error || strncmp(error, mistakes[i].error, strlen(mistakes[i].error)) != 0) {
            fail_msg("%s: %s", mistakes[i].line, error ? error : "(none)");
        }
        assert_false(ag_settings_written(policy, &ag_policy_table));
    }
    assert_int_equal(c.call.later->nelts, 0);
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
        {AG_SITE_counter_store, "memcached:a",
         "ApiGuardCounterStore: \"a\" is not a memcached "
         "server: its port is missing, as in a:11211"},
        {AG_SITE_counter_store, "memcached:a,b",
         "ApiGuardCounterStore: \"a\" is not a memcached "
         "server: its port is missing, as in a:11211"},
        {AG_SITE_counter_store, "memcached:a:1,b",
         "ApiGuardCounterStore: \"b\" is not a memcached "
         "server: its port is missing, as in b:11211"},
        {AG_SITE_counter_store, "memcached:/run/m.sock,b",
         "ApiGuardCounterStore: \"b\" is not a "
         "memcached server: its port is missing, as in b:11211"},
        {AG_SITE_counter_store, "memcached:[::1]",
         "ApiGuardCounterStore: \"[::1]\" is not a "
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_choices),   TEST(test_key_from),    TEST(test_advice),   TEST(test_store_failure),
        TEST(test_claim_map), TEST(test_site_values), TEST(test_mistakes), TEST(test_site_mistakes),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
