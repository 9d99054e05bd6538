/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/preset.h"

#include <stdlib.h>
#include <string.h>

#include "account/token.h"
#include "base/mem.h"

#define ORIGIN "preset"

/* Ahead by one token, as the reader of configuration files is. */
struct parser {
    struct lexer lexer;
    struct token token;
};

static bool advance(struct parser *p, struct err *e)
{
    return lexer_next(&p->lexer, &p->token, e);
}

static bool expect(struct parser *p, char mark, struct err *e)
{
    if (!token_is(&p->token, mark))
        return err_set(e, ERR_CONFIG, "a '%c' is missing", mark);
    return advance(p, e);
}

/* A value, or a list of them in braces. */
static bool parse_values(struct parser *p, struct setting *s, struct err *e)
{
    s->is_list = token_is(&p->token, '{');
    if (s->is_list && !advance(p, e))
        return false;
    do {
        if (!token_is_value(&p->token))
            return err_set(e, ERR_CONFIG, "a value is missing");
        strings_add(&s->values, p->token.text);
        if (!advance(p, e))
            return false;
    } while (s->is_list && token_is(&p->token, ',') && advance(p, e));
    return !s->is_list || expect(p, '}', e);
}

static bool set_wants(struct preset *preset, const char *word, struct err *e)
{
    for (int i = 0; preset_wants_words[i]; i++)
        if (strcmp(preset_wants_words[i], word) == 0) {
            preset->wants = (enum preset_wants)i;
            return true;
        }
    return err_set(e, ERR_CONFIG, "wants: there is no \"%s\"", word);
}

/* The statement `name = values`: what only a provider has, else an option of accounts. */
static bool take(struct preset *preset, const char *name, struct setting *s, struct err *e)
{
    char **text = strcmp(name, "title") == 0  ? &preset->title
                  : strcmp(name, "url") == 0  ? &preset->url
                  : strcmp(name, "note") == 0 ? &preset->note
                                              : NULL;
    const char *near;

    if (text && !*text) {
        *text = mem_strdup(s->values.items[0]);
        return true;
    }
    if (strcmp(name, "wants") == 0)
        return set_wants(preset, s->values.items[0], e);
    if (strcmp(name, "domains") == 0) {
        strings_copy(&preset->domains, &s->values);
        return true;
    }
    const struct option *o = option_find(name, &near);
    if (!o || o->flags & OPTION_NO_DEFAULTS || section_find(&preset->options, name))
        return err_set(e, ERR_CONFIG, "%s: is no option of a provider, or is there twice", name);
    *section_add(&preset->options, o) = *s;
    *s = (struct setting){.file = NULL};
    return true;
}

static bool parse_statement(struct parser *p, struct preset *preset, struct err *e)
{
    struct setting s = {.file = ORIGIN};

    if (p->token.kind != TOKEN_WORD)
        return err_set(e, ERR_CONFIG, "the name of an option is missing");
    char *name = slice_dup(p->token.text);
    bool ok = advance(p, e) && expect(p, '=', e) && parse_values(p, &s, e) &&
              take(preset, name, &s, e);
    setting_clear(&s);
    free(name);
    return ok;
}

static bool parse_provider(struct parser *p, struct presets *all, struct err *e)
{
    if (p->token.kind != TOKEN_WORD || !slice_eq(p->token.text, SLICE("provider")))
        return err_set(e, ERR_CONFIG, "write provider \"name\" { ... }");
    if (!advance(p, e))
        return false;
    if (p->token.kind != TOKEN_QUOTED || p->token.text.len == 0)
        return err_set(e, ERR_CONFIG, "the provider's name is missing");
    all->items = mem_grow(all->items, all->count, &all->capacity, sizeof *all->items);
    struct preset *preset = &all->items[all->count++];
    *preset = (struct preset){.wants = PRESET_ACCOUNT};
    char *name = slice_dup(p->token.text);
    section_init(&preset->options, name, (struct origin){ORIGIN, 0});
    free(name);
    if (!advance(p, e) || !expect(p, '{', e))
        return false;
    while (!token_is(&p->token, '}'))
        if (!parse_statement(p, preset, e))
            return false;
    return advance(p, e);
}

bool presets_parse(struct presets *p, struct slice text, struct err *e)
{
    struct parser parser = {.token.line = 0};
    struct buf clean;

    *p = (struct presets){0};
    buf_init(&clean, lexer_room(text));
    bool ok = lexer_init(&parser.lexer, text, &clean, &parser.token.line, e) && advance(&parser, e);
    while (ok && parser.token.kind != TOKEN_END)
        ok = parse_provider(&parser, p, e);
    if (!ok) {
        err_wrap(e, "providers:%u", parser.token.line);
        presets_clear(p);
    }
    buf_clear(&clean);
    return ok;
}

bool presets_read(struct presets *p, struct err *e)
{
    return presets_parse(p, slice_of(preset_data), e);
}

void presets_clear(struct presets *p)
{
    for (size_t i = 0; i < p->count; i++) {
        struct preset *preset = &p->items[i];
        section_clear(&preset->options);
        strings_clear(&preset->domains);
        free(preset->title);
        free(preset->url);
        free(preset->note);
    }
    free(p->items);
    *p = (struct presets){0};
}

const struct preset *presets_find(const struct presets *p, const char *name, struct err *e)
{
    struct strings names = {0};

    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->items[i].options.name, name) == 0) {
            strings_clear(&names);
            return &p->items[i];
        }
        strings_add_text(&names, p->items[i].options.name);
    }
    const char *near = strings_nearest(name, (const char *const *)names.items, names.count);
    err_set(e, ERR_CONFIG,
            "there is no provider \"%s\"; %s%s%s\"smtpost config providers\" lists them", name,
            near ? "did you mean \"" : "", near ? near : "", near ? "\"? " : "");
    strings_clear(&names);
    return NULL;
}

const struct preset *presets_find_domain(const struct presets *p, struct slice domain)
{
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < p->items[i].domains.count; k++)
            if (slice_eq_nocase(slice_of(p->items[i].domains.items[k]), domain))
                return &p->items[i];
    return NULL;
}

const char *const preset_wants_words[] = {"account", "app", "api", "token", NULL};
