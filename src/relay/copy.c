/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"

static char *name_in(const char *maildir, const char *folder, const char *name)
{
    struct buf path;

    buf_init(&path, LIMIT_LOG_LINE);
    buf_put_format(&path, "%s%s%s", maildir, folder, name);
    return buf_take(&path);
}

static bool make_folder(const char *maildir, const char *folder, struct err *e)
{
    char *path = name_in(maildir, folder, "");
    bool ok = file_make_directory(path, e);

    free(path);
    return ok;
}

/* Written in tmp/, and in new/ when it is whole and on the disk. */
static bool deliver(const struct message *m, const char *tmp, const char *new, struct err *e)
{
    int fd;

    if (!file_begin(tmp, &fd, e))
        return false;
    bool ok = message_write(m, fd, e) && file_publish(fd, tmp, new, e);
    if (!ok)
        file_remove(tmp);
    close(fd);
    return ok;
}

bool copy_save(const struct account *account, const struct message *m, struct err *e)
{
    const char *maildir = account->save_copy;
    char unique[17], name[64];

    random_name(unique, sizeof unique - 1);
    snprintf(name, sizeof name, "%" PRIdMAX ".%s.localhost", (intmax_t)clock_wall(), unique);
    char *tmp = name_in(maildir, "/tmp/", name);
    char *new = name_in(maildir, "/new/", name);
    bool ok = make_folder(maildir, "", e) && make_folder(maildir, "/tmp", e) &&
              make_folder(maildir, "/new", e) && make_folder(maildir, "/cur", e) &&
              deliver(m, tmp, new, e);
    free(tmp);
    free(new);
    return ok || err_wrap(e, "save-copy");
}
