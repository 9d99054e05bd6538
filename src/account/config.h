/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_CONFIG_H
#define ACCOUNT_CONFIG_H

#include <stdbool.h>

#include "account/account.h"
#include "base/err.h"
#include "base/strings.h"

/* The configuration files, read and merged; the only user of <confuse.h>. Files are parsed once at
 * start; what they say is kept as settings with file and line, and an account is resolved from the
 * layers on demand: built-in < system defaults < user defaults < `like` chain < account < --set.
 *
 * Files are opened here, looked at through the descriptor, and handed over as text that was checked
 * and cleaned of what libconfuse 3.3 gets wrong in silence (account/token.h, account/source.h):
 * variables that are not set, values cut at '#', '+' or '*', repeated options, missing braces,
 * octal numbers, NUL, directories, byte order marks, comments in lists and the line numbers behind
 * comments, names with '|', quotes that are not closed, backslashes that vanish.
 *
 * The hand-over. A user who may not read the system's file, or whose files say submit = "SOCKET",
 * and who has no account, host or default-account of their own, sends through an account made here:
 * SMTP over the socket of the machine's service. It is called "submit", and only the user's
 * defaults and --set are laid over it: what the system's file says of accounts is the service's
 * business. */

struct config_sources {
    const char *system_file; /* read if it exists and may be read */
    const char *user_file;   /* the same; NULL: none */
    const char *only_file;   /* not NULL: this file alone, and it must exist */
    const char *home;        /* for "~/"; may be NULL */
    const struct strings *variables;     /* "SMTPOST_HOST=value", ...; may be NULL */
    const char *service;     /* the socket of the machine's service, if no file names another; NULL:
                              * nothing is handed over, for we are the service */
    const struct strings *settings;      /* --set: "option=value"; may be NULL */
};

struct config;               /* owns every text that settings, origins and accounts borrow */

/* *out is for config_free, and NULL after a failure. Every error is ERR_CONFIG (--set: ERR_USAGE).
 * When there is no file at all the error says which were looked for and how to begin. Without any
 * account section, a host or socket among the defaults or --set makes one called "default"; one
 * among the variables makes one called "environment", which is the default. */
bool config_read(const struct config_sources *sources, struct config **out, struct err *e);
void config_free(struct config *c);        /* NULL is fine */
/* Every password in it is lost, and everything else as before: for a process that listens to
 * strangers and logs in nowhere. */
void config_veil(struct config *c);

/* Account names in file order (a user's account takes the place of the system's of that name). */
size_t config_account_count(const struct config *c);
const char *config_account_name(const struct config *c, size_t index);
const char *config_default_account(const struct config *c);  /* NULL: none named */
/* Who names it: "default-account" of a file, or a variable. */
const char *config_default_origin(const struct config *c);
/* `from` entries of an account as written, its own only (not inherited). */
const struct strings *config_account_from(const struct config *c, size_t index);
/* The account of that name; else an error with "did you mean" and the list. */
bool config_account_find(const struct config *c, const char *name, size_t *index, struct err *e);

/* The name of the account that hands over, when that is where mail goes unless somebody chooses an
 * account; else NULL. It is not among those that are counted. *why: who says so. */
const char *config_hand_over(const struct config *c, struct origin *why);
/* Can it be chosen by that name? */
bool config_is_hand_over(const struct config *c, const char *name);

/* All layers of one account into `out` (initialised here, empty after a failure), cross-checked: a
 * host or socket, at most one secret source, a user where a secret is. An unknown name is an error
 * as above. */
bool config_resolve(const struct config *c, const char *name, struct account *out, struct err *e);

#endif
