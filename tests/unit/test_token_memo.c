/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of a token: it comes back as it was, and a record that is cut or garbled is
 * never read past its end.
 */
#include "unit.h"

#include "../../src/cred/token_memo.h"

#define SIZE AG_TOKEN_RECORD_SIZE

static const ag_revocable_t revocable = {{1, 2}, {3, 4}, {0, 0}, {5, 6}, APR_INT64_C(1700000000000000), 1};

static ag_principal_t make_who(apr_pool_t *p)
{
    ag_principal_t who = {.issuer = "https://id.example",
                          .client = "acme",
                          .user = "J\xC3\xB6rg",
                          .key_id = "k1",
                          .bound_to = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"};

    who.revocable = &revocable;
    assert_null(ag_text_words(&who.scopes, "read orders:* \"\"", p));
    assert_null(ag_text_words(&who.roles, "dev \"two words\"", p));
    return who;
}

static const ag_token_memo_t when = {APR_INT64_C(1700000000000000), APR_INT64_C(1700000300000001)};

static void same_text(const char *a, const char *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a && b) {
        assert_string_equal(a, b);
    }
}

static void same_words(const ag_words_t *a, const ag_words_t *b)
{
    int i;

    assert_int_equal(a->n, b->n);
    assert_int_equal(a->v == NULL, b->v == NULL);
    for (i = 0; i < a->n; i++) {
        same_text(a->v[i], b->v[i]);
    }
}

/* There and back; the record lies in memory of exactly its size. */
static apr_size_t round_trip(const ag_principal_t *who, apr_pool_t *p)
{
    char record[SIZE];
    apr_size_t n = ag_token_memo_write(record, sizeof record, &when, who);
    ag_token_memo_t memo = {0, 0};
    ag_principal_t *back = NULL;
    char *copy = malloc(n);

    assert_true(n > 0);
    memcpy(copy, record, n);
    assert_true(ag_token_memo_read(&memo, &back, copy, n, p));
    assert_true(memo.begins == when.begins && memo.expires == when.expires);
    same_text(back->issuer, who->issuer);
    same_text(back->client, who->client);
    same_text(back->user, who->user);
    same_text(back->key_id, who->key_id);
    same_text(back->bound_to, who->bound_to);
    same_words(&back->scopes, &who->scopes);
    same_words(&back->roles, &who->roles);
    assert_int_equal(back->revocable == NULL, who->revocable == NULL);
    assert_true(!back->revocable || memcmp(back->revocable, who->revocable, sizeof *who->revocable) == 0);
    assert_null(back->networks);
    assert_int_equal(back->n_rates, 0);
    assert_null(back->parse_claims);
    free(copy);
    return n;
}

static void test_round_trip(void **state)
{
    ag_principal_t who = make_who(*state);
    ag_principal_t none = {NULL};
    ag_principal_t empty = {.issuer = "", .client = "", .user = "", .key_id = ""};

    round_trip(&who, *state);
    round_trip(&none, *state);
    round_trip(&empty, *state); /* "" is not NULL */
    who.user = "+";
    who.client = "-";
    who.key_id = NULL;
    who.scopes.n = 0;
    who.scopes.v = NULL;
    round_trip(&who, *state);
}

/* What does not fit is not stored at all; the last byte is the buffer's own. */
static void test_size(void **state)
{
    ag_principal_t who = make_who(*state);
    apr_size_t n = round_trip(&who, *state);
    char record[SIZE + 1];
    char big[SIZE];

    record[n + 1] = 'x';
    assert_int_equal(ag_token_memo_write(record, n + 1, &when, &who), n);
    assert_int_equal(record[n + 1], 'x');
    assert_int_equal(ag_token_memo_write(record, n, &when, &who), 0);
    assert_int_equal(ag_token_memo_write(record, 1, &when, &who), 0);
    memset(big, 'a', sizeof big);
    big[SIZE - 1] = '\0';
    who.user = big;
    assert_int_equal(ag_token_memo_write(record, SIZE, &when, &who), 0);
}

static int reads(const char *record, apr_size_t n, apr_pool_t *p)
{
    char *copy = malloc(n ? n : 1); /* of this size: a checker sees the first byte too many */
    ag_token_memo_t memo;
    ag_principal_t *who;
    int whole;

    memcpy(copy, record, n);
    whole = ag_token_memo_read(&memo, &who, copy, n, p);
    free(copy);
    return whole;
}

static void test_cut(void **state)
{
    ag_principal_t who = make_who(*state);
    char record[SIZE];
    apr_size_t n = ag_token_memo_write(record, sizeof record, &when, &who), i;

    for (i = 0; i < n; i++) {
        assert_false(reads(record, i, *state));
    }
    assert_true(reads(record, n, *state));
    record[n] = '+';
    record[n + 1] = '\0';
    assert_false(reads(record, n + 1, *state));
    assert_false(reads(record, n + 2, *state)); /* a text too many */
}

/* Counts that the record cannot hold. */
static void test_counts(void **state)
{
    ag_principal_t who = make_who(*state);
    char record[SIZE];
    apr_size_t n = ag_token_memo_write(record, sizeof record, &when, &who);
    static const apr_uint32_t counts[] = {0, 1, 4, 1000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    int i;

    for (i = 0; i < N_OF(counts); i++) {
        char copy[SIZE];

        memcpy(copy, record, n);
        memcpy(copy + sizeof when, &counts[i], sizeof counts[i]);
        assert_false(reads(copy, n, *state));
        memcpy(copy, record, n);
        memcpy(copy + sizeof when + 4, &counts[i], sizeof counts[i]);
        assert_false(reads(copy, n, *state));
    }
}

/* Any bytes at all: nothing read past the end, and what is called whole is of the size it says. */
static void test_garbled(void **state)
{
    ag_principal_t who = make_who(*state);
    char record[SIZE];
    apr_size_t n = ag_token_memo_write(record, sizeof record, &when, &who);
    int i, j, whole = 0;

    srand(6);
    for (i = 0; i < 50000; i++) {
        char copy[SIZE];
        apr_pool_t *p;

        apr_pool_create(&p, *state);
        memcpy(copy, record, n);
        for (j = rand() % 8; j >= 0; j--) {
            copy[rand() % (int)n] = (char)(rand() % 3 ? rand() : 0);
        }
        whole += reads(copy, rand() % 4 ? n : (apr_size_t)rand() % n, p);
        apr_pool_destroy(p);
    }
    assert_in_range(whole, 1, 49999);
}

/* Readers of scopes compare every word, so none may be NULL. */
static void test_a_record_without_a_word_is_not_whole(void **state)
{
    static const char *words[] = {"read"};
    ag_principal_t who = {.scopes = {1, words}}, *back;
    ag_token_memo_t memo = {1, 2};
    char record[AG_TOKEN_RECORD_SIZE];
    apr_size_t n = ag_token_memo_write(record, sizeof record, &memo, &who);

    assert_int_equal(record[n - 6], '+');
    record[n - 6] = '-';
    assert_int_equal(ag_token_memo_read(&memo, &back, record, n, *state), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_record_without_a_word_is_not_whole),
        TEST(test_round_trip),
        TEST(test_size),
        TEST(test_cut),
        TEST(test_counts),
        TEST(test_garbled),
    };

    return cmocka_run_group_tests_name("token memo", tests, NULL, NULL);
}
