/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which declared name an argument has, or may have for some backend.
 */
#include "unit.h"

#include "../../src/cred/cred.h"
#include "../../src/input/names.h"

static const char *const declared[] = {"id",       "user.name", "page[size]", "ids[]", "a b",
                                       "\xC3\xA4", "X-Count",   "m[a][b]",    "m[l][]"};

/* "known 0", "spelled 2", "other"; of several pairs, the first. */
static const char *found(const char *query, apr_pool_t *p)
{
    static const char *const words[] = {
        [AG_NAME_OTHER] = "other", [AG_NAME_KNOWN] = "known", [AG_NAME_SPELLED] = "spelled"};
    const ag_input_names_t *names = ag_input_names_make(declared, N_OF(declared), p);
    ag_pairs_t pairs;
    ag_pair_t pair;
    ag_name_e name;
    int which;

    ag_pairs_begin(&pairs, query, strlen(query));
    assert_true(ag_pairs_next(&pair, &pairs));
    name = ag_input_name(&which, names, &pair);
    return name == AG_NAME_OTHER ? words[name] : apr_psprintf(p, "%s %d", words[name], which);
}

static void check(const char *const (*cases)[2], int n, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        const char *what = found(cases[i][0], p);

        if (strcmp(what, cases[i][1]) != 0) {
            fail_msg("%s: %s, not %s", cases[i][0], what, cases[i][1]);
        }
    }
}

static void test_known(void **state)
{
    static const char *const cases[][2] = {
        {"id=1", "known 0"},           {"id", "known 0"},           {"%69%64=1", "known 0"},
        {"user.name=1", "known 1"},    {"page[size]=1", "known 2"}, {"page%5Bsize%5D=1", "known 2"},
        {"page%5bsize]=1", "known 2"}, {"ids[]=1", "known 3"},      {"a+b=1", "known 4"},
        {"a%20b=1", "known 4"},        {"%C3%A4=1", "known 5"},     {"X-Count=1", "known 6"},
        {"id=1;x=2", "known 0"}, /* its value is refused when it is decoded */
    };

    check(cases, N_OF(cases), *state);
}

static void test_other(void **state)
{
    static const char *const cases[][2] = {
        {"i=1", "other"},        {"idx=1", "other"},          {"xid=1", "other"},   {"=1", "other"},
        {"=id", "other"},        {"x=id", "other"},           {"x=&id", "other"},   {"users=1", "other"},
        {"name=1", "other"},     {"page[number]=1", "other"}, {"pages=1", "other"}, {"page[sizes]=1", "other"},
        {"x=1;y=id", "other"},   {"x=%26id=1", "other"},      {"x[id]=1", "other"}, {"user[name]=1", "other"},
        {"i%zzd=1", "other"},    {"page_size_x=1", "other"},  {"a=1", "other"},     {"-id=1", "other"},
        {"x=1%3Bid=2", "other"}, {"m[a][c]=1", "other"},      {"m[c]=1", "other"},  {"m[ab]=1", "other"},
        {"m.l.x=1", "other"},
    };

    check(cases, N_OF(cases), *state);
}

static void test_spelled(void **state)
{
    static const char *const cases[][2] = {
        {"ID=1", "spelled 0"},          {"id[]=1", "spelled 0"},         {"id%5B%5D=1", "spelled 0"},
        {"id[a][b]=1", "spelled 0"},    {"id[=1", "spelled 0"},          {"id.x=1", "spelled 0"},
        {"+id=1", "spelled 0"},         {"%20%09id=1", "spelled 0"},     {"id+=1", "spelled 0"},
        {"id%00=1", "spelled 0"},       {"id%00x=1", "spelled 0"},       {"[id]=1", "spelled 0"},
        {"%u0069d=1", "spelled 0"},     {"?id=1", "spelled 0"},          {"x=1;id=2", "spelled 0"},
        {"x;id", "spelled 0"},          {"x=1;y;+ID[]=2", "spelled 0"},  {"user_name=1", "spelled 1"},
        {"user+name=1", "spelled 1"},   {"user[name=1", "spelled 1"},    {"user.name[x]=1", "spelled 1"},
        {"page[size]x=1", "spelled 2"}, {"page[size][]=1", "spelled 2"}, {"page.size=1", "spelled 2"},
        {"page_size]=1", "spelled 2"},  {"Page[size]=1", "spelled 2"},   {"page=1", "spelled 2"},
        {"page", "spelled 2"},          {"page[]=1", "spelled 2"},       {"page+=1", "spelled 2"},
        {"ids=1", "spelled 3"},         {"ids[0]=1", "spelled 3"},       {"ids[x]=1", "spelled 3"},
        {"ids[][]=1", "spelled 3"},     {"a_b=1", "spelled 4"},          {"x_count=1", "spelled 6"},
    };

    check(cases, N_OF(cases), *state);
}

/* One rule for credentials and arguments: what would be found as a credential is at least suspected here. */
static void test_as_credentials(void **state)
{
    static const char signs[] = "id[].+%;=&? _";
    const char *const names[] = {"id"};
    const ag_input_names_t *set = ag_input_names_make(names, 1, *state);
    unsigned seed = 1;
    int i, j, hits = 0;

    for (i = 0; i < 200000; i++) {
        char query[12] = "";
        int twice = 0, seen = 0, which;
        ag_pairs_t pairs;
        ag_pair_t pair;

        for (j = 0; j < 9; j++) {
            seed = seed * 1103515245 + 12345;
            query[j] = signs[(seed >> 16) % (sizeof signs - 1)];
        }
        memcpy(query + 9, "=v", 2);
        ag_pairs_begin(&pairs, query, strlen(query));
        while (ag_pairs_next(&pair, &pairs)) {
            seen |= ag_input_name(&which, set, &pair) != AG_NAME_OTHER;
        }
        if (ag_cred_argument(query, "id", &twice, *state)) {
            hits++;
            if (!seen) {
                fail_msg("overlooked: %s", query);
            }
        }
    }
    assert_true(hits > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_known), TEST(test_other), TEST(test_spelled),
                                       TEST(test_as_credentials)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
