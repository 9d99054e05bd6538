/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* A configuration of another program. The first octet chooses whose; behind a line "%%" stands the
 * other file that some of them have: revaliases of sSMTP, what AUTHPATH of dma names, "me" of
 * nullmailer. */

#include <sys/stat.h>
#include <unistd.h>

#include "account/import.h"
#include "account/source.h"
#include "base/limits.h"
#include "fuzz.h"

static char directory[] = "/tmp/smtpost-fuzz.XXXXXX";

static void path_of(char *path, size_t room, const char *name)
{
    snprintf(path, room, "%s/%s", directory, name);
}

static void leave_directory(void)
{
    static const char *const names[] = {"revaliases", "auth", "me"};
    char path[sizeof directory + 20];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        path_of(path, sizeof path, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

static void make_directory(void)
{
    static bool is_there;

    if (is_there)
        return;
    is_there = true;
    PROMISE(mkdtemp(directory));
    atexit(leave_directory);
}

static void write_file(const char *name, struct slice text)
{
    char path[sizeof directory + 20];

    path_of(path, sizeof path, name);
    FILE *f = fopen(path, "wb");
    PROMISE(f && fwrite(text.data, 1, text.len, f) == text.len);
    fclose(f);
}

static size_t count_options(const struct draft *d)
{
    size_t count = d->default_account != NULL;

    for (size_t i = 0; i < d->count; i++)
        for (size_t k = 0; k < option_count; k++)
            count += draft_get(&d->sections[i], options[k].name) != NULL;
    return count;
}

static bool is_in(const struct draft *d, const struct statement *s, const char *account)
{
    for (size_t i = 0; i < d->count; i++) {
        const char *name = d->sections[i].name;
        if (name && account ? strcmp(name, account) == 0 : name == account)
            return draft_get(&d->sections[i], s->name) != NULL;
    }
    return false;
}

/* The new file says what the draft says: no value of the old file has become a statement. */
static void look_at_text(const struct draft *d, struct slice text)
{
    struct source s;
    struct err e = {.text = ""};
    const char *account = NULL;
    size_t settings = 0;

    PROMISE(source_scan(&s, "smtprc", text, &e));
    for (size_t i = 0; i < s.count; i++) {
        const struct statement *t = &s.statements[i];
        PROMISE(t->kind != STATEMENT_INCLUDE && !t->expanded);
        settings += t->kind == STATEMENT_SETTING || t->kind == STATEMENT_OPTION;
        if (t->kind == STATEMENT_ACCOUNT || t->kind == STATEMENT_DEFAULTS)
            account = t->name;
        PROMISE(t->kind != STATEMENT_OPTION || is_in(d, t, account));
    }
    PROMISE(settings == count_options(d));
    source_clear(&s);
}

static void convert(const char *name)
{
    char path[sizeof directory + 20];
    struct draft d;
    struct buf out;
    struct err e = {.kind = ERR_NONE};

    path_of(path, sizeof path, name);
    if (import_file(path, &d, &e)) {
        buf_init(&out, (size_t)LIMIT_CONFIG_FILE * 4);
        draft_write(&d, &out);
        PROMISE(!out.overflow);
        look_at_text(&d, buf_slice(&out));
        buf_wipe(&out);
    } else {
        promise_err(&e);
    }
    draft_clear(&d);
    unlink(path);
}

/* The text as a file of that name; dma.conf names the one beside it by its whole path. */
static void write_text(const char *name, struct slice text)
{
    struct buf whole;

    buf_init(&whole, text.len + 100);
    buf_put_slice(&whole, text);
    if (strcmp(name, "dma.conf") == 0)
        buf_put_format(&whole, "\nAUTHPATH %s/auth\n", directory);
    write_file(name, buf_slice(&whole));
    buf_clear(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"dma.conf", "msmtprc", "ssmtp.conf", "esmtprc",
                                        "remotes", "unknown"};
    unsigned which = fuzz_take(&data, &size) % (sizeof names / sizeof *names);
    struct slice text = fuzz_slice(data, size);
    size_t end = fuzz_find(text, SLICE("\n%%\n"));
    struct slice second = slice_from(text, end + 4);

    text.len = end;
    /* An input must not make us open files of this machine. */
    if (size > 10000 || fuzz_find(text, SLICE("authpath")) < text.len)
        return 0;
    make_directory();
    write_file("revaliases", second);
    write_file("auth", second);
    write_file("me", second);
    write_text(names[which], text);
    convert(names[which]);
    return 0;
}
