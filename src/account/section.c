/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/section.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void section_init(struct section *s, const char *name, struct origin where)
{
    *s = (struct section){.name = mem_strdup(name), .where = where};
}

void section_clear(struct section *s)
{
    for (size_t i = 0; i < s->count; i++)
        setting_clear(&s->entries[i].setting);
    free(s->entries);
    free(s->name);
    *s = (struct section){0};
}

void section_veil(struct section *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct strings *values = &s->entries[i].setting.values;
        if (s->entries[i].option->type == OPTION_SECRET)
            for (size_t k = 0; k < values->count; k++)
                memset(values->items[k], 'x', strlen(values->items[k]));
    }
}

struct setting *section_find(const struct section *s, const char *option)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->entries[i].option->name, option) == 0)
            return &s->entries[i].setting;
    return NULL;
}

struct setting *section_add(struct section *s, const struct option *option)
{
    s->entries = mem_grow(s->entries, s->count, &s->capacity, sizeof *s->entries);
    struct entry *added = &s->entries[s->count++];
    *added = (struct entry){.option = option};
    return &added->setting;
}

/* What is in force for each row of the table, and the layer that it comes from. */
struct force {
    const struct setting *setting;
    size_t layer;
};

static size_t index_of(const struct option *o)
{
    return (size_t)(o - options);
}

/* A place or a source that is set here replaces those of the layers below. */
static bool replace_alternatives(struct force *force, const struct entry *entry, size_t layer,
                                 struct err *e)
{
    unsigned group = entry->option->flags & OPTION_ALTERNATIVES;

    for (size_t i = 0; i < option_count && group; i++) {
        const struct setting *other = force[i].setting;
        if (!other || !(options[i].flags & group) || &options[i] == entry->option)
            continue;
        if (force[i].layer == layer && other->line)
            return err_set(e, ERR_CONFIG, "%s:%u: %s: %s is set as well, on line %u; leave one of "
                                          "them out", entry->setting.file, entry->setting.line,
                           entry->option->name, options[i].name, other->line);
        if (force[i].layer == layer) {
            struct origin here = setting_origin(&entry->setting);
            err_set(e, origin_kind(here), "%s is set as well; leave one of them out",
                    origin_spelling(setting_origin(other), options[i].name));
            return origin_blame(here, entry->option->name, e);
        }
        force[i].setting = NULL;
    }
    return true;
}

static bool collect(const struct overlay *o, struct force *force, struct err *e)
{
    for (size_t layer = 0; layer < o->count; layer++) {
        const struct section *s = o->sections[layer];
        for (size_t i = 0; i < s->count; i++) {
            const struct entry *entry = &s->entries[i];
            if (layer < o->own && entry->option->flags & OPTION_NO_INHERIT)
                continue;
            if (!replace_alternatives(force, entry, layer, e))
                return false;
            force[index_of(entry->option)] = (struct force){&entry->setting, layer};
        }
    }
    return true;
}

/* Where the server is a socket, TLS is a matter of that account alone: `tls = starttls` among the
 * defaults is meant for hosts. */
static void set_socket_tls(struct account *a, const struct force *force)
{
    size_t tls = 0, socket = 0;

    for (size_t i = 0; i < option_count; i++) {
        if (strcmp(options[i].name, "tls") == 0)
            tls = i;
        if (strcmp(options[i].name, "socket") == 0)
            socket = i;
    }
    if (!force[socket].setting || (force[tls].setting && force[tls].layer >= force[socket].layer))
        return;
    a->tls = ACCOUNT_TLS_NONE;
    a->origins[tls] = (struct origin){ORIGIN_BUILT_IN, 0};
}

static bool apply(const struct option *o, const struct force *force, const char *home,
                  struct account *out, struct err *e)
{
    struct setting fallback;
    const struct setting *setting = force->setting;

    if (!setting && !o->fallback)
        return true;
    if (!setting)
        setting_init(&fallback, o, o->fallback, ORIGIN_BUILT_IN);
    const struct setting *chosen = setting ? setting : &fallback;
    bool ok = setting_apply(chosen, o, home, out, e);
    out->origins[index_of(o)] = setting_origin(chosen);
    if (!setting)
        setting_clear(&fallback);
    return ok;
}

bool section_merge(const struct overlay *o, struct account *out, struct err *e)
{
    struct force force[OPTION_MAX] = {0};

    *out = (struct account){0};
    bool ok = collect(o, force, e);
    for (size_t i = 0; i < option_count && ok; i++)
        ok = apply(&options[i], &force[i], o->home, out, e);
    if (ok)
        set_socket_tls(out, force);
    else
        account_clear(out);
    return ok;
}
