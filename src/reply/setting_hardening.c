/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting_hardening: ApiGuardSecurityHeaders.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

/* A tenant may choose between presets; to have none is the administrator's affair. */
static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    int choice;
    const char *error = ag_kind_choice.parse(&choice, row, words, call);

    if (error) {
        return error;
    }
    *(int *)value = choice + AG_HARDEN_API;
    return !call->later && *(int *)value == AG_HARDEN_OFF
               ? "\"off\" is not allowed in .htaccess: it would switch off what the server's configuration says"
               : NULL;
}

const ag_setting_kind_t ag_kind_hardening = {parse, NULL, NULL};
