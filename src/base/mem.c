/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/compat.h"

void mem_exhausted(const char *what)
{
    static const char name[] = "smtpost: ";

    /* Nothing that allocates may run here, stdio included. */
    ssize_t ignored = write(STDERR_FILENO, name, sizeof name - 1);
    ignored = write(STDERR_FILENO, what, strlen(what));
    ignored = write(STDERR_FILENO, "\n", 1);
    (void)ignored;
    _exit(EX_OSERR);
}

static NO_RETURN void out_of_memory(void)
{
    mem_exhausted("out of memory");
}

void *mem_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        out_of_memory();
    return p;
}

void *mem_resize(void *old, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        out_of_memory();
    size_t total = count * size;
    void *p = realloc(old, total ? total : 1);
    if (!p)
        out_of_memory();
    return p;
}

void *mem_dup(const void *data, size_t size)
{
    void *p = mem_alloc(size);
    if (size)
        memcpy(p, data, size);
    return p;
}

char *mem_strdup(const char *text)
{
    return mem_dup(text, strlen(text) + 1);
}

char *mem_strndup(const char *data, size_t len)
{
    char *p = mem_alloc(len + 1);
    if (len)
        memcpy(p, data, len);
    return p;
}

void *mem_grow(void *array, size_t used, size_t *capacity, size_t size)
{
    if (used < *capacity)
        return array;
    *capacity = *capacity ? *capacity * 2 : 8;
    return mem_resize(array, *capacity, size);
}

void mem_wipe_freed(bool on)
{
    COMPAT_WIPE_FREED(on ? 0xff : 0);
}
