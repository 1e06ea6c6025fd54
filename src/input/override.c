/* SPDX-License-Identifier: Apache-2.0 */
/*
 * override: see override.h.
 */
#include "override.h"

void ag_input_overrides(const ag_request_t *request, ag_spelling_fn each, void *ctx)
{
    static const char *const fields[] = {"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"};
    int i;

    for (i = 0; i < 3; i++) {
        request->spellings(request, fields[i], each, ctx);
    }
}
