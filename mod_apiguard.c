/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_apiguard: the door. The module record and the list of its hooks, in the order in which a
 * request meets them; what they do stands in src/server and src/httpd, what
 * they decide in src/guard.
 */
#include "src/httpd/body.h"
#include "src/httpd/request.h"
#include "src/httpd/hide.h"

static void register_hooks(apr_pool_t *p)
{
    static const char *const watchdog[] = {"mod_watchdog.c", NULL};
    static const char *const authz[] = {"mod_authz_core.c", NULL};
    /* These read the request in fixups; mod_security2 its body, too, which nobody need send us unasked. */
    static const char *const after_us[] = {"mod_proxy.c", "mod_rewrite.c", "mod_security2.c", NULL};
    static const char *const core[] = {"core.c", NULL};
    /* What they say of an answer is said: ours are the last. */
    static const char *const headers[] = {"mod_headers.c", "mod_expires.c", NULL};

    (void)p;
    /* start */
    ap_hook_pre_config(ag_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(ag_check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(ag_watchdog_start, NULL, watchdog, APR_HOOK_MIDDLE);
    ap_hook_post_config(ag_post_config, NULL, NULL, APR_HOOK_LAST);
    ap_hook_post_config(ag_mask_collect, NULL, NULL, APR_HOOK_LAST);
    ap_hook_post_config(ag_trailers_collect, NULL, NULL, APR_HOOK_LAST);
    ap_hook_post_config(ag_secure_look, NULL, NULL, APR_HOOK_LAST);
    ap_hook_child_init(ag_child_init, NULL, NULL, APR_HOOK_LAST);
    ap_hook_child_init(ag_watchdog_child, NULL, NULL, APR_HOOK_REALLY_LAST);

    /* a request */
    ap_hook_post_read_request(ag_strip_forged, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    ap_hook_post_read_request(ag_mask_target, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_pre_translate_name(ag_unmask_target, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    ap_hook_pre_translate_name(ag_mask_target, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_translate_name(ag_unmask_target, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    ap_hook_map_to_storage(ag_unmask_line, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    ap_hook_quick_handler(ag_resource_quick, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_header_parser(ag_preflight, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_access_checker(ag_access_checker, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_force_authn(ag_force_authn, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_check_access_ex(ag_authz_begins, NULL, authz, APR_HOOK_LAST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authz(ag_authz_begins, NULL, authz, APR_HOOK_LAST, AP_AUTH_INTERNAL_PER_CONF);
    /* First: a section of AuthType ApiGuard is ours, whatever mod_auth_mellon would make of it. */
    ap_hook_check_authn(ag_check_authn, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ag_register_providers(p);
    ap_hook_fixups(ag_last_gate, core, after_us, APR_HOOK_REALLY_FIRST); /* SetHandler is core's */
    APR_OPTIONAL_HOOK(proxy, fixups, ag_proxy_fixups, NULL, NULL, APR_HOOK_LAST);
    ap_hook_insert_filter(ag_insert_filter, headers, NULL, APR_HOOK_LAST);
    ap_hook_insert_filter(ag_insert_personal, headers, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_handler(ag_identity_handler, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    ap_hook_handler(ag_input_handler, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    ap_hook_handler(ag_status_handler, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    ap_hook_handler(ag_token_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(ag_jwks_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(ag_mask_unknown, NULL, core, APR_HOOK_REALLY_LAST);

    /* a refusal */
    ap_hook_note_auth_failure(ag_note_auth_failure, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_insert_error_filter(ag_insert_error_filter, headers, NULL, APR_HOOK_LAST);
    ap_hook_log_transaction(ag_last_word, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_log_transaction(ag_usage_log, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_log_transaction(ag_hide_unanswered, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_log_transaction(ag_mask_log, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ag_register_filters();
    ag_register_trailers();
    ag_register_replay();
    ag_register_personal();
}

/* The one symbol that is seen from outside. */
__attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA apiguard_module = {
    STANDARD20_MODULE_STUFF, ag_create_policy, ag_merge_policy, ag_create_site,
    ag_merge_site,           ag_commands,      register_hooks,  AP_MODULE_FLAG_NONE,
};
