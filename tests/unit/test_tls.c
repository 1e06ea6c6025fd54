/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a proxy says of the scheme.
 */
#include "unit.h"

#include "../../src/cred/tls.h"

static void test_all_https(void **state)
{
    static const struct {
        const char *list;
        int all;
    } cases[] = {
        {"https", 1},
        {"HTTPS", 1},
        {"hTTps", 1},
        {" https ", 1},
        {"\thttps\t", 1},
        {"https,https", 1},
        {"https , https", 1},
        {", https", 1},
        {"https,", 1},
        {"https,,\t,https", 1},
        {NULL, 0},
        {"", 0},
        {" ", 0},
        {",", 0},
        {" , ,", 0},
        {"http", 0},
        {"https,http", 0},
        {"http, https", 0},
        {"http,https,", 0},
        {"https;", 0},
        {"https http", 0},
        {"https https", 0},
        {"\"https\"", 0},
        {"httpss", 0},
        {"xhttps", 0},
        {"https,wss", 0},
        {"https\r\n", 0},
        {"https:", 0},
        {"on", 0},
        {"https\v", 0},
        {"http\xc5\xbf", 0},
        {"proto=https", 0},
        {"for=a;proto=https", 0},
        {"ht,tps", 0},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        if (ag_tls_all_https(cases[i].list) != cases[i].all) {
            fail_msg("\"%s\" is%s all https", cases[i].list, cases[i].all ? " not" : "");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_all_https)};

    return cmocka_run_group_tests_name("cred: TLS", tests, NULL, NULL);
}
