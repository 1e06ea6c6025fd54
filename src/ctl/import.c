/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: see import.h.
 */
#include "import.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "../base/date.h"
#include "../keys/key_format.h"

#define SHOWN 2 /* the public prefix is at most this part of a key: a half */

static int has_two_dots(const char *key)
{
    const char *first = strchr(key, '.');
    const char *second = first ? strchr(first + 1, '.') : NULL;

    return second && !strchr(second + 1, '.');
}

/* What the server would take for something else could never be used. */
static const char *check_key(const char *key)
{
    apr_size_t n = strlen(key);

    if (n > AG_KEY_LONGEST || !ag_text_visible(key, n, 0)) {
        return "a key is 1 to 512 printable ASCII characters without spaces";
    }
    if (has_two_dots(key)) {
        return "with two dots in it, it would be taken for a token";
    }
    return ag_key_shape(key, n) == AG_KEY_TYPO
               ? "it has the shape of our own keys, but its checksum does not fit: a typing error"
               : NULL;
}

/* The hash and the public prefix of the key in the file. An error text or NULL. */
static const char *hash_key(ag_draft_t *d, const char *key, const ag_import_t *im, apr_pool_t *p)
{
    char *hash = apr_palloc(p, 2 * AG_SHA256_SIZE + 1);
    const char *prefix = d->text[AG_D_PREFIX];
    const char *error = check_key(key);

    if (error) {
        return error;
    }
    if (prefix && strlen(prefix) > strlen(key) / SHOWN) {
        return "its key_prefix, which everybody may see, is longer than half of it";
    }
    ag_key_hash(hash, key, strlen(key), im->pepper, im->pepper_size);
    d->text[AG_D_HASH] = hash;
    d->text[AG_D_PREFIX] = prefix ? prefix : ag_key_public(key, strlen(key), p);
    return NULL;
}

/* A date is as good as the number of its second. */
static void read_times(ag_draft_t *d, apr_pool_t *p)
{
    apr_int64_t seconds;
    int i;

    for (i = 0; i < AG_D_COUNT; i++) {
        if (ag_draft_is_time((ag_draft_e)i) && d->text[i] && ag_date_read(&seconds, d->text[i])) {
            d->text[i] = apr_psprintf(p, "%" APR_INT64_T_FMT, seconds);
        }
    }
}

/* A server with a pepper never looks for a bcrypt hash, which is made without it. */
static int is_never_found(const ag_draft_t *d, const ag_import_t *im)
{
    return im->pepper_size && d->text[AG_D_HASH] && ag_draft_is_bcrypt(d->text[AG_D_HASH]);
}

/* Hexadecimal as the table holds it; its first digits open nothing and may name the key. */
static void read_hash(ag_draft_t *d, apr_pool_t *p)
{
    char *hash = apr_pstrdup(p, d->text[AG_D_HASH]);
    char *at;

    if (ag_draft_is_bcrypt(hash)) {
        return;
    }
    for (at = hash; *at; at++) {
        *at = (char)apr_tolower(*at);
    }
    d->text[AG_D_HASH] = hash;
    if (!d->text[AG_D_PREFIX]) {
        d->text[AG_D_PREFIX] = apr_psprintf(p, "%.8s...", hash);
    }
}

static void fill_defaults(ag_draft_t *d, const ag_record_t *r, const ag_import_t *im, apr_pool_t *p)
{
    if (!(r->here & 1u << AG_D_EXPIRES)) {
        d->text[AG_D_EXPIRES] = im->expires;
    }
    if (!d->text[AG_D_CREATED]) {
        d->text[AG_D_CREATED] = apr_psprintf(p, "%" APR_INT64_T_FMT, apr_time_sec(im->now));
    }
    if (!d->text[AG_D_ACTIVE]) {
        d->text[AG_D_ACTIVE] = "1";
    }
}

const char *ag_import_draft(ag_draft_t *d, const char **column, const ag_record_t *r, const ag_import_t *im,
                            apr_pool_t *p)
{
    const char *key = r->text[AG_R_KEY];
    const char *error;
    ag_draft_e wrong;

    memcpy(d->text, r->text, sizeof d->text);
    *column = NULL;
    if (!key == !d->text[AG_D_HASH]) {
        return "it needs either a key or a key_hash";
    }
    *column = ag_draft_name(AG_D_EXPIRES);
    if (!(r->here & 1u << AG_D_EXPIRES) && !im->expires_said) {
        return "it is missing: add it, or say --expires 90d or --expires never";
    }
    *column = ag_draft_name(AG_D_HASH);
    if (is_never_found(d, im)) {
        return "with a pepper no bcrypt hash is looked for";
    }
    *column = ag_records_name(AG_R_KEY);
    error = key ? hash_key(d, key, im, p) : NULL;
    if (error) {
        return error;
    }
    read_hash(d, p);
    read_times(d, p);
    fill_defaults(d, r, im, p);
    error = ag_draft_check(&wrong, d, p) ? ag_draft_rule(wrong) : NULL;
    *column = error ? ag_draft_name(wrong) : NULL;
    return error;
}
