/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spelling: the names of arguments and cookies as backends read them. Between them they take many spellings for one name;
 * whoever compares to the letter would overlook what a backend then reads.
 */
#ifndef AG_SPELLING_H
#define AG_SPELLING_H

/* What backends skip around a name. */
#define AG_SPELLING_BLANKS " \t\r\n"

/* The character at *at, which moves behind it: decoded, '+' as a blank; Microsoft's %u0061 is read too; what is beyond
 * ASCII becomes some sign. */
char ag_spelling_next(const char **at, const char *end);

/* What backends skip in front of a name ([name]=, as Rack and Node's qs read it), and behind it. */
#define AG_SPELLING_LEAD  AG_SPELLING_BLANKS "[]"
#define AG_SPELLING_TRAIL AG_SPELLING_BLANKS

/* Behind all characters from `at` that are one of these, decoded. */
const char *ag_spelling_skip(const char *at, const char *end, const char *these);

/* Behind the name that begins at `at`, and the blanks there, if a backend may take it for this one: encoded, in another
 * case, with another sign, behind blanks or brackets ([name]=, as Rack and Node's qs read it). Else NULL. `never`: what
 * stands in no name unless it is encoded. *element is set where a '[' stands for one of the name's signs: a[b] may be
 * the element b of an array a. */
const char *ag_spelling_behind(const char *at, const char *end, const char *never, const char *name, int *element);

#endif
