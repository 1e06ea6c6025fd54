/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pattern: a regular expression of ECMA-262, a NUL, and a text. Besides not crashing or taking long: what is refused
 * has a text, what was translated is compiled, and is judged alike twice.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "../../src/base/text.h"
#include "../../src/schema/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static apr_pool_t *root, *pool;

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static int is_utf8(const char *text, size_t n, apr_pool_t *p)
{
    const char *at = memcpy(memset(apr_palloc(p, n + 1), 0, n + 1), text, n), *end = at + n;
    int size = 1;

    while (at < end && size) {
        size = *at ? ag_text_utf8(at) : 1;
        at += size;
    }
    return size != 0;
}

static void run(const char *pattern, size_t n, const char *text, size_t n_text)
{
    ag_pattern_t *compiled = NULL;
    const char *error = ag_pattern_compile(&compiled, pattern, n, pool);
    int is;

    must(error ? *error != '\0' : compiled != NULL);
    if (!error) {
        is = ag_pattern_matches(compiled, text, n_text, NULL);
        must(is == ag_pattern_matches(compiled, text, n_text, NULL) && is >= -1 && is <= 1);
    }
}

/* As docs hold them: UTF-8. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *pattern = (const char *)data, *end = n ? memchr(pattern, 0, n) : NULL;

    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
        apr_pool_create(&pool, root);
    }
    if (end && is_utf8(pattern, n, pool)) {
        run(pattern, (size_t)(end - pattern), end + 1, n - (size_t)(end - pattern) - 1);
    }
    apr_pool_clear(pool);
    return 0;
}
