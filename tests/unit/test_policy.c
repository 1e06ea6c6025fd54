/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two tables of directives: every default is what the directive would say; and what a complete
 * section opens, warns of and accepts.
 */
#include "policy_fixture.h"

/* ---- the tables ------------------------------------------------------------------------------ */

static void check_rows(const ag_setting_t *rows, int n, void *settings, conf_t *c)
{
    int i, j;

    for (i = 0; i < n; i++) {
        const char *error = rows[i].initial ? ag_setting_read(settings, rows, i, rows[i].initial, &c->call) : NULL;

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
    assert_int_equal(policy->invalid_key_status, AG_INVALID_KEY_401);
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
    ag_later_call_t opening = {.p = c->p, .pkeep = c->p, .ptmp = c->p};
    const char *error = NULL;
    int i;

    for (i = 0; !error && i < c->call.later->nelts; i++) {
        const ag_later_t *task = &APR_ARRAY_IDX(c->call.later, i, ag_later_t);

        error = task->run(task->ctx, &opening);
    }
    c->call.later->nelts = 0;
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
    const char *line = apr_pstrcat(*state, "HS256 file:", path, " kid=k1 issuer=https://a audience=me", NULL);
    ag_policy_t *policy = section(AG_POLICY_jwt_keys, SAYS(line), &c);
    const ag_jwt_keyset_t *set = &APR_ARRAY_IDX(policy->jwt_keys, 0, ag_keyset_source_t *)->set;
    const char *error;

    assert_int_equal(c.call.later->nelts, 1);
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

#define JWKS                                                                                                         \
    "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":"                                                           \
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
    ag_id_t without = realm_of(section(AG_POLICY_jwt_keys, SAYS(bound), &c), *state);
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

    assert_null(site_reads(site, AG_SITE_key_pepper, apr_pstrcat(*state, "file:", path, NULL), &c));
    assert_null(open_all(&c));
    assert_int_equal(site->key_pepper->size, 16);
    assert_memory_equal(site->key_pepper->bytes, "0123456789abcdef", 16);
    unlink(path);
    path = secret_file("0123456789abcde\n", *state);
    assert_null(site_reads(site, AG_SITE_key_pepper, apr_pstrcat(*state, "file:", path, NULL), &c));
    assert_non_null(strstr(open_all(&c), "a pepper has at least 16 bytes"));
    unlink(path);
}

/* A section with a key of this secret (opened), and one more line. */
static ag_policy_t *token_section(const char *secret, const char *options, int row, const char *line, conf_t *c)
{
    const char *path = secret_file(secret, c->p);
    ag_policy_t *policy = section(AG_POLICY_jwt_keys, SAYS(apr_pstrcat(c->p, "HS256 file:", path, options, NULL)), c);

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
        {AG_POLICY_issuers, "https://a"},
        {AG_POLICY_issuers, "https://b"},
        {AG_POLICY_issuers, "https://a name=b"},
        {AG_POLICY_claim_map, "wildcards"},
        {AG_POLICY_audiences, "https://a"},
        {AG_POLICY_audiences, "a b"},
        {AG_POLICY_audiences, "\"a b\""},
        {AG_POLICY_claim_map, "user=a"},
        {AG_POLICY_claim_map, "client=a"},
        {AG_POLICY_required, "none"},
        {AG_POLICY_required, "exp iat"},
        {AG_POLICY_leeway, "0"},
        {AG_POLICY_leeway, "31"},
        {AG_POLICY_max_lifetime, "1h"},
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
        realms[n++] = realm_of(token_section(SECRET, "", others[i].row, others[i].line, &c), *state);
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
    ag_policy_t *bound = token_section(SECRET, " issuer=https://a", AG_POLICY_issuers, "https://a https://b", &c);
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

    assert_int_equal(ag_policy_types(plain), AG_KIND(key)->bit);
    assert_int_equal(ag_policy_types(tokens), AG_KIND(key)->bit | AG_KIND(jwt)->bit);
    assert_int_equal(ag_policy_types(sets), AG_KIND(key)->bit | AG_KIND(jwt)->bit);
    assert_int_equal(ag_policy_types(only), AG_KIND(jwt)->bit);
    assert_int_equal(ag_policy_types(keys), AG_KIND(key)->bit);
}

static void test_warning(void **state)
{
    static const struct {
        const char *limits[3];
        int warned;
    } cases[] = {
        {{NULL}, 0},
        {{"5/s by=header:X-T"}, 1},
        {{"5/s by=header:X-T", "5/s by=path"}, 1},
        {{"5/s by=header:X-T", "5/s by=ip"}, 0},
        {{"5/s", "5/s by=header:X-T"}, 0},
        {{"5/s by=global", "5/s by=header:X-T"}, 0},
        {{"5/s by=user"}, 0},
        {{"off", "5/s by=header:X-T"}, 1},
        {{"5/s by=path"}, 2},
        {{"5/s by=path", "5/s by=user"}, 2},
        {{"5/s by=path", "9/s by=ip"}, 0},
        {{"5/s by=path", "9/s by=ip dryrun"}, 2},
        {{"5/s by=ip/64"}, 0},
        {{"5/s by=ip/65"}, 3},
        {{"5/s by=ip/128", "9/s by=ip/56"}, 0},
        {{"5/s by=ip/128", "9/s by=ip/96"}, 3},
        {{"5/s by=path", "9/s by=ip/128"}, 3},
        {{"5/s by=ip/128", "5/s by=header:X-T"}, 1},
        {{"5/s by=ip/128", "5/s"}, 0},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_policy_t *policy = section(AG_POLICY_limits, cases[i].limits, &c);
        const char *warning = ag_limits_warning(&policy->limits, &policy->concurrency, *state);

        static const char *const texts[] = {NULL, "by=header:x-t alone limits nobody", "by=path alone limits nobody",
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
        TEST(test_defaults_parse), TEST(test_policy_defaults), TEST(test_site_defaults), TEST(test_keys_open),
        TEST(test_key_sets),       TEST(test_pepper_opens),    TEST(test_realms),        TEST(test_jwt_policy),
        TEST(test_two_issuers),    TEST(test_provides),        TEST(test_warning),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
