/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ApiGuardTokenType: one issuer makes tokens for many purposes with one key, and a section takes those that
 * were made for it.
 */
#include "jwt_ask.h"

#define AT  AG_TYP_ACCESS
#define JWT AG_TYP_JWT
#define ANY AG_TYP_OTHER

/* Which sections take a header with this `typ`. */
static const struct {
    const char *typ; /* NULL: there is none */
    unsigned own;    /* as what it is read */
} types[] = {
    {NULL, JWT},
    {"JWT", JWT},
    {"jwt", JWT},
    {"application/jwt", JWT},
    {"at+jwt", AT},
    {"AT+JWT", AT},
    {"application/at+jwt", AT},
    {"Application/AT+JWT", AT},
    /* made for another purpose: OpenID Connect's logout, RFC 9449, RFC 8417, RFC 9701, RFC 9068 with something on it */
    {"logout+jwt", ANY},
    {"dpop+jwt", ANY},
    {"secevent+jwt", ANY},
    {"token-introspection+jwt", ANY},
    {"id+jwt", ANY},
    {"application/dpop+jwt", ANY},
    {"application/application/at+jwt", ANY},
    {"text/at+jwt", ANY},
    {"application/", ANY},
    {"", ANY},
    {" at+jwt", ANY},
    {"at+jwt ", ANY},
    {"at+jwt;x=1", ANY},
    {"at+jw", ANY},
    {"jwt,at+jwt", ANY},
};

static char *token_of(const maker_t *m, const char *typ)
{
    const char *header = typ ? apr_psprintf(m->p, "{\"alg\":\"HS256\",\"typ\":\"%s\"}", typ) : "{\"alg\":\"HS256\"}";

    return make_token("HS256", NULL, header, "{\"sub\":\"joe\"}", m->p);
}

static void test_types(void **state)
{
    const maker_t *m = *state;
    const ag_jwt_keyset_t *sets[] = {hs_set(m, NULL)};
    unsigned taken;
    int i;

    for (i = 0; i < N_OF(types); i++) {
        char *token = token_of(m, types[i].typ);
        ag_jwt_t jwt;

        assert_null(ag_jwt_parse(&jwt, token, strlen(token), m->p));
        assert_int_equal(jwt.typ, types[i].own);
        for (taken = 1; taken < 8; taken++) {
            ag_jwt_policy_t policy = {.sets = sets, .n_sets = 1, .types = taken};
            int good = taken & ANY || taken & types[i].own;
            answer_t a = ask(m, &policy, token);

            expect(&a, good ? AG_R_NONE : INVALID,
                   good           ? NULL
                   : types[i].typ ? "typ is not"
                                  : "no typ",
                   types[i].typ ? types[i].typ : "(none)");
        }
    }
}

/* Who signed it is asked first: a good token of another type is no guess, and a forger learns nothing. */
static void test_signature_first(void **state)
{
    const maker_t *m = *state;
    const ag_jwt_keyset_t *sets[] = {hs_set(m, NULL)};
    ag_jwt_policy_t policy = {.sets = sets, .n_sets = 1, .types = AT};
    char *token = token_of(m, "logout+jwt");
    answer_t a = ask(m, &policy, token);

    expect(&a, INVALID, "typ is not accepted", "signed");
    assert_false(a.forged);
    token[strlen(token) - 2] ^= 1;
    a = ask(m, &policy, token);
    expect(&a, INVALID, "signature", "forged");
    assert_true(a.forged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_signature_first),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
