/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ban: which addresses a running server has banned, and setting them free. It works on the server's
 * own table and needs no database.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "ctl.h"

typedef struct {
    const char *runtime;
    int all;
} ban_options_t;

#define RUNTIME                                                                                                      \
    {                                                                                                                \
        "runtime", AG_OPT_TEXT, offsetof(ban_options_t, runtime), "DIR",                                             \
            "the server's DefaultRuntimeDir, or its file there"                                                      \
    }

static const ag_opt_t list_options[] = {RUNTIME, {0}};

static const ag_opt_t clear_options[] = {
    {"all", AG_OPT_FLAG, offsetof(ban_options_t, all), NULL, "all addresses"},
    RUNTIME,
    {0},
};

static int open_bans(ag_bans_t **bans, const ag_ctl_t *ctl, const char *runtime)
{
    ag_control_t *control;
    apr_size_t room;
    int fd, code = ag_ctl_control(&control, &room, &fd, ctl, runtime);

    if (code != AG_EXIT_OK) {
        return code;
    }
    return ag_control_bans(bans, control, room, 0, NULL, ctl->pool) == APR_SUCCESS
               ? AG_EXIT_OK
               : ag_ctl_fail(AG_EXIT_NO, "the server is of another version of mod_apiguard");
}

/* ---- ban list -------------------------------------------------------------------------------- */

static json_t *as_json(const ag_ban_slot_t *slot, apr_pool_t *p)
{
    return json_pack("{s:o,s:o,s:I,s:I,s:b}", "address", ag_ctl_text(ag_ban_text(&slot->ip, (int)slot->bits, p), p),
                     "server", ag_ctl_text(apr_pstrndup(p, slot->name, AG_BAN_NAME - 1), p), "began",
                     (json_int_t)apr_time_sec(slot->began), "until", (json_int_t)apr_time_sec(slot->until), "dryrun",
                     (int)slot->dry_run);
}

static void print_json(const apr_array_header_t *list, const ag_bans_t *bans, const ag_bans_fill_t *fill,
                       apr_pool_t *p)
{
    json_t *all = json_array();
    int i;

    for (i = 0; i < list->nelts; i++) {
        json_array_append_new(all, as_json(&APR_ARRAY_IDX(list, i, ag_ban_slot_t), p));
    }
    ag_ctl_json(json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I}", "bans", all, "begun", (json_int_t)bans->head->begun,
                          "uncounted", (json_int_t)bans->head->uncounted, "shared", (json_int_t)ag_bans_shared(bans),
                          "places", (json_int_t)fill->places, "banned_places", (json_int_t)fill->banned,
                          "banned_shared", (json_int_t)fill->shared));
}

static void print_table(const apr_array_header_t *list, apr_pool_t *p)
{
    static const char *const titles[] = {"ADDRESS", "SERVER", "BEGAN", "UNTIL", "MODE"};
    apr_array_header_t *cells = apr_array_make(p, list->nelts * 5 + 5, sizeof(char *));
    int i;

    for (i = 0; i < list->nelts; i++) {
        const ag_ban_slot_t *slot = &APR_ARRAY_IDX(list, i, ag_ban_slot_t);

        APR_ARRAY_PUSH(cells, const char *) = ag_ban_text(&slot->ip, (int)slot->bits, p);
        APR_ARRAY_PUSH(cells, const char *) = ag_ctl_plain(apr_pstrndup(p, slot->name, AG_BAN_NAME - 1), p);
        APR_ARRAY_PUSH(cells, const char *) = ag_ctl_time(slot->began, p);
        APR_ARRAY_PUSH(cells, const char *) = ag_ctl_time(slot->until, p);
        APR_ARRAY_PUSH(cells, const char *) = slot->dry_run ? "dryrun" : "in force";
    }
    ag_ctl_table(titles, 5, cells, p);
}

/* Without a ban nothing is full. */
static void print_fill(const ag_bans_t *bans, const ag_bans_fill_t *fill)
{
    printf("%lld of %lld places hold bans\n", (long long)fill->banned, (long long)fill->places);
    if (ag_bans_shared(bans)) {
        printf("%lld wrong credentials of addresses without a place were counted together; %lld of the "
               "places that they share are banned\n",
               (long long)ag_bans_shared(bans), (long long)fill->shared);
    }
}

static int run_list(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const ban_options_t *o = options;
    apr_array_header_t *list;
    ag_bans_fill_t fill;
    ag_bans_t *bans;
    int code = open_bans(&bans, ctl, o->runtime);

    (void)operands;
    if (code != AG_EXIT_OK) {
        return code;
    }
    list = ag_bans_list(bans, ctl->now, ctl->pool);
    ag_bans_fill(&fill, bans, ctl->now);
    if (ctl->json) {
        print_json(list, bans, &fill, ctl->pool);
    }
    else if (list->nelts || fill.shared) {
        print_table(list, ctl->pool);
        print_fill(bans, &fill);
    }
    else {
        puts("nobody is banned");
    }
    return AG_EXIT_OK;
}

/* ---- ban clear ------------------------------------------------------------------------------- */

/* "192.0.2.1", "2001:db8::1" or, as the list shows it, "2001:db8::/64", "2001:db8::/48". */
static int read_address(ag_ip_t *ip, int *bits, const char *text, apr_pool_t *p)
{
    static const int known[] = {AG_BAN_BITS, AG_BAN_CUSTOMER, AG_BAN_NET};
    const char *slash = strchr(text, ':') ? strchr(text, '/') : NULL;
    unsigned i;

    *bits = AG_BAN_BITS;
    for (i = 0; slash && i < sizeof known / sizeof *known; i++) {
        if (strcmp(slash + 1, apr_itoa(p, known[i])) == 0) {
            *bits = known[i];
            text = apr_pstrmemdup(p, text, (apr_size_t)(slash - text));
            break;
        }
    }
    return ag_ip_parse(ip, text);
}

static int tell(const ag_ctl_t *ctl, int ended, const char *address)
{
    if (!ended && address) {
        return ag_ctl_fail(AG_EXIT_NO, "%s is not banned; what was counted of it is forgotten",
                           ag_ctl_plain(address, ctl->pool));
    }
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:i}", "cleared", ended));
    }
    else {
        printf("%d ban%s ended\n", ended, ended == 1 ? "" : "s");
    }
    return AG_EXIT_OK;
}

static int run_clear(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const ban_options_t *o = options;
    const char *address = operands->n ? operands->v[0] : NULL;
    ag_bans_t *bans;
    ag_ip_t ip;
    int code, bits = 0;

    if (!address == !o->all) {
        return ag_ctl_fail(AG_EXIT_USAGE, "an ADDRESS, or --all");
    }
    if (address && !read_address(&ip, &bits, address, ctl->pool)) {
        return ag_ctl_fail(AG_EXIT_USAGE, "\"%s\" is not an address", ag_ctl_plain(address, ctl->pool));
    }
    code = open_bans(&bans, ctl, o->runtime);
    return code == AG_EXIT_OK ? tell(ctl, ag_bans_clear(bans, address ? &ip : NULL, bits, ctl->now), address) : code;
}

const ag_cmd_t ag_cmds_ban[] = {
    {"ban list", run_list, list_options, sizeof(ban_options_t), NULL,
     "show which addresses a running server has banned"},
    {"ban clear", run_clear, clear_options, sizeof(ban_options_t), "[ADDRESS]",
     "end the ban of an address, or all bans"},
    {0},
};
