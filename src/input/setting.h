/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the values of this room's directives (input.def).
 */
#ifndef AG_INPUT_SETTING_H
#define AG_INPUT_SETTING_H

#include "../core/setting.h"
#include "form.h"

/* ApiGuardValidate: which bodies pass. Never changed once it is made. */
typedef struct ag_validate_t {
    ag_words_t types;       /* ranges, as ag_media_range() makes them; any one of them is enough */
    const char *accept;     /* the same for the client: "application/json, text/plain" */
    apr_int64_t most;       /* bytes as they are sent */
    apr_int64_t decompress; /* bytes that an encoded body may have once it is decoded; 0: no coding is accepted */
    ag_form_limits_t form;
    int htaccess;                        /* it stands in .htaccess */
    const struct ag_validate_t *beneath; /* what must hold, too: .htaccess opens nothing; NULL: nothing */
} ag_validate_t;

/* As ApiGuardValidate on says; for sections that check bodies and have no such line. */
extern const ag_validate_t ag_validate_usual;

typedef struct ag_params_t ag_params_t; /* ApiGuardParam: param.h */

typedef struct ag_body_schemas_t ag_body_schemas_t; /* ApiGuardBodySchema: body_schema.h */

extern const ag_setting_kind_t ag_kind_body_schemas; /* ag_body_schemas_t *; NULL: no line */
extern const ag_setting_kind_t ag_kind_params;       /* const ag_params_t *; NULL: no line */
extern const ag_setting_kind_t ag_kind_validate;     /* const ag_validate_t *; NULL: off */

#endif
