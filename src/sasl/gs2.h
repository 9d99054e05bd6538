/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SASL_GS2_H
#define SASL_GS2_H

#include "base/buf.h"

/* RFC 5801, as far as SCRAM and OAUTHBEARER share it. */

/* A name in a GS2 header: "=" and "," as =3D and =2C. */
void gs2_put_name(struct buf *out, struct slice name);

#endif
