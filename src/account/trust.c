/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/trust.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

/* The path as a shell takes it. */
static char *shell_word(const char *path)
{
    struct buf word;

    buf_init(&word, strlen(path) * 4 + 2);
    bool plain = path[strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789/._-+@%:,")] == '\0';
    buf_put_text(&word, plain ? "" : "'");
    for (; *path; path++)
        if (*path == '\'')
            buf_put_text(&word, "'\\''");
        else
            buf_put_byte(&word, *path);
    buf_put_text(&word, plain ? "" : "'");
    return buf_take(&word);
}

/* What is wrong, or NULL; *remedy is then the command, less the file. */
static const char *fault_of(const struct stat *info, unsigned flags, const char **remedy)
{
    bool is_trusted = info->st_uid == 0 || info->st_uid == geteuid();
    bool is_secret = flags & TRUST_SECRET;

    if (flags & TRUST_SYSTEM) {
        *remedy = is_trusted ? is_secret ? "chmod 640" : "chmod 644" : "chown root";
        if (!is_trusted)
            return "belongs to a user who is not root";
        if (info->st_mode & (S_IWGRP | S_IWOTH))
            return "may be written by others than its owner";
        return is_secret && info->st_mode & S_IROTH ? "holds a secret and may be read by everybody"
                                                    : NULL;
    }
    *remedy = is_trusted ? "chmod 600" : "chown \"$(id -u)\"";
    if (!is_trusted)
        return "belongs to another user, who could have written anything into it";
    if (info->st_mode & (S_IWGRP | S_IWOTH))
        return "may be written by others than its owner";
    return is_secret && info->st_mode & (S_IRGRP | S_IROTH)
               ? "holds a secret and may be read by others than its owner"
               : NULL;
}

bool trust_check(const char *path, const struct stat *info, unsigned flags, struct err *e)
{
    const char *remedy;
    const char *fault = S_ISREG(info->st_mode) ? fault_of(info, flags, &remedy) : NULL;

    if (!fault)
        return true;
    char *word = shell_word(path);
    err_set(e, ERR_CONFIG, "the file %s: %s %s", fault, remedy, word);
    free(word);
    return false;
}
