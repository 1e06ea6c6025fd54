/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deprecated: tells clients that what they ask for comes to its end: Deprecation (RFC 9745), Sunset (RFC 8594) and
 * where to read about it. The section says both dates, whatever the application says; its own links stay.
 */
#include "answer.h"

void ag_answer_deprecated(const ag_answer_t *a)
{
    const ag_deprecated_t *deprecated = a->deprecated;

    ag_answer_put(a, AG_PUT_ALONE, "Deprecation", deprecated->since);
    ag_answer_put(a, AG_PUT_ALONE, "Sunset", deprecated->sunset);
    if (deprecated->link) {
        ag_answer_put(a, AG_PUT_ONCE, "Link", deprecated->link);
    }
}
