/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/sources.h"

#include <unistd.h>

bool sources_read_again(const struct host *h, const char *only, const struct strings *settings,
                        struct config **config, struct err *e)
{
    struct config_sources sources = {
        .system_file = h->system_file,
        .user_file = h->user_file,
        .only_file = only,
        .home = h->home,
        .service = h->service,
        .variables = &h->variables,
        .settings = settings,
    };
    return config_read(&sources, config, e);
}

bool sources_read(const struct args *a, const struct host *h, struct config **config, struct err *e)
{
    struct config_sources named = {
        .system_file = h->system_file,
        .only_file = a->config_file,
        .home = h->home,
        .service = h->service,
        .settings = &a->settings,
    };

    return a->config_file ? config_read(&named, config, e)
                          : sources_read_again(h, h->only_file, &a->settings, config, e);
}

static bool exists(const char *file)
{
    return file && access(file, F_OK) == 0;
}

bool sources_exist(const struct args *a, const struct host *h)
{
    const char *only = a->config_file ? a->config_file : h->only_file;

    if (!a->config_file && h->variables.count)
        return true;
    return only ? exists(only) : exists(h->system_file) || exists(h->user_file);
}
