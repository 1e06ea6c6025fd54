/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the engine behind every directive. A directive is one row of a table (policy.def,
 * site.def): its name, the struct member it fills, its kind, its default. Parsing, defaults, merging
 * of sections and the message for a wrong value all come from the row and its kind.
 *
 * A settings struct begins with AG_SETTINGS_HEAD(rows): a bit for each row, set when it was written.
 */
#ifndef AG_SETTING_H
#define AG_SETTING_H

#include <apr_hash.h>

#include "../base/digest.h"
#include "../base/text.h"
#include "ports.h"

typedef struct ag_setting_t ag_setting_t;

/* ---- what waits until the whole configuration is read ------------------------------------------ */

/* Whose mistake it is when it fails: the administrator's, who wrote the line, or that of those who write
 * what it names (a key set that a timer fetches, a list of addresses). Theirs stops only a first start; a
 * server that runs goes on, and ctx is left as "nobody can tell", which is 503. */
typedef enum { AG_LATER_OURS, AG_LATER_THEIRS } ag_later_whose_e;

typedef struct ag_later_call_t {
    apr_pool_t *p;     /* lives as long as the configuration */
    apr_pool_t *pkeep; /* lives as long as the server, over reloads; NULL in .htaccess */
    apr_pool_t *ptmp;
    const char *warning; /* out: it is done, but. From ptmp, or NULL */
    /* Of the line that left it: */
    const void *server;
    const char *server_name; /* by which its limits go: the server's own, or the fleet's prefix */
    const char *section;
    apr_hash_t *named; /* as in ag_setting_call_t */
} ag_later_call_t;

/* Does it. An error text that says what is wrong with what, or NULL. */
typedef const char *ag_later_fn(void *ctx, ag_later_call_t *call);

typedef struct ag_later_t {
    const char *directive; /* for the message */
    ag_later_whose_e whose;
    ag_later_fn *run;
    void *ctx;
    const void *server;
    const char *section;
} ag_later_t;

/* The ctx of a task that `run` is to do, or NULL: to find what lines of one kind have left. */
static inline void *ag_later_of(const ag_later_t *task, ag_later_fn *run)
{
    return task->run == run ? task->ctx : NULL;
}

/* What a kind may need while it parses. */
typedef struct ag_setting_call_t {
    apr_pool_t *p;              /* lives as long as the configuration */
    const ag_expr_port_t *expr; /* the server's expressions */
    const char *root;           /* relative paths begin here */
    int again;                  /* the row was written before in this very section */
    apr_array_header_t *later;  /* ag_later_t; NULL in .htaccess, where nothing may be opened */
    apr_hash_t *named;          /* what lines have named, for ag_setting_first(); NULL: nothing */
    const void *server;         /* httpd's record; in .htaccess the first with the same database */
    const char *server_name;    /* as in ag_later_call_t; NULL until all is read */
    const char *section;        /* where the line stands, in words that are equal on every node */
} ag_setting_call_t;

/* Leaves a task behind; in .htaccess it is done at once, and its error is returned. */
const char *ag_setting_later(const ag_setting_call_t *call, const char *directive, ag_later_whose_e whose,
                             ag_later_fn *run, void *ctx);

/* The first thing of that name on the server (NULL: the name is one for all): one that is there, or
 * `thing`, which is entered then. `thing` NULL: it is only looked for. */
void *ag_setting_first(apr_hash_t *named, const void *server, const char *name, void *thing, apr_pool_t *p);

/* ---- kinds and rows ----------------------------------------------------------------------------- */

/* A kind of value. */
typedef struct ag_setting_kind_t {
    /* Reads the words into *value. NULL, or an error text without the directive's name. */
    const char *(*parse)(void *value, const ag_setting_t *row, const ag_words_t *words,
                         const ag_setting_call_t *call);
    /* Joins an outer and an inner section's values; NULL: the inner replaces the outer. */
    void (*merge)(void *value, const void *outer, const void *inner, apr_pool_t *p);
    /* The value in short, for AG_IN_REALM; NULL: its rows cannot have that flag. A section's is asked
     * for each token: what takes long is done by parse. */
    ag_id_t (*digest)(const void *value);
} ag_setting_kind_t;

/* Each row has one of the last two. */
enum {
    AG_IN_HTACCESS = 1,  /* may stand in .htaccess (AllowOverride AuthConfig) */
    AG_IN_SERVER = 2,    /* may stand outside of sections */
    AG_MAIN_ONLY = 4,    /* site: not in <VirtualHost> */
    AG_IN_REALM = 8,     /* a credential accepted under another value is checked anew */
    AG_NOT_IN_REALM = 16 /* a credential remembered as good is good under any value: the row is
                               obeyed before the cache is asked, or again for each request */
};

struct ag_setting_t {
    const char *name; /* the directive */
    const ag_setting_kind_t *kind;
    apr_size_t offset;
    apr_size_t size;
    const char *initial; /* the default, as it would be written; NULL: all zero */
    const char *allowed; /* the kind's own: "on|off", "0..600" */
    int where;
    const char *help;
};

/* The first member of a settings struct with `count` rows. */
#define AG_SETTINGS_HEAD(count) apr_uint64_t written[((count) + 63) / 64]

/* All rows of a settings struct. */
typedef struct ag_settings_t {
    const ag_setting_t *rows;
    int n;
    apr_size_t size; /* of the struct */
} ag_settings_t;

/* Was row `row` written here? Likewise: was any? */
int ag_setting_written(const void *settings, int row);
int ag_settings_written(const void *settings, const ag_settings_t *table);

/* Reads a directive's line into its member. NULL, or "NAME: what is wrong". */
const char *ag_setting_read(void *settings, const ag_setting_t *rows, int row, const char *line,
                            ag_setting_call_t *call);

/* Fills `settings` (all zero) with every row's default; these are not marked as written. */
void ag_settings_initial(void *settings, const ag_settings_t *table, apr_pool_t *p);

/* merged = outer overlaid by inner. */
void ag_settings_merge(void *merged, const void *outer, const void *inner, const ag_settings_t *table, apr_pool_t *p);

/* Ids in their order; the same one twice does not vanish, as in ag_id_mix(). */
ag_id_t ag_setting_chain(ag_id_t a, ag_id_t b);

/* The digest of all rows with AG_IN_REALM: part of the id under which an accepted credential is
 * remembered, so that one accepted under other values is not found. */
ag_id_t ag_settings_realm(const void *settings, const ag_settings_t *table);

/* The kinds that need no knowledge of rooms. */
extern const ag_setting_kind_t ag_kind_choice, /* int: which of row->allowed "a|b|c" */
    ag_kind_flags,    /* unsigned: bit set of those; a last choice "off" or "none" is no bit */
    ag_kind_number,   /* apr_int64_t: within row->allowed "MIN..MAX" */
    ag_kind_duration, /* apr_int64_t: seconds */
    ag_kind_size,     /* apr_int64_t: bytes, at least row->allowed */
    ag_kind_text,     /* const char *: one word */
    ag_kind_words;    /* ag_words_t: one or more; "none" alone is the empty list */

/* "a", "b" or "c" from "a|b|c", for messages. */
const char *ag_setting_choices(const char *allowed, apr_pool_t *p);

/* Which of "a|b|c" the word is, from 0, or -1. */
int ag_setting_choose(const char *allowed, const char *word);

#endif
