/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "sasl/sasl.h"

#include <string.h>

const struct sasl_mech *sasl_find(struct slice name)
{
    for (size_t i = 0; sasl_mechs[i]; i++)
        if (slice_eq_nocase(slice_of(sasl_mechs[i]->name), name))
            return sasl_mechs[i];
    return NULL;
}

static bool is_offered(const struct strings *offered, const char *name)
{
    for (size_t i = 0; i < offered->count; i++)
        if (slice_eq_nocase(slice_of(offered->items[i]), slice_of(name)))
            return true;
    return false;
}

static const struct sasl_mech *choose_auto(const struct strings *offered)
{
    for (size_t i = 0; sasl_mechs[i]; i++)
        if (!(sasl_mechs[i]->flags & SASL_NAMED_ONLY) && is_offered(offered, sasl_mechs[i]->name))
            return sasl_mechs[i];
    return NULL;
}

static void put_words(struct buf *out, const struct strings *words)
{
    for (size_t i = 0; i < words->count; i++)
        buf_put_format(out, "%s%s", i ? " " : "", words->items[i]);
    if (words->count == 0)
        buf_put_text(out, "nothing");
}

const struct sasl_mech *sasl_choose(const struct strings *wanted, const struct strings *offered,
                                    struct err *e)
{
    struct buf ours, theirs;

    for (size_t i = 0; i < wanted->count; i++) {
        const struct sasl_mech *mech = NULL;
        if (strcmp(wanted->items[i], "auto") == 0)
            mech = choose_auto(offered);
        else if (is_offered(offered, wanted->items[i]))
            mech = sasl_find(slice_of(wanted->items[i]));
        if (mech)
            return mech;
    }
    buf_init(&ours, LIMIT_ERROR_TEXT / 4);
    buf_init(&theirs, LIMIT_ERROR_TEXT / 4);
    put_words(&ours, wanted);
    put_words(&theirs, offered);
    err_set(e, ERR_AUTH, "no way to log in: the account allows %s, the server offers %s",
            ours.data ? ours.data : "much", theirs.data ? theirs.data : "much");
    buf_clear(&ours);
    buf_clear(&theirs);
    return NULL;
}

void sasl_start(struct sasl *s, const struct sasl_mech *mech, const struct sasl_params *params)
{
    *s = (struct sasl){.mech = mech, .params = *params};
}

bool sasl_step(struct sasl *s, struct slice challenge, struct buf *response, struct err *e)
{
    if (!s->mech->step(s, challenge, response, e))
        return false;
    s->round++;
    return !response->overflow ||
           err_set(e, ERR_AUTH, "the credentials are too long for %s", s->mech->name);
}

const struct sasl_mech *const sasl_mechs[] = {
    &sasl_plain,
    &sasl_login,
    NULL,
};
