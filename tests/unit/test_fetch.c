/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_fetch: what another server does wrong costs its answer and a bounded time.
 */
#include "fetch_server.h"

#include <apr_file_io.h>

#include "../../src/server/fetch.h"

#define OK(fields, body) "HTTP/1.1 200 OK\r\n" fields "\r\n" body

static int ends_now(void *ctx)
{
    (void)ctx;
    return 1;
}

static const char *address(const server_t *server, const char *path, apr_pool_t *p)
{
    return apr_psprintf(p, "%s://127.0.0.1:%u%s", server->tls ? "https" : "http", server->port, path);
}

/* What a caller asks for, unless he says otherwise. */
static ag_fetch_t usual(const server_t *server, apr_pool_t *p)
{
    ag_fetch_t fetch = {.url = address(server, "/keys?a=b", p),
                        .ca_file = server->certificate,
                        .max_size = 1000,
                        .timeout = apr_time_from_sec(5)};
    return fetch;
}

/* One request; *server is started and stopped for it. */
static const char *ask(server_t *server, ag_fetched_t *out, apr_pool_t *p)
{
    const char *error;
    ag_fetch_t fetch;

    server_start(server);
    fetch = usual(server, p);
    error = ag_fetch_port.run(NULL, out, &fetch, p);
    server_stop(server);
    return error;
}

static const char *temporary(apr_pool_t *p)
{
    char *path = apr_pstrdup(p, "/tmp/test_fetch_XXXXXX");
    apr_file_t *file;

    assert_int_equal(apr_file_mktemp(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL, p), 0);
    return path;
}

/* ---- good answers ------------------------------------------------------------------------------- */

static void test_an_answer(void **state)
{
    server_t server = {.says = OK("Content-Type: application/jwk-set+json\r\n"
                                  "Cache-Control: public, max-age=600\r\nContent-Length: 2\r\n",
                                  "{}")};
    ag_fetched_t out;

    assert_null(ask(&server, &out, *state));
    assert_int_equal(out.status, 200);
    assert_int_equal(out.length, 2);
    assert_string_equal(out.body, "{}");
    assert_string_equal(out.type, "application/jwk-set+json");
    assert_int_equal(out.max_age, 600);
    assert_non_null(strstr(server.heard, "GET /keys?a=b HTTP/1.1\r\n"));
    assert_null(strstr(server.heard, "Authorization"));
}

static void test_another_status_is_an_answer(void **state)
{
    server_t server = {.says = "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"};
    ag_fetched_t out;

    assert_null(ask(&server, &out, *state));
    assert_int_equal(out.status, 503);
    assert_string_equal(out.body, "");
    assert_null(out.type);
}

static void test_how_long_it_may_be_kept(void **state)
{
    static const struct {
        const char *fields;
        apr_int64_t max_age;
    } cases[] = {
        {"", -1},
        {"Cache-Control: max-age=0\r\n", 0},
        {"cache-control:MAX-AGE=7\r\n", 7},
        {"Cache-Control: no-store\r\n", 0},
        {"Cache-Control: no-cache, max-age=60\r\n", 0},
        {"Cache-Control: max-age=60\r\nCache-Control: max-age=30\r\n", 30},
        {"Cache-Control: max-age=-1\r\n", -1},
        {"Cache-Control: max-age=99999999999999999999\r\n", -1},
        {"Cache-Control: max-age=\r\n", -1},
        {"Cache-Control: s-maxage=60, x-max-age=5\r\n", -1},
        {"X-Cache-Control: max-age=60\r\n", -1},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        server_t server = {
            .says = apr_psprintf(*state, "HTTP/1.1 200 OK\r\n%sContent-Length: 0\r\n\r\n", cases[i].fields)};
        ag_fetched_t out;

        assert_null(ask(&server, &out, *state));
        assert_int_equal(out.max_age, cases[i].max_age);
    }
}

static void test_a_form_and_a_password(void **state)
{
    server_t server = {.says = OK("Content-Length: 0\r\n", "")};
    ag_fetched_t out;
    ag_fetch_t fetch;

    server_start(&server);
    fetch = usual(&server, *state);
    fetch.form = "token=abc&token_type_hint=access_token";
    fetch.user = "us";
    fetch.password = "secret";
    fetch.accept = "application/json";
    assert_null(ag_fetch_port.run(NULL, &out, &fetch, *state));
    server_stop(&server);
    assert_non_null(strstr(server.heard, "POST /keys?a=b HTTP/1.1\r\n"));
    assert_non_null(strstr(server.heard, "Authorization: Basic dXM6c2VjcmV0\r\n"));
    assert_non_null(strstr(server.heard, "Accept: application/json\r\n"));
    assert_non_null(strstr(server.heard, "Content-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(server.heard, "\r\n\r\ntoken=abc&token_type_hint=access_token"));
}

/* ---- bad servers -------------------------------------------------------------------------------- */

static void test_a_huge_answer_ends_early(void **state)
{
    server_t told = {.says = OK("Content-Length: 1000000000\r\n", ""), .repeats = 1000000000};
    server_t untold = {.says = OK("", ""), .repeats = 1000000000};
    server_t exact = {.says = OK("", ""), .repeats = 1000};
    server_t one_more = {.says = OK("", ""), .repeats = 1001};
    ag_fetched_t out;

    assert_string_equal(ask(&told, &out, *state), "the answer is too large");
    assert_string_equal(ask(&untold, &out, *state), "the answer is too large");
    assert_string_equal(ask(&one_more, &out, *state), "the answer is too large");
    assert_null(ask(&exact, &out, *state));
    assert_int_equal(out.length, 1000);
}

static void test_a_slow_server_costs_its_time_at_most(void **state)
{
    static const char *const says[] = {"", "HTTP/1.1 200 OK\r\nContent-Le", OK("Content-Length: 9\r\n", "half")};
    int i;

    for (i = 0; i < N_OF(says); i++) {
        server_t server = {.says = says[i], .hangs = 1};
        apr_time_t began = apr_time_now();
        ag_fetched_t out;
        ag_fetch_t fetch;

        server_start(&server);
        fetch = usual(&server, *state);
        fetch.timeout = apr_time_from_msec(200);
        assert_non_null(ag_fetch_port.run(NULL, &out, &fetch, *state));
        assert_null(out.body);
        assert_true(apr_time_now() - began < apr_time_from_sec(4));
        server_stop(&server);
    }
}

/* A process that ends does not wait for somebody else's server. */
static void test_a_caller_who_gives_up(void **state)
{
    server_t server = {.says = "", .hangs = 1};
    apr_time_t began = apr_time_now();
    ag_fetched_t out;
    ag_fetch_t fetch;

    server_start(&server);
    fetch = usual(&server, *state);
    fetch.timeout = apr_time_from_sec(60);
    fetch.ends = ends_now;
    assert_non_null(ag_fetch_port.run(NULL, &out, &fetch, *state));
    assert_true(apr_time_now() - began < apr_time_from_sec(10));
    server_stop(&server);
}

static void test_what_is_no_answer(void **state)
{
    static const char *const says[] = {"nonsense\n", "{\"keys\":[]}", "",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
                                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"};
    int i;

    for (i = 0; i < N_OF(says); i++) {
        server_t server = {.says = says[i]};
        ag_fetched_t out;

        assert_non_null(ask(&server, &out, *state));
        assert_null(out.body);
    }
}

static void test_nobody_is_there(void **state)
{
    server_t server = {.says = ""};
    ag_fetched_t out;
    ag_fetch_t fetch;

    server_start(&server);
    fetch = usual(&server, *state);
    server_stop(&server);
    assert_non_null(ag_fetch_port.run(NULL, &out, &fetch, *state));
}

/* ---- redirects ---------------------------------------------------------------------------------- */

static void test_redirects_go_to_https_alone(void **state)
{
    static const char *const targets[] = {"http://127.0.0.1:1/", "file:///etc/passwd", "ftp://127.0.0.1/", "/loop"};
    int i;

    for (i = 0; i < N_OF(targets); i++) {
        server_t server = {.says = apr_psprintf(*state,
                                                "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n"
                                                "Connection: close\r\n\r\n",
                                                targets[i])};
        ag_fetched_t out;
        ag_fetch_t fetch;

        server_start(&server);
        fetch = usual(&server, *state);
        fetch.redirects = 3;
        assert_non_null(ag_fetch_port.run(NULL, &out, &fetch, *state));
        server_stop(&server);
        assert_int_equal(server.n_heard, 1);
    }
}

static void test_redirects_are_counted(void **state)
{
    server_t server = {
        .says = "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"};
    ag_fetched_t out;
    ag_fetch_t fetch;

    make_tls(&server, "127.0.0.1", temporary(*state));
    server_start(&server);
    fetch = usual(&server, *state);
    fetch.redirects = 3;
    assert_non_null(ag_fetch_port.run(NULL, &out, &fetch, *state));
    assert_int_equal(server.n_heard, 4);
    fetch.form = "token=a";
    assert_null(ag_fetch_port.run(NULL, &out, &fetch, *state));
    assert_int_equal(out.status, 302);
    server_stop(&server);
    assert_int_equal(server.n_heard, 5);
    unlink(server.certificate);
}

/* ---- certificates ------------------------------------------------------------------------------- */

static void test_certificates(void **state)
{
    server_t good = {.says = OK("Content-Length: 2\r\n", "{}")}, other = good, unknown = good;
    const char *files[] = {temporary(*state), temporary(*state), temporary(*state)};
    ag_fetched_t out;
    int i;

    make_tls(&good, "127.0.0.1", files[0]);
    assert_null(ask(&good, &out, *state));
    assert_string_equal(out.body, "{}");
    make_tls(&other, "127.0.0.2", files[1]); /* somebody else's */
    assert_non_null(ask(&other, &out, *state));
    assert_int_equal(other.n_heard, 0);
    make_tls(&unknown, "127.0.0.1", files[2]);
    unknown.certificate = NULL; /* the system's are asked */
    assert_non_null(ask(&unknown, &out, *state));
    assert_int_equal(unknown.n_heard, 0);
    for (i = 0; i < N_OF(files); i++) {
        unlink(files[i]);
    }
}

/* ---- addresses ---------------------------------------------------------------------------------- */

static void test_addresses(void **state)
{
    static const char *const good[] = {"https://login.example.com/keys", "https://[2001:db8::1]:8443/keys?x=1",
                                       "http://127.0.0.1:8080/",         "http://127.9.9.9/",
                                       "http://localhost/keys",          "http://[::1]/keys"};
    static const char *const bad[] = {"http://login.example.com/",
                                      "http://127.0.0.1.example.com/",
                                      "http://localhost.example.com/",
                                      "http://[::2]/",
                                      "ftp://a.example/",
                                      "file:///etc/passwd",
                                      "login.example.com",
                                      "",
                                      "https://",
                                      "https://user:secret@a.example/",
                                      "https://user@a.example/",
                                      "https://a.example/#keys",
                                      "http://128.0.0.1/",
                                      "http://0.0.0.0/"};
    int i;

    for (i = 0; i < N_OF(good); i++) {
        assert_null(ag_fetch_address(good[i], *state));
    }
    for (i = 0; i < N_OF(bad); i++) {
        ag_fetch_t fetch = {.url = bad[i], .timeout = 1, .max_size = 1};
        ag_fetched_t out;

        assert_non_null(ag_fetch_address(bad[i], *state));
        assert_string_equal(ag_fetch_port.run(NULL, &out, &fetch, *state), ag_fetch_address(bad[i], *state));
        assert_null(strstr(ag_fetch_address(bad[i], *state), "secret"));
    }
}

static apr_pool_t *all_tests;

static int begin(void **state)
{
    (void)state;
    apr_initialize();
    apr_pool_create(&all_tests, NULL);
    assert_null(ag_fetch_begin(all_tests));
    return 0;
}

static int end(void **state)
{
    (void)state;
    apr_pool_destroy(all_tests);
    apr_terminate();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_answer),
        TEST(test_another_status_is_an_answer),
        TEST(test_how_long_it_may_be_kept),
        TEST(test_a_form_and_a_password),
        TEST(test_a_huge_answer_ends_early),
        TEST(test_a_slow_server_costs_its_time_at_most),
        TEST(test_a_caller_who_gives_up),
        TEST(test_what_is_no_answer),
        TEST(test_nobody_is_there),
        TEST(test_redirects_go_to_https_alone),
        TEST(test_redirects_are_counted),
        TEST(test_certificates),
        TEST(test_addresses),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
