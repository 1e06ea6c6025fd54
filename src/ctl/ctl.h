/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl: what the commands of apiguardctl share. A command is a row in main.c and a function; its
 * options are a table, from which they are read and from which its help is printed.
 *
 * A secret is read from standard input or a file, never from the command line, and what goes to the
 * database goes as a bound parameter.
 */
#ifndef AG_CTL_H
#define AG_CTL_H

#include <stddef.h>

#include <jansson.h>

#include "../base/log.h"
#include "../base/text.h"
#include "../core/ports.h"
#include "../control/control.h"

typedef enum {
    AG_EXIT_OK = 0,
    AG_EXIT_NO = 1, /* not found, or refused */
    AG_EXIT_USAGE = 2,
    AG_EXIT_DATABASE = 3,
    AG_EXIT_LATER = 4 /* done, but a server of this machine could not be told: it finds out */
} ag_exit_e;

typedef struct ag_ctl_t {
    apr_pool_t *pool;
    apr_time_t now;
    const char *address; /* DRIVER:PARAMS */
    int json;
    int terminal;                       /* stdout is one */
    ag_log_t log;                       /* to stderr */
    ag_db_t db;                         /* after ag_ctl_open() */
    int changed;                        /* rows were changed: the servers are told when the command is through */
    apr_dbd_transaction_t *transaction; /* between ag_ctl_begin() and ag_ctl_end() */
} ag_ctl_t;

/* ---- options.c ------------------------------------------------------------------------------- */

typedef enum {
    AG_OPT_TEXT, /* const char *, once */
    AG_OPT_LIST, /* ag_words_t, each time one more */
    AG_OPT_FLAG  /* int */
} ag_opt_e;

/* A table ends with a row without name. */
typedef struct ag_opt_t {
    const char *name; /* without the dashes */
    ag_opt_e kind;
    apr_size_t offset; /* in the command's struct */
    const char *value; /* what to call its value in the help */
    const char *help;
} ag_opt_t;

/* Reads the words behind the command: options into `into`, the others to *operands. An error text
 * or NULL. `into` is set to zero or defaults by the caller. */
const char *ag_ctl_options(void *into, ag_words_t *operands, const ag_opt_t *table, const ag_words_t *words,
                           apr_pool_t *p);

/* ---- output.c -------------------------------------------------------------------------------- */

/* "apiguardctl: ..." to stderr, where nothing of it can steer a terminal; returns `code`. */
int ag_ctl_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The object or array on one line of stdout, with what could steer a terminal escaped; takes it over. */
void ag_ctl_json(json_t *value);

/* A text as a JSON value: NULL is null, bytes that are no UTF-8 become "?". */
json_t *ag_ctl_text(const char *text, apr_pool_t *p);

/* "2030-01-31T12:00:00Z" */
const char *ag_ctl_time(apr_time_t time, apr_pool_t *p);

/* The text as ag_text_plain() has it; NULL is "". */
const char *ag_ctl_plain(const char *text, apr_pool_t *p);

/* Rows of `columns` texts each, in aligned columns under their titles. */
void ag_ctl_table(const char *const *titles, int columns, const apr_array_header_t *cells, apr_pool_t *p);

/* Says that the thing of that name is gone. */
void ag_ctl_removed(const ag_ctl_t *ctl, const char *what, const char *name);

/* ---- input.c --------------------------------------------------------------------------------- */

/* Wipes that memory of the pool when the pool goes. */
void ag_ctl_wipe_later(void *bytes, apr_size_t size, apr_pool_t *p);

/* Zeroed memory that is wiped when the pool goes. */
void *ag_ctl_secret_memory(apr_size_t size, apr_pool_t *p);

/* One line from standard input without its end; wiped when the pool goes. NULL and a message when
 * there is none, or more than 8 KB. */
char *ag_ctl_secret(apr_pool_t *p);

/* The bytes of "file:PATH" less one final newline; wiped when the pool goes. An error text or
 * NULL. */
const char *ag_ctl_secret_file(const unsigned char **bytes, apr_size_t *n, const char *value, apr_pool_t *p);

/* All of a file, or of standard input for "-": wiped when the pool goes; one byte more than *n may
 * be written to. An error text or NULL. */
const char *ag_ctl_secret_text(char **text, apr_size_t *n, const char *path, apr_pool_t *p);

/* A point in time from now on: "never" (0), a duration ("90d") or a date ("2030-01-31", also with
 * "T12:00:00Z"). Seconds since 1970. An error text or NULL. */
const char *ag_ctl_until(apr_int64_t *seconds, const char *text, apr_time_t now, apr_pool_t *p);

/* ---- database.c ------------------------------------------------------------------------------ */

/* Splits DRIVER:PARAMS; an error text or NULL. */
const char *ag_ctl_address(const char **driver, const char **params, const char *address, apr_pool_t *p);

/* Opens ctl->address. With `schema` the tables must be there, else it says how to make them. An
 * exit code; what was wrong has been said. */
int ag_ctl_open(ag_ctl_t *ctl, int schema);

/* The connection as the key store wants it. */
ag_db_port_t ag_ctl_port(ag_ctl_t *ctl);

/* Rows of texts, NULL for NULL. */
typedef struct ag_rows_t {
    int n;
    int columns;
    const char **cells; /* n times columns */
} ag_rows_t;

/* Runs a statement with bound values (NULL for NULL). An exit code; what was wrong was said. */
int ag_ctl_select(ag_rows_t *rows, ag_ctl_t *ctl, const char *sql, int n, const char **values);
int ag_ctl_change(int *changed, ag_ctl_t *ctl, const char *sql, int n, const char **values);

/* What is changed between the two is done as a whole or not at all. ag_ctl_end() commits when
 * `code` is AG_EXIT_OK, else it takes everything back; it returns `code`, or why the commit failed
 * (which was said). Every ag_ctl_begin() that succeeds is followed by one ag_ctl_end(). */
int ag_ctl_begin(ag_ctl_t *ctl);
int ag_ctl_end(ag_ctl_t *ctl, int code);

/* Runs a text of SQL that yields no rows; how many statements it may hold is up to the driver. */
int ag_ctl_run(ag_ctl_t *ctl, const char *sql);

/* ---- httpd_user.c ---------------------------------------------------------------------------- */

/* The name of the user httpd runs as on this machine, as far as can be seen; or NULL. */
const char *ag_ctl_httpd_user(apr_pool_t *p);

/* ---- script.c -------------------------------------------------------------------------------- */

/* Runs a script of many statements; for MariaDB with the DELIMITER lines its own client knows. */
int ag_ctl_script(ag_ctl_t *ctl, const char *sql);

/* ---- notify.c -------------------------------------------------------------------------------- */

/* Tells the servers of this machine that something was changed and committed. AG_EXIT_OK, or
 * AG_EXIT_LATER after saying why. main.c calls it when a command has changed a row. */
int ag_ctl_notify(ag_ctl_t *ctl);

/* ---- upgrade.c ------------------------------------------------------------------------------- */

typedef struct ag_upgrade_t {
    int from; /* the version that was there; 0: none */
    int to;
} ag_upgrade_t;

/* NULL when there is a schema for this driver, else an error text. */
const char *ag_ctl_no_schema(const char *driver, apr_pool_t *p);

/* Makes the tables, or brings them to this source's version; all or nothing where the database can.
 * An exit code; what was wrong has been said. */
int ag_ctl_upgrade(ag_upgrade_t *done, ag_ctl_t *ctl, const char *driver);

/* ---- control.c ---------------------------------------------------------------------------------- */

/* Opens the control file of the server of this machine: the one whose runtime directory is `runtime`, or that
 * file; NULL: the only one in the usual directories. *fd is to ask by, *room what ag_control_bans()
 * wants. From then on the tool is root no more. An exit code; what was wrong has been said. */
int ag_ctl_control(ag_control_t **control, apr_size_t *room, int *fd, const ag_ctl_t *ctl, const char *runtime);

/* ---- commands -------------------------------------------------------------------------------- */

typedef struct ag_cmd_t {
    const char *name; /* "key create" */
    int (*run)(ag_ctl_t *ctl, const void *options, const ag_words_t *operands);
    const ag_opt_t *options; /* may be NULL */
    apr_size_t size;         /* of the struct they go to */
    const char *operands;    /* "KEY", "LIST NETWORK...", "[FILE]"; NULL: it takes none */
    const char *help;
} ag_cmd_t;

/* The commands of one file; a row without name ends them. commands.c knows all of them. */
extern const ag_cmd_t ag_cmds_init[], ag_cmds_ban[], ag_cmds_limit[], ag_cmds_key_create[], ag_cmds_key_list[],
    ag_cmds_key[], ag_cmds_key_rotate[], ag_cmds_key_import[], ag_cmds_key_export[], ag_cmds_key_find[], ag_cmds_ip[],
    ag_cmds_ip_review[], ag_cmds_plan[], ag_cmds_template[], ag_cmds_token[], ag_cmds_token_inspect[],
    ag_cmds_token_revoke[], ag_cmds_schema[], ag_cmds_usage[], ag_cmds_openapi[];

/* The i-th command in the order of the help, from 0; NULL behind the last. */
const ag_cmd_t *ag_ctl_command(int i);

/* The command whose name the words from `from` on begin with, two words before one; *n is how many
 * that were. NULL: none. */
const ag_cmd_t *ag_ctl_find_command(const ag_words_t *words, int from, int *n, apr_pool_t *p);

/* Are there as many words as the command wants? An error text, which does not quote them, since one
 * might be a secret; or NULL. */
const char *ag_ctl_operands(const ag_cmd_t *command, const ag_words_t *words, apr_pool_t *p);

/* ---- help.c ---------------------------------------------------------------------------------- */

/* Prints a command's help, or with NULL that of all; `globals` are the options every command has.
 * As JSON it is the whole table, for programs. */
void ag_ctl_help(const ag_cmd_t *command, const ag_opt_t *globals, int json, apr_pool_t *p);

/* ---- complete.c ------------------------------------------------------------------------------ */

/* Prints what the last of these words may become: words of commands, or options. */
void ag_ctl_complete(const ag_words_t *words, const ag_opt_t *globals, apr_pool_t *p);

#endif
