/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directives: an inner section changes an outer one as the documentation says.
 */
#include "policy_fixture.h"

/* ---- merging --------------------------------------------------------------------------------- */

/* What a merged section holds, as one text. */
static const char *told(int row, const ag_policy_t *policy, apr_pool_t *p)
{
    const apr_array_header_t *list = row == AG_POLICY_jwt_keys ? policy->jwt_keys : policy->jwks;
    const char *text = "";
    int i, windows = 0, early = 0;

    switch (row) {
    case AG_POLICY_providers:
        for (i = 0; i < AG_CRED_COUNT; i++) {
            text = policy->providers & 1u << i ? apr_pstrcat(p, text, ag_cred_kinds[i].name, ";", NULL) : text;
        }
        return text;
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
            text = apr_pstrcat(p, text, APR_ARRAY_IDX(list, i, ag_keyset_source_t *)->source, ";", NULL);
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
        {AG_POLICY_providers, {"key"}, {"jwt"}, "jwt;"},
        {AG_POLICY_providers, {"key jwt"}, {NULL}, "key;jwt;"},
        {AG_POLICY_key_from, {"header:A"}, {"header:B query:c"}, "B;c;"},
        {AG_POLICY_key_from, {NULL}, {"header:B"}, "B;"},
        {AG_POLICY_key_from, {"header:A"}, {NULL}, "A;"},
        {AG_POLICY_jwt_keys, {"HS256 file:/a"}, {"HS256 file:/b"}, "file:/b;"},
        {AG_POLICY_jwt_keys, {"HS256 file:/a", "ES256 file:/b"}, {NULL}, "file:/a;file:/b;"},
        {AG_POLICY_jwt_keys, {"HS256 file:/a"}, {"HS256 file:/b", "HS256 file:c"}, "file:/b;file:/etc/httpd/c;"},
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
        {AG_POLICY_rate_headers, {"legacy draft-6"}, {"draft-11"}, "1"},
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
        {AG_POLICY_hide, "all"},
        {AG_POLICY_anonymous, "on"},
        {AG_POLICY_enforce, "require"},
        {AG_POLICY_leeway, "5"},
        {AG_POLICY_max_lifetime, "1h"},
        {AG_POLICY_errors, "httpd"},
        {AG_POLICY_store_failure, "local/3"},
        {AG_POLICY_invalid_key_status, "403"},
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
            assert_memory_equal((const char *)in + row->offset, (const char *)base + row->offset, row->size);
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
    assert_int_equal(c.call.later->nelts, 2); /* their ids come once the server's name is known */
    assert_int_equal(APR_ARRAY_IDX(policy->limits.list, 0, ag_limit_t *)->windows[0].id.lo, 0);
    assert_string_equal(policy_reads(policy, AG_POLICY_limits, "5/s by=ip", &c),
                        "ApiGuardRateLimit: \"5/s by=ip\" stands here twice");
    assert_string_equal(policy_reads(policy, AG_POLICY_limits, "100/min  1000/day", &c),
                        "ApiGuardRateLimit: \"100/min 1000/day\" stands here twice");
    assert_int_equal(policy->limits.list->nelts, 2);
}

/* Does what the lines have left, as the server whose limits go by that name does; the first error. */
static const char *do_all(conf_t *c, const char *server_name)
{
    ag_later_call_t call = {.p = c->p, .pkeep = c->p, .ptmp = c->p, .named = apr_hash_make(c->p)};
    const char *error = NULL;
    int i;

    for (i = 0; !error && i < c->call.later->nelts; i++) {
        const ag_later_t *task = &APR_ARRAY_IDX(c->call.later, i, ag_later_t);

        call.server = task->server;
        call.server_name = server_name;
        call.section = task->section;
        error = task->run(task->ctx, &call);
    }
    return error;
}

static ag_id_t id_of(const char *line, const char *section, const char *server_name, conf_t *c)
{
    ag_policy_t *policy = ag_policy_make(c->p);
    const char *error;

    c->call.section = section;
    error = policy_reads(policy, AG_POLICY_limits, line, c);
    error = error || !c->call.later ? error : do_all(c, server_name);
    if (error) {
        fail_msg("%s", error);
    }
    return APR_ARRAY_IDX(policy->limits.list, 0, ag_limit_t *)->windows[0].id;
}

/* A limit is its server's and section's own; one with a name is all sections' that use the name, but in
 * .htaccess its own there, too. */
static void test_limit_names(void **state)
{
    conf_t c = conf_of(*state);
    ag_id_t plain = id_of("5/s", "/a", "www", &c), named = id_of("5/s name=x", "/a", "www", &c);

    assert_true(ag_id_equal(id_of("5/s", "/a", "www", &c), plain));
    assert_false(ag_id_equal(id_of("5/s", "/b", "www", &c), plain));
    assert_false(ag_id_equal(id_of("5/s", "/a", "other", &c), plain));
    assert_true(ag_id_equal(id_of("5/s name=x cost=2", "/b", "www", &c), named));
    c.call.later = NULL;
    c.call.server_name = "www";
    assert_true(ag_id_equal(id_of("5/s", "/a", NULL, &c), plain));
    assert_false(ag_id_equal(id_of("5/s name=x", "/a", NULL, &c), named));
}

static void test_limits_that_differ(void **state)
{
    conf_t c = conf_of(*state);

    section(AG_POLICY_limits, SAYS("5/s name=x"), &c);
    c.call.server = "another"; /* has its own names */
    section(AG_POLICY_limits, SAYS("6/s name=x"), &c);
    assert_null(do_all(&c, "www"));
    c.call.server = NULL;
    section(AG_POLICY_limits, SAYS("7/s name=x"), &c);
    assert_string_equal(do_all(&c, "www"), "\"5/s name=x\" and \"7/s name=x\" share a name and differ");
}

/* In .htaccess: limits get their ids at once, nothing may be opened, no limit switched off. */
static void test_htaccess(void **state)
{
    conf_t c = conf_of(*state);
    ag_policy_t *policy = ag_policy_make(*state), *other = ag_policy_make(*state);
    const ag_window_t *window;

    c.call.later = NULL;
    assert_null(policy_reads(policy, AG_POLICY_limits, "5/s", &c));
    window = APR_ARRAY_IDX(policy->limits.list, 0, ag_limit_t *)->windows;
    assert_true(window->id.lo != 0);
    assert_string_equal(window->wire.field, "\"5/s\";q=5;w=1");
    assert_int_equal(window->wire.field_size, strlen(window->wire.field));
    assert_string_equal(window->wire.begin, ", \"5/s\";r=");
    assert_int_equal(window->wire.begin_size, strlen(window->wire.begin));
    c.call.section = "/other";
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

/* The realm is found once for a policy; one that is made of it has its own. */
static void test_realm(void **state)
{
    conf_t c = conf_of(*state);
    const ag_policy_t *outer = section(AG_POLICY_leeway, SAYS("31"), &c);
    const ag_policy_t *inner = section(AG_POLICY_audiences, SAYS("me"), &c);
    ag_id_t realm = ag_policy_realm(outer);
    const ag_policy_t *merged = ag_policy_merge(outer, inner, *state);

    assert_true(ag_id_equal(ag_policy_realm(outer), realm));
    assert_false(ag_id_equal(ag_policy_realm(merged), realm));
    assert_true(ag_id_equal(ag_policy_realm(merged), ag_settings_realm(merged, &ag_policy_table)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_merging), TEST(test_merging_three), TEST(test_merging_scalars), TEST(test_site_merging),
        TEST(test_limits),  TEST(test_htaccess),      TEST(test_limit_names),     TEST(test_limits_that_differ),
        TEST(test_realm),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
