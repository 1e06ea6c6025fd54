/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sent: see sent.h.
 */
#include "sent.h"

#include <strings.h>

static void see(void *ctx, const char *name, const char *value)
{
    ag_sent_t *sent = ctx;

    if (strcasecmp(name, sent->name) == 0) {
        sent->value = sent->n++ ? sent->value : value;
    }
    else {
        sent->value = sent->value ? sent->value : value;
        sent->others++;
    }
}

ag_sent_t ag_input_sent(const ag_request_t *request, const char *name)
{
    ag_sent_t sent = {name, NULL, 0, 0};

    request->spellings(request, name, see, &sent);
    return sent;
}

void ag_input_overrides(const ag_request_t *request, ag_spelling_fn each, void *ctx)
{
    static const char *const fields[] = {"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"};
    int i;

    for (i = 0; i < 3; i++) {
        request->spellings(request, fields[i], each, ctx);
    }
}
