/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "sasl/gs2.h"

void gs2_put_name(struct buf *out, struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '=')
            buf_put_text(out, "=3D");
        else if (name.data[i] == ',')
            buf_put_text(out, "=2C");
        else
            buf_put_byte(out, name.data[i]);
    }
}
