/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url: see url.h.
 */
#include "url.h"

#include <string.h>

#include "../base/text.h"

#define SIGNS                                                                                                        \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"                                                 \
    "-._~:/?#[]@!$&'()*+,;=%"

static int is_hex(char c)
{
    return ag_text_digit(c) || (ag_text_letter(c) && (c | 0x20) <= 'f');
}

int ag_url_signs(const char *url)
{
    const char *percent = strchr(url, '%');

    for (; percent; percent = strchr(percent + 1, '%')) {
        if (!is_hex(percent[1]) || !is_hex(percent[2])) {
            return 0;
        }
    }
    return !url[strspn(url, SIGNS)];
}

const char *ag_url_host(const char *url)
{
    const char *host = strncasecmp(url, "https://", 8) == 0  ? url + 8
                       : strncasecmp(url, "http://", 7) == 0 ? url + 7
                                                             : NULL;

    return host && *host && !strchr("/?#", *host) ? host : NULL;
}
