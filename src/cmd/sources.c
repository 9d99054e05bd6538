/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/sources.h"

#include <unistd.h>

bool sources_read(const struct args *a, const struct host *h, struct config **config, struct err *e)
{
    struct config_sources sources = {
        .system_file = h->system_file,
        .user_file = h->user_file,
        .only_file = a->config_file ? a->config_file : h->only_file,
        .home = h->home,
        .settings = &a->settings,
    };
    return config_read(&sources, config, e);
}

static bool exists(const char *file)
{
    return file && access(file, F_OK) == 0;
}

bool sources_exist(const struct args *a, const struct host *h)
{
    const char *only = a->config_file ? a->config_file : h->only_file;

    return only ? exists(only) : exists(h->system_file) || exists(h->user_file);
}
