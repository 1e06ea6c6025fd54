/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document of 10 MB, as large vendors publish them: it is compiled in a moment, and a request costs what it costs with
 * a small one.
 */
#include "openapi_fixture.h"

#include <apr_time.h>

#define SCHEMAS 2000
#define PATHS   12000

/* Appends to a text of 16 MB. */
typedef struct {
    char *start, *at;
} text_t;

static void add(text_t *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(text_t *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text->at += apr_vsnprintf(text->at, 4096, format, args);
    va_end(args);
}

static void add_path(text_t *text, int i)
{
    add(text,
        "%s\"/area%d/{id}/things%d\":{\"parameters\":[{\"$ref\":\"#/components/parameters/id\"}],\"get\":{\"operationId\":"
        "\"get%d\",\"summary\":\"A thing of many\",\"description\":\"%0400d\",\"parameters\":[{\"name\":\"limit\",\"in\":"
        "\"query\",\"schema\":{\"type\":\"integer\",\"maximum\":100}},{\"name\":\"q%d\",\"in\":\"query\",\"schema\":{\"type\":"
        "\"string\",\"maxLength\":%d}}]},\"post\":{\"requestBody\":{\"content\":{\"application/json\":{\"schema\":{\"type\":"
        "\"object\",\"properties\":{\"one\":{\"$ref\":\"#/components/schemas/s%d\"},\"list\":{\"type\":\"array\",\"items\":"
        "{\"type\":\"integer\"}}}}}}}}}",
        i ? "," : "", i % 90, i, i, i, i, i + 1, i % SCHEMAS);
}

static const char *make(int paths, apr_pool_t *p)
{
    text_t text;
    int i;

    text.start = text.at = apr_palloc(p, 16 << 20);
    add(&text, "{\"openapi\":\"3.1.0\",\"servers\":[{\"url\":\"https://api.example/v1\"}],\"paths\":{");
    for (i = 0; i < paths; i++) {
        add_path(&text, i);
    }
    add(&text,
        "},\"components\":{\"parameters\":{\"id\":{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":"
        "\"integer\"}}},\"schemas\":{");
    for (i = 0; i < SCHEMAS; i++) {
        add(&text,
            "%s\"s%d\":{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"string\"},\"next\":{\"$ref\":"
            "\"#/components/schemas/s%d\"}}}",
            i ? "," : "", i, (i + 1) % SCHEMAS);
    }
    add(&text, "}}}");
    return text.start;
}

static double microseconds(const ag_openapi_t *openapi, const char *target, apr_pool_t *p)
{
    double least = 1e9;
    int run, i;

    for (run = 0; run < 5; run++) {
        apr_time_t start = apr_time_now();
        double each;

        for (i = 0; i < 1000; i++) {
            apr_pool_t *sub;

            apr_pool_create(&sub, p);
            assert_string_equal(ask_get(openapi, target, sub), "ok");
            apr_pool_destroy(sub);
        }
        each = (double)(apr_time_now() - start) / 1000;
        least = each < least ? each : least;
    }
    return least;
}

static void test_large(void **state)
{
    const char *text = make(PATHS, *state);
    apr_time_t start = apr_time_now();
    ag_openapi_t *large = load_document(text, *state);
    double seconds = (double)(apr_time_now() - start) / APR_USEC_PER_SEC, one, other;
    const ag_openapi_t *small = load_document(make(100, *state), *state);

    assert_in_range(strlen(text), 10 << 20, 16 << 20);
    assert_int_equal(ag_openapi_operations(large), 2 * PATHS);
    print_message("%d MB in %.2f s\n", (int)(strlen(text) >> 20), seconds);
    assert_true(seconds < 10);
    one = microseconds(small, "/v1/area7/1/things97?limit=1&q97=x", *state);
    other = microseconds(large, "/v1/area7/1/things11707?limit=1&q11707=x", *state);
    print_message("a request: %.2f us, %.2f us\n", one, other);
    assert_true(other < 3 * one + 5);
    assert_string_equal(ask_get(large, "/v1/area7/1/things11707?limit=101", *state),
                        "input_rejected query:limit:maximum");
    assert_string_equal(ask_get(large, "/v1/area7/1/things11708", *state), "endpoint_unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_large)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
