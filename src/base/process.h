/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process: is that process still there, and is it still the same? A process id alone is given to
 * another one after a while; the time it was started tells them apart.
 */
#ifndef AG_PROCESS_H
#define AG_PROCESS_H

#include <apr.h>

/* This process's id, and a number that differs from that of every other process of the same id. */
void ag_process_self(apr_uint32_t *pid, apr_uint64_t *start);

/* 1 while the process of these two numbers runs. Where it cannot be found out when a process was
 * started, any of that id counts: who lives is never taken for dead. */
int ag_process_runs(apr_uint32_t pid, apr_uint64_t start);

#endif
