/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: formats a message once and hands it to the writer. Messages are cut at 1 KB, never split.
 */
#include "log.h"

#include <stdarg.h>

#include <apr_strings.h>

void ag_log(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *format, ...)
{
    char text[1024];
    va_list args;

    if (!log || level > log->level) {
        return;
    }
    va_start(args, format);
    apr_vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log->write(log, level, rv, text);
}
