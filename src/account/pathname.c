/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/pathname.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* An owned "first/second" without a doubled slash. */
static char *join(struct slice first, const char *second)
{
    struct buf path;

    buf_init(&path, first.len + strlen(second) + 1);
    buf_put_slice(&path, first);
    if (first.len && first.data[first.len - 1] != '/')
        buf_put_byte(&path, '/');
    buf_put_text(&path, second);
    return buf_take(&path);
}

char *pathname_resolve(const char *written, const char *file, const char *home, struct err *e)
{
    const char *slash = file ? strrchr(file, '/') : NULL;

    if (written[0] == '~' && written[1] == '/' && home && *home)
        return join(slice_of(home), written + 2);
    if (written[0] == '~') {
        /* Another user's home would be a look-up that may go to the network. */
        err_set(e, ERR_CONFIG, "%s", written[1] == '/'
                    ? "\"~/\" leads nowhere, no home directory is known; write the whole path"
                    : "only \"~/\" is understood; write the whole path");
        return NULL;
    }
    if (written[0] == '/' || !slash)
        return mem_strdup(written);
    return join(slice_make(file, (size_t)(slash - file) + 1), written);
}
