/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/secret.h"

#include <stdlib.h>

#include <openssl/crypto.h>

#include "base/mem.h"

void secret_set(struct secret *s, struct slice bytes)
{
    char *copy = mem_strndup(bytes.data, bytes.len);
    secret_clear(s);
    s->data = copy;
    s->len = bytes.len;
}

void secret_clear(struct secret *s)
{
    if (s->data)
        OPENSSL_cleanse(s->data, s->len);
    free(s->data);
    *s = (struct secret){0};
}

bool secret_is_empty(const struct secret *s)
{
    return s->len == 0;
}

struct slice secret_bytes(const struct secret *s)
{
    return (struct slice){s->data ? s->data : "", s->len};
}

void secret_wipe_memory(void *memory, size_t len)
{
    OPENSSL_cleanse(memory, len);
}
