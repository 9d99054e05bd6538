/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/idna.h"

const char *idna_version(void)
{
    return NULL;
}

bool idna_to_ascii(struct buf *out, struct slice domain, struct err *e)
{
    (void)out;
    return err_set(e, ERR_DATA,
                   "the domain \"%.*s\" is not ASCII, and smtpost was built without libidn2: write "
                   "its xn-- form",
                   (int)domain.len, domain.data);
}
