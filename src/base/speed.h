/* SPDX-License-Identifier: Apache-2.0 */
/*
 * speed: two hints for the compiler, where counted instructions say that it guesses wrong. They
 * change no meaning; a function without one is the usual case.
 */
#ifndef AG_SPEED_H
#define AG_SPEED_H

#define AG_HOT  inline __attribute__((always_inline)) /* on every request's way */
#define AG_RARE __attribute__((noinline))             /* kept out of the way of what is not rare */

#endif
