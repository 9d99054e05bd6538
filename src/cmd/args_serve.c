/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/args_table.h"

#include "base/say.h"
#include "cmd/listener.h"

/* Refused before anything is read or made. */
bool args_listen(struct args *a, const char *value, struct err *e)
{
    struct sockaddr_storage address;
    socklen_t size;

    strings_add_text(&a->listen, value);
    return listener_place(value, &address, &size, e);
}

bool args_limit(struct args *a, const char *value, struct err *e)
{
    return limits_set(&a->limits, value, e);
}

bool args_socket(struct args *a, const char *value, struct err *e)
{
    (void)e;
    a->socket = value;
    return true;
}

bool args_spool(struct args *a, const char *value, struct err *e)
{
    a->spool = value;
    return *value == '/' || err_set(e, ERR_USAGE, _("--spool %s: write an absolute path"), value);
}
