/* SPDX-License-Identifier: Apache-2.0 */
/*
 * params: the arguments and fields of a request against what a section says of them (ApiGuardParam).
 */
#ifndef AG_INPUT_PARAMS_H
#define AG_INPUT_PARAMS_H

#include "input.h"
#include "param.h"

#define AG_ARGUMENTS_MOST 1000 /* as many as PHP and Node's qs read; they would overlook the others */

/* All findings are left in the call; defaults of what is missing are put into call->args and call->tell. 400 input_invalid
 * where something cannot be read in one way, else 422 input_rejected where something was found, else none. Time is linear
 * in the length of the arguments. */
ag_reason_e ag_input_params(const ag_params_t *params, ag_input_call_t *call);

#endif
