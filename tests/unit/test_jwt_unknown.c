/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_jwt_unknown: which tokens ask for a key set to be fetched again: those that would be good if their key were
 * there, of sets that are fetched and may have learned it.
 */
#include "jwt_ask.h"

#define GOOD "{\"iss\":\"https://a\",\"aud\":\"api\",\"sub\":\"joe\",\"exp\":1700000100}"

typedef struct {
    ag_jwt_keyset_t fetched, file, other, none;
    const ag_jwt_keyset_t *sets[4];
    ag_jwt_policy_t policy;
    int told; /* bits of `sets` */
} house_t;

static void tell(void *ctx, const ag_jwt_keyset_t *set)
{
    house_t *h = ctx;
    int i;

    for (i = 0; i < 4; i++) {
        h->told |= set == h->sets[i] ? 1 << i : 0;
    }
}

static struct ag_keyring_t *const ring = (struct ag_keyring_t *)&ring; /* nobody looks into it */

static house_t open_house(const maker_t *m)
{
    static const char *issuers[] = {"https://a", "https://b"}, *audiences[] = {"api"};
    house_t h = {.policy = {.n_sets = 4, .issuers = {2, issuers}, .audiences = {1, audiences}, .leeway = 30}};

    load_key(&h.fetched, "RS256", public_pem(m->rsa, m->p), m->p);
    ((ag_jwt_key_t *)h.fetched.keys)->kid = "one";
    h.other = h.file = h.fetched;
    h.fetched.issuer = h.none.issuer = h.file.issuer = "https://a";
    h.other.issuer = "https://b";
    h.fetched.ring = h.other.ring = h.none.ring = ring;
    h.policy.unknown = tell;
    return h;
}

/* Which sets were told of the token. */
static int asked(house_t *h, const maker_t *m, const char *token)
{
    const ag_jwt_keyset_t *sets[] = {&h->fetched, &h->file, &h->other, &h->none};
    answer_t a;

    memcpy(h->sets, sets, sizeof sets);
    h->policy.sets = h->sets;
    h->policy.ctx = h;
    h->told = 0;
    a = ask(m, &h->policy, token);
    assert_true(a.reason == INVALID || a.reason == EXPIRED || a.reason == AG_R_NONE
                || a.reason == AG_R_KEYSET_UNAVAILABLE);
    return h->told;
}

static void test_who_is_told(void **state)
{
    const maker_t *m = *state;
    house_t h = open_house(m);
    const char *b = "{\"iss\":\"https://b\",\"aud\":\"api\",\"sub\":\"joe\",\"exp\":1700000100}";

    assert_int_equal(asked(&h, m, make_plain("RS256", m->rsa2, "two", GOOD, m->p)), 1 << 0);
    assert_int_equal(asked(&h, m, make_plain("RS256", m->rsa2, "two", b, m->p)), 1 << 2);
    assert_int_equal(asked(&h, m, make_plain("ES256", m->p256, "two", GOOD, m->p)), 1 << 0); /* of another kind */
    assert_int_equal(asked(&h, m, make_plain("RS256", m->rsa2, "one", GOOD, m->p)), 0);      /* forged */
    assert_int_equal(asked(&h, m, make_plain("RS256", m->rsa, "one", GOOD, m->p)), 0);       /* good */
    assert_int_equal(asked(&h, m, make_plain("RS256", m->rsa2, NULL, GOOD, m->p)), 0);
    h.policy.unknown = NULL;
    assert_int_equal(asked(&h, m, make_plain("RS256", m->rsa2, "two", GOOD, m->p)), 0);
}

static void test_worthless(void **state)
{
    static const char *const claims[] = {
        "{\"iss\":\"https://c\",\"aud\":\"api\",\"exp\":1700000100}",
        "{\"aud\":\"api\",\"exp\":1700000100}",
        "{\"iss\":\"https://a\",\"aud\":\"other\",\"exp\":1700000100}",
        "{\"iss\":\"https://a\",\"exp\":1700000100}",
        "{\"iss\":\"https://a\",\"aud\":\"api\",\"exp\":1699999900}",
        "{\"iss\":\"https://a\",\"aud\":\"api\",\"exp\":1700000100,\"nbf\":1700000090}",
        "{\"iss\":\"https://a\",\"aud\":\"api\",\"exp\":1700000100,\"iat\":1700000090}",
        "{\"iss\":\"https://a\",\"aud\":\"api\",\"exp\":\"soon\"}",
        "{\"iss\":\"https://a\",\"aud\":\"api\",\"exp\":1700009999,\"iat\":1700000000}",
        "{\"iss\":\"https://a\",\"aud\":\"api\"}",
    };
    static const char *required[] = {"exp"};
    const maker_t *m = *state;
    house_t h = open_house(m);
    int i;

    h.policy.required = (ag_words_t){1, required};
    h.policy.max_lifetime = 600;
    assert_int_equal(asked(&h, m, make_plain("RS256", m->rsa2, "two", GOOD, m->p)), 1 << 0);
    for (i = 0; i < N_OF(claims); i++) {
        if (asked(&h, m, make_plain("RS256", m->rsa2, "two", claims[i], m->p))) {
            fail_msg("it asks: %s", claims[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_is_told), cmocka_unit_test(test_worthless)};

    return cmocka_run_group_tests_name("jwt_unknown", tests, maker_start, maker_stop);
}
