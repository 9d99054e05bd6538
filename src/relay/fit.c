/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/fit.h"

#include "mail/recode.h"

bool fit_message(const struct account *account, const struct capabilities *server,
                 const struct message *m, struct message *own, const struct message **fitted,
                 struct err *e)
{
    bool changed;

    *fitted = m;
    message_init(own, m->body.directory);
    if (account->eight_bit == ACCOUNT_EIGHT_BIT_SEND || !m->has_8bit ||
        capabilities_has(server, CAPABILITY_8BITMIME))
        return true;
    if (account->eight_bit == ACCOUNT_EIGHT_BIT_REJECT)
        return err_set(e, ERR_REFUSED, "the message has 8-bit content, the server does not offer "
                                       "8BITMIME, and eight-bit = reject");
    if (!recode_message(m, RECODE_8BIT, own, &changed, e))
        return false;
    if (changed)
        *fitted = own;
    return true;
}
