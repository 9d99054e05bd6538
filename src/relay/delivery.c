/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/relay.h"

#include "relay/copy.h"
#include "relay/filter.h"

static size_t count_served(const struct envelope *v)
{
    size_t served = 0;

    for (size_t i = 0; i < v->count; i++)
        served += v->recipients[i].outcome.verdict == VERDICT_DELIVERED;
    return served;
}

bool delivery_begin(struct delivery *d)
{
    struct outcome why;
    struct err e;

    d->given = d->message;
    d->served = count_served(d->envelope);
    d->warning = (struct err){.kind = ERR_NONE};
    if (filter_message(d->account, d->given, &d->filtered, &d->message, &e))
        return true;
    outcome_from_err(&why, &e, NULL);
    envelope_decide(d->envelope, &why);
    outcome_clear(&why);
    d->message = d->given;
    return false;
}

void delivery_end(struct delivery *d)
{
    if (d->account->save_copy && count_served(d->envelope) > d->served)
        copy_save(d->account, d->message, &d->warning);
    d->message = d->given;
    message_clear(&d->filtered);
}
