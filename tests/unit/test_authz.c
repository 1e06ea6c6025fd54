/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Require rules: what holds, what does not, what cannot be told yet, and what stops the start.
 */
#include "authz_fixture.h"

/* ---- words ----------------------------------------------------------------------------------- */

static void test_client_of_key(void **state)
{
    static const case_t cases[] = {
        {"acme", 1},    {"key:acme", 1}, {"other acme", 1}, {"ac*", 1},   {"*", 1},           {"key:*", 1},
        {"key:ac*", 1}, {"Acme", 0},     {"acm", 0},        {"acme2", 0}, {"jwt:acme", 0},    {"jwt:*", 0},
        {"key:", 0},    {"other", 0},    {"KEY:acme", 0},   {"acme*", 1}, {"anonymous:*", 0},
    };
    static const case_t colon[] = {{"urn:acme", 1}, {"key:urn:acme", 1}, {"urn:*", 1}};

    run("api-client", cases, N_OF(cases), make_who("key", "acme", *state), *state);
    run("api-client", colon, N_OF(colon), make_who("key", "urn:acme", *state), *state);
}

/* Names of keys and of tokens are two name spaces: neither can pose as the other's. */
static void test_client_of_token(void **state)
{
    static const case_t cases[] = {
        {"jwt:acme", 1}, {"jwt:*", 1}, {"jwt:ac*", 1}, {"acme", 0}, {"*", 0}, {"key:acme", 0}, {"key:*", 0},
    };
    static const case_t posing[] = {{"jwt:acme", 0}, {"jwt:*", 0}, {"key:jwt:acme", 1}};
    static const case_t token[] = {{"key:acme", 0}, {"key:*", 0}, {"jwt:key:acme", 1}};
    static const case_t nobody[] = {{"*", 0}, {"jwt:*", 0}, {"jwt:", 0}};
    static const case_t anonymous[] = {{"anonymous", 0}, {"*", 0}, {"key:*", 0}};

    run("api-client", cases, N_OF(cases), make_who("jwt", "acme", *state), *state);
    run("api-client", posing, N_OF(posing), make_who("key", "jwt:acme", *state), *state);
    run("api-client", token, N_OF(token), make_who("jwt", "key:acme", *state), *state);
    run("api-client", nobody, N_OF(nobody), make_who("jwt", NULL, *state), *state);
    run("api-client", anonymous, N_OF(anonymous), make_who("anonymous", "anonymous", *state), *state);
}

/* "jwt:ISSUER:CLIENT"; a plain "jwt:CLIENT" does not say whose it is. */
static void test_client_of_an_issuer(void **state)
{
    static const struct {
        const char *client, *line;
        ag_rule_e answer;
    } asked[] = {
        {"acme", "jwt:staff:acme", AG_RULE_YES},
        {"acme", "jwt:staff:*", AG_RULE_YES},
        {"acme", "jwt:*", AG_RULE_YES},
        {"acme", "jwt:acme", AG_RULE_UNKNOWN},
        {"acme", "jwt:ac*", AG_RULE_UNKNOWN},
        {"acme", "jwt:other", AG_RULE_NO},
        {"acme", "jwt:else:acme", AG_RULE_NO},
        {"acme", "jwt:acme jwt:staff:acme", AG_RULE_YES},
        {"else:acme", "jwt:else:acme", AG_RULE_NO},
        {"acme", "acme key:acme", AG_RULE_NO},
        {"staff:acme", "jwt:staff:acme", AG_RULE_NO},
        {"staff:acme", "jwt:staff:staff:acme", AG_RULE_YES},
    };
    static const char *names[] = {"staff", "else"};
    int i;

    for (i = 0; i < N_OF(asked); i++) {
        ag_principal_t *who = make_who("jwt", asked[i].client, *state);

        who->issuer = "https://staff.example";
        who->issuer_name = "staff";
        who->several = 1;
        who->issuers.n = 2;
        who->issuers.v = names;
        assert_int_equal(ask("api-client", asked[i].line, who, *state), asked[i].answer);
        who->several = who->issuers.n = 0;
        assert_int_not_equal(ask("api-client", asked[i].line, who, *state), AG_RULE_UNKNOWN);
    }
}

static void test_issuer(void **state)
{
    static const case_t cases[] = {
        {"staff", 1}, {"https://a", 1}, {"x staff", 1}, {"Staff", 0}, {"https://a/", 0}, {"key", 0},
    };
    static const case_t none[] = {{"staff", 0}, {"key", 0}, {"x", 0}};
    ag_principal_t *who = make_who("jwt", "acme", *state);

    who->issuer = "https://a";
    who->issuer_name = "staff";
    run("api-issuer", cases, N_OF(cases), who, *state);
    who = make_who("key", "acme", *state);
    run("api-issuer", none, N_OF(none), who, *state);
    who->issuer = "";
    who->issuer_name = "key";
    run("api-issuer", none, N_OF(none), who, *state);
}

static void test_scope(void **state)
{
    static const case_t cases[] = {
        {"read", 1},  {"write read", 1}, {"orders:read", 1}, {"orders:", 1}, {"write", 0},          {"rea", 0},
        {"reads", 0}, {"READ", 0},       {"orders", 0},      {"pay:all", 0}, {"\"read write\"", 0},
    };
    static const case_t all[] = {{"anything", 1}, {"else", 1}};
    ag_principal_t *who = make_who("key", "acme", *state);

    run("api-scope", cases, N_OF(cases), who, *state);
    who->scopes = words_of("*", *state);
    run("api-scope", all, N_OF(all), who, *state);
    who->scopes = words_of("", *state);
    assert_int_equal(ask("api-scope", "read", who, *state), AG_RULE_NO);
}

/* RFC 6749 s3.3: a token's scope is a word, whatever signs it holds. */
static void test_literal_scope(void **state)
{
    static const case_t cases[] = {
        {"read", 1},
        {"orders:read", 0},
        {"orders:", 0},
        {"anything", 0},
    };
    ag_principal_t *who = make_who("jwt", "acme", *state);

    run("api-scope", cases, N_OF(cases), who, *state);
    who->scopes = words_of("*", *state);
    assert_int_equal(ask("api-scope", "read", who, *state), AG_RULE_NO);
    who->wildcards = 1; /* ApiGuardClaimMap wildcards */
    assert_int_equal(ask("api-scope", "read", who, *state), AG_RULE_YES);
}

/* As with scopes: one that a key holds may end in `*`. */
static void test_role(void **state)
{
    static const case_t cases[] = {
        {"dev", 1}, {"admin dev", 1}, {"ops:x", 1}, {"ops", 0}, {"Dev", 0}, {"admin", 0}, {"de", 0},
    };

    run("api-role", cases, N_OF(cases), make_who("key", "acme", *state), *state);
    assert_int_equal(ask("api-role", "ops:x", make_who("jwt", "acme", *state), *state), AG_RULE_NO);
}

static void test_credential(void **state)
{
    static const case_t key[] = {{"key", 1}, {"jwt", 0}, {"jwt key", 1}, {"anonymous", 0}};
    static const case_t anonymous[] = {{"anonymous", 1}, {"key jwt", 0}};

    run("api-credential", key, N_OF(key), make_who("key", "acme", *state), *state);
    run("api-credential", anonymous, N_OF(anonymous), make_who("anonymous", "anonymous", *state), *state);
}

/* ---- who, candidates, mistakes --------------------------------------------------------------- */

/* A list that nobody has read yet, alone and beside what can tell. */
static void test_unknown(void **state)
{
    apr_array_header_t *later = apr_array_make(*state, 1, sizeof(ag_later_t));
    ag_setting_call_t call = {
        .p = *state, .later = later, .named = apr_hash_make(*state), .server = "one", .root = "/tmp"};
    ag_request_t request = from("192.0.2.1", *state);
    ag_verdict_t verdict = {0};
    ag_ip_source_t *source;
    ag_rule_t *rule;

    assert_null(ag_rule_parse(&rule, "api-ip", "list:partners", &call));
    assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_UNKNOWN);
    assert_int_equal(verdict.candidate, AG_R_NONE);
    assert_null(ag_rule_parse(&rule, "api-ip", "10.0.0.0/8 list:partners", &call));
    assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_UNKNOWN);
    assert_null(ag_rule_parse(&rule, "api-ip", "list:partners 192.0.2.0/24", &call));
    assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_YES);
    assert_int_equal(later->nelts, 1);
    call.server = "another"; /* another server's database has another list of that name */
    assert_null(ag_ip_source_of(&source, "list:partners", &call));
    assert_int_equal(later->nelts, 2);
    call.later = NULL; /* .htaccess: what the server reads anyway */
    assert_null(ag_rule_parse(&rule, "api-ip", "list:partners", &call));
    assert_int_equal(later->nelts, 2);
    assert_non_null(ag_rule_parse(&rule, "api-ip", "list:other", &call));
}

static void test_host_bits(void **state)
{
    assert_null(rule_of("api-ip", "10.0.0.0/8 192.0.2.1", *state)->warning);
    assert_non_null(strstr(rule_of("api-ip", "192.0.2.1 10.0.0.1/8", *state)->warning,
                           "\"10.0.0.1/8\" has bits behind its mask"));
}

static void test_nobody_yet(void **state)
{
    static const struct {
        const char *name, *line;
    } rules[] = {{"api-client", "*"},
                 {"api-scope", "read"},
                 {"api-role", "dev"},
                 {"api-claim", "org:acme"},
                 {"api-credential", "key"}};
    int i;

    for (i = 0; i < N_OF(rules); i++) {
        ag_verdict_t verdict = {0};
        ag_request_t request = from("::", *state);

        assert_int_equal(ag_rule_test(rule_of(rules[i].name, rules[i].line, *state), &verdict, &request),
                         AG_RULE_NO_WHO);
        assert_int_equal(verdict.candidate, AG_R_NONE); /* not a no: ask again */
    }
}

static void test_candidates(void **state)
{
    static const struct {
        const char *name, *line;
        ag_reason_e reason;
        const char *wanted;
    } rules[] = {
        {"api-client", "x", AG_R_CLIENT_DENIED, NULL},
        {"api-scope", "x", AG_R_SCOPE_INSUFFICIENT, "x"},
        {"api-scope", "x y  z", AG_R_SCOPE_INSUFFICIENT, "x y z"},
        {"api-role", "x y", AG_R_ROLE_INSUFFICIENT, NULL},
        {"api-claim", "x:y", AG_R_CLAIM_DENIED, NULL},
        {"api-ip", "10.0.0.0/8", AG_R_IP_DENIED, NULL},
        {"api-credential", "jwt", AG_R_CREDENTIAL_DENIED, NULL},
    };
    ag_principal_t *who = make_who("key", "acme", *state);
    ag_verdict_t first = {.who = who};
    ag_request_t request = from("::", *state);
    int i;

    for (i = 0; i < N_OF(rules); i++) {
        const ag_rule_t *rule = rule_of(rules[i].name, rules[i].line, *state);
        ag_verdict_t verdict = {.who = who};

        assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_NO);
        assert_int_equal(verdict.candidate, rules[i].reason);
        assert_int_equal(verdict.reason, AG_R_NONE);
        assert_string_equal(verdict.wanted ? verdict.wanted : "", rules[i].wanted ? rules[i].wanted : "");
        assert_int_equal(ag_rule_test(rule, &first, &request), AG_RULE_NO);
    }
    assert_int_equal(first.candidate, AG_R_CLIENT_DENIED); /* the first one stays */
    assert_null(first.wanted);
    assert_int_equal(ag_rule_test(rule_of("api-scope", "read", *state), &first, &request), AG_RULE_YES);
}

static const struct {
    const char *name, *line, *error;
} mistakes[] = {
    {"api-nothing", "x", "Require api-nothing: there is no such rule"},
    {"api-scope", "", "Require api-scope: a value is missing"},
    {"API-Scope", " \t ", "Require api-scope: a value is missing"},
    {"api-ip", "", "Require api-ip: a value is missing"},
    /* Of a carriage return alone a rule without words was made, whose first was then told of. */
    {"api-scope", "\r", "Require api-scope: a value is missing"},
    {"api-role", " \r\n", "Require api-role: a value is missing"},
    {"api-ip", "\r", "Require api-ip: a value is missing"},
    {"api-claim", "\n", "Require api-claim: a value is missing"},
    {"api-scope", "\"read", "Require api-scope: a quote is not closed"},
    {"api-client", "a*b", "Require api-client: \"a*b\" is not allowed: a * may only end a"},
    {"api-client", "ok **", "Require api-client: \"**\" is not allowed: a * may only end a"},
    {"api-scope", "read re*", "Require api-scope: \"re*\" is not allowed: a word without *"},
    {"api-scope", "\"\"", "Require api-scope: \"\" is not allowed: a word without *"},
    {"api-role", "*", "Require api-role: \"*\" is not allowed: a word without *"},
    {"api-credential", "certs", "Require api-credential: \"certs\" is not allowed: key, "},
    {"api-claim", "org", "Require api-claim: \"org\" is not allowed: NAME:VALUE or NAME~REGEX"},
    {"api-claim", ":x", "Require api-claim: \"\" is not allowed: NAME:VALUE or NAME~REGEX"},
    {"api-claim", "\"\":x", "Require api-claim: \"\" is not allowed: NAME:VALUE or NAME~REGEX"},
    {"api-claim", "org:acme admin", "Require api-claim: \"admin\" is not allowed: NAME:VALUE or NAME~REGEX"},
    {"api-claim", "\"org\" :x",
     "Require api-claim: \"org\" is not allowed: NAME:VALUE or "
     "NAME~REGEX"},
    {"api-claim", "\"org:x",
     "Require api-claim: \"org:x\" is not allowed: NAME:VALUE or "
     "NAME~REGEX"},
    {"api-claim", "org:\"x", "Require api-claim: a quote is not closed"},
    {"api-claim", "org~(", "Require api-claim: \"(\" is not a regular expression"},
    {"api-ip", "192.0.2.1 x", "Require api-ip: \"x\" is not an address or network"},
    {"api-ip", "fe80::1%eth0", "Require api-ip: \"fe80::1%eth0\" is not an address or network"},
    {"api-ip", "\"\"", "Require api-ip: \"\" is not an address or network"},
    {"api-ip", "file:/tmp/x", "Require api-ip: file: is not allowed in .htaccess"},
    {"api-ip", "10.0.0.0/8 file:/tmp/x", "Require api-ip: file: is not allowed in .htaccess"},
    {"api-ip", "list:", "Require api-ip: \"list:\" names no list: 1 to 63 letters, digits and . _ -"},
    {"api-ip", "\"list:a b\"", "Require api-ip: \"list:a b\" names no list"},
    {"api-ip", "list:a%", "Require api-ip: \"list:a%\" names no list"},
    {"api-ip", "list:partners",
     "Require api-ip: \"list:partners\" is not allowed in .htaccess "
     "unless the server's own configuration uses that list, too"},
};

static void test_mistakes(void **state)
{
    ag_setting_call_t call = {.p = *state};
    int i;

    for (i = 0; i < N_OF(mistakes); i++) {
        ag_rule_t *rule;
        const char *error = ag_rule_parse(&rule, mistakes[i].name, mistakes[i].line, &call);

        if (!error || strncmp(error, mistakes[i].error, strlen(mistakes[i].error)) != 0) {
            fail_msg("Require %s %s: %s", mistakes[i].name, mistakes[i].line, error ? error : "(none)");
        }
    }
    call.later = apr_array_make(*state, 1, sizeof(ag_later_t));
    call.root = "/tmp";
    assert_string_equal(ag_rule_parse(&(ag_rule_t *){0}, "api-ip", "file:", &call),
                        "Require api-ip: \"file:\" names no file");
    assert_int_equal(call.later->nelts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_client_of_key), TEST(test_client_of_token), TEST(test_client_of_an_issuer),
        TEST(test_issuer),        TEST(test_scope),           TEST(test_literal_scope),
        TEST(test_role),          TEST(test_credential),      TEST(test_unknown),
        TEST(test_host_bits),     TEST(test_nobody_yet),      TEST(test_candidates),
        TEST(test_mistakes),
    };

    return cmocka_run_group_tests_name("authz", tests, NULL, NULL);
}
