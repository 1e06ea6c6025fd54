/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: reads the field by which a proxy tells the scheme (X-Forwarded-Proto). Whether that proxy may be
 * believed is for the caller to know.
 */
#include "tls.h"

#include <string.h>
#include <strings.h>

#define BLANKS " \t"

/* The length of the element, which ends at the next comma, without the blanks behind it. */
static size_t length_of(const char *element)
{
    size_t n = strcspn(element, ",");

    while (n && strchr(BLANKS, element[n - 1])) {
        n--;
    }
    return n;
}

int ag_tls_all_https(const char *list)
{
    int found = 0;

    while (list && *list) {
        size_t n;

        list += strspn(list, BLANKS);
        n = length_of(list);
        if (n && (n != 5 || strncasecmp(list, "https", n) != 0)) {
            return 0;
        }
        found |= n > 0;
        list += strcspn(list, ",");
        list += *list == ',';
    }
    return found;
}
