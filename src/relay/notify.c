/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/notify.h"

static unsigned notify_of(const struct account *account)
{
    static const struct {
        const char *word;
        enum notify bit;
    } words[] = {
        {"never", NOTIFY_NEVER},
        {"success", NOTIFY_SUCCESS},
        {"failure", NOTIFY_FAILURE},
        {"delay", NOTIFY_DELAY},
    };
    unsigned notify = 0;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strings_has(&account->dsn_notify, words[i].word))
            notify |= words[i].bit;
    return notify;
}

void notify_apply(const struct account *account, struct envelope *v)
{
    static const enum ret map[] = {
        [ACCOUNT_DSN_RETURN_OFF] = RET_NONE,
        [ACCOUNT_DSN_RETURN_HEADERS] = RET_HDRS,
        [ACCOUNT_DSN_RETURN_FULL] = RET_FULL,
    };
    unsigned notify = notify_of(account);

    if (v->ret == RET_NONE)
        v->ret = map[account->dsn_return];
    for (size_t i = 0; notify && i < v->count; i++)
        if (!v->recipients[i].notify)
            v->recipients[i].notify = notify;
}
