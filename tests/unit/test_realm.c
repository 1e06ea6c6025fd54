/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_realm: what was accepted under one configuration is nothing to another. Each row with
 * AG_IN_REALM gets another value, and a credential accepted before is then no hit. A row without
 * a line here fails: write the value that its directive might get.
 */
#include "jwt_maker.h"
#include "keys_fixture.h"

#include "../../src/core/open.h"
#include "../../src/cred/token_memo.h"
#include "../../src/guard/policy.h"

#define CLAIMS "{\"iss\":\"https://id\",\"sub\":\"joe\",\"iat\":1699999990,\"exp\":1700000100}"

/* The other value of each row; FILE is a key file, SET a key set. */
static const struct {
    const char *directive, *line;
} others[] = {
    {"ApiGuardJWTKey", "HS256 FILE"},
    {"ApiGuardJWKS", "SET"},
    {"ApiGuardIntrospection", "https://id/ client=me secret=FILE"},
    {"ApiGuardIssuer", "https://id"},
    {"ApiGuardAudience", "me"},
    {"ApiGuardResourceMetadata", "auto resource=https://a.example/"},
    {"ApiGuardTokenType", "any"},
    {"ApiGuardTokenBinding", "require"},
    {"ApiGuardLeeway", "31"},
    {"ApiGuardClaimMap", "user=sub"},
    {"ApiGuardMaxLifetime", "1h"},
    {"ApiGuardRequireClaim", "exp sub"},
    {"ApiGuardKeyQuery", "\"SELECT client_name FROM t WHERE h = %s\""},
    {"ApiGuardKeyPepper", "FILE"},
};

typedef struct {
    fixture_t *f;
    ag_cache_t *tokens;
    ag_request_t request;
    const char *file, *set, *token;
    ag_setting_call_t call;
} house_t;

static const char *write_file(fixture_t *f, const char *name, const char *text)
{
    const char *path = apr_pstrcat(f->p, f->dir, "/", name, NULL);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return apr_pstrcat(f->p, "file:", path, NULL);
}

static house_t open_house(fixture_t *f)
{
    house_t h = {.f = f, .tokens = new_cache(f, AG_TOKEN_RECORD_SIZE)};

    h.file = write_file(f, "key", "x" SECRET);
    h.set = write_file(f, "set", set_of(f->p, oct_of("y" SECRET, 65, "\"alg\":\"HS256\",", f->p), NULL));
    h.request.pool = f->p;
    h.request.now = f->now;
    h.token = make_plain("HS256", NULL, NULL, CLAIMS, f->p);
    h.call.p = f->p;
    h.call.root = "/";
    h.call.later = apr_array_make(f->p, 4, sizeof(ag_later_t));
    return h;
}

static void close_house(const house_t *h)
{
    unlink(h->file + 5);
    unlink(h->set + 5);
}

/* The line, whose last word may end in FILE. */
static const char *with_file(const char *line, const house_t *h)
{
    const char *at = strstr(line, "FILE");

    return at ? apr_pstrcat(h->f->p, apr_pstrmemdup(h->f->p, line, (apr_size_t)(at - line)), h->file, NULL) : line;
}

/* Writes the row's other value into settings, as a configuration would. */
static void change_row(void *settings, const ag_setting_t *rows, int row, house_t *h)
{
    ag_later_call_t opening = {.p = h->f->p, .pkeep = h->f->p, .ptmp = h->f->p};
    const char *line = NULL;
    int i;

    for (i = 0; i < N_OF(others); i++) {
        line = strcmp(others[i].directive, rows[row].name) == 0 ? others[i].line : line;
    }
    if (!line) {
        fail_msg("%s has AG_IN_REALM: give it another value in test_realm.c", rows[row].name);
    }
    line = strcmp(line, "SET") == 0 ? h->set : with_file(line, h);
    assert_null(ag_setting_read(settings, rows, row, line, &h->call));
    for (i = 0; i < h->call.later->nelts; i++) {
        const ag_later_t *task = &APR_ARRAY_IDX(h->call.later, i, ag_later_t);

        const char *error = task->run(task->ctx, &opening);

        if (error) {
            fail_msg("%s", error);
        }
    }
    h->call.later->nelts = 0;
}

/* Asks for the token under the section's realm, with these keys. */
static ag_reason_e ask(house_t *h, const ag_policy_t *policy, const ag_jwt_keyset_t *keys)
{
    ag_cred_engine_t engine = {.tokens = h->tokens, .sip = &h->f->sip};
    ag_cred_call_t call = {.request = &h->request, .engine = &engine};
    ag_principal_t *who = NULL;

    ag_policy_jwt(&call.jwt, policy, h->f->p);
    call.jwt_realm = ag_policy_realm(policy);
    call.jwt.sets = &keys;
    call.jwt.n_sets = 1;
    return ag_cred_jwt.check(&who, &call, h->token, strlen(h->token));
}

static void test_tokens(void **state)
{
    house_t h = open_house(*state);
    const ag_policy_t *policy = ag_policy_make(h.f->p);
    ag_jwt_keyset_t keys, wrong;
    int i, rows = 0;

    memset(&keys, 0, sizeof keys);
    memset(&wrong, 0, sizeof wrong);
    assert_null(ag_jwt_load_key(&keys, AG_ALG_HS256, NULL, SECRET, 64, h.f->p));
    assert_null(ag_jwt_load_key(&wrong, AG_ALG_HS256, NULL, "z" SECRET, 65, h.f->p));
    assert_int_not_equal(ask(&h, policy, &wrong), AG_R_NONE);
    assert_int_equal(ask(&h, policy, &keys), AG_R_NONE);
    assert_int_equal(ask(&h, policy, &wrong), AG_R_NONE); /* remembered, so nothing is verified */
    for (i = 0; i < AG_POLICY_COUNT; i++) {
        ag_policy_t *other = ag_policy_make(h.f->p);

        if (!(ag_policy_rows[i].where & AG_IN_REALM)) {
            continue;
        }
        rows++;
        change_row(other, ag_policy_rows, i, &h);
        if (ask(&h, other, &wrong) == AG_R_NONE) {
            fail_msg("%s: a token is still good that was accepted under another value", ag_policy_rows[i].name);
        }
    }
    assert_true(rows >= 8);
    assert_int_equal(ask(&h, policy, &wrong), AG_R_NONE);
    close_house(&h);
}

static int is_known(const house_t *h, const ag_site_t *site)
{
    ag_key_realm_t realm = h->f->realm;

    realm.id = ag_settings_realm(site, &ag_site_table);
    return ag_keys_known(&h->f->keys, &realm, h->f->key, strlen(h->f->key), h->f->now);
}

static void test_keys(void **state)
{
    house_t h = open_house(*state);
    const ag_site_t *site = ag_site_make(h.f->p);
    int i, rows = 0;

    h.f->realm.id = ag_settings_realm(site, &ag_site_table);
    found(h.f, h.f->key);
    assert_true(is_known(&h, site));
    for (i = 0; i < AG_SITE_COUNT; i++) {
        ag_site_t *other = ag_site_make(h.f->p);

        if (!(ag_site_rows[i].where & AG_IN_REALM)) {
            continue;
        }
        rows++;
        change_row(other, ag_site_rows, i, &h);
        if (is_known(&h, other)) {
            fail_msg("%s: a key is still known that was found under another value", ag_site_rows[i].name);
        }
    }
    assert_true(rows >= 2);
    close_house(&h);
}

/* A kind without a digest would stop the server at its first request. */
static void check_digests(const ag_settings_t *table)
{
    int i;

    for (i = 0; i < table->n; i++) {
        const ag_setting_t *row = &table->rows[i];
        int both = AG_IN_REALM | AG_NOT_IN_REALM;

        if ((row->where & both) == both || (row->where & AG_IN_REALM && !row->kind->digest)) {
            fail_msg("%s: the row says yes and no, or its kind has no digest", row->name);
        }
    }
}

static void test_rows(void **state)
{
    (void)state;
    check_digests(&ag_policy_table);
    check_digests(&ag_site_table);
}

/* Two values that change places, or one that stands twice, are another realm, too. */
static void test_chain(void **state)
{
    ag_id_t none = {0, 0}, a = {1, 2}, b = {3, 4};
    ag_id_t ab = ag_setting_chain(ag_setting_chain(none, a), b);
    ag_id_t ba = ag_setting_chain(ag_setting_chain(none, b), a);

    (void)state;
    assert_false(ag_id_equal(ab, ba));
    assert_false(ag_id_equal(ag_setting_chain(a, a), none));
    assert_false(ag_id_equal(ag_setting_chain(a, none), a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_tokens), TEST(test_keys), TEST(test_rows), TEST(test_chain)};

    apr_initialize();
    return cmocka_run_group_tests_name("realm", tests, NULL, NULL);
}
