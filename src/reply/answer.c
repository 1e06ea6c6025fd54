/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: runs the rows of answers.def. The table is code, not data: a row that is not wanted costs two tests.
 */
#include "answer.h"

void ag_answer_say(const ag_answer_t *a)
{
#define AG_ANSWER(name, at, wanted)                                                                                  \
    if (a->moments & (at) && (wanted)) {                                                                             \
        ag_answer_##name(a);                                                                                         \
    }
#include "answers.def"
#undef AG_ANSWER
}

int ag_answer_any(const ag_answer_t *a)
{
#define AG_ANSWER(name, at, wanted) || (a->moments & (at) && (wanted))
    return 0
#include "answers.def"
        ;
#undef AG_ANSWER
}
