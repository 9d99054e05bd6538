/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_KEEPER_H
#define CMD_KEEPER_H

#include <sys/types.h>

#include "account/draft.h"
#include "base/err.h"
#include "base/secret.h"

/* Where `setup` puts a password: the programs that keep secrets, and a file of our own as the last
 * resort. The password goes to the program's standard input, never into its arguments. */

struct keeper {
    const char *program;     /* looked up in PATH; NULL: a file */
    const char *title;       /* one line for a person */
    const char *store[10];   /* its arguments to take a password; {account} {user} {file} */
    const char *before;      /* NULL: it reads the password alone; else a command of its language up
                              * to the password, which a quote and a line end follow */
    const char *fetch[10];   /* the password-command that gives it back */
    bool for_root;           /* its key can be read by root alone */
};

extern const struct keeper keepers[];
extern const size_t keeper_count;

/* Is its program there, and of use to this user? */
bool keeper_is_here(const struct keeper *k, const char *path, uid_t uid);

/* Who the password is for, and the directory for what lies in files. */
struct keeping {
    const char *account, *user;
    const char *directory;
    const char *temporary;   /* directory for unnamed files */
};

/* Keep it, and say in `section` how to get it back. */
bool keeper_store(const struct keeper *k, const struct keeping *what, const struct secret *secret,
                  struct draft_section *section, struct err *e);

#endif
