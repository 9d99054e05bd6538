/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/run.h"
#include "base/say.h"

enum { KEEPER_PATIENCE_MS = 120 * 1000 };

bool keeper_is_here(const struct keeper *k, const char *path, uid_t uid)
{
    struct slice rest = slice_of(path);
    char name[LIMIT_PATH * 2];
    bool found = !k->program;

    while (!found && rest.len && (uid == 0 || !k->for_root)) {
        size_t colon = slice_find(rest, ':', 0);
        snprintf(name, sizeof name, "%.*s/%s", (int)colon, rest.data, k->program);
        found = access(name, X_OK) == 0;
        rest = slice_from(rest, colon + 1);
    }
    return found;
}

/* `text` with {account}, {user} and {file} filled in, for free(). */
static char *fill(const char *text, const struct keeping *what)
{
    struct buf out;

    buf_init(&out, LIMIT_CONFIG_FILE);
    while (*text) {
        if (strncmp(text, "{account}", 9) == 0) {
            buf_put_text(&out, what->account);
            text += 9;
        } else if (strncmp(text, "{user}", 6) == 0) {
            buf_put_text(&out, what->user);
            text += 6;
        } else if (strncmp(text, "{file}", 6) == 0) {
            buf_put_format(&out, "%s/%s.password", what->directory, what->account);
            text += 6;
        } else {
            buf_put_byte(&out, *text++);
        }
    }
    return buf_take(&out);
}

static void fill_all(const char *const *words, const struct keeping *what, struct strings *out)
{
    for (; *words; words++) {
        char *text = fill(*words, what);
        strings_add_text(out, text);
        free(text);
    }
}

/* What the program reads: the password on a line, or within a command of its own language. */
static bool write_input(const struct keeper *k, const struct keeping *what,
                        const struct secret *secret, int fd, struct err *e)
{
    struct slice bytes = secret_bytes(secret);

    if (!k->before)
        return file_write(fd, bytes, e) && file_write(fd, SLICE("\n"), e);
    for (size_t i = 0; i < bytes.len; i++)
        if (strchr("\"\\", bytes.data[i]))
            return err_set(e, ERR_DATA, _("%s cannot be given this password safely: it has quotes "
                                          "or backslashes"), k->program);
    char *before = fill(k->before, what);
    bool ok = file_write(fd, slice_of(before), e) && file_write(fd, bytes, e) &&
              file_write(fd, SLICE("\"\n"), e);
    free(before);
    return ok;
}

/* Its parent too, as ~/.config may not be there yet. */
static bool make_directory(const struct keeping *what, struct err *e)
{
    const char *slash = strrchr(what->directory, '/');
    char *parent = mem_strndup(what->directory, slash ? (size_t)(slash - what->directory) : 0);

    bool ok = !*parent || file_make_directory(parent, e);
    free(parent);
    return ok && file_make_directory(what->directory, e);
}

static bool give(const struct keeper *k, const struct keeping *what, const struct secret *secret,
                 struct err *e)
{
    struct strings argv = {0};
    int input = -1, output = -1;

    fill_all(k->store, what, &argv);
    struct run run = {.argv = argv.items, .deadline = deadline_in(KEEPER_PATIENCE_MS),
                      .max = LIMIT_HELPER_OUTPUT};
    bool ok = file_unnamed(what->temporary, &input, e) &&
              file_unnamed(what->temporary, &output, e) && write_input(k, what, secret, input, e) &&
              run_filter(&run, input, output, e);
    if (input >= 0)
        close(input);
    if (output >= 0)
        close(output);
    strings_clear(&argv);
    return ok;
}

/* In a file of its own, whole or not at all. */
static bool write_file(const struct keeping *what, const struct secret *secret,
                       struct draft_section *section, struct err *e)
{
    char *path = fill("{file}", what), *fresh = fill("{file}.new", what);
    int fd = -1;

    bool ok = make_directory(what, e) && file_begin(fresh, &fd, e) &&
              file_write(fd, secret_bytes(secret), e) && file_write(fd, SLICE("\n"), e) &&
              file_publish(fd, fresh, path, e);
    if (!ok)
        file_remove(fresh);
    if (fd >= 0)
        close(fd);
    if (ok)
        draft_set(section, "password-file", path);
    free(path);
    free(fresh);
    return ok;
}

bool keeper_store(const struct keeper *k, const struct keeping *what, const struct secret *secret,
                  struct draft_section *section, struct err *e)
{
    struct strings fetch = {0};

    if (!k->program)
        return write_file(what, secret, section, e);
    bool ok = make_directory(what, e) && give(k, what, secret, e);
    fill_all(k->fetch, what, &fetch);
    for (size_t i = 0; ok && i < fetch.count; i++)
        draft_add(section, "password-command", fetch.items[i]);
    strings_clear(&fetch);
    return ok;
}

const struct keeper keepers[] = {
    {"secret-tool", N_("the desktop's keyring (secret-tool)"),
     {"secret-tool", "store", "--label=smtpost {account}", "service", "smtpost", "user", "{user}"},
     NULL,
     {"secret-tool", "lookup", "service", "smtpost", "user", "{user}"}, false},
    {"pass", N_("the password store (pass)"),
     {"pass", "insert", "--multiline", "--force", "smtpost/{account}"},
     NULL,
     {"pass", "show", "smtpost/{account}"}, false},
    {"security", N_("the macOS keychain (security)"),
     {"security", "-i"},
     "add-generic-password -U -s smtpost -a \"{user}\" -w \"",
     {"security", "find-generic-password", "-s", "smtpost", "-a", "{user}", "-w"}, false},
    {"systemd-creds", N_("a file encrypted for this machine (systemd-creds)"),
     {"systemd-creds", "encrypt", "--name=smtpost", "-", "{file}"},
     NULL,
     {"systemd-creds", "decrypt", "--name=smtpost", "{file}", "-"}, true},
    {NULL, N_("a file that only you can read"), {NULL}, NULL, {NULL}, false},
};

const size_t keeper_count = sizeof keepers / sizeof *keepers;
