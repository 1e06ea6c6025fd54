/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date: points in time as people and protocols write them (RFC 3339).
 */
#ifndef AG_DATE_H
#define AG_DATE_H

#include <apr.h>

/* Reads a day ("2030-01-31": its first second, UTC) or a date with a time ("2030-01-31T12:00:00Z",
 * "...T14:00:00.5+02:00") into seconds since 1970; a fraction is dropped. 0 when it is neither, does not exist, or
 * is not from 1970 to 9999. */
int ag_date_read(apr_int64_t *seconds, const char *text);

#endif
