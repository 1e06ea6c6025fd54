/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script: many statements in one text. SQLite and PostgreSQL take it as it is. MariaDB takes one
 * statement at a time, and its client tells where one ends by the delimiter at the end of a line,
 * which a line "DELIMITER //" sets to something else while procedures are made, whose bodies hold
 * semicolons. This reads a script just so, that one file may serve both.
 */
#include <string.h>

#include <apr_strings.h>

#include "../core/sql_text.h"
#include "ctl.h"

#define WORD "DELIMITER "

/* Cuts the first line off *text. */
static const char *line_of(const char **text, apr_pool_t *p)
{
    apr_size_t n = strcspn(*text, "\n");
    const char *line = apr_pstrmemdup(p, *text, n);

    *text += n + ((*text)[n] == '\n');
    return line;
}

/* 1 when the line ends with the delimiter, which is then cut off. */
static int ends(const char **line, const char *delimiter, apr_pool_t *p)
{
    apr_size_t n = strlen(*line), d = strlen(delimiter);

    if (n < d || strcmp(*line + n - d, delimiter) != 0) {
        return 0;
    }
    *line = apr_pstrmemdup(p, *line, n - d);
    return 1;
}

static int run_each(ag_ctl_t *ctl, const char *sql)
{
    const char *delimiter = ";", *statement = "";
    int code = AG_EXIT_OK;

    while (*sql && code == AG_EXIT_OK) {
        const char *line = line_of(&sql, ctl->pool);
        int last;

        if (strncmp(line, WORD, strlen(WORD)) == 0) {
            delimiter = line + strlen(WORD);
            continue;
        }
        last = ends(&line, delimiter, ctl->pool);
        statement = apr_pstrcat(ctl->pool, statement, line, "\n", NULL);
        if (last) {
            code = ag_ctl_run(ctl, statement);
            statement = "";
        }
    }
    return code;
}

int ag_ctl_script(ag_ctl_t *ctl, const char *sql)
{
    return ag_sql_text_needed(&ctl->db) ? run_each(ctl, sql) : ag_ctl_run(ctl, sql);
}
