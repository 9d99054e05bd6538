/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* A configuration file, with libconfuse behind our own look at it. */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/config.h"
#include "account/source.h"
#include "fuzz.h"

/* A secret is shown as being there, and in no other way. */
static void look_at_option(const struct option *o, const struct account *a, struct buf *text)
{
    buf_reset(text);
    option_format(o, a, text);
    if (o->type == OPTION_SECRET)
        PROMISE(strcmp(text->data ? text->data : "", secret_is_empty(&a->password) ? "" : "(set)")
                == 0);
}

static void look_at_account(const struct config *c, const char *name)
{
    struct account a;
    struct buf text;
    struct err e = {.kind = ERR_NONE};

    buf_init(&text, 4 * 1024 * 1024);
    if (config_resolve(c, name, &a, &e)) {
        PROMISE(strcmp(a.name, name) == 0);
        PROMISE(a.host.count || a.socket);
        for (size_t i = 0; i < option_count; i++)
            look_at_option(&options[i], &a, &text);
        account_clear(&a);
    } else {
        promise_err(&e);
        PROMISE(e.kind == ERR_CONFIG);
    }
    buf_clear(&text);
}

/* Behind source_scan, libconfuse has nothing to say that we have not seen coming. */
static void look_at_error(const struct err *e)
{
    promise_err(e);
    PROMISE(e->kind == ERR_CONFIG);
    PROMISE(!strstr(e->text, "is not understood ("));
    PROMISE(!strstr(e->text, ": is not understood") || strstr(e->text, "is not understood;"));
}

static void read_file(const char *path)
{
    struct config_sources sources = {.only_file = path, .home = "/home/ada"};
    struct config *c;
    struct err e = {.kind = ERR_NONE};

    if (!config_read(&sources, &c, &e)) {
        look_at_error(&e);
        return;
    }
    PROMISE(config_account_count(c) > 0);
    for (size_t i = 0; i < config_account_count(c); i++) {
        look_at_account(c, config_account_name(c, i));
        config_account_from(c, i);
    }
    config_free(c);
}

static bool write_file(char *path, size_t room, const uint8_t *data, size_t size)
{
    int fd;

    snprintf(path, room, "/tmp/smtpost-fuzz.XXXXXX");
    fd = mkstemp(path);
    bool ok = fd >= 0 && write(fd, data, size) == (ssize_t)size;
    if (fd >= 0)
        close(fd);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source s;
    struct err e = {.kind = ERR_NONE};
    char path[40];

    /* Errors quote what they blame, and a search for these words would find them there. */
    if (fuzz_find(fuzz_slice(data, size), SLICE("not understood")) < size)
        return 0;
    bool ok = source_scan(&s, "rc", fuzz_slice(data, size), &e);
    bool includes = false;
    for (size_t i = 0; ok && i < s.count; i++)
        includes = includes || s.statements[i].kind == STATEMENT_INCLUDE;
    if (!ok)
        look_at_error(&e);
    PROMISE(!s.text.overflow);
    source_clear(&s);
    /* An input must not make us open files of this machine. */
    if (ok && !includes) {
        if (write_file(path, sizeof path, data, size))
            read_file(path);
        unlink(path);
    }
    return 0;
}
