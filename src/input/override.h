/* SPDX-License-Identifier: Apache-2.0 */
/*
 * override: fields by which a client asks the backend to take its request for one of another method.
 */
#ifndef AG_INPUT_OVERRIDE_H
#define AG_INPUT_OVERRIDE_H

#include "../core/request.h"

/* Gives each() all of them, in every spelling that a backend may read. */
void ag_input_overrides(const ag_request_t *request, ag_spelling_fn each, void *ctx);

#endif
