/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_LAYERS_H
#define ACCOUNT_LAYERS_H

#include "account/section.h"

/* Everything that was read, in its layers, and an account made of them: built-in values < the
 * system's defaults < the user's defaults < the `like` chain < the account < --set. The variables
 * of the environment are an account of their own. */

#define ENVIRONMENT_ACCOUNT "environment"

/* One of the two files, with all that it includes, less its accounts. */
struct layer {
    struct section top;      /* top_options */
    struct section defaults;
};

struct layers {
    struct layer system, user;
    struct section set;
    struct section *accounts;      /* in file order */
    size_t count, capacity;
    char *home;              /* owned; may be NULL */
    char *default_account;   /* owned; NULL: none named */
    struct strings variables;      /* names that settings of the environment's account borrow */

    /* The hand-over to the machine's service (config.h). Both are borrowed and set before
     * layers_finish. */
    const char *service;     /* its socket when no `submit` names one; NULL: there is none */
    const char *denied;      /* the system's file, if it is there and may not be read */
    struct section hand_over;      /* the account made of them; without a name: none */
    bool hands_over;         /* mail goes there unless somebody chooses an account */
};

void layers_clear(struct layers *l);       /* wipes */
void layers_veil(struct layers *l);        /* section_veil of all */

/* A new account, or NULL with an error. The user's take the place of the system's; two in one layer
 * are an error that names both lines. Valid until the next call. */
struct section *layers_add_account(struct layers *l, const char *name, struct origin where,
                                   bool is_system, struct err *e);
/* "SMTPOST_HOST=value" and the like. Where one of them says where the server is, they are that
 * account, and it is the default; else they count for nothing. */
bool layers_add_variables(struct layers *l, const struct strings *variables, struct err *e);
/* One "option=value" of --set; the last of an option counts. ERR_USAGE. */
bool layers_add_set(struct layers *l, const char *text, struct err *e);
/* After the last: the account "default" where there is no account but a host or socket, the
 * hand-over, and the account that default-account names. */
bool layers_finish(struct layers *l, struct err *e);

bool layers_find(const struct layers *l, const char *name, size_t *index, struct err *e);
/* See config_resolve. */
bool layers_resolve(const struct layers *l, const char *name, struct account *out, struct err *e);

/* Is that the account made for the hand-over, and none that somebody has written? */
bool layers_is_hand_over(const struct layers *l, const char *name);

/* What stands outside of sections. */
enum top_option { TOP_DEFAULT_ACCOUNT, TOP_SUBMIT, TOP_OPTIONS };
extern const struct option top_options[TOP_OPTIONS];
const struct option *top_option_find(const char *name);    /* NULL: there is none */

#endif
