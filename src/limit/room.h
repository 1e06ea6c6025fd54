/* SPDX-License-Identifier: Apache-2.0 */
/*
 * room: how much of a table a newcomer may fill, and as whom it is counted when that is gone. Who
 * can be anybody the next time may fill less than who cannot: so no flood of new addresses or names
 * leaves clients that were identified without a place, and no network one without the others.
 *
 * An IPv6 address without a place is counted as its network, a wider one each time. Others of that
 * network may then be counted with it: too much for some, never too little.
 */
#ifndef AG_LIMIT_ROOM_H
#define AG_LIMIT_ROOM_H

#include "limit.h"

#define AG_ROOM_SLOTS 8 /* in a set, of each of the tables that ask here */

/* Kinds of subjects; nobody of one kind is counted with somebody of another. */
typedef enum {
    AG_ROOM_KNOWN, /* clients, keys, users, claims, and all requests together */
    AG_ROOM_IPV4,
    AG_ROOM_IPV6,
    AG_ROOM_NAME, /* what requests choose: the text of a field, a path, an expression */
    AG_ROOM_KINDS
} ag_room_e;

typedef struct ag_room_t {
    ag_id_t id;   /* as whom: the subject's, or of a network around it */
    unsigned may; /* which slots of a set it may take, the lowest first: one bit each */
    int bits;     /* of that network; 0: it is the subject itself */
    ag_room_e kind;
} ag_room_t;

#define AG_ROOM_KEPT 0x30u /* slots that are for AG_ROOM_KNOWN alone */

/* Which places it may take in a set where nobody is counted as a network. */
static inline unsigned ag_room_plain(const ag_subject_t *subject)
{
    return subject->ip || subject->chosen ? 0xffu & ~AG_ROOM_KEPT : 0xffu;
}

/* The subject itself. */
ag_room_t ag_room_of(const ag_subject_t *subject);

/* The next wider network that it may be counted as. 0: there is none, and *room stands. */
int ag_room_wider(ag_room_t *room, const ag_subject_t *subject);

#endif
