/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"

static void wipe(struct strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        secret_wipe_memory(list->items[i], strlen(list->items[i]));
    strings_clear(list);
}

void draft_clear(struct draft *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->sections[i].name);
        strings_clear(&d->sections[i].names);
        wipe(&d->sections[i].values);
        strings_clear(&d->sections[i].notes);
    }
    free(d->sections);
    free(d->default_account);
    strings_clear(&d->notes);
    *d = (struct draft){0};
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

char *draft_name(struct slice text)
{
    char *name = slice_dup(text.len ? text : SLICE("unnamed"));

    for (char *c = name; *c; c++)
        if (ascii_is_control(*c) || strchr("\"\\$", *c))
            *c = '_';
    return name;
}

const struct draft_section *draft_find(const struct draft *d, const char *name)
{
    for (size_t i = 0; i < d->count; i++)
        if (is_same(d->sections[i].name, name))
            return &d->sections[i];
    return NULL;
}

struct draft_section *draft_section(struct draft *d, const char *name)
{
    const struct draft_section *known = draft_find(d, name);

    if (known)
        return &d->sections[known - d->sections];
    d->sections = mem_grow(d->sections, d->count, &d->capacity, sizeof *d->sections);
    struct draft_section *s = &d->sections[d->count++];
    *s = (struct draft_section){.name = name ? mem_strdup(name) : NULL};
    return s;
}

static bool is_list(const char *option)
{
    const char *near;
    const struct option *o = option_find(option, &near);

    return o && (o->type == OPTION_LIST || o->type == OPTION_HOSTS || o->type == OPTION_CHOICES ||
                 o->type == OPTION_MECHANISMS);
}

void draft_add(struct draft_section *s, const char *option, const char *value)
{
    strings_add_text(&s->names, option);
    strings_add_text(&s->values, value);
}

void draft_set(struct draft_section *s, const char *option, const char *value)
{
    if (!is_list(option))
        draft_unset(s, option);
    draft_add(s, option, value);
}

const char *draft_get(const struct draft_section *s, const char *option)
{
    for (size_t i = 0; i < s->names.count; i++)
        if (strcmp(s->names.items[i], option) == 0)
            return s->values.items[i];
    return NULL;
}

void draft_unset(struct draft_section *s, const char *option)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->names.count; i++) {
        if (strcmp(s->names.items[i], option) == 0) {
            secret_wipe_memory(s->values.items[i], strlen(s->values.items[i]));
            free(s->names.items[i]);
            free(s->values.items[i]);
            continue;
        }
        s->names.items[kept] = s->names.items[i];
        s->values.items[kept++] = s->values.items[i];
    }
    s->names.count = s->values.count = kept;
    if (s->names.items)
        s->names.items[kept] = s->values.items[kept] = NULL;
}

void draft_note(struct strings *notes, const char *format, ...)
{
    char text[LIMIT_LOG_LINE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    strings_add_text(notes, text);
}

static void put_notes(const struct strings *notes, const char *indent, struct buf *out)
{
    for (size_t i = 0; i < notes->count; i++) {
        buf_put_format(out, "%s# ", indent);
        log_clean(out, slice_of(notes->items[i]));
        buf_put_byte(out, '\n');
    }
}

static bool is_quoted(const struct option *o)
{
    return o->type == OPTION_TEXT || o->type == OPTION_HOST || o->type == OPTION_PATHNAME ||
           o->type == OPTION_LIST || o->type == OPTION_HOSTS || o->type == OPTION_COMMAND ||
           o->type == OPTION_SECRET || o->type == OPTION_PROXY;
}

/* A number or a choice stands without quotes, unless it is none: then it must stay one value, for
 * the reader to complain about. */
static bool is_word(const char *value)
{
    return *value && value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789-.")] == '\0';
}

static void put_value(const struct option *o, const char *value, struct buf *out)
{
    if (is_quoted(o) || !is_word(value))
        option_quote(out, value);
    else
        buf_put_text(out, value);
}

static void put_option(const struct draft_section *s, const struct option *o, struct buf *out)
{
    size_t count = 0, seen = 0;

    for (size_t i = 0; i < s->names.count; i++)
        count += strcmp(s->names.items[i], o->name) == 0;
    if (!count)
        return;
    buf_put_format(out, "  %-16s = %s", o->name, count > 1 ? "{ " : "");
    for (size_t i = 0; i < s->names.count; i++)
        if (strcmp(s->names.items[i], o->name) == 0) {
            buf_put_text(out, seen++ ? ", " : "");
            put_value(o, s->values.items[i], out);
        }
    buf_put_text(out, count > 1 ? " }\n" : "\n");
}

static void put_section(const struct draft_section *s, struct buf *out)
{
    if (s->name) {
        buf_put_text(out, "\naccount ");
        option_quote(out, s->name);
        buf_put_text(out, " {\n");
    } else {
        buf_put_text(out, "\ndefaults {\n");
    }
    for (size_t i = 0; i < option_count; i++)
        put_option(s, &options[i], out);
    put_notes(&s->notes, "  ", out);
    buf_put_text(out, "}\n");
}

void draft_write(const struct draft *d, struct buf *out)
{
    put_notes(&d->notes, "", out);
    if (d->default_account) {
        buf_put_text(out, "\ndefault-account = ");
        option_quote(out, d->default_account);
        buf_put_byte(out, '\n');
    }
    for (size_t i = 0; i < d->count; i++)
        if (!d->sections[i].name)
            put_section(&d->sections[i], out);
    for (size_t i = 0; i < d->count; i++)
        if (d->sections[i].name)
            put_section(&d->sections[i], out);
}
