/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_ALIASES_H
#define ACCOUNT_ALIASES_H

#include "account/account.h"
#include "base/err.h"
#include "mail/path.h"

/* The alias file of an account, in the syntax of /etc/aliases (aliases(5) of Postfix and sendmail):
 * "name: target, ...", lines that begin with a blank continue the one before, '#' begins a comment
 * line, names and targets may be quoted, names mean the same in any case. A target is an address,
 * another name, "\name" (final), or ":include:/file" with a list of targets. The name "default" is
 * for every local name without an entry. Programs ("|command") and mailbox files ("/file") are
 * refused: there is nobody here who delivers.
 *
 * Local is a name without a domain, or with one of the account's local-domains. An entry that names
 * itself ends there ("root: root, ada@example.org"); a longer loop is a fault. Every entry and
 * every included file counts once for a recipient, so that the work is bounded by their size. */

struct aliases;

/* `account` and what it says are borrowed. An account without an alias file has no entries. A file
 * that cannot be read is an error (ERR_CONFIG); a line that cannot be understood is a fault that is
 * told by aliases_check, and by aliases_expand when it matters. */
bool aliases_read(const struct account *account, struct aliases **out, struct err *e);
void aliases_free(struct aliases *a);      /* NULL is fine */

/* What a local recipient comes to. */
struct alias_result {
    struct path *paths;      /* owned; a bare one is a local name that stays local */
    size_t count, capacity;
    struct strings faults;   /* "file:line: name: what is wrong" */
};

/* False: it is not local, or there is no entry for it. Else everything that it comes to is appended
 * to `out`, faults for what leads nowhere. */
bool aliases_expand(struct aliases *a, const struct path *recipient, struct alias_result *out);
void alias_result_clear(struct alias_result *out);

/* Everything that is wrong with the file; `refused` of the lines are about programs and files. */
void aliases_check(struct aliases *a, struct strings *faults, size_t *refused);

/* Is this the address of somebody here? */
bool aliases_is_local(const struct account *account, const struct path *path);

#endif
