/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/newaliases.h"

#include <sysexits.h>

#include "account/aliases.h"
#include "base/log.h"
#include "cmd/exitcode.h"
#include "cmd/sources.h"

static int complain(const struct err *e)
{
    log_line("%s", e->text);
    return exit_status_of_err(e);
}

static int check_file(const struct account *account)
{
    struct aliases *aliases;
    struct strings faults = {0};
    size_t refused;
    struct err e;

    if (!aliases_read(account, &aliases, &e))
        return complain(&e);
    aliases_check(aliases, &faults, &refused);
    for (size_t i = 0; i < faults.count; i++)
        log_line("%s", faults.items[i]);
    int status = faults.count > refused ? EX_DATAERR : EX_OK;
    strings_clear(&faults);
    aliases_free(aliases);
    return status;
}

/* *checked: the files that were looked at for other accounts. */
static int check_account(const struct config *c, const char *name, struct strings *checked)
{
    struct account account;
    struct err e;
    int status = EX_OK;

    if (!config_resolve(c, name, &account, &e))
        return complain(&e);
    if (account.aliases && !strings_has(checked, account.aliases)) {
        strings_add_text(checked, account.aliases);
        status = check_file(&account);
    }
    account_clear(&account);
    return status;
}

int newaliases(const struct args *a, const struct host *h)
{
    struct config *config = NULL;
    struct strings checked = {0};
    struct err e;
    int worst = EX_OK;

    if (!sources_exist(a, h))
        return EX_OK;
    if (!sources_read(a, h, &config, &e))
        return complain(&e);
    for (size_t i = 0; i < config_account_count(config); i++) {
        int status = check_account(config, config_account_name(config, i), &checked);
        worst = status > worst ? status : worst;
    }
    strings_clear(&checked);
    config_free(config);
    return worst;
}
