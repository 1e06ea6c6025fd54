/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a client is sent for TLS: the URL, or none where it would be another place.
 */
#include "unit.h"

#include "../../src/reply/reply.h"

static const struct {
    const char *host;
    int port;
    const char *target, *location; /* NULL: there is none */
} cases[] = {
    {"api.test", 0, "/x", "https://api.test/x"},
    {"api.test", 443, "/x?y=1&z", "https://api.test/x?y=1&z"},
    {"api.test", 8443, "/", "https://api.test:8443/"},
    {"192.0.2.1", 0, "/%2e%2e/?%20", "https://192.0.2.1/%2e%2e/?%20"},
    {"[2001:db8::1]", 444, "/x", "https://[2001:db8::1]:444/x"},
    {"a_b-c.example.", 0, "//other.test/x", "https://a_b-c.example.//other.test/x"},
    {"api.test", 0, "/x?http://other.test/", "https://api.test/x?http://other.test/"},
    {"api.test", 0, "/\xc3\xa9", "https://api.test/\xc3\xa9"},
    /* a target may be an absolute URI; its host is the caller's matter */
    {"api.test", 0, "http://api.test/x?y", "https://api.test/x?y"},
    {"api.test", 0, "HTTPS://u:p@api.test:99/x", "https://api.test/x"},
    {"api.test", 0, "http://api.test", "https://api.test/"},
    {"api.test", 0, "http://api.test?y", "https://api.test/?y"},
    {"api.test", 0, "http://@other.test", "https://api.test/"},
    /* no path */
    {"api.test", 0, "*", NULL},
    {"api.test", 0, "", NULL},
    {"api.test", 0, "api.test:443", NULL},
    {"api.test", 0, "ftp://api.test/", NULL},
    {"api.test", 0, "x", NULL},
    {"api.test", 0, "@other.test/", NULL},
    {"api.test", 0, ".other.test/", NULL},
    /* no host */
    {"", 0, "/x", NULL},
    {"user@api.test", 0, "/x", NULL},
    {"api.test/x", 0, "/x", NULL},
    {"api.test\\x", 0, "/x", NULL},
    {"api.test:80", 0, "/x", NULL},
    {"2001:db8::1", 0, "/x", NULL},
    {"[2001:db8::1", 0, "/x", NULL},
    {"[2001:db8::1]x", 0, "/x", NULL},
    {"[]", 0, "/x", NULL},
    {"[", 0, "/x", NULL},
    {"a]b", 0, "/x", NULL},
    {"[v1.x]", 0, "/x", "https://[v1.x]/x"},
    {"a?b", 0, "/x", NULL},
    {"a#b", 0, "/x", NULL},
    {"a%2fb", 0, "/x", NULL},
    {"a b", 0, "/x", NULL},
    {"a\"b", 0, "/x", NULL},
    {"caf\xc3\xa9", 0, "/x", NULL},
    {"a\r\nb", 0, "/x", NULL},
    /* what would end the field */
    {"api.test", 0, "/x\r\nSet-Cookie: a=b", NULL},
    {"api.test", 0, "/x\ty", NULL},
    {"api.test", 0, "/x\x7f", NULL},
};

static void test_locations(void **state)
{
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *location = ag_reply_https(cases[i].host, cases[i].port, cases[i].target, *state);

        if (strcmp(location ? location : "none", cases[i].location ? cases[i].location : "none") != 0) {
            fail_msg("%s and %s: %s", cases[i].host, cases[i].target, location ? location : "none");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_locations)};

    return cmocka_run_group_tests_name("reply: to https", tests, NULL, NULL);
}
