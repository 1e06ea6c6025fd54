/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps: runs the rows of steps.def.
 */
#include "guard.h"

#define AG_STEP(phase, name, wants)                                                                                  \
    static int wants_##name(const ag_policy_t *policy, int ours)                                                     \
    {                                                                                                                \
        (void)policy;                                                                                                \
        (void)ours;                                                                                                  \
        return (wants);                                                                                              \
    }
#define AG_STEP_TAKES AG_STEP
#include "steps.def"
#undef AG_STEP
#undef AG_STEP_TAKES

typedef struct {
    ag_phase_e phase;
    int (*wants)(const ag_policy_t *policy, int ours);
    ag_reason_e (*run)(ag_check_t *check);
    void (*undo)(ag_check_t *check);
} ag_step_t;

static const ag_step_t steps[] = {
#define AG_STEP(phase, name, wants)       {AG_PHASE_##phase, wants_##name, ag_step_##name, NULL},
#define AG_STEP_TAKES(phase, name, wants) {AG_PHASE_##phase, wants_##name, ag_step_##name, ag_step_##name##_undo},
#include "steps.def"
#undef AG_STEP
#undef AG_STEP_TAKES
};

#define N_STEPS (sizeof steps / sizeof *steps)

static int is_due(const ag_step_t *step, ag_phase_e phase, const ag_policy_t *policy, int ours)
{
    return step->phase == phase && step->wants(policy, ours);
}

int ag_guard_wants(ag_phase_e phase, const ag_policy_t *policy, int ours)
{
    apr_size_t i;

    for (i = 0; i < N_STEPS && !is_due(&steps[i], phase, policy, ours); i++) {
    }
    return i < N_STEPS;
}

/* What refuses at the gate refuses before any work, so the request consumes nothing. What refuses earlier
 * gives nothing back: no guess is free. */
static void undo(ag_check_t *check, apr_size_t refused)
{
    apr_size_t i;

    for (i = refused + 1; i-- > 0;) {
        if (steps[i].undo) {
            steps[i].undo(check);
        }
    }
}

ag_reason_e ag_guard_run(ag_check_t *check, ag_phase_e phase)
{
    apr_size_t i;

    for (i = 0; i < N_STEPS; i++) {
        ag_reason_e reason = is_due(&steps[i], phase, check->policy, check->ours) ? steps[i].run(check) : AG_R_NONE;

        if (reason != AG_R_NONE) {
            if (phase == AG_PHASE_GATE) {
                undo(check, i);
            }
            return reason;
        }
    }
    return AG_R_NONE;
}
