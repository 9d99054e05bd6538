/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/setting.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "account/pathname.h"
#include "base/secret.h"
#include "net/socks.h"
#include "sasl/sasl.h"

/* What a conversion needs to know; the converters differ in what they make of it. */
struct conversion {
    const struct option *option;
    const struct setting *setting;
    const char *home;
    void *field;
};

static PRINTF_LIKE(3, 4) bool wrong(const struct conversion *c, struct err *e, const char *format,
                                    ...)
{
    char text[LIMIT_ERROR_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err_set(e, origin_kind(setting_origin(c->setting)), "%s", text);
    return origin_blame(setting_origin(c->setting), c->option->name, e);
}

static bool is_secret(const struct conversion *c)
{
    return c->option->type == OPTION_SECRET || c->option->type == OPTION_PROXY;
}

/* Nothing of a variable that is not set may become part of a value in silence. */
static bool check_variables(const struct conversion *c, const char *text, struct err *e)
{
    const char *begin = c->setting->expanded ? strchr(text, SETTING_UNSET_BEGIN) : NULL;

    if (!begin)
        return true;
    /* What looks like a variable may be three letters of a password. */
    if (is_secret(c))
        return wrong(c, e, "a variable ${...} in it is not set in the environment; write it in "
                           "single quotes if no variable is meant");
    int len = (int)strcspn(begin + 1, "\002");
    return wrong(c, e, "${%.*s} is not set in the environment; set it, write ${%.*s:-default}, or "
                       "single quotes if no variable is meant", len, begin + 1, len, begin + 1);
}

static bool check_text(const struct conversion *c, const char *text, struct err *e)
{
    if (!check_variables(c, text, e))
        return false;
    if (!*text && c->setting->expanded && c->option->flags & OPTION_NOT_EMPTY)
        return wrong(c, e, "is empty, because its ${...} is; set the variable, or leave the option "
                           "out");
    if (!*text && c->option->flags & OPTION_NOT_EMPTY)
        return wrong(c, e, "is empty; write a value, or leave the option out");
    if (is_secret(c) && strpbrk(text, "\r\n"))
        return wrong(c, e, "holds a line end, which no password can");
    for (const char *at = text; *at && !is_secret(c); at++)
        if (ascii_is_control(*at))
            return wrong(c, e, "holds the control octet 0x%02x; remove it",
                         (unsigned)(unsigned char)*at);
    return true;
}

/* The one text of an option that wants one, or NULL with an error. */
static const char *single(const struct conversion *c, struct err *e)
{
    if (c->setting->is_list || c->setting->values.count != 1) {
        wrong(c, e, "wants one value, not a list; write %s = \"...\"", c->option->name);
        return NULL;
    }
    const char *text = c->setting->values.items[0];
    return check_text(c, text, e) ? text : NULL;
}

/* Each text of a list, or the one. */
static bool check_list(const struct conversion *c, struct err *e)
{
    for (size_t i = 0; i < c->setting->values.count; i++)
        if (!check_text(c, c->setting->values.items[i], e))
            return false;
    return c->setting->values.count || !(c->option->flags & OPTION_NOT_EMPTY) ||
           wrong(c, e, "is an empty list; name something, or leave the option out");
}

static bool check_host(const struct conversion *c, const char *text, struct err *e)
{
    size_t good = strcspn(text, " ;/@,\"'<>");
    const char *colon = strchr(text, ':');

    if (text[good] == ';')
        return wrong(c, e, "\"%s\" is no host: write it without the ';'", text);
    if (text[good] == '/')
        return wrong(c, e, "\"%s\" is no host: write the name alone, without what a URL has around "
                           "it", text);
    if (text[good])
        return wrong(c, e, "\"%s\" is no host: it cannot hold '%c'; write a name or an address",
                     text, text[good]);
    if (colon && colon != text && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1))
        return wrong(c, e, "\"%s\" holds a port: write \"%.*s\", and port = %s", text,
                     (int)(colon - text), text, colon + 1);
    return true;
}

static bool to_text(const struct conversion *c, struct err *e)
{
    const char *text = single(c, e);

    if (!text || (c->option->type == OPTION_HOST && !check_host(c, text, e)))
        return false;
    *(char **)c->field = slice_dup(slice_of(text));
    return true;
}

static bool to_proxy(const struct conversion *c, struct err *e)
{
    const char *text = single(c, e);
    struct proxy proxy;
    struct err fault;

    if (!text)
        return false;
    if (!proxy_parse(slice_of(text), &proxy, &fault))
        return wrong(c, e, "%s", fault.text);
    proxy_clear(&proxy);
    *(char **)c->field = slice_dup(slice_of(text));
    return true;
}

static bool to_pathname(const struct conversion *c, struct err *e)
{
    const char *text = single(c, e);
    struct err fault;

    if (!text)
        return false;
    const char *file = c->setting->line ? c->setting->file : NULL;
    char *path = pathname_resolve(text, file, c->home, &fault);
    *(char **)c->field = path;
    return path || wrong(c, e, "%s", fault.text);
}

static bool to_list(const struct conversion *c, struct err *e)
{
    if (!check_list(c, e))
        return false;
    for (size_t i = 0; i < c->setting->values.count && c->option->type == OPTION_HOSTS; i++)
        if (!check_host(c, c->setting->values.items[i], e))
            return false;
    strings_copy(c->field, &c->setting->values);
    return true;
}

/* The place of `text` in `words`, any case; -1 with an error that lists them. */
static int choose(const struct conversion *c, const char *text, const char *const *words,
                  struct err *e)
{
    struct buf list;
    size_t count = 0;

    for (; words[count]; count++)
        if (slice_eq_nocase(slice_of(words[count]), slice_of(text)))
            return (int)count;
    buf_init(&list, LIMIT_ERROR_TEXT);
    for (size_t i = 0; i < count; i++)
        buf_put_format(&list, "%s%s", i ? ", " : "", words[i]);
    const char *near = strings_nearest(text, words, count);
    wrong(c, e, "\"%s\" is none of %s%s%s%s", text, list.data, near ? "; did you mean \"" : "",
          near ? near : "", near ? "\"?" : "");
    buf_clear(&list);
    return -1;
}

static bool to_choice(const struct conversion *c, struct err *e)
{
    const char *text = single(c, e);
    int choice = text ? choose(c, text, c->option->choices, e) : -1;

    if (choice >= 0)
        *(int *)c->field = choice;
    return choice >= 0;
}

static bool to_words(const struct conversion *c, const char *const *words, struct err *e)
{
    struct strings *list = c->field;

    if (!check_list(c, e))
        return false;
    for (size_t i = 0; i < c->setting->values.count; i++) {
        int choice = choose(c, c->setting->values.items[i], words, e);
        if (choice < 0)
            return false;
        if (!strings_has(list, words[choice]))
            strings_add_text(list, words[choice]);
    }
    return true;
}

static bool to_choices(const struct conversion *c, struct err *e)
{
    return to_words(c, c->option->choices, e);
}

/* The words are those of the mechanisms' own table, so that a new one is a row there only. */
static bool to_mechanisms(const struct conversion *c, struct err *e)
{
    struct strings words = {0};
    struct strings *list = c->field;

    strings_add_text(&words, "auto");
    strings_add_text(&words, "none");
    for (size_t i = 0; sasl_mechs[i]; i++) {
        strings_add_text(&words, sasl_mechs[i]->name);
        for (char *at = words.items[words.count - 1]; *at; at++)
            *at = ascii_lower(*at);
    }
    bool ok = to_words(c, (const char *const *)words.items, e);
    strings_clear(&words);
    if (ok && list->count > 1 && (strings_has(list, "auto") || strings_has(list, "none")))
        ok = wrong(c, e, "auto and none stand alone; write one of them, or mechanisms only");
    return ok;
}

static bool to_bool(const struct conversion *c, struct err *e)
{
    static const char *const words[] = {"yes", "no", "on", "off", "true", "false", NULL};
    const char *text = single(c, e);
    int choice = text ? choose(c, text, words, e) : -1;

    if (choice >= 0)
        *(bool *)c->field = choice % 2 == 0;
    return choice >= 0;
}

/* What a letter behind a number multiplies it with; 0: no such letter. */
static unsigned long unit_of(enum option_type type, char letter)
{
    if (!letter)
        return 1;
    if (type == OPTION_DURATION)
        switch (letter) {
        case 's': return 1;
        case 'm': return 60;
        case 'h': return 60 * 60;
        case 'd': return 24 * 60 * 60;
        default: return 0;
        }
    if (type == OPTION_SIZE)
        switch (ascii_lower(letter)) {
        case 'k': return 1024;
        case 'm': return 1024 * 1024;
        case 'g': return 1024 * 1024 * 1024;
        default: return 0;
        }
    return 0;
}

static bool to_number(const struct conversion *c, struct err *e)
{
    static const char *const wanted[] = {
        [OPTION_NUMBER] = "a decimal number",
        [OPTION_DURATION] = "a number of seconds, or one with s, m, h or d behind it",
        [OPTION_SIZE] = "a number of octets, or one with k, M or G behind it",
    };
    const struct option *o = c->option;
    const char *text = single(c, e);
    unsigned long number = 0;

    if (!text)
        return false;
    size_t digits = strspn(text, "0123456789");
    bool is_longer = digits && text[digits] && text[digits + 1];
    unsigned long unit = is_longer ? 0 : unit_of(o->type, text[digits]);
    /* C reads 0777 as 511, and so did libconfuse's own numbers: no guessing. */
    if (digits > 1 && text[0] == '0')
        return wrong(c, e, "\"%s\" begins with 0; write it in decimal, without leading zeros",
                     text);
    if (!digits || !unit)
        return wrong(c, e, "\"%s\" is not understood; write %s", text, wanted[o->type]);
    if (!slice_number(slice_make(text, digits), ULONG_MAX / unit, &number) ||
        number * unit < o->min || number * unit > o->max)
        return wrong(c, e, "\"%s\" is out of range; write %lu to %lu", text, o->min, o->max);
    *(unsigned long *)c->field = number * unit;
    return true;
}

static bool to_command(const struct conversion *c, struct err *e)
{
    const struct strings *words = &c->setting->values;
    struct strings *argv = c->field;

    for (size_t i = 0; i < words->count; i++)
        if (!check_variables(c, words->items[i], e))
            return false;
    if (words->count == 0 || slice_trim(slice_of(words->items[0])).len == 0)
        return wrong(c, e, "names no program; write { \"program\", \"argument\" }");
    if (!c->setting->is_list) {
        strings_add_text(argv, "/bin/sh");
        strings_add_text(argv, "-c");
    }
    strings_copy(argv, words);
    return true;
}

static bool to_secret(const struct conversion *c, struct err *e)
{
    const char *text = single(c, e);

    if (text)
        secret_set(c->field, slice_of(text));
    return text != NULL;
}

static bool is_list_type(enum option_type type)
{
    return type == OPTION_LIST || type == OPTION_HOSTS || type == OPTION_CHOICES ||
           type == OPTION_MECHANISMS;
}

void setting_init(struct setting *s, const struct option *o, const char *text, const char *file)
{
    struct slice rest = slice_trim(slice_of(text));

    *s = (struct setting){.file = file};
    if (!is_list_type(o->type)) {
        strings_add_text(&s->values, text);
        return;
    }
    s->is_list = true;
    if (rest.len >= 2 && rest.data[0] == '{' && rest.data[rest.len - 1] == '}')
        rest = slice_trim(slice_make(rest.data + 1, rest.len - 2));
    while (rest.len) {
        size_t comma = slice_find(rest, ',', 0);
        strings_add(&s->values, slice_trim(slice_make(rest.data, comma)));
        rest = slice_from(rest, comma + 1);
    }
}

struct origin setting_origin(const struct setting *s)
{
    return (struct origin){s->file, s->line};
}

void setting_clear(struct setting *s)
{
    for (size_t i = 0; i < s->values.count; i++)
        secret_wipe_memory(s->values.items[i], strlen(s->values.items[i]));
    strings_clear(&s->values);
}

bool setting_apply(const struct setting *s, const struct option *o, const char *home,
                   struct account *account, struct err *e)
{
    static bool (*const converters[])(const struct conversion *, struct err *) = {
        [OPTION_TEXT] = to_text,         [OPTION_HOST] = to_text,
        [OPTION_PROXY] = to_proxy,
        [OPTION_PATHNAME] = to_pathname, [OPTION_LIST] = to_list,
        [OPTION_HOSTS] = to_list,        [OPTION_CHOICES] = to_choices,
        [OPTION_MECHANISMS] = to_mechanisms, [OPTION_CHOICE] = to_choice,
        [OPTION_BOOL] = to_bool,         [OPTION_NUMBER] = to_number,
        [OPTION_DURATION] = to_number,   [OPTION_SIZE] = to_number,
        [OPTION_COMMAND] = to_command,   [OPTION_SECRET] = to_secret,
    };
    struct conversion c = {o, s, home, (char *)account + o->field};

    option_release(o, account);
    return converters[o->type](&c, e);
}
