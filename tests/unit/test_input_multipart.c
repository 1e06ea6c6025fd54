/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of multipart/form-data bodies, and all that is refused since backends read it differently.
 */
#include "unit.h"

#include "../../src/input/multipart.h"

#define TYPE "multipart/form-data; boundary=B"
#define A    "Content-Disposition: form-data; name=\"a\"\r\n\r\n"

/* "a=x;f(n.txt)=y;" or what is wrong. */
static const char *parts(const char *type, const char *body, apr_size_t n, apr_pool_t *p)
{
    const char *text = "", *error;
    ag_multipart_t multipart;
    ag_media_t media;
    ag_part_t part;
    int next;

    assert_null(ag_media_read(&media, type, p));
    error = ag_multipart_begin(&multipart, &media, body, n, p);
    if (error) {
        return error;
    }
    while ((next = ag_multipart_next(&part, &multipart, &error, p)) > 0) {
        text = apr_pstrcat(p, text, part.name, part.file ? apr_pstrcat(p, "(", part.file, ")", NULL) : "",
                           part.media ? apr_pstrcat(p, "[", part.media->type, "]", NULL) : "", "=",
                           apr_pstrmemdup(p, part.data.at, part.data.n), ";", NULL);
    }
    return next ? apr_psprintf(p, "%d %s", part.number, error) : text;
}

typedef struct {
    const char *body, *parts;
} case_t;

static void check(const case_t *cases, int n, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        apr_size_t size = strlen(cases[i].body);
        char *body = malloc(size ? size : 1); /* of this size: a checker sees whoever reads on */
        const char *found;

        memcpy(body, cases[i].body, size);
        found = parts(TYPE, body, size, p);
        free(body);
        if (strcmp(found, cases[i].parts) != 0) {
            fail_msg("%s:\n%s, not %s", cases[i].body, found, cases[i].parts);
        }
    }
}

static void test_read(void **state)
{
    static const case_t cases[] = {
        {"--B\r\n" A "x\r\n--B--\r\n", "a=x;"},
        {"--B\r\n" A "x\r\n--B--", "a=x;"},
        {"--B\r\n" A "\r\n--B--", "a=;"},
        {"--B\r\n" A "x\r\n--B\r\n" A "y\r\n--B--\r\n", "a=x;a=y;"},
        {"--B--", ""},
        {"--B--\r\n", ""},
        {"--B\r\n" A "1\r\n2\r\r\n\n--C\r\n--\r\n--B--", "a=1\r\n2\r\r\n\n--C\r\n--;"},
        {"--B\r\n" A "x--B--B\r\n--B--", "a=x--B--B;"},
        {"--B\r\ncontent-disposition:form-data;name=a;filename=n\r\ncontent-type: Text/Plain\r\n\r\nx\r\n--B--",
         "a(n)[text/plain]=x;"},
        {"--B\r\nContent-Type: image/png\r\nContent-Disposition: form-data; filename=\"\"; name=\"a b;c\" \r\n\r\nx\r\n--B--",
         "a b;c()[image/png]=x;"},
        {"--B\r\nContent-Disposition: form-data; name=\"\xC3\xA4\"\r\nContent-Length: 1\r\nX: \r\n"
         "Content-Transfer-Encoding: binary\r\n\r\nx\r\n--B--",
         "\xC3\xA4=x;"},
        {"--B\r\nContent-Disposition: form-data; name=\"a%22b\"\r\n\r\nx\r\n--B--", "a%22b=x;"},
        {"--B\r\nContent-Disposition: form-data; name=_charset_\r\n\r\nUTF-8\r\n--B--", "_charset_=UTF-8;"},
    };

    check(cases, N_OF(cases), *state);
}

static void test_delimiters(void **state)
{
    static const case_t cases[] = {
        {"", "does not begin with its boundary"},
        {"\r\n--B\r\n" A "x\r\n--B--", "does not begin with its boundary"},
        {"preamble\r\n--B\r\n" A "x\r\n--B--", "does not begin with its boundary"},
        {"-B\r\n" A "x\r\n-B--", "does not begin with its boundary"},
        {"--B", "1 has something behind its boundary"},
        {"--B-", "1 has something behind its boundary"},
        {"--B\r", "1 has something behind its boundary"},
        {"--B\n" A "x\r\n--B--", "1 has something behind its boundary"},
        {"--B \r\n" A "x\r\n--B--", "1 has something behind its boundary"},
        {"--BC\r\n" A "x\r\n--BC--", "1 has something behind its boundary"},
        {"--B\r\n" A "x", "1 is not ended by the boundary"},
        {"--B\r\n" A "x\r\n--", "1 is not ended by the boundary"},
        {"--B\r\n" A "x\r\n--B\r\n", "2 ends among its header lines"},
        {"--B\r\n" A "x\r\n--B\r\n" A, "2 is not ended by the boundary"},
        {"--B\r\n" A "x\r\n--B", "1 has a line that begins with the boundary and is no delimiter"},
        {"--B\r\n" A "x\r\n--B \r\n\r\n--B--", "1 has a line that begins with the boundary and is no delimiter"},
        {"--B\r\n" A "x\r\n--BC\r\n--B--", "1 has a line that begins with the boundary and is no delimiter"},
        {"--B\r\n" A "x\n--B\r\n--B--", "1 has a line that begins with the boundary and is no delimiter"},
        {"--B\r\n" A "x\r--B\r\n--B--", "1 has a line that begins with the boundary and is no delimiter"},
        {"--B\r\n" A "--B--", "1 has a line that begins with the boundary and is no delimiter"},
        {"--B\r\n" A "x\r\n--B--\r\n\r\n", "1 has something behind the last boundary"},
        {"--B\r\n" A "x\r\n--B--x", "1 has something behind the last boundary"},
        {"--B\r\n" A "x\r\n--B--\r\n--B\r\n" A "y\r\n--B--", "1 has something behind the last boundary"},
    };

    check(cases, N_OF(cases), *state);
}

static void test_dispositions(void **state)
{
    static const case_t cases[] = {
        {"--B\r\n\r\nx\r\n--B--", "1 has no Content-Disposition"},
        {"--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--", "1 has no Content-Disposition"},
        {"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--", "1 has no name"},
        {"--B\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--B--", "1 has an empty name"},
        {"--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--",
         "1 has a Content-Disposition that is not form-data"},
        {"--B\r\nContent-Disposition: form-data name=a\r\n\r\nx\r\n--B--",
         "1 has a Content-Disposition that cannot be read"},
        {"--B\r\nContent-Disposition: form-data; name=a b\r\n\r\nx\r\n--B--",
         "1 has a Content-Disposition that cannot be read"},
        {"--B\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nx\r\n--B--",
         "1 has a Content-Disposition that names a parameter twice"},
        {"--B\r\nContent-Disposition: form-data; name=a; NAME=b\r\n\r\nx\r\n--B--",
         "1 has a Content-Disposition that names a parameter twice"},
        {"--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--B--",
         "1 has a Content-Disposition that has a parameter whose value is none"},
        {"--B\r\nContent-Disposition: form-data; name = a\r\n\r\nx\r\n--B--",
         "1 has a Content-Disposition that has a parameter that is no NAME=VALUE"},
        {"--B\r\nContent-Disposition: form-data; name=a; filename*=utf-8''b\r\n\r\nx\r\n--B--",
         "1 has a filename*, which forms do not have (RFC 7578 4.2)"},
        {"--B\r\nContent-Disposition: form-data; name=a; size=1\r\n\r\nx\r\n--B--",
         "1 has a Content-Disposition with more than name and filename"},
        {"--B\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\nx\r\n--B--",
         "1 has a backslash in a name, which readers take differently"},
        {"--B\r\nContent-Disposition: form-data; name=\"a\tb\"\r\n\r\nx\r\n--B--",
         "1 has a control character in a name"},
        {"--B\r\nContent-Disposition: form-data; name=\"\xE4\"\r\n\r\nx\r\n--B--", "1 has a name that is no UTF-8"},
        {"--B\r\n"
         "Content-Disposition: form-data;\r\n name=a\r\n\r\nx\r\n--B--",
         "1 has a Content-Disposition that has a parameter that is no NAME=VALUE"},
        {"--B\r\nContent-Disposition: form-data\r\n ; name=a\r\n\r\nx\r\n--B--", "1 has no name"},
    };

    check(cases, N_OF(cases), *state);
}

static void test_lines(void **state)
{
    static const case_t cases[] = {
        {"--B\r\nContent-Disposition: form-data; name=a\r\n ; filename=b\r\n\r\nx\r\n--B--",
         "1 has a line without a colon"},
        {"--B\r\nContent-Disposition: form-data; name=a\r\n x: y\r\n\r\nx\r\n--B--",
         "1 has a line that goes on in the next one"},
        {"--B\r\nContent-Disposition : form-data; name=a\r\n\r\nx\r\n--B--",
         "1 has a line that begins with no field's name"},
        {"--B\r\nContent_Disposition: form-data; name=a\r\n\r\nx\r\n--B--",
         "1 has a field whose name is spelled unusually"},
        {"--B\r\nContent-Disposition: form-data; name=a\n\r\nx\r\n--B--",
         "1 has a header line that is not ended by CRLF"},
        {"--B\r\nContent-Disposition: form-data; name=a\rX: y\r\n\r\nx\r\n--B--",
         "1 has a header line that is not ended by CRLF"},
        {"--B\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b\r\n\r\nx\r\n--B--",
         "1 has a field twice"},
        {"--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: a/b\r\ncontent-type: a/b\r\n\r\nx\r\n--B--",
         "1 has a field twice"},
        {"--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text\r\n\r\nx\r\n--B--",
         "1 has a Content-Type that is no media type"},
        {"--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\nx\r\n--B--",
         "1 has parts of its own"},
        {"--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=utf-7\r\n\r\nx\r\n--B--",
         "1 is in another charset than UTF-8"},
        {"--B\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--B--",
         "1 has a Content-Transfer-Encoding, which forms do not have (RFC 7578 4.7)"},
        {"--B\r\nContent-Disposition: form-data; name=_charset_\r\n\r\nlatin1\r\n--B--",
         "1 says that the form is in another charset than UTF-8"},
        {"--B\r\nContent-Disposition: form-data; name=a", "1 ends among its header lines"},
        {"--B\r\nContent-Disposition: form-data; name=a\r\n", "1 ends among its header lines"},
        {"--B\r\nContent-Disposition: form-data; name=a\r\n1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n8:\r\n\r\nx\r\n--B--",
         "1 has more than 8 header lines"},
    };

    check(cases, N_OF(cases), *state);
}

static void test_large_head(void **state)
{
    char *name = apr_palloc(*state, 5001);
    const char *body;

    memset(name, 'a', 5000);
    name[5000] = '\0';
    body = apr_pstrcat(*state, "--B\r\nContent-Disposition: form-data; name=", name, "\r\n\r\nx\r\n--B--", NULL);
    assert_string_equal(parts(TYPE, body, strlen(body), *state), "1 has header lines of more than 4096 bytes");
    name[4000] = '\0';
    body = apr_pstrcat(*state, "--B\r\nContent-Disposition: form-data; name=", name, "\r\n\r\nx\r\n--B--", NULL);
    assert_int_equal(strlen(parts(TYPE, body, strlen(body), *state)), 4003);
}

static void test_boundaries(void **state)
{
    static const char *const types[][2] = {
        {"multipart/form-data", "has no boundary of 1 to 70 letters, digits and '()+_-./:=?"},
        {"multipart/form-data; boundary=\"\"", "has no boundary of 1 to 70 letters, digits and '()+_-./:=?"},
        {"multipart/form-data; boundary=\"B C\"", "has no boundary of 1 to 70 letters, digits and '()+_-./:=?"},
        {"multipart/form-data; boundary=\"B,C\"", "has no boundary of 1 to 70 letters, digits and '()+_-./:=?"},
        {"multipart/form-data; boundary=B!", "has no boundary of 1 to 70 letters, digits and '()+_-./:=?"},
        {"multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890",
         "has no boundary of 1 to 70 letters, digits and '()+_-./:=?"},
        {"multipart/form-data; boundary=\"\\B\"", "has a backslash in a parameter of Content-Type"},
        {"multipart/form-data; x=boundary; boundary=B",
         "has a parameter in Content-Type that is neither boundary nor charset"},
        {"multipart/form-data; boundary=B; charset=utf-16", "is in another charset than UTF-8"},
        {"multipart/form-data; boundary=\"B\"; charset=utf-8", "a=x;"}, /* as .NET's clients write it */
        {"multipart/form-data; BOUNDARY=B", "a=x;"},
    };
    static const char body[] = "--B\r\n" A "x\r\n--B--";
    int i;

    for (i = 0; i < N_OF(types); i++) {
        assert_string_equal(parts(types[i][0], body, strlen(body), *state), types[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_read),  TEST(test_delimiters), TEST(test_dispositions),
                                       TEST(test_lines), TEST(test_large_head), TEST(test_boundaries)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
