/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/layers.h"

#include <stdlib.h>
#include <string.h>

#include "account/preset.h"
#include "base/mem.h"

/* The account made of `submit`, in logs and in the queue. */
#define HAND_OVER_NAME "submit"

static void clear_layer(struct layer *l)
{
    section_clear(&l->top);
    section_clear(&l->defaults);
}

void layers_clear(struct layers *l)
{
    clear_layer(&l->system);
    clear_layer(&l->user);
    section_clear(&l->set);
    section_clear(&l->hand_over);
    for (size_t i = 0; i < l->count; i++)
        section_clear(&l->accounts[i]);
    free(l->accounts);
    free(l->home);
    free(l->default_account);
    strings_clear(&l->variables);
    *l = (struct layers){0};
}

void layers_veil(struct layers *l)
{
    section_veil(&l->system.defaults);
    section_veil(&l->user.defaults);
    section_veil(&l->set);
    for (size_t i = 0; i < l->count; i++)
        section_veil(&l->accounts[i]);
}

/* The index of the account; l->count if there is none. */
static size_t index_of(const struct layers *l, const char *name)
{
    size_t i = 0;

    while (i < l->count && strcmp(l->accounts[i].name, name) != 0)
        i++;
    return i;
}

struct section *layers_add_account(struct layers *l, const char *name, struct origin where,
                                   bool is_system, struct err *e)
{
    size_t at = index_of(l, name);

    if (at < l->count && !where.line) {
        const struct origin *old = &l->accounts[at].where;
        err_set(e, ERR_CONFIG, "%s:%u: account \"%s\": %s makes one of this name; rename it",
                old->file, old->line, name, where.file);
        return NULL;
    }
    if (at < l->count && l->accounts[at].is_system == is_system) {
        const struct origin *old = &l->accounts[at].where;
        err_set(e, ERR_CONFIG, "%s:%u: account \"%s\": is defined already, at %s:%u; rename one of "
                               "them", where.file, where.line, name, old->file, old->line);
        return NULL;
    }
    if (at < l->count) {
        section_clear(&l->accounts[at]);
    } else {
        l->accounts = mem_grow(l->accounts, l->count, &l->capacity, sizeof *l->accounts);
        l->count++;
    }
    section_init(&l->accounts[at], name, where);
    l->accounts[at].is_system = is_system;
    return &l->accounts[at];
}

static bool refuse_set(const char *name, const struct option *o, const char *near, struct err *e)
{
    if (!o)
        return err_set(e, ERR_USAGE, "--set %s: there is no such option%s%s%s", name,
                       near ? "; did you mean \"" : "; smtprc(5) lists them", near ? near : "",
                       near ? "\"?" : "");
    return err_set(e, ERR_USAGE, "--set %s: every user of this machine can read a command line, so "
                                 "no secret is taken from it; write it in a file, or use "
                                 "password-command or password-file", name);
}

bool layers_add_set(struct layers *l, const char *text, struct err *e)
{
    const char *equals = strchr(text, '='), *near;

    if (!equals)
        return err_set(e, ERR_USAGE, "--set %s: has no '='; write --set option=value", text);
    char *name = slice_dup(slice_trim(slice_make(text, (size_t)(equals - text))));
    const struct option *o = option_find(name, &near);
    bool ok = (o && o->type != OPTION_SECRET && !option_is_secret(o, equals + 1)) ||
              refuse_set(name, o, near, e);
    free(name);
    if (!ok)
        return false;
    struct setting *setting = section_find(&l->set, o->name);
    if (setting)
        setting_clear(setting);
    else
        setting = section_add(&l->set, o);
    setting_init(setting, o, equals + 1, ORIGIN_SET);
    return true;
}

/* The value of the option's variable, or NULL; *name is then the variable. */
static const char *find_variable(struct layers *l, const struct option *o,
                                 const struct strings *variables, const char **name)
{
    struct buf variable;
    const char *value = NULL;

    if (!(o->flags & OPTION_VARIABLE))
        return NULL;
    buf_init(&variable, LIMIT_LOG_LINE);
    option_put_variable(o, &variable);
    for (size_t i = 0; i < variables->count && !value; i++) {
        const char *text = variables->items[i];
        if (slice_has_prefix(slice_of(text), buf_slice(&variable)) && text[variable.len] == '=')
            value = text + variable.len + 1;
    }
    if (value) {
        strings_add(&l->variables, buf_slice(&variable));
        *name = l->variables.items[l->variables.count - 1];
    }
    buf_clear(&variable);
    return value;
}

static bool is_place(const struct option *o)
{
    return o->flags & OPTION_PLACE || strcmp(o->name, "provider") == 0;
}

bool layers_add_variables(struct layers *l, const struct strings *variables, struct err *e)
{
    struct section *section = NULL;
    const char *name, *value;

    for (size_t i = 0; i < option_count && !section; i++)
        if (is_place(&options[i]) && find_variable(l, &options[i], variables, &name)) {
            section = layers_add_account(l, ENVIRONMENT_ACCOUNT, (struct origin){name, 0}, false,
                                         e);
            if (!section)
                return false;
        }
    for (size_t i = 0; i < option_count && section; i++)
        if ((value = find_variable(l, &options[i], variables, &name)))
            setting_init(section_add(section, &options[i]), &options[i], value, name);
    return true;
}

bool layers_find(const struct layers *l, const char *name, size_t *index, struct err *e)
{
    struct strings names = {0};
    struct buf list;

    *index = index_of(l, name);
    if (*index < l->count)
        return true;
    buf_init(&list, LIMIT_ERROR_TEXT / 2);
    for (size_t i = 0; i < l->count; i++) {
        strings_add_text(&names, l->accounts[i].name);
        buf_put_format(&list, "%s%s", i ? ", " : "", l->accounts[i].name);
    }
    const char *near = strings_nearest(name, (const char *const *)names.items, names.count);
    err_set(e, ERR_CONFIG, "there is no account \"%s\"; %s%s%sthere are: %s", name,
            near ? "did you mean \"" : "", near ? near : "", near ? "\"? " : "",
            list.data ? list.data : "none");
    buf_clear(&list);
    strings_clear(&names);
    return false;
}

static const struct setting *find_place_in(const struct section *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (is_place(s->entries[i].option))
            return &s->entries[i].setting;
    return NULL;
}

static const struct setting *find_place(const struct layers *l)
{
    const struct section *const sections[] = {&l->set, &l->user.defaults, &l->system.defaults};
    const struct setting *place = NULL;

    for (size_t i = 0; !place && i < sizeof sections / sizeof *sections; i++)
        place = find_place_in(sections[i]);
    return place;
}

/* A one-line option as its text, for free(), or NULL with an error. */
static char *text_of(const struct setting *setting, const struct option *o, struct err *e)
{
    struct account scratch = {0};
    char *text = NULL;

    if (setting_apply(setting, o, NULL, &scratch, e))
        text = mem_strdup(*(char **)(void *)((char *)&scratch + o->field));
    account_clear(&scratch);
    return text;
}

/* What stands at the top of the files: the user's word before the system's. */
static const struct setting *find_top(const struct layers *l, enum top_option option)
{
    const char *name = top_options[option].name;
    const struct setting *own = section_find(&l->user.top, name);

    return own ? own : section_find(&l->system.top, name);
}

static bool find_default(struct layers *l, struct err *e)
{
    const struct option *o = &top_options[TOP_DEFAULT_ACCOUNT];
    const struct setting *setting = find_top(l, TOP_DEFAULT_ACCOUNT);
    size_t index = index_of(l, ENVIRONMENT_ACCOUNT);

    if (index < l->count && !l->accounts[index].where.line) {
        l->default_account = mem_strdup(ENVIRONMENT_ACCOUNT);
        return true;
    }
    if (!setting)
        return true;
    l->default_account = text_of(setting, o, e);
    if (!l->default_account)
        return false;
    return layers_find(l, l->default_account, &index, e) ||
           err_wrap(e, "%s:%u: %s", setting->file, setting->line, o->name);
}

/* --- the hand-over */

/* Has the user said where mail goes? */
static bool has_own_way(const struct layers *l)
{
    const struct setting *place = find_place(l);

    for (size_t i = 0; i < l->count; i++)
        if (!l->accounts[i].is_system)
            return true;
    return (place && place != find_place_in(&l->system.defaults)) ||
           section_find(&l->user.top, top_options[TOP_DEFAULT_ACCOUNT].name);
}

static struct setting *add_hand_over(struct layers *l, const char *option, const char *value)
{
    const char *near;
    const struct option *o = option_find(option, &near);
    struct setting *setting = section_add(&l->hand_over, o);

    setting_init(setting, o, value, ORIGIN_BUILT_IN);
    return setting;
}

/* The service knows its caller from the kernel: neither TLS nor a login. */
static void make_hand_over(struct layers *l)
{
    const struct setting *submit = find_top(l, TOP_SUBMIT);

    section_init(&l->hand_over, HAND_OVER_NAME, (struct origin){ORIGIN_BUILT_IN, 0});
    add_hand_over(l, "protocol", "smtp");
    add_hand_over(l, "tls", "none");
    add_hand_over(l, "auth", "none");
    struct setting *socket = add_hand_over(l, "socket", l->service);
    if (!submit)
        return;
    l->hand_over.where = (struct origin){submit->file, submit->line};
    strings_clear(&socket->values);
    strings_copy(&socket->values, &submit->values);
    socket->is_list = submit->is_list;
    socket->expanded = submit->expanded;
    socket->file = submit->file;
    socket->line = submit->line;
}

bool layers_is_hand_over(const struct layers *l, const char *name)
{
    return l->hand_over.name && strcmp(name, HAND_OVER_NAME) == 0 && index_of(l, name) == l->count;
}

static bool find_hand_over(struct layers *l, struct err *e)
{
    if (!l->service)
        return true;
    make_hand_over(l);
    l->hands_over = (l->denied || l->hand_over.where.line) && !has_own_way(l);
    size_t same = index_of(l, HAND_OVER_NAME);
    if (!l->hands_over || same == l->count)
        return true;
    const struct origin *where = &l->accounts[same].where, *submits = &l->hand_over.where;
    return err_set(e, ERR_CONFIG, "%s:%u: account \"%s\": this is the name of what `submit` makes, "
                                  "at %s:%u; rename the account", where->file, where->line,
                   HAND_OVER_NAME, submits->file, submits->line);
}

bool layers_finish(struct layers *l, struct err *e)
{
    const struct setting *place = find_place(l);

    if (!find_hand_over(l, e))
        return false;
    if (l->count == 0 && place) {
        struct origin where = {place->file, place->line};
        if (!layers_add_account(l, "default", where, false, e))
            return false;
    }
    return find_default(l, e);
}

/* Accounts that take over from each other, the account itself first. */
struct chain {
    size_t accounts[LIMIT_LIKE_CHAIN + 1];
    size_t count;
};

static bool refuse_chain(const struct layers *l, const struct chain *chain, const char *next,
                         const struct setting *like, struct err *e)
{
    struct buf names;

    buf_init(&names, LIMIT_ERROR_TEXT / 2);
    for (size_t i = 0; i < chain->count; i++)
        buf_put_format(&names, "%s -> ", l->accounts[chain->accounts[i]].name);
    buf_put_text(&names, next);
    bool full = chain->count > LIMIT_LIKE_CHAIN;
    err_set(e, ERR_CONFIG, "like: %s: %s", full ? "too many accounts in a row" : "a loop",
            names.data ? names.data : next);
    buf_clear(&names);
    return like->line ? err_wrap(e, "%s:%u", like->file, like->line) : err_wrap(e, ORIGIN_SET);
}

static bool has(const struct chain *chain, size_t account)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->accounts[i] == account)
            return true;
    return false;
}

static bool follow(const struct layers *l, size_t account, struct chain *chain, struct err *e)
{
    const struct setting *like = section_find(&l->set, "like");
    const char *near;

    chain->accounts[0] = account;
    chain->count = 1;
    if (!like)
        like = section_find(&l->accounts[account], "like");
    while (like) {
        char *name = text_of(like, option_find("like", &near), e);
        if (!name)
            return false;
        bool ok = layers_find(l, name, &account, e);
        if (!ok && like->line)
            err_wrap(e, "%s:%u: like", like->file, like->line);
        else if (!ok)
            err_wrap(e, "--set like");
        else if (chain->count > LIMIT_LIKE_CHAIN || has(chain, account))
            ok = refuse_chain(l, chain, name, like, e);
        free(name);
        if (!ok)
            return false;
        chain->accounts[chain->count++] = account;
        like = section_find(&l->accounts[account], "like");
    }
    return true;
}

static bool check_place(const struct section *section, const struct account *a, struct err *e)
{
    static const char text[] = "has no host; write host = \"smtp.example.org\"";

    if (a->host.count || a->socket)
        return true;
    return err_set(e, ERR_CONFIG, "%s:%u: account \"%s\": %s", section->where.file,
                   section->where.line, a->name, text);
}

/* The provider that is named in the most specific of the sections, as the section below them all:
 * *sections is the place for it. */
static bool merge_with_provider(const struct overlay *o, struct account *out, struct err *e)
{
    const struct setting *named = NULL;
    struct presets presets;
    const char *near;

    for (size_t i = o->count; i-- > 1 && !named; )
        named = section_find(o->sections[i], "provider");
    if (!named)
        return section_merge(o, out, e);
    char *name = text_of(named, option_find("provider", &near), e);
    if (!name || !presets_read(&presets, e)) {
        free(name);
        return false;
    }
    const struct preset *preset = presets_find(&presets, name, e);
    bool ok = preset != NULL;
    if (ok) {
        const struct section *sections[LIMIT_LIKE_CHAIN + 5];
        struct overlay with = *o;
        memcpy(sections, o->sections, o->count * sizeof *sections);
        sections[0] = &preset->options;
        with.sections = sections;
        ok = section_merge(&with, out, e);
    } else {
        origin_blame(setting_origin(named), "provider", e);
    }
    presets_clear(&presets);
    free(name);
    return ok;
}

/* What the system's file says of accounts is for the service: the user's defaults alone count. */
static bool resolve_hand_over(const struct layers *l, struct account *out, struct err *e)
{
    static const struct section no_provider;
    const struct section *const sections[] = {&no_provider, &l->user.defaults, &l->hand_over,
                                              &l->set};
    struct overlay overlay = {
        .sections = sections,
        .count = sizeof sections / sizeof *sections,
        .own = 2,
        .home = l->home,
    };

    if (!merge_with_provider(&overlay, out, e))
        return false;
    out->name = mem_strdup(l->hand_over.name);
    out->hands_over = true;
    bool ok = account_check(out, e);
    if (!ok)
        account_clear(out);
    return ok;
}

static bool resolve(const struct layers *l, const char *name, struct account *out, struct err *e)
{
    static const struct section no_provider;
    const struct section *sections[LIMIT_LIKE_CHAIN + 5] = {&no_provider, &l->system.defaults,
                                                            &l->user.defaults};
    struct overlay overlay = {.sections = sections, .count = 3, .home = l->home};
    struct chain chain;
    size_t index;

    if (!layers_find(l, name, &index, e) || !follow(l, index, &chain, e))
        return false;
    for (size_t i = chain.count; i-- > 0; )
        sections[overlay.count++] = &l->accounts[chain.accounts[i]];
    overlay.own = overlay.count - 1;
    sections[overlay.count++] = &l->set;
    if (!merge_with_provider(&overlay, out, e))
        return false;
    out->name = mem_strdup(l->accounts[index].name);
    bool ok = check_place(&l->accounts[index], out, e) && account_check(out, e);
    if (!ok)
        account_clear(out);
    return ok;
}

bool layers_resolve(const struct layers *l, const char *name, struct account *out, struct err *e)
{
    *out = (struct account){0};
    return layers_is_hand_over(l, name) ? resolve_hand_over(l, out, e) : resolve(l, name, out, e);
}

const struct option *top_option_find(const char *name)
{
    for (size_t i = 0; i < TOP_OPTIONS; i++)
        if (strcmp(top_options[i].name, name) == 0)
            return &top_options[i];
    return NULL;
}

const struct option top_options[TOP_OPTIONS] = {
    [TOP_DEFAULT_ACCOUNT] = {
        .name = "default-account",
        .type = OPTION_TEXT,
        .field = offsetof(struct account, name),
        .flags = OPTION_NOT_EMPTY,
    },
    [TOP_SUBMIT] = {
        .name = "submit",
        .type = OPTION_PATHNAME,
        .field = offsetof(struct account, socket),
        .flags = OPTION_NOT_EMPTY,
    },
};
