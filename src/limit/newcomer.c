/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newcomer: see newcomer.h. A set remembers until when one of those who may stand in it may be counted
 * elsewhere; only then a newcomer has to look there.
 */
#include "newcomer.h"

#include "../base/speed.h"
#include "../watch/counters.h"

static const ag_counter_t empty = {0, 0, 0};

/* As somebody, the subject or a network around it, in the window. */
static void find(ag_place_t *place, const ag_counters_t *table, const ag_charge_t *charge, const ag_room_t *as,
                 apr_time_t now)
{
    ag_counters_find(place, table, ag_counters_stripe(table, charge->subject), ag_id_mix(as->id, charge->window->id),
                     as->may, now);
}

/* Each window has one in a stripe for every kind of subject. */
static ag_id_t overflow_tag(const ag_charge_t *charge, ag_room_e kind)
{
    ag_id_t tag = charge->window->id;

    tag.hi ^= (apr_uint64_t)kind * APR_UINT64_C(0x9e3779b97f4a7c15);
    return tag;
}

static ag_slot_t *find_overflow(ag_place_t *place, const ag_counters_t *table, const ag_charge_t *charge,
                                ag_room_e kind, apr_time_t now)
{
    ag_counters_overflow(place, table, ag_counters_stripe(table, charge->subject), overflow_tag(charge, kind), now);
    return place->slot;
}

/* From `as` on. */
static ag_slot_t *stands(int *with, const ag_counters_t *table, const ag_charge_t *charge, ag_room_t as,
                         apr_time_t now)
{
    ag_place_t place;

    do {
        find(&place, table, charge, &as, now);
        *with = as.bits;
        if (place.slot || (place.vacant && place.home->elsewhere[as.kind] <= now)) {
            return place.slot;
        }
    } while (ag_room_wider(&as, charge->subject));
    *with = AG_COUNTED_WITH_ALL;
    return find_overflow(&place, table, charge, as.kind, now);
}

ag_slot_t *ag_newcomer_stands(int *with, const ag_counters_t *table, const ag_charge_t *charge, apr_time_t now)
{
    ag_slot_t *slot = stands(with, table, charge, ag_room_of(charge->subject), now);

    *with = slot ? *with : AG_COUNTED_ALONE;
    return slot;
}

/* What a newcomer begins with, when `home` is where it would be known: all that it may have been
 * counted in before. */
static ag_counter_t inherit(const ag_counters_t *table, const ag_set_t *home, const ag_charge_t *charge, ag_room_t as,
                            apr_time_t now)
{
    ag_place_t place;
    ag_slot_t *slot;
    int with;

    if (home->elsewhere[as.kind] <= now) {
        return empty;
    }
    slot = ag_room_wider(&as, charge->subject) ? stands(&with, table, charge, as, now)
                                               : find_overflow(&place, table, charge, as.kind, now);
    return slot ? ag_slot_get(slot) : empty;
}

/* As ag_slot_step(), for a slot that belongs to nobody; it is claimed when the step passes and costs
 * anything. */
static ag_slot_t *step_vacant(ag_slot_t *slot, const ag_counter_t *before, ag_id_t tag, ag_charge_t *charge,
                              apr_time_t now)
{
    const ag_window_t *window = charge->window;
    ag_counter_t counter = *before;

    if (!window->algo->step(&counter, window, now, charge->cost, &charge->quota)) {
        return NULL;
    }
    if (charge->cost) {
        ag_slot_claim(slot, tag, before);
        *ag_slot_aside(slot) = counter;
        ag_slot_charge(slot, window->algo->idle_at(&counter, window));
    }
    return slot;
}

static ag_slot_t *step_overflow(const ag_counters_t *table, ag_charge_t *charge, ag_room_e kind, apr_time_t now)
{
    static const ag_quota_t taken = {0, 1, 1};
    ag_place_t place;

    ag_count(AG_COUNT_LIMIT_OVERFLOWS);
    if (find_overflow(&place, table, charge, kind, now)) {
        return ag_slot_step(place.slot, charge, now);
    }
    if (place.vacant) {
        return step_vacant(place.vacant, &empty, overflow_tag(charge, kind), charge, now);
    }
    charge->quota = taken;
    return NULL;
}

static ag_slot_t *charge_as(const ag_counters_t *table, ag_charge_t *charge, const ag_room_t *as, apr_time_t now);

static ag_slot_t *charge_wider(const ag_counters_t *table, ag_charge_t *charge, ag_room_t as, apr_time_t now)
{
    if (!ag_room_wider(&as, charge->subject)) {
        return step_overflow(table, charge, as.kind, now);
    }
    return charge_as(table, charge, &as, now);
}

/* No deeper than there are sizes of networks. */
static ag_slot_t *charge_as(const ag_counters_t *table, ag_charge_t *charge, const ag_room_t *as, apr_time_t now)
{
    ag_counter_t before;
    ag_place_t place;
    ag_slot_t *slot;

    find(&place, table, charge, as, now);
    if (as->bits && (place.slot || place.vacant)) {
        ag_count(AG_COUNT_LIMIT_NETWORKS);
    }
    if (place.slot) {
        return ag_slot_step(place.slot, charge, now);
    }
    if (place.vacant) {
        before = inherit(table, place.home, charge, *as, now);
        return step_vacant(place.vacant, &before, ag_id_mix(as->id, charge->window->id), charge, now);
    }
    slot = charge_wider(table, charge, *as, now);
    if (slot && slot->idle_at > place.home->elsewhere[as->kind]) {
        place.home->elsewhere[as->kind] = slot->idle_at;
    }
    return slot;
}

AG_RARE ag_slot_t *ag_newcomer_charge(const ag_counters_t *table, ag_charge_t *charge, apr_time_t now)
{
    ag_room_t self = ag_room_of(charge->subject);

    return charge_as(table, charge, &self, now);
}

void ag_newcomer_begin(const ag_counters_t *table, const ag_charge_t *charge, const ag_counter_t *seen,
                       apr_time_t now)
{
    const ag_window_t *window = charge->window;
    ag_room_t self = ag_room_of(charge->subject);
    ag_counter_t counter;
    ag_place_t place;
    apr_time_t idle_at;

    find(&place, table, charge, &self, now);
    counter = place.slot ? ag_slot_get(place.slot) : inherit(table, place.home, charge, self, now);
    window->algo->restore(&counter, seen, window);
    idle_at = window->algo->idle_at(&counter, window);
    if (idle_at <= now || (!place.slot && !place.vacant)) {
        return;
    }
    if (!place.slot) {
        place.slot = place.vacant;
        ag_slot_claim(place.slot, ag_id_mix(self.id, window->id), &counter);
    }
    *ag_slot_aside(place.slot) = counter;
    ag_slot_charge(place.slot, idle_at);
}
