/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/idna.h"

#include <stdlib.h>

#include <idn2.h>

const char *idna_version(void)
{
    return idn2_check_version(NULL);
}

bool idna_to_ascii(struct buf *out, struct slice domain, struct err *e)
{
    char *name = slice_dup(domain), *ascii = NULL;
    int result = idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

    if (result == IDN2_OK)
        buf_put_text(out, ascii);
    else
        err_set(e, ERR_DATA, "the domain \"%s\" has no ASCII form: %s", name,
                idn2_strerror(result));
    idn2_free(ascii);
    free(name);
    return result == IDN2_OK;
}
