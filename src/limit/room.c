/* SPDX-License-Identifier: Apache-2.0 */
/*
 * room: see room.h. A customer has millions of IPv6 addresses, and a provider thousands of customers'
 * networks; who has many IPv4 addresses has paid for each of them. Which of a set's slots are whose:
 *
 *     0 1 2            everybody's
 *           3          of /56 and whoever stands below
 *             4 5      kept for who was identified
 *                 6    of IPv4
 *                   7  of IPv4, /48 and /32
 *
 * Who was identified may take all; the lowest first, so that what is kept stays free as long as can be.
 */
#include "room.h"

/* The usual sizes of networks: a segment's, a customer's, a company's, a provider's. */
static const ag_room_t nets[] = {
    {.bits = 64, .may = 0x0f, .kind = AG_ROOM_IPV6},
    {.bits = 56, .may = 0x0f, .kind = AG_ROOM_IPV6},
    {.bits = 48, .may = 0x8f, .kind = AG_ROOM_IPV6},
    {.bits = 32, .may = 0x8f, .kind = AG_ROOM_IPV6},
};

#define NETS (int)(sizeof nets / sizeof *nets)

/* The widest of them that is narrower than `bits`; or NULL. */
static const ag_room_t *wider_than(int bits)
{
    int i;

    for (i = 0; i < NETS && nets[i].bits >= bits; i++) {
    }
    return i < NETS ? &nets[i] : NULL;
}

ag_room_t ag_room_of(const ag_subject_t *subject)
{
    static const unsigned may[AG_ROOM_KINDS] = {
        [AG_ROOM_KNOWN] = 0xff, [AG_ROOM_IPV4] = 0xcf, [AG_ROOM_IPV6] = 0x07, [AG_ROOM_NAME] = 0x07};
    ag_room_t room = {.id = subject->id};

    if (subject->ip) {
        room.kind = ag_ip_is4(subject->ip) ? AG_ROOM_IPV4 : AG_ROOM_IPV6;
    }
    else {
        room.kind = subject->chosen ? AG_ROOM_NAME : AG_ROOM_KNOWN;
    }
    room.may = may[room.kind];
    if (room.kind == AG_ROOM_IPV6 && !wider_than(subject->limit->prefix6)) {
        room.may = nets[NETS - 1].may; /* by=ip/32: it is as wide itself */
    }
    return room;
}

/* A NUL at the third byte, and no NUL at the fourth: no other subject's text has both. */
static ag_id_t net_id(const ag_subject_t *subject, int bits)
{
    struct {
        char kind[4];
        ag_ip_t ip;
    } text = {{'i', 'p', '\0', (char)bits}, *subject->ip};

    ag_ip_mask6(&text.ip, bits);
    return ag_sip(subject->key, &text, sizeof text);
}

int ag_room_wider(ag_room_t *room, const ag_subject_t *subject)
{
    const ag_room_t *net = NULL;

    if (room->kind == AG_ROOM_IPV6) {
        net = wider_than(room->bits ? room->bits : subject->limit->prefix6);
    }
    if (!net) {
        return 0;
    }
    *room = *net;
    room->id = net_id(subject, net->bits);
    return 1;
}
