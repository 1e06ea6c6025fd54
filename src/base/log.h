/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: where the core's messages go. The core knows no log file: whoever calls it passes a handle
 * whose write() is the server's error log, a terminal or a test's buffer.
 *
 * Every message starts with an id ("AG0210: ...") that is used once in the whole source, so that an
 * administrator can search for it. No message ever holds a credential.
 */
#ifndef AG_LOG_H
#define AG_LOG_H

#include <apr_errno.h>

/* The numbers are syslog's and httpd's. */
typedef enum {
    AG_LOG_CRIT = 2,
    AG_LOG_ERROR = 3,
    AG_LOG_WARNING = 4,
    AG_LOG_NOTICE = 5,
    AG_LOG_INFO = 6,
    AG_LOG_DEBUG = 7
} ag_log_level_e;

typedef struct ag_log_t ag_log_t;

struct ag_log_t {
    void (*write)(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text);
    void *ctx;            /* the writer's own: a request, a server, a FILE */
    ag_log_level_e level; /* messages above it are not formatted at all */
};

/* Formats one message of at most 1023 bytes and passes it on. `log` may be NULL (nothing happens).
 * `rv` is the status that caused it, or 0. */
void ag_log(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
