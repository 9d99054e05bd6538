/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/idna.h"

#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>
#include <idn2.h>

/* libidn2 and what it brings along would take an eighth of the time that each start takes, and few
 * messages have a use for it. Once loaded it stays, and is loaded again for nothing. The name is
 * that of its interface, the same since version 2.0. */
#define LIBRARY "libidn2.so.0"

struct library {
    int (*to_ascii)(const char *name, char **ascii, int flags);
    const char *(*explain)(int result);
    const char *(*version)(const char *least);
    void (*release)(void *memory);
};

/* C has no conversion from a pointer to an object, which POSIX makes of a function. */
static bool find(void *handle, const char *name, void *function)
{
    void *symbol = dlsym(handle, name);

    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool load(struct library *l)
{
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

    return handle && find(handle, "idn2_to_ascii_8z", &l->to_ascii) &&
           find(handle, "idn2_strerror", &l->explain) &&
           find(handle, "idn2_check_version", &l->version) &&
           find(handle, "idn2_free", &l->release);
}

const char *idna_version(void)
{
    struct library l;

    return load(&l) ? l.version(NULL) : NULL;
}

bool idna_to_ascii(struct buf *out, struct slice domain, struct err *e)
{
    struct library l;
    char *ascii = NULL;

    if (!load(&l)) {
        const char *reason = dlerror();
        return err_set(e, ERR_OS,
                       "the domain \"%.*s\" is not ASCII, and libidn2 cannot be loaded (%s): "
                       "install it, or write the domain's xn-- form",
                       (int)domain.len, domain.data, reason ? reason : "it is another version");
    }
    char *name = slice_dup(domain);
    int result = l.to_ascii(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (result == IDN2_OK)
        buf_put_text(out, ascii);
    else
        err_set(e, ERR_DATA, "the domain \"%s\" has no ASCII form: %s", name, l.explain(result));
    l.release(ascii);
    free(name);
    return result == IDN2_OK;
}
