/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_resource: what a section is called, where its document stands, and what is in it (RFC 9728).
 */
#include "policy_fixture.h"

#include "../../src/reply/url.h"

static const char *reads(ag_policy_t *policy, const char *line, apr_pool_t *p)
{
    conf_t c = conf_of(p);

    return policy_reads(policy, AG_POLICY_resource, line, &c);
}

static ag_resource_t *resource_of(const char *line, apr_pool_t *p)
{
    ag_policy_t *policy = ag_policy_make(p);
    const char *error = reads(policy, line, p);

    if (error) {
        fail_msg("%s", error);
    }
    return policy->resource;
}

/* RFC 9728 s3.1: between host and path; a slash alone behind the host goes. */
static void test_places(void **state)
{
    static const struct {
        const char *uri, *url, *path;
    } cases[] = {
        {"https://a.example", "https://a.example" AG_RESOURCE_PLACE, AG_RESOURCE_PLACE},
        {"https://a.example/", "https://a.example" AG_RESOURCE_PLACE, AG_RESOURCE_PLACE},
        {"https://a.example/mcp", "https://a.example" AG_RESOURCE_PLACE "/mcp", AG_RESOURCE_PLACE "/mcp"},
        {"https://a.example/mcp/", "https://a.example" AG_RESOURCE_PLACE "/mcp/", AG_RESOURCE_PLACE "/mcp/"},
        {"https://a.example:8443/a/b%20c", "https://a.example:8443" AG_RESOURCE_PLACE "/a/b%20c",
         AG_RESOURCE_PLACE "/a/b%20c"},
        {"http://[::1]:80/x", "http://[::1]:80" AG_RESOURCE_PLACE "/x", AG_RESOURCE_PLACE "/x"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_resource_t *resource = resource_of(apr_pstrcat(*state, "auto resource=", cases[i].uri, NULL), *state);

        assert_string_equal(resource->uri, cases[i].uri);
        assert_string_equal(resource->metadata, cases[i].url);
        assert_string_equal(ag_resource_path(resource, *state), cases[i].path);
    }
}

static void test_document(void **state)
{
    const char *list[] = {"https://id.example", "login", "http://127.0.0.1:8/x"};
    ag_words_t issuers = {3, list}, none = {0, NULL};
    ag_resource_t *resource = resource_of("auto resource=https://a.example/mcp scopes=\"notes:read notes:write\" "
                                          "name=\"Say \\\"notes\\\"\" documentation=https://a.example/docs",
                                          *state);

    assert_string_equal(ag_resource_document(resource, &issuers, *state),
                        "{\"resource\":\"https://a.example/mcp\","
                        "\"authorization_servers\":[\"https://id.example\",\"http://127.0.0.1:8/x\"],"
                        "\"bearer_methods_supported\":[\"header\"],"
                        "\"scopes_supported\":[\"notes:read\",\"notes:write\"],"
                        "\"resource_name\":\"Say \\\"notes\\\"\","
                        "\"resource_documentation\":\"https://a.example/docs\"}\n");
    resource = resource_of("auto resource=https://a.example", *state);
    assert_string_equal(ag_resource_document(resource, &none, *state),
                        "{\"resource\":\"https://a.example\",\"bearer_methods_supported\":[\"header\"]}\n");
}

/* The longest that escapes make of it fits. */
static void test_long_document(void **state)
{
    char *name = apr_palloc(*state, 4001);
    ag_resource_t *resource = resource_of("auto resource=https://a.example", *state);
    ag_words_t none = {0, NULL};
    const char *text;

    memset(name, '\\', 4000);
    name[4000] = '\0';
    resource->name = name;
    text = ag_resource_document(resource, &none, *state);
    assert_true(strlen(text) > 8000);
    assert_string_equal(text + strlen(text) - 3, "\"}\n");
}

static void test_elsewhere(void **state)
{
    ag_resource_t *resource = resource_of("https://a.example/doc resource=https://a.example/x", *state);

    assert_false(resource->served);
    assert_string_equal(resource->metadata, "https://a.example/doc");
    assert_string_equal(resource->uri, "https://a.example/x");
    assert_null(resource_of("off", *state));
    assert_null(resource_of("none", *state));
}

static void test_mistakes(void **state)
{
    static const char *const lines[] = {
        "yes",
        "example.org/doc",
        "https://",
        "https://a b",
        "auto resource=/mcp",
        "auto resource=https:///mcp",
        "auto resource=https://a.example/?x",
        "auto resource=https://a.example/#x",
        "auto resource=https://me@a.example/",
        "auto resource=https://a.example/%2",
        "auto resource=https://a.example/ resource=https://b.example/",
        "auto scopes=",
        "auto scopes=\"a\\\\b\"",
        "auto name=",
        "auto documentation=docs",
        "auto colour=red",
        "auto auto",
        "https://a.example/doc scopes=a",
        "https://a.example/doc name=a",
        "off resource=https://a.example/",
    };
    int i;

    for (i = 0; i < N_OF(lines); i++) {
        const char *error = reads(ag_policy_make(*state), lines[i], *state);

        if (!error || strncmp(error, "ApiGuardResourceMetadata: ", 26) != 0) {
            fail_msg("%s: %s", lines[i], error ? error : "taken");
        }
    }
}

/* ApiGuardAudience auto is the resource; where there is none nobody's token is good. */
static void test_audience(void **state)
{
    ag_policy_t *policy = ag_policy_make(*state);
    conf_t c = conf_of(*state);
    ag_jwt_policy_t jwt;

    assert_null(policy_reads(policy, AG_POLICY_audiences, "auto", &c));
    ag_policy_jwt(&jwt, policy, *state);
    assert_int_equal(jwt.audiences.n, 1);
    assert_int_equal(*jwt.audiences.v[0] & 0xFF, 0xFF);
    assert_null(reads(policy, "auto", *state));
    ag_policy_jwt(&jwt, policy, *state);
    assert_int_equal(*jwt.audiences.v[0] & 0xFF, 0xFF);
    assert_null(reads(policy, "auto resource=https://a.example/mcp", *state));
    ag_policy_jwt(&jwt, policy, *state);
    assert_string_equal(jwt.audiences.v[0], "https://a.example/mcp");
    assert_non_null(policy_reads(policy, AG_POLICY_audiences, "auto https://b.example", &c));
    assert_null(policy_reads(policy, AG_POLICY_audiences, "orders", &c));
    ag_policy_jwt(&jwt, policy, *state);
    assert_string_equal(jwt.audiences.v[0], "orders");
}

static void test_urls(void **state)
{
    (void)state;
    assert_string_equal(ag_url_host("HTTPS://a/b"), "a/b");
    assert_null(ag_url_host("https://?a"));
    assert_null(ag_url_host("ftp://a"));
    assert_true(ag_url_signs("https://a/%2F?b#c"));
    assert_false(ag_url_signs("a b"));
    assert_false(ag_url_signs("%g0"));
    assert_false(ag_url_signs("\xC3\xA4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_places),    TEST(test_document), TEST(test_long_document),
                                       TEST(test_elsewhere), TEST(test_mistakes), TEST(test_audience),
                                       TEST(test_urls)};

    apr_initialize();
    return cmocka_run_group_tests_name("resource", tests, NULL, NULL);
}
