/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/origin.h"

#include <string.h>

static bool is_set(struct origin o)
{
    return o.line == 0 && strcmp(o.file, ORIGIN_SET) == 0;
}

static bool is_variable(struct origin o)
{
    return o.line == 0 && !is_set(o) && strcmp(o.file, ORIGIN_BUILT_IN) != 0;
}

enum err_kind origin_kind(struct origin o)
{
    return is_set(o) ? ERR_USAGE : ERR_CONFIG;
}

bool origin_blame(struct origin o, const char *option, struct err *e)
{
    if (o.line)
        return err_wrap(e, "%s:%u: %s", o.file, o.line, option);
    return is_variable(o) ? err_wrap(e, "%s", o.file) : err_wrap(e, "%s %s", o.file, option);
}

const char *origin_spelling(struct origin o, const char *option)
{
    return is_variable(o) ? o.file : option;
}
