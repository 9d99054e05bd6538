/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_SETTING_H
#define ACCOUNT_SETTING_H

#include <stdbool.h>

#include "account/option.h"
#include "account/origin.h"
#include "base/err.h"
#include "base/strings.h"

/* What somebody wrote for an option, and where: any number of texts, not looked at until the
 * account that they belong to is wanted. So a mistake in one account never stops mail that goes
 * through another. */

/* Where a variable of the environment that is not set stood in a file, there is now this, the
 * variable's name, and that. */
#define SETTING_UNSET_BEGIN '\001'
#define SETTING_UNSET_END '\002'

struct setting {
    struct strings values;
    bool is_list;            /* written with braces */
    bool expanded;           /* the raw text held ${...} */
    const char *file;        /* as in struct origin */
    unsigned line;
};

struct origin setting_origin(const struct setting *s);

/* From one text, for --set, variables and fallbacks: a list is split at its commas, with or without
 * braces. */
void setting_init(struct setting *s, const struct option *o, const char *text, const char *file);
void setting_clear(struct setting *s);     /* wipes: it may hold a secret */

struct account;

/* Convert into the option's field of `account`; releases what was there. `home` for "~/" may be
 * NULL. Errors: "file:line: option: what is wrong, what to write instead" and the like, as
 * account/origin.h has it. No error shows a secret. */
bool setting_apply(const struct setting *s, const struct option *o, const char *home,
                   struct account *account, struct err *e);

#endif
