/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process: see process.h. Linux tells the start in /proc/PID/stat, in clock ticks since the machine's.
 */
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START 20 /* fields behind the state, which follows the name in brackets (proc(5)) */

/* The start of a process: 1 and *start. 0: it has ended. -1: it cannot be read, since it has ended or
 * this process has no file descriptor left, and for other reasons. */
static int look_up(apr_uint64_t *start, apr_uint32_t pid)
{
    char path[32], text[1024];
    char *at;
    FILE *file;
    int i;

    snprintf(path, sizeof path, "/proc/%u/stat", pid);
    file = fopen(path, "re");
    if (!file) {
        return -1;
    }
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    at = strrchr(text, ')'); /* the name may hold brackets and blanks */
    if (!at || !at[1] || strchr("ZX", at[2])) {
        return 0;
    }
    for (i = 0; at && i < START; i++) {
        at = strchr(at + 1, ' ');
    }
    *start = at ? strtoull(at, NULL, 10) : 0;
    return at != NULL;
}

void ag_process_self(apr_uint32_t *pid, apr_uint64_t *start)
{
    *pid = (apr_uint32_t)getpid();
    *start = 0;
    look_up(start, *pid);
}

int ag_process_runs(apr_uint32_t pid, apr_uint64_t start)
{
    apr_uint64_t found = 0;
    int rv = look_up(&found, pid);

    if (rv < 0) {
        return kill((pid_t)pid, 0) == 0 || errno == EPERM;
    }
    return rv && (found == start || !start);
}
