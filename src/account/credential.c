/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/credential.h"

#include <string.h>

#include "account/trust.h"
#include "base/file.h"
#include "base/run.h"

/* The first line of what a source gave. `kind` tells whether trying again may help. */
static bool take_line(struct slice bytes, enum err_kind kind, struct secret *out, struct err *e)
{
    struct slice line = slice_make(bytes.data, slice_find(bytes, '\n', 0));

    while (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    if (line.len == 0)
        return err_set(e, kind, "%s", bytes.len ? "its first line is empty; the secret goes there"
                                                : "gives nothing");
    if (slice_has_byte(line, '\0') || slice_has_byte(line, '\r'))
        return err_set(e, kind, "its first line holds a NUL or CR, which no password can");
    secret_set(out, line);
    return true;
}

static bool from_command(const struct command *command, const char *setting,
                         struct deadline deadline, struct secret *out, struct err *e)
{
    struct run run = {
        .argv = command->argv.items,
        .setting = setting,
        .deadline = deadline,
        .max = LIMIT_HELPER_OUTPUT,
    };
    struct buf output;

    /* Nothing, from a helper that says it is well, is a key ring that is locked. */
    bool ok = run_output(&run, &output, e) &&
              (take_line(buf_slice(&output), ERR_HELPER, out, e) || err_wrap(e, "%s", run.argv[0]));
    buf_wipe(&output);
    return ok;
}

/* Where a service manager or a container engine puts secrets, as root's files. It knows who else is
 * there: to let any user id read them Docker and Podman give them mode 444. */
static bool is_managed(const char *path)
{
    static const char *const places[] = {"/run/credentials/", "/run/secrets/", "/var/run/secrets/"};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (slice_has_prefix(slice_of(path), slice_of(places[i])) && !strstr(path, "/../"))
            return true;
    return false;
}

static bool from_file(const char *path, struct secret *out, struct err *e)
{
    struct buf text;
    struct stat info;

    if (!file_read(path, ERR_CONFIG, LIMIT_SECRET, &text, &info, e))
        return false;
    bool is_roots = is_managed(path) && info.st_uid == 0;
    bool ok = trust_check(path, &info, is_roots ? TRUST_SYSTEM : TRUST_SECRET, e) &&
              (take_line(buf_slice(&text), ERR_CONFIG, out, e) || err_wrap(e, "%s", path));
    buf_wipe(&text);
    return ok;
}

/* The option's place and the account before what is wrong. */
static bool blame(const struct account *a, const char *option, struct err *e)
{
    err_wrap(e, "account \"%s\"", a->name);
    return origin_blame(account_origin(a, option), option, e);
}

/* RFC 6750 2.1, a little wider. What a helper says of its troubles on the wrong channel has blanks
 * in it. */
static bool is_token(const struct secret *secret, enum err_kind kind, struct err *e)
{
    struct slice text = secret_bytes(secret);

    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return err_set(e, kind, "its first line is no access token, which has no blanks or "
                                    "control characters");
    return true;
}

static bool get_token(const struct account *a, bool refresh, struct deadline deadline,
                      struct secret *out, struct err *e)
{
    const char *setting = refresh ? "SMTPOST_TOKEN_REFRESH=1" : NULL;

    if (a->token_file)
        return (from_file(a->token_file, out, e) &&
                (is_token(out, ERR_CONFIG, e) || err_wrap(e, "%s", a->token_file))) ||
               blame(a, "token-file", e);
    return (from_command(&a->token_command, setting, deadline, out, e) &&
            (is_token(out, ERR_HELPER, e) || err_wrap(e, "%s", a->token_command.argv.items[0]))) ||
           blame(a, "token-command", e);
}

static bool no_source(const struct account *a, struct err *e)
{
    return err_set(e, ERR_CONFIG, "account \"%s\": has no password; write password-command = { "
                                  "\"program\", \"argument\" }, password-file = \"file\", "
                                  "token-command for OAuth, or auth = none", a->name);
}

bool credential_get(const struct account *a, bool refresh, struct deadline deadline,
                    struct secret *out, struct err *e)
{
    if (credential_is_token(a))
        return get_token(a, refresh, deadline, out, e);
    if (!secret_is_empty(&a->password)) {
        secret_set(out, secret_bytes(&a->password));
        return true;
    }
    if (a->password_command.argv.count)
        return from_command(&a->password_command, NULL, deadline, out, e) ||
               blame(a, "password-command", e);
    if (a->password_file)
        return from_file(a->password_file, out, e) || blame(a, "password-file", e);
    return no_source(a, e);
}

bool credential_check(const struct account *a, struct err *e)
{
    return !account_wants_login(a) || credential_is_password(a) || credential_is_token(a) ||
           account_can_certify(a) || no_source(a, e);
}

bool credential_is_password(const struct account *a)
{
    return !secret_is_empty(&a->password) || a->password_command.argv.count || a->password_file;
}

bool credential_is_token(const struct account *a)
{
    return a->token_command.argv.count || a->token_file;
}
