/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/narrow.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/confine.h"

static bool runs_programs(const struct account *a)
{
    return a->password_command.argv.count || a->token_command.argv.count || a->filter.argv.count;
}

/* The directory that the file or Maildir is in, so that it can be made where it is missing. */
static void add_parent(struct strings *places, const char *path)
{
    struct slice rest = slice_of(path);

    while (rest.len > 1 && rest.data[rest.len - 1] == '/')
        rest.len--;
    while (rest.len > 1 && rest.data[rest.len - 1] != '/')
        rest.len--;
    if (rest.len)
        strings_add(places, rest);
}

void narrow_to_places(const struct strings *places)
{
    confine_writes((const char *const *)places->items, places->count);
}

void narrow_find_places(const struct config *c, const char *spool, struct strings *places)
{
    strings_add_text(places, spool);
    for (size_t i = 0; i < config_account_count(c); i++) {
        struct account account;
        struct err ignored;
        if (config_resolve(c, config_account_name(c, i), &account, &ignored))
            add_parent(places, account.log_file);
        account_clear(&account);
    }
}

void narrow_process(const struct account *a, const char *spool, const char *temporary)
{
    struct strings places = {0};

    /* A queue that cannot be written to would send what it holds again and again: in doubt, nothing
     * is given up. */
    if (runs_programs(a) || (spool && (*spool != '/' || access(spool, W_OK) != 0)))
        return;
    add_parent(&places, a->log_file);
    add_parent(&places, a->save_copy);
    if (spool)
        strings_add_text(&places, spool);
    if (temporary)
        strings_add_text(&places, temporary);
    /* Without it the code's own care has to do. */
    narrow_to_places(&places);
    strings_clear(&places);
}
