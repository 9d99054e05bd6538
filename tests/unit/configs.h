/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef UNIT_CONFIGS_H
#define UNIT_CONFIGS_H

/* Configuration files in a directory of their own, for the tests of src/account. */

#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/config.h"

struct configs {
    char directory[40];
    char *names[4];          /* what configs_path has handed out lately */
    unsigned next;
};

static inline void configs_begin(struct configs *c)
{
    *c = (struct configs){0};
    snprintf(c->directory, sizeof c->directory, "/tmp/smtpost-unit.XXXXXX");
    assert_non_null(mkdtemp(c->directory));
}

/* The path of a file there; the fourth call from now takes its place. */
static inline const char *configs_path(struct configs *c, const char *name)
{
    char **path = &c->names[c->next++ % COUNT(c->names)];
    struct buf text;

    free(*path);
    buf_init(&text, 400);
    buf_put_format(&text, "%s/%s", c->directory, name);
    *path = buf_take(&text);
    return *path;
}

static inline void configs_write(struct configs *c, const char *name, struct slice text)
{
    const char *path = configs_path(c, name);
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text.data, 1, text.len, f), text.len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static inline void configs_end(struct configs *c)
{
    DIR *directory = opendir(c->directory);
    struct dirent *entry;

    assert_non_null(directory);
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            remove(configs_path(c, entry->d_name));
    closedir(directory);
    assert_int_equal(rmdir(c->directory), 0);
    for (size_t i = 0; i < COUNT(c->names); i++)
        free(c->names[i]);
}

/* Read the texts as the system's and the user's file (NULL: not there), and --set options. */
static inline bool configs_read(struct configs *c, const char *const texts[2],
                                const struct strings *settings, struct config **out,
                                struct err *e)
{
    struct config_sources sources = {
        .system_file = configs_path(c, "system"),
        .user_file = configs_path(c, "user"),
        .home = "/home/ada",
        .settings = settings,
    };

    remove(sources.system_file);
    remove(sources.user_file);
    if (texts[0])
        configs_write(c, "system", slice_of(texts[0]));
    if (texts[1])
        configs_write(c, "user", slice_of(texts[1]));
    return config_read(&sources, out, e);
}

/* What must not fail here, with the reason when it does. */
static inline void configs_must_read(struct configs *c, const char *text, struct config **out)
{
    const char *const texts[2] = {NULL, text};
    struct err e;

    if (!configs_read(c, texts, NULL, out, &e))
        fail_msg("%s\n%s", text, e.text);
}

#endif
