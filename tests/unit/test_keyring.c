/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_keyring: keys that are swapped while requests hold them, and who may have them fetched.
 */
#include "jwt_maker.h"

#include <pthread.h>
#include <unistd.h>

#include "../../src/core/setting.h"
#include "../../src/cred/keyring.h"

typedef struct {
    ag_keyring_t *ring;
    ag_keyring_words_t words;
    const char *path;
    apr_pool_t *p;
    const maker_t *m;
} house_t;

static house_t *open_house(const maker_t *m)
{
    house_t *h = apr_pcalloc(m->p, sizeof *h);

    h->p = m->p;
    h->m = m;
    h->path = apr_psprintf(h->p, "/tmp/test_keyring_%ld", (long)getpid());
    h->ring = ag_keyring_of("https://id.example/keys", NULL, NULL, NULL, h->p);
    h->ring->words = &h->words;
    h->ring->file = apr_pstrcat(h->p, "file:", h->path, NULL);
    unlink(h->path);
    return h;
}

static void write_file(const house_t *h, const char *text)
{
    FILE *file = fopen(h->path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* As whoever has fetched it does. */
static int publish(house_t *h, const char *text)
{
    write_file(h, text);
    h->words.text = ag_id_of(text, strlen(text));
    h->words.generation++;
    return ag_keyring_read(h->ring, h->p);
}

static const char *set_named(const house_t *h, const char *kid)
{
    return set_of(h->p, jwk_of(h->m->ed, apr_psprintf(h->p, "\"kid\":\"%s\",", kid), h->p), NULL);
}

/* A section's demands with the ring, bound to an issuer, and with a set of its own. */
typedef struct {
    ag_jwt_keyset_t bound, own;
    const ag_jwt_keyset_t *sets[2];
    ag_jwt_policy_t jwt;
} section_t;

static section_t *section_of(const house_t *h)
{
    section_t *section = apr_pcalloc(h->p, sizeof *section);

    section->bound.ring = h->ring;
    section->bound.issuer = "https://id.example";
    section->sets[0] = &section->bound;
    section->sets[1] = &section->own;
    section->jwt.sets = section->sets;
    section->jwt.n_sets = 2;
    section->jwt.n_rings = 1;
    return section;
}

static const ag_id_t realm = {7, 9};

/* ---- reading ------------------------------------------------------------------------------------ */

static void test_nothing_yet(void **state)
{
    house_t *h = open_house(*state);
    section_t *section = section_of(h);
    ag_id_t with = ag_keyrings_hold(&section->jwt, realm, h->p);

    assert_int_equal(section->jwt.sets[0]->n, 0);
    assert_false(ag_id_equal(with, realm));
    ag_keyrings_leave(&section->jwt);
    assert_false(ag_keyring_there(h->ring));
    assert_int_equal(ag_keyring_read(h->ring, h->p), 0); /* an earlier server left nothing */
    assert_int_equal(h->ring->generation, 0);
    h->words.generation = 1;
    assert_int_equal(ag_keyring_read(h->ring, h->p), 1); /* this one's file is missing */
    assert_int_equal(h->ring->generation, 0);
}

static void test_a_file_of_an_earlier_server(void **state)
{
    house_t *h = open_house(*state);

    write_file(h, set_named(h, "old"));
    assert_int_equal(ag_keyring_read(h->ring, h->p), 0);
    assert_true(ag_keyring_there(h->ring));
    unlink(h->path);
    assert_int_equal(ag_keyring_read(h->ring, h->p), 0);
    assert_true(ag_keyring_there(h->ring));
}

static void test_what_is_held(void **state)
{
    house_t *h = open_house(*state);
    section_t *section = section_of(h);
    const ag_jwt_keyset_t *held;
    ag_id_t one, two;

    assert_int_equal(publish(h, set_named(h, "one")), 0);
    one = ag_keyrings_hold(&section->jwt, realm, h->p);
    held = section->jwt.sets[0];
    assert_ptr_equal(section->jwt.sets[1], &section->own);
    assert_string_equal(held->issuer, "https://id.example"); /* the line's */
    assert_string_equal(held->keys->kid, "one");
    assert_int_equal(publish(h, set_named(h, "two")), 0);
    assert_string_equal(held->keys->kid, "one"); /* still */
    ag_keyrings_leave(&section->jwt);
    section = section_of(h);
    two = ag_keyrings_hold(&section->jwt, realm, h->p);
    assert_string_equal(section->jwt.sets[0]->keys->kid, "two");
    ag_keyrings_leave(&section->jwt);
    assert_false(ag_id_equal(one, two)); /* what was accepted with the one is not found under the other */
    assert_int_equal(publish(h, set_named(h, "one")), 0);
    section = section_of(h);
    assert_true(ag_id_equal(ag_keyrings_hold(&section->jwt, realm, h->p), one));
    ag_keyrings_leave(&section->jwt);
    unlink(h->path);
}

static void test_what_is_no_set_changes_nothing(void **state)
{
    static const char *const bad[] = {"", "{", "<html>", "[]", "{\"keys\":1}"};
    house_t *h = open_house(*state);
    int i;

    assert_int_equal(publish(h, set_named(h, "one")), 0);
    for (i = 0; i < N_OF(bad); i++) {
        assert_int_equal(publish(h, bad[i]), 1);
        assert_string_equal(h->ring->current->set.keys->kid, "one");
    }
    write_file(h, set_named(h, "forged"));
    assert_int_equal(ag_keyring_read(h->ring, h->p), 1); /* nobody of us has written that */
    assert_int_equal(publish(h, "{\"keys\":[]}"), 0);    /* that is one: no key is good any more */
    assert_false(ag_keyring_there(h->ring));
    unlink(h->path);
}

/* Requests that never end keep their keys, and at last new ones out; no memory of theirs is used again. */
static void test_slots_run_out(void **state)
{
    house_t *h = open_house(*state);
    section_t *held[AG_KEYRING_SLOTS];
    int i;

    for (i = 0; i < AG_KEYRING_SLOTS; i++) {
        if (i > 0) {
            assert_int_equal(publish(h, set_named(h, apr_itoa(h->p, i))), 0);
        }
        held[i] = section_of(h);
        ag_keyrings_hold(&held[i]->jwt, realm, h->p);
    }
    assert_int_equal(publish(h, set_named(h, "new")), 0);
    assert_string_equal(h->ring->current->set.keys->kid, "3");
    for (i = 1; i < AG_KEYRING_SLOTS; i++) {
        assert_string_equal(held[i]->jwt.sets[0]->keys->kid, apr_itoa(h->p, i));
    }
    ag_keyrings_leave(&held[2]->jwt);
    assert_int_equal(ag_keyring_read(h->ring, h->p), 0);
    assert_string_equal(h->ring->current->set.keys->kid, "new");
    unlink(h->path);
}

/* ---- many threads --------------------------------------------------------------------------------- */

static int over;

static void *verify(void *data)
{
    house_t *h = data;
    apr_uintptr_t rounds = 0;
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        section_t section = {.bound.ring = h->ring};

        section.sets[0] = &section.bound;
        section.jwt.sets = section.sets;
        section.jwt.n_sets = 1;
        ag_keyrings_hold(&section.jwt, realm, p);
        if (section.jwt.sets[0]->n != 1 || strncmp(section.jwt.sets[0]->keys->kid, "key-", 4) != 0
            || !EVP_PKEY_is_a(section.jwt.sets[0]->keys->pkey, "ED25519")) {
            abort();
        }
        ag_keyrings_leave(&section.jwt);
        apr_pool_clear(p);
        rounds++;
    }
    apr_pool_destroy(p);
    return (void *)rounds;
}

static void test_threads(void **state)
{
    house_t *h = open_house(*state);
    const char *sets[] = {set_named(h, "key-1"), set_named(h, "key-2"), set_named(h, "key-3")};
    apr_uintptr_t rounds = 0;
    pthread_t threads[4];
    int i;

    assert_int_equal(publish(h, sets[0]), 0);
    over = 0;
    for (i = 0; i < N_OF(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, verify, h), 0);
    }
    for (i = 0; i < 2000; i++) {
        assert_int_equal(publish(h, sets[i % 3]), 0);
    }
    __atomic_store_n(&over, 1, __ATOMIC_RELAXED);
    for (i = 0; i < N_OF(threads); i++) {
        void *done;

        pthread_join(threads[i], &done);
        rounds += (apr_uintptr_t)done;
    }
    assert_true(rounds > 100);
    for (i = 0; i < AG_KEYRING_SLOTS; i++) {
        assert_int_equal(h->ring->slots[i].users, 0);
    }
    unlink(h->path);
}

/* ---- who may ask -------------------------------------------------------------------------------- */

static void test_who_may_ask(void **state)
{
    house_t *h = open_house(*state);
    apr_time_t now = apr_time_from_sec(1700000000);
    apr_uint64_t who;
    int asked = 0;

    assert_int_equal(publish(h, set_named(h, "one")), 0);
    assert_int_equal(ag_keyring_ask(h->ring, 1, now), 1);
    assert_int_equal(h->words.wanted, 1);
    assert_int_equal(ag_keyring_ask(h->ring, 2, now), 0); /* it is about to be fetched */
    h->words.wanted = 0;
    assert_int_equal(ag_keyring_ask(h->ring, 1, now + AG_KEYRING_PAUSE - 1), 0);
    assert_int_equal(h->words.wanted, 0);
    assert_int_equal(ag_keyring_ask(h->ring, 2, now), 1); /* it did not spend its question before */
    h->words.wanted = 0;
    assert_int_equal(ag_keyring_ask(h->ring, 1, now + AG_KEYRING_PAUSE), 1);
    h->words.wanted = 0;
    assert_int_equal(ag_keyring_ask(h->ring, 1, now - APR_USEC_PER_SEC), 1); /* a clock that was set back */
    h->words.wanted = 0;
    h->words.generation++;
    assert_int_equal(ag_keyring_ask(h->ring, 3, now), 0); /* what was fetched is not read yet */
    h->words.generation--;
    for (who = 100; who < 100000; who++) { /* so many addresses share what there is */
        asked += ag_keyring_ask(h->ring, who, now);
        h->words.wanted = 0;
    }
    assert_true(asked <= AG_KEYRING_ASKERS);
    unlink(h->path);
}

static void test_wait(void **state)
{
    house_t *h = open_house(*state);
    apr_time_t now = apr_time_from_sec(1700000000);

    assert_int_equal(ag_keyring_wait(h->ring, now), 2);
    h->words.next = now + apr_time_from_sec(8);
    assert_int_equal(ag_keyring_wait(h->ring, now), 10);
    h->words.next = now + apr_time_from_sec(86400);
    assert_int_equal(ag_keyring_wait(h->ring, now), 2);
    h->ring->words = NULL;
    assert_int_equal(ag_keyring_wait(h->ring, now), 2);
}

static void test_one_ring_for_one_address(void **state)
{
    house_t *h = open_house(*state);
    apr_hash_t *named = apr_hash_make(h->p);
    const ag_keyring_t *ring = ag_keyring_of("https://a/keys", NULL, NULL, named, h->p);

    assert_ptr_equal(ag_keyring_of("https://a/keys", NULL, NULL, named, h->p), ring);
    assert_ptr_not_equal(ag_keyring_of("https://a/keys", NULL, "file:/ca", named, h->p), ring);
    assert_ptr_not_equal(ag_keyring_of("https://a/Keys", NULL, NULL, named, h->p), ring);
    assert_ptr_not_equal(ag_keyring_of(NULL, "https://a/keys", NULL, named, h->p), ring);
    assert_int_equal(strlen(ring->name), 32);
    assert_string_not_equal(ring->name, ag_keyring_of(NULL, "https://a/keys", NULL, NULL, h->p)->name);
}

#define KEYED(function) cmocka_unit_test(function)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEYED(test_nothing_yet),
        KEYED(test_a_file_of_an_earlier_server),
        KEYED(test_what_is_held),
        KEYED(test_what_is_no_set_changes_nothing),
        KEYED(test_slots_run_out),
        KEYED(test_threads),
        KEYED(test_who_may_ask),
        KEYED(test_wait),
        KEYED(test_one_ring_for_one_address),
    };

    return cmocka_run_group_tests_name("keyring", tests, maker_start, maker_stop);
}
