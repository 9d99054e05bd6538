/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/rcfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account/config.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

bool rcfile_has_account(const char *path, const char *home, const char *name, bool *has,
                        struct err *e)
{
    struct config_sources sources = {.only_file = path, .home = home};
    struct config *c;

    *has = false;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return true;
    if (!config_read(&sources, &c, e))
        return false;
    for (size_t i = 0; i < config_account_count(c); i++)
        *has = *has || strcmp(config_account_name(c, i), name) == 0;
    config_free(c);
    return true;
}

/* The old text, or an empty one where there is no file. */
static bool read_old(const char *path, struct buf *out, struct err *e)
{
    struct err fault;

    if (file_read(path, ERR_CONFIG, LIMIT_CONFIG_FILE, out, NULL, &fault))
        return true;
    if (fault.errnum != ENOENT) {
        *e = fault;
        return false;
    }
    buf_init(out, LIMIT_CONFIG_FILE);
    return true;
}

static bool replace(const char *path, struct slice text, struct err *e)
{
    struct buf fresh;
    int fd = -1;

    buf_init(&fresh, LIMIT_CONFIG_FILE);
    buf_put_format(&fresh, "%s.new", path);
    bool ok = file_begin(fresh.data, &fd, e) && file_write(fd, text, e) &&
              file_publish(fd, fresh.data, path, e);
    if (!ok && fd >= 0)
        file_remove(fresh.data);
    if (fd >= 0)
        close(fd);
    buf_clear(&fresh);
    return ok;
}

bool rcfile_append(const char *path, const struct draft *draft, struct err *e)
{
    struct buf old, text;

    if (!read_old(path, &old, e))
        return false;
    /* A file that is a link stays one. */
    char *real = realpath(path, NULL);
    buf_init(&text, (size_t)LIMIT_CONFIG_FILE * 2);
    buf_put_slice(&text, buf_slice(&old));
    if (text.len && text.data[text.len - 1] != '\n')
        buf_put_byte(&text, '\n');
    draft_write(draft, &text);
    bool ok = replace(real ? real : path, buf_slice(&text), e);
    free(real);
    buf_wipe(&old);
    buf_wipe(&text);
    return ok;
}
