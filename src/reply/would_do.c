/* SPDX-License-Identifier: Apache-2.0 */
/*
 * would_do: the field of a refusal that says what would do: the methods (RFC 9110 s15.5.6), media types or codings
 * (s15.5.16). httpd puts an Allow of its own on each 405, so this one is put once more when the answer begins.
 */
#include "answer.h"

void ag_answer_would_do(const ag_answer_t *a)
{
    ag_answer_put(a, AG_PUT_ALONE, a->refused->field, a->refused->field_value);
}
