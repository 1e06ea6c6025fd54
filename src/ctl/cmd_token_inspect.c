/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token inspect: shows what a token says, in words where it is a time, and what is wrong with its form. Whether it is
 * good nobody can tell without the issuer's key, and so this does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "../cred/jwt.h"
#include "ctl.h"

typedef struct {
    const char *alg, *key, *keyset;
} inspect_options_t;

#define OPTION(name, member, value, help)                                                                            \
    {                                                                                                                \
        name, AG_OPT_TEXT, offsetof(inspect_options_t, member), value, help                                          \
    }

static const ag_opt_t inspect_options[] = {
    OPTION("alg", alg, "ALG", "with --key: the algorithm it is for"),
    OPTION("key", key, "file:PATH", "the secret, or a public key in PEM: is the signature its?"),
    OPTION("keyset", keyset, "file:PATH", "likewise, of any key of a set"),
    {0},
};

/* What was found out. */
typedef struct {
    json_t *header, *claims; /* NULL: it cannot be read */
    const char *wrong;       /* with its form; NULL: nothing */
    const char *late;        /* "expired", "not good yet"; NULL: neither */
    int checked;             /* with a key */
    int signed_by_it;
} found_t;

/* ---- reading it -------------------------------------------------------------------------------- */

/* The token of standard input, without blanks around it and the word Bearer in front. */
static const char *read_token(char **token, apr_pool_t *p)
{
    apr_size_t n;
    const char *error = ag_ctl_secret_text(token, &n, "-", p);

    if (error) {
        return error;
    }
    (*token)[n] = '\0';
    *token += strspn(*token, " \t\r\n");
    if (strncasecmp(*token, "Bearer ", 7) == 0) {
        *token += 7 + strspn(*token + 7, " \t");
    }
    (*token)[strcspn(*token, " \t\r\n")] = '\0';
    return **token ? NULL : "there is no token on standard input";
}

/* One part as an object, whatever is wrong with the others. */
static json_t *part(const char *text, apr_size_t n, apr_pool_t *p)
{
    unsigned char *bytes = ag_ctl_secret_memory(n + 1, p);
    int size = ag_base64url_decode(bytes, text, n);

    return size > 0 ? ag_json_object((const char *)bytes, (apr_size_t)size, p) : NULL;
}

static void look_at_form(found_t *found, ag_jwt_t *jwt, const char *token, apr_pool_t *p)
{
    apr_size_t header = strcspn(token, ".");
    const char *payload = token[header] ? token + header + 1 : token + header;

    found->header = part(token, header, p);
    found->claims = part(payload, strcspn(payload, "."), p);
    found->wrong = ag_jwt_parse(jwt, token, strlen(token), p);
    if (!found->wrong && !found->claims) {
        found->wrong = "the payload is not a JSON object, or names a claim twice";
    }
}

/* ---- times ------------------------------------------------------------------------------------- */

/* Seconds since 1970 (RFC 7519 s2: a fraction may follow); 0 when it is no time. */
static int time_of(apr_int64_t *seconds, json_t *claims, const char *name)
{
    json_t *value = json_object_get(claims, name);
    double number = json_number_value(value);

    *seconds = json_is_number(value) && number >= 0 && number <= (double)AG_LAST_SECOND ? (apr_int64_t)number : -1;
    return *seconds >= 0;
}

static const char *span(apr_int64_t seconds, apr_pool_t *p)
{
    static const struct {
        apr_int64_t seconds;
        const char *name;
    } units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}, {1, "seconds"}};
    int i = 0;

    while (i < 3 && seconds < 2 * units[i].seconds) {
        i++;
    }
    return apr_psprintf(p, "%" APR_INT64_T_FMT " %s", seconds / units[i].seconds, units[i].name);
}

/* "2030-01-31T12:00:00Z, in 14 minutes"; NULL: the claim is no time. */
static const char *time_words(json_t *claims, const char *name, apr_time_t now, apr_pool_t *p)
{
    apr_int64_t seconds, from_now;

    if ((strcmp(name, "exp") != 0 && strcmp(name, "nbf") != 0 && strcmp(name, "iat") != 0)
        || !time_of(&seconds, claims, name)) {
        return NULL;
    }
    from_now = seconds - apr_time_sec(now);
    return apr_psprintf(p, from_now < 0 ? "%s, %s ago" : "%s, in %s", ag_ctl_time(apr_time_from_sec(seconds), p),
                        span(from_now < 0 ? -from_now : from_now, p));
}

/* By this machine's clock, without leeway. */
static const char *lateness(json_t *claims, apr_time_t now)
{
    apr_int64_t seconds;

    if (time_of(&seconds, claims, "exp") && seconds <= apr_time_sec(now)) {
        return "expired";
    }
    return time_of(&seconds, claims, "nbf") && seconds > apr_time_sec(now) ? "not good yet" : NULL;
}

/* ---- the signature ----------------------------------------------------------------------------- */

static const char *load(ag_jwt_keyset_t *set, const inspect_options_t *o, apr_pool_t *p)
{
    ag_alg_e alg = o->alg ? ag_alg_find(o->alg) : AG_ALG_NONE;
    const unsigned char *text;
    apr_size_t n;
    const char *error;

    memset(set, 0, sizeof *set);
    if ((o->key != NULL) == (o->keyset != NULL) || (o->key != NULL) != (o->alg != NULL)) {
        return "--alg and --key belong together, and --keyset stands without them";
    }
    if (o->key && alg == AG_ALG_NONE) {
        return apr_pstrcat(p, "--alg is ", ag_alg_list(p), NULL);
    }
    error = ag_ctl_secret_file(&text, &n, o->key ? o->key : o->keyset, p);
    if (error) {
        return error;
    }
    return o->key ? ag_jwt_load_key(set, alg, NULL, (const char *)text, n, p)
                  : ag_jwt_load_jwks(set, (const char *)text, n, p);
}

/* A key of a set that has another name than the token's is not its. */
static int is_signed_by(const ag_jwt_keyset_t *set, const ag_jwt_t *jwt)
{
    int i;

    for (i = 0; i < set->n; i++) {
        const ag_jwt_key_t *key = &set->keys[i];

        if ((!key->kid || !jwt->kid || strcmp(key->kid, jwt->kid) == 0) && ag_jwt_verify(jwt, key)) {
            return 1;
        }
    }
    return 0;
}

static const char *inspect(found_t *found, const char *token, const inspect_options_t *o, const ag_ctl_t *ctl)
{
    ag_jwt_keyset_t set;
    ag_jwt_t jwt;
    const char *error = NULL;

    memset(found, 0, sizeof *found);
    look_at_form(found, &jwt, token, ctl->pool);
    found->late = lateness(found->claims, ctl->now);
    found->checked = o->alg || o->key || o->keyset;
    if (found->checked) {
        error = load(&set, o, ctl->pool);
        found->signed_by_it = !error && !found->wrong && is_signed_by(&set, &jwt);
    }
    return error;
}

/* ---- telling it -------------------------------------------------------------------------------- */

/* Never "valid" without a key. */
static const char *verdict(const found_t *found)
{
    if (found->wrong) {
        return "malformed";
    }
    if (found->checked && !found->signed_by_it) {
        return "not signed by this key";
    }
    if (found->late) {
        return found->late;
    }
    return found->checked ? "valid" : "not checked: that takes the issuer's key, by --alg and --key or by --keyset";
}

static void print_members(const char *title, json_t *object, const ag_ctl_t *ctl)
{
    const char *name;
    json_t *value;

    printf("%s\n", title);
    if (!object) {
        puts("  cannot be read");
    }
    json_object_foreach (object, name, value) {
        const char *words = time_words(object, name, ctl->now, ctl->pool);
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

        printf("  %s: %s%s%s%s\n", ag_ctl_plain(name, ctl->pool), ag_ctl_plain(text, ctl->pool), words ? " (" : "",
               words ? words : "", words ? ")" : "");
        free(text);
    }
}

static json_t *times(json_t *claims, const ag_ctl_t *ctl)
{
    json_t *all = json_object();
    const char *name;
    json_t *value;

    json_object_foreach (claims, name, value) {
        const char *words = time_words(claims, name, ctl->now, ctl->pool);

        if (words) {
            json_object_set_new(all, name, json_string(words));
        }
    }
    return all;
}

static void tell(const found_t *found, const ag_ctl_t *ctl)
{
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:O?, s:O?, s:o, s:o, s:s}", "header", found->header, "claims", found->claims,
                              "times", times(found->claims, ctl), "wrong", ag_ctl_text(found->wrong, ctl->pool),
                              "verdict", verdict(found)));
        return;
    }
    print_members("header", found->header, ctl);
    print_members("claims", found->claims, ctl);
    if (found->wrong) {
        printf("form: %s\n", found->wrong);
    }
    printf("verdict: %s\n", verdict(found));
}

static int token_inspect(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    found_t found;
    char *token;
    const char *error = read_token(&token, ctl->pool);

    (void)operands;
    error = error ? error : inspect(&found, token, options, ctl);
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    tell(&found, ctl);
    return found.wrong || found.late || (found.checked && !found.signed_by_it) ? AG_EXIT_NO : AG_EXIT_OK;
}

const ag_cmd_t ag_cmds_token_inspect[] = {
    {"token inspect", token_inspect, inspect_options, sizeof(inspect_options_t), NULL,
     "show what a token on standard input says"},
    {0},
};
