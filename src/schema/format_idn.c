/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format_idn: labels of internationalized host names, by libidn2, which knows Unicode's tables for IDNA 2008. This file
 * alone includes <idn2.h>. It is built without the library (AG_NO_LIBIDN2) where there is none: such labels are then not
 * looked into. The library allocates a little for each label, of 63 characters at most.
 */
#include "formats.h"

#ifdef AG_NO_LIBIDN2

int ag_idn_label(const char *label, apr_size_t n)
{
    (void)label;
    (void)n;
    return 1;
}

#else

#include <string.h>

#include <idn2.h>

/* As if it were to be registered, which is what has all of the rules (RFC 5891 s4): of U+00B7 and its like as well. The
 * library looks into an A-label only if it is in small letters. */
int ag_idn_label(const char *label, apr_size_t n)
{
    uint8_t copy[4 * IDN2_LABEL_MAX_LENGTH + 1];
    int ascii = 1;
    apr_size_t i;

    if (n >= sizeof copy || memchr(label, '\0', n)) {
        return 0;
    }
    for (i = 0; i < n; i++) {
        copy[i] = (uint8_t)label[i];
        ascii = ascii && copy[i] < 0x80;
    }
    copy[n] = '\0';
    for (i = 0; ascii && i < n; i++) {
        copy[i] |= copy[i] >= 'A' && copy[i] <= 'Z' ? 0x20 : 0;
    }
    return idn2_register_u8(ascii ? NULL : copy, ascii ? copy : NULL, NULL, 0) == IDN2_OK;
}

#endif
