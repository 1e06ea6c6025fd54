/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwks_fixture: key sets that must load, and those that must not.
 */
#ifndef AG_JWKS_FIXTURE_H
#define AG_JWKS_FIXTURE_H

#include "jwt_maker.h"

static inline const char *load(ag_jwt_keyset_t *set, const char *text, apr_pool_t *p)
{
    const char *error = ag_jwt_load_jwks(set, text, strlen(text), p);

    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(error == NULL, set->n > 0);
    return error;
}

/* The set must load, with `n` keys. */
static inline ag_jwt_keyset_t load_good(const char *text, int n, apr_pool_t *p)
{
    ag_jwt_keyset_t set = {0};
    const char *error = load(&set, text, p);

    if (error || set.n != n) {
        fail_msg("%s: %d keys, wanted %d, in %s", error ? error : "no error", set.n, n, text);
    }
    return set;
}

static inline void load_bad(const char *text, const char *wanted, apr_pool_t *p)
{
    ag_jwt_keyset_t set = {0};
    const char *error = load(&set, text, p);

    if (!error || !strstr(error, wanted)) {
        fail_msg("got \"%s\", wanted \"%s\", for %s", error ? error : "(none)", wanted, text);
    }
}

/* ---- what is passed over --------------------------------------------------------------------- */

/* Beside the one key that is good, this one is left out, and told with `wanted`; alone it is an error. */
static inline void left_out(const maker_t *m, const char *jwk, const char *wanted)
{
    const char *good = strstr(jwk, "\"oct\"") ? oct_of(SECRET, 32, "", m->p) : jwk_of(m->ed, "", m->p);
    ag_jwt_keyset_t plain = load_good(set_of(m->p, good, NULL), 1, m->p);
    ag_jwt_keyset_t set = load_good(set_of(m->p, good, jwk, NULL), 1, m->p);

    if (!set.left_out || !strstr(set.left_out, "1 of 2 keys is left out: key 2") || !strstr(set.left_out, wanted)) {
        fail_msg("told \"%s\", wanted \"%s\", for %s", set.left_out ? set.left_out : "(none)", wanted, jwk);
    }
    assert_true(ag_id_equal(plain.id, set.id)); /* it adds nothing to what is accepted */
    load_bad(set_of(m->p, jwk, NULL), "no key that can verify a token: key 1", m->p);
    load_bad(set_of(m->p, jwk, NULL), wanted, m->p);
}

#endif
