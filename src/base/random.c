/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/random.h"

#include <unistd.h>

#include "base/mem.h"

void random_bytes(void *data, size_t len)
{
    unsigned char *at = data;

    /* getentropy gives at most 256 octets a call, and fails only where the kernel has none. */
    while (len) {
        size_t part = len < 256 ? len : 256;
        if (getentropy(at, part) != 0)
            mem_exhausted("no entropy from the system");
        at += part;
        len -= part;
    }
}

void random_name(char *text, size_t len)
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

    random_bytes(text, len);
    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[(unsigned char)text[i] & 31];
    text[len] = '\0';
}
