/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip_file: a file with one network a line, where # or ; begins a comment. It is taken over whole or not
 * at all while there is something to go on with. One that is being written is left alone until it has
 * stood still for one look.
 */
#include "ip_source.h"

#include <apr_file_info.h>
#include <apr_strings.h>

#include "../base/digest.h"
#include "../core/keep.h"
#include "../core/open.h"

#define LINES   1000 /* so many are read before their memory is given back */
#define TOLD    8    /* so many bytes of what is no address are quoted */
#define GOES_ON "; what was read before goes on"
#define UNSURE  "; addresses that are not in the file get 503"

/* Differs when the file does: 0 when there is none. */
static apr_int64_t stamp_of(const ag_ip_source_t *source, apr_pool_t *p)
{
    apr_finfo_t info;
    apr_int64_t words[5];
    ag_id_t id;

    memset(&info, 0, sizeof info);
    if (apr_stat(&info, source->name + 5, APR_FINFO_NORM, p) != APR_SUCCESS) {
        return 0;
    }
    words[0] = info.mtime;
    words[1] = info.ctime;
    words[2] = info.size;
    words[3] = (apr_int64_t)info.inode;
    words[4] = (apr_int64_t)info.device;
    id = ag_id_of(words, sizeof words);
    return (apr_int64_t)(id.lo | 1);
}

/* How a message quotes a word. Whoever writes the directory may put a link in the file's place, and root would
 * log the password file's first line: whole is quoted only what is a typing error in an address. */
static const char *quotable(const char *word, apr_pool_t *p)
{
    int like = strpbrk(word, ".:/") && !word[strspn(word, "0123456789abcdefABCDEF.:/")];

    return like || strlen(word) <= TOLD ? word : apr_psprintf(p, "%.*s...", TOLD, word);
}

/* One entry, or none (then *net is left alone); what follows a # or ; is passed over. */
static const char *read_line(ag_net_t *net, int *there, char *line, apr_pool_t *p)
{
    char *word, *more, *last;

    line[strcspn(line, "#;")] = '\0';
    word = apr_strtok(line, " \t\r", &last);
    more = word ? apr_strtok(NULL, " \t\r", &last) : NULL;
    *there = word != NULL;
    if (more) {
        return apr_psprintf(p, "\"%s\" is too many: one entry a line", quotable(more, p));
    }
    return word && ag_net_parse(net, word, NULL, p)
               ? apr_psprintf(p, "\"%s\" is not an address or network", quotable(word, p))
               : NULL;
}

typedef struct {
    ag_iptable_maker_t *maker;
    int taken;
    const char *error; /* the first line that is no network */
} reading_t;

/* An error that ends it all, or NULL. */
static const char *take_line(reading_t *reading, int number, char *line, apr_pool_t *pline, apr_pool_t *p)
{
    ag_net_t net;
    int there;
    const char *error = read_line(&net, &there, line, pline);

    if (error) {
        ag_iptable_miss(reading->maker);
        reading->error = reading->error ? reading->error : apr_psprintf(p, "line %d: %s", number, error);
    }
    else if (there && !ag_iptable_add(reading->maker, &net, 0, NULL)) {
        return "there are too many entries";
    }
    reading->taken += there && !error;
    return NULL;
}

static const char *read_lines(reading_t *reading, char *text, apr_pool_t *p)
{
    const char *error = NULL;
    apr_pool_t *pline;
    int line = 0;

    apr_pool_create(&pline, p);
    while (!error && text) {
        char *next = strchr(text, '\n');

        if (next) {
            *next++ = '\0';
        }
        if (++line % LINES == 0) {
            apr_pool_clear(pline);
        }
        error = take_line(reading, line, text, pline, p);
        text = next;
    }
    apr_pool_destroy(pline);
    return error;
}

/* Takes over what was read. With *missed, where it is not NULL, lines that are no network are passed
 * over and *missed tells of the first; else one is an error. */
static const char *publish(const ag_ip_source_t *source, const char **missed, char *text, apr_pool_t *p)
{
    reading_t reading = {ag_iptable_start(0, p), 0, NULL};
    const ag_iptable_t *table;
    const char *error = read_lines(&reading, text, p);

    if (!error && reading.error && (!missed || !reading.taken)) {
        error = reading.error;
    }
    if (error) {
        return apr_psprintf(p, "%s, %s", source->name, error);
    }
    table = ag_iptable_finish(reading.maker, 0);
    if (!table || ag_ipshare_publish(source->share, table) != APR_SUCCESS) {
        return apr_psprintf(p, "%s is too long for the memory there is", source->name);
    }
    ag_ipshare_confirm(source->share, AG_IPSHARE_EVER);
    if (reading.error) {
        *missed = apr_psprintf(p, "%s, %s", source->name, reading.error);
    }
    return NULL;
}

/* A download that failed leaves a file without anything in it, and nobody would be kept out. Who means that
 * leaves a comment. */
static int is_lost(const char *text)
{
    return !text[strspn(text, " \t\r\n")];
}

static const char *load(const ag_ip_source_t *source, const char **missed, apr_pool_t *p)
{
    apr_size_t n;
    char *text;
    const char *from, *error = ag_open_source(&text, &n, source->name, p);

    if (error) {
        return error;
    }
    from = text;
    ag_open_skip_mark(&from, &n);
    if (strlen(from) < n) {
        return apr_psprintf(p, "%s is no text in UTF-8", source->name);
    }
    if (is_lost(from)) {
        return apr_psprintf(p, "%s is empty; where that is meant, leave a comment in it", source->name);
    }
    return publish(source, missed, text + (from - text), p);
}

static apr_status_t make_share(ag_ip_source_t *source, apr_pool_t *p)
{
    ag_ipshare_notes_t *notes;
    apr_status_t rv = ag_ipshare_make(&source->share, NULL);

    if (rv != APR_SUCCESS) {
        source->share = NULL;
        return rv;
    }
    notes = ag_ipshare_notes(source->share);
    notes->version = notes->found = stamp_of(source, p);
    return APR_SUCCESS;
}

/* Into new memory each time: what is in force belongs to children that still run. */
const char *ag_ip_file_open(void *ctx, ag_later_call_t *opening)
{
    ag_ip_source_t *source = ctx;
    apr_pool_t *p = opening->ptmp;
    const char *key = apr_pstrcat(p, "mod_apiguard:file:2:", source->name, NULL);
    ag_ipshare_t **kept = ag_keep(key, sizeof *kept, opening->pkeep);
    int good = *kept && ag_ipshare_whole(*kept);
    const char *error, *missed = NULL;
    apr_status_t rv = make_share(source, p);
    char text[128];

    if (rv != APR_SUCCESS) {
        return apr_psprintf(p, "%s: no memory can be shared: %s", source->name, apr_strerror(rv, text, sizeof text));
    }
    error = load(source, good ? NULL : &missed, p);
    if (error && good) {
        ag_ipshare_drop(source->share);
        source->share = *kept;
        opening->warning = apr_pstrcat(p, error, GOES_ON, NULL);
        return NULL;
    }
    if (*kept) {
        ag_ipshare_drop(*kept);
    }
    *kept = source->share;
    opening->warning = missed ? apr_pstrcat(p, missed, UNSURE, NULL) : NULL;
    return error;
}

void ag_ip_file_poll(const ag_ip_source_t *source, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_ipshare_notes_t *notes = ag_ipshare_notes(source->share);
    int good = ag_ipshare_whole(source->share);
    const char *error, *missed = NULL;
    apr_int64_t stamp;

    if (!ag_ipshare_turn(source->share, now)) {
        return;
    }
    stamp = stamp_of(source, p);
    if (stamp != notes->version && stamp == notes->found) {
        error = load(source, good ? NULL : &missed, p);
        notes->version = stamp; /* good or bad, it is looked at once */
        if (error || missed) {
            ag_log(log, AG_LOG_ERROR, 0, "AG0440: Require api-ip: %s%s", error ? error : missed,
                   missed || !good ? UNSURE : GOES_ON);
        }
        else {
            ag_log(log, AG_LOG_NOTICE, 0, "AG0441: Require api-ip: %s has changed and was read", source->name);
        }
    }
    notes->found = stamp;
    ag_ipshare_rest(source->share, now + apr_time_from_sec(1));
}
