/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/exitcode.h"

#include <string.h>
#include <sysexits.h>

int exit_status_of_err(const struct err *e)
{
    return err_classes[e->kind].exit_status;
}

/* The server says that there is no such mailbox: 5.1.x (RFC 3463 3.2) for a recipient, or 550, 551
 * and 553 of RFC 5321 4.2.3 when it gives no enhanced status. */
static bool is_unknown_recipient(const struct outcome *o)
{
    if (o->verdict != VERDICT_REFUSED || !o->by_server || strcmp(o->step, "recipient") != 0)
        return false;
    if (o->status.klass)
        return o->status.subject == 1;
    return o->code == 550 || o->code == 551 || o->code == 553;
}

int exit_status_of_outcome(const struct outcome *o)
{
    if (o->kind != ERR_NONE)
        return err_classes[o->kind].exit_status;
    switch (o->verdict) {
    case VERDICT_DELIVERED:
        return EX_OK;
    case VERDICT_REFUSED:
        return EX_UNAVAILABLE;
    case VERDICT_DEFERRED:
    case VERDICT_IN_DOUBT:
        return EX_TEMPFAIL;
    case VERDICT_NONE:
        break;
    }
    return EX_SOFTWARE;
}

int exit_status_of_envelope(const struct envelope *v)
{
    const struct recipient *worst = envelope_worst(v);
    bool all_unknown = true, any_failed = false;

    if (!worst)
        return EX_USAGE;
    for (size_t i = 0; i < v->count; i++) {
        const struct outcome *o = &v->recipients[i].outcome;
        if (o->verdict == VERDICT_DELIVERED)
            continue;
        any_failed = true;
        all_unknown = all_unknown && is_unknown_recipient(o);
    }
    if (any_failed && all_unknown)
        return EX_NOUSER;
    if (worst->outcome.verdict == VERDICT_IN_DOUBT)
        return EX_TEMPFAIL;
    return exit_status_of_outcome(&worst->outcome);
}
