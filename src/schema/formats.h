/* SPDX-License-Identifier: Apache-2.0 */
/*
 * formats: the functions of formats.def, and what several of them share. All read bytes that need no NUL behind them,
 * and allocate nothing.
 */
#ifndef AG_SCHEMA_FORMATS_H
#define AG_SCHEMA_FORMATS_H

#include "../json/number.h"

#define AG_FORMAT(name, function, detail)        int ag_format_##function(const char *text, apr_size_t n);
#define AG_NUMBER_FORMAT(name, function, detail) int ag_format_##function(const ag_number_t *number);
#include "formats.def"
#undef AG_FORMAT
#undef AG_NUMBER_FORMAT

/* One label of a host name: letters, digits, and hyphens that stand at neither end; at most 63 bytes (RFC 1123 s2.1).
 * What an A-label ("xn--...") holds is not looked at. */
int ag_host_label(const char *label, apr_size_t n);

/* A label that is not ASCII (a U-label), or an A-label: by IDNA 2008 (RFC 5890 to 5893). Where the library for it was not
 * there when this was built, each is taken. */
int ag_idn_label(const char *label, apr_size_t n);

#endif
