/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/confine.h"

void confine_memory(void)
{
}

const char *confine_state(void)
{
    return "none: this system has no Landlock";
}

bool confine_writes(const char *const *places, size_t count)
{
    (void)places;
    (void)count;
    return false;
}
