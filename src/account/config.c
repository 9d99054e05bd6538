/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <confuse.h>

#include "account/layers.h"
#include "account/pathname.h"
#include "account/source.h"
#include "account/trust.h"
#include "base/mem.h"
#include "base/secret.h"

struct config {
    struct strings files;    /* names that settings borrow */
    struct layers layers;
};

/* One file and its includes. */
struct reader {
    struct config *config;
    bool is_system;
    unsigned depth;
    struct stat *seen;       /* each file is read once */
    size_t count, capacity;
};

/* libconfuse hands its errors to a function and gives us no pointer along. So that no global is
 * needed, every section has an option that no file can spell and that is bound to this. */
struct complaint {
    const struct source *source;
    struct err *e;
    bool is_made;
};

#define COMPLAINT " complaint"

static bool is_top(cfg_t *section)
{
    return strcmp(cfg_name(section), "root") == 0;
}

/* An option that this section does not have: misspelt, or at home elsewhere. */
static void explain_unknown(struct complaint *c, cfg_t *section, const char *name)
{
    const char *near, *place = NULL;
    const struct option *known = option_find(name, &near);

    if (known && is_top(section))
        place = "stands outside of a section; move it into account \"...\" { } or defaults { }";
    else if (known)
        place = "cannot stand in defaults; move it into an account";
    else if (top_option_find(name))
        place = "stands within a section; move it to the top of the file";
    for (size_t i = 0; !place && !near && i < TOP_OPTIONS; i++)
        near = strings_nearest(name, &top_options[i].name, 1);
    if (place)
        err_set(c->e, ERR_CONFIG, "%s:%d: %s: %s", c->source->path, section->line, name, place);
    else
        err_set(c->e, ERR_CONFIG, "%s:%d: %s: there is no such option%s%s%s", c->source->path,
                section->line, name, near ? "; did you mean \"" : "; smtprc(5) lists them",
                near ? near : "", near ? "\"?" : "");
}

static void explain_double(struct complaint *c, int line, const char *account)
{
    unsigned first = 0;

    for (size_t i = c->source->count; i-- > 0; ) {
        const struct statement *s = &c->source->statements[i];
        if (s->kind == STATEMENT_ACCOUNT && strcmp(s->name, account) == 0)
            first = s->line;
    }
    err_set(c->e, ERR_CONFIG, "%s:%d: account \"%s\": is defined already, on line %u; rename one "
                              "of them", c->source->path, line, account, first);
}

static void complain(cfg_t *section, const char *format, va_list args)
{
    struct complaint *c = (void *)cfg_getopt(section, COMPLAINT)->simple_value.ptr;

    if (c->is_made)
        return;
    c->is_made = true;
    if (strcmp(format, "no such option '%s'") == 0)
        explain_unknown(c, section, va_arg(args, const char *));
    else if (strcmp(format, "found duplicate title '%s'") == 0)
        explain_double(c, section->line, va_arg(args, const char *));
    else
        /* The rest cannot happen behind source_scan. Its arguments might be values. */
        err_set(c->e, ERR_CONFIG, "%s:%d: is not understood (%.*s)", c->source->path, section->line,
                (int)strcspn(format, "%'"), format);
}

/* Everything is text and a list to libconfuse, since its own numbers are octal now and then, and
 * since only we know which of the layers wins. */
static cfg_opt_t text_row(const char *name)
{
    return (cfg_opt_t){.name = name, .type = CFGT_STR, .flags = CFGF_LIST | CFGF_NODEFAULT};
}

static cfg_opt_t complaint_row(struct complaint *c)
{
    return (cfg_opt_t){.name = COMPLAINT, .type = CFGT_STR, .simple_value = {.ptr = (void *)c}};
}

/* The table less the rows with one of these flags. */
static void make_section(cfg_opt_t *rows, unsigned without, struct complaint *c)
{
    size_t count = 0;

    for (size_t i = 0; i < option_count; i++)
        if (!(options[i].flags & without))
            rows[count++] = text_row(options[i].name);
    rows[count++] = complaint_row(c);
    rows[count] = (cfg_opt_t)CFG_END();
}

static cfg_t *make_grammar(struct complaint *c)
{
    cfg_opt_t account[OPTION_MAX + 2], defaults[OPTION_MAX + 2], top[TOP_OPTIONS + 4];
    size_t count = 0;

    make_section(account, 0, c);
    make_section(defaults, OPTION_NO_DEFAULTS, c);
    for (size_t i = 0; i < TOP_OPTIONS; i++)
        top[count++] = text_row(top_options[i].name);
    top[count++] = (cfg_opt_t)CFG_SEC("defaults", defaults, CFGF_NODEFAULT);
    top[count++] = (cfg_opt_t)CFG_SEC("account", account,
                                      CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
    top[count++] = complaint_row(c);
    top[count] = (cfg_opt_t)CFG_END();
    cfg_t *grammar = cfg_init(top, CFGF_NONE);
    if (!grammar)
        mem_exhausted("out of memory");
    cfg_set_error_function(grammar, complain);
    return grammar;
}

/* libconfuse does not wipe what it frees. What its scanner held is beyond our reach. */
static void wipe_secrets(cfg_t *section)
{
    for (size_t row = 0; row < option_count; row++) {
        bool is_secret = options[row].type == OPTION_SECRET || options[row].type == OPTION_PROXY;
        if (!is_secret || options[row].flags & OPTION_NO_DEFAULTS)
            continue;
        cfg_opt_t *opt = cfg_getopt(section, options[row].name);
        for (unsigned i = 0; i < cfg_opt_size(opt); i++)
            secret_wipe_memory(cfg_opt_getnstr(opt, i), strlen(cfg_opt_getnstr(opt, i)));
    }
}

static void free_grammar(cfg_t *grammar)
{
    for (unsigned i = 0; i < cfg_size(grammar, "account"); i++)
        wipe_secrets(cfg_getnsec(grammar, "account", i));
    if (cfg_size(grammar, "defaults"))
        wipe_secrets(cfg_getsec(grammar, "defaults"));
    cfg_free(grammar);
}

/* The values of one option, as libconfuse has read them, into the section. */
static bool take_option(const struct source *source, const struct statement *s,
                        const struct option *o, cfg_t *values, struct section *section,
                        struct err *e)
{
    const struct setting *old = section_find(section, s->name);
    cfg_opt_t *opt = cfg_getopt(values, s->name);

    if (old)
        return err_set(e, ERR_CONFIG, "%s:%u: %s: is set already, at %s:%u; leave one of them out",
                       source->path, s->line, s->name, old->file, old->line);
    struct setting *setting = section_add(section, o);
    *setting = (struct setting){
        .is_list = s->is_list,
        .expanded = s->expanded,
        .file = source->path,
        .line = s->line,
    };
    for (unsigned i = 0; i < cfg_opt_size(opt); i++)
        strings_add_text(&setting->values, cfg_opt_getnstr(opt, i));
    return true;
}

/* Where the statements of a file have got to: the section that its options go into, and what
 * libconfuse has for them. */
struct place {
    cfg_t *grammar, *values;
    struct section *section;
    unsigned accounts;
};

/* A secret inside another value makes the file one that only its owner may read. */
static bool check_embedded(const struct reader *r, const struct source *source,
                           const struct section *section, struct err *e)
{
    const struct entry *last = &section->entries[section->count - 1];
    unsigned flags = TRUST_SECRET | (r->is_system ? TRUST_SYSTEM : 0);
    bool found = false;

    for (size_t i = 0; i < last->setting.values.count; i++)
        found = found || option_is_secret(last->option, last->setting.values.items[i]);
    return !found || trust_check(source->path, &source->info, flags, e) ||
           err_wrap(e, "%s:%u: %s", source->path, last->setting.line, last->option->name);
}

static bool take_statement(struct reader *r, const struct source *source, const struct statement *s,
                           struct place *p, struct err *e)
{
    struct layers *l = &r->config->layers;
    struct layer *layer = r->is_system ? &l->system : &l->user;
    struct origin where = {source->path, s->line};
    const char *near;

    switch (s->kind) {
    case STATEMENT_SETTING:
        return take_option(source, s, top_option_find(s->name), p->grammar, &layer->top, e);
    case STATEMENT_DEFAULTS:
        p->values = cfg_getsec(p->grammar, "defaults");
        p->section = &layer->defaults;
        return true;
    case STATEMENT_ACCOUNT:
        p->values = cfg_getnsec(p->grammar, "account", p->accounts++);
        p->section = layers_add_account(l, s->name, where, r->is_system, e);
        return p->section != NULL;
    case STATEMENT_OPTION:
        return take_option(source, s, option_find(s->name, &near), p->values, p->section, e) &&
               check_embedded(r, source, p->section, e);
    case STATEMENT_INCLUDE:
        break;
    }
    return true;
}

/* The owned name of a file, which settings borrow. */
static const char *keep_name(struct config *c, const char *path)
{
    strings_add_text(&c->files, path);
    return c->files.items[c->files.count - 1];
}

static bool check_trust(const struct source *source, bool is_system, struct err *e)
{
    unsigned flags = is_system ? TRUST_SYSTEM : 0;
    const struct statement *secret = NULL;

    for (size_t i = 0; i < source->count && !secret; i++) {
        const struct statement *s = &source->statements[i];
        const char *near;
        const struct option *o = s->kind == STATEMENT_OPTION ? option_find(s->name, &near) : NULL;
        if (o && o->type == OPTION_SECRET)
            secret = s;
    }
    if (trust_check(source->path, &source->info, flags | (secret ? TRUST_SECRET : 0), e))
        return true;
    return secret ? err_wrap(e, "%s:%u: %s", source->path, secret->line, secret->name)
                  : err_wrap(e, "%s", source->path);
}

/* A file that includes itself, by whatever name, would do so for ever; one that is read twice would
 * define its accounts twice. */
static bool check_first_time(struct reader *r, const struct stat *info, struct err *e)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->seen[i].st_dev == info->st_dev && r->seen[i].st_ino == info->st_ino)
            return err_set(e, ERR_CONFIG, "this file has been read already (a loop, or included "
                                          "twice)");
    r->seen = mem_grow(r->seen, r->count, &r->capacity, sizeof *r->seen);
    r->seen[r->count++] = *info;
    return true;
}

static bool open_include(struct reader *r, const struct source *from, const struct statement *s,
                         struct source *out, struct err *e)
{
    *out = (struct source){0};
    if (r->depth > LIMIT_INCLUDE_DEPTH)
        return err_set(e, ERR_CONFIG, "%s:%u: include: more than %d files within each other",
                       from->path, s->line, LIMIT_INCLUDE_DEPTH);
    char *path = pathname_resolve(s->name, from->path, r->config->layers.home, e);
    if (!path)
        return err_wrap(e, "%s:%u: include", from->path, s->line);
    bool ok = source_read(out, keep_name(r->config, path), e);
    /* What is wrong within it has a line there. */
    if (!ok && e->errnum)
        err_wrap(e, "%s:%u: include", from->path, s->line);
    else if (ok && !check_first_time(r, &out->info, e))
        ok = err_wrap(e, "%s:%u: include: %s", from->path, s->line, path);
    free(path);
    return ok;
}

static bool parse(cfg_t *grammar, struct complaint *c)
{
    /* libconfuse reads through a stream and a scanner that both keep a copy of the text. */
    mem_wipe_freed(true);
    int result = cfg_parse_buf(grammar, buf_slice(&c->source->text).data);
    mem_wipe_freed(false);
    if (result != CFG_SUCCESS && !c->is_made)
        err_set(c->e, ERR_CONFIG, "%s: is not understood", c->source->path);
    return result == CFG_SUCCESS && !c->is_made;
}

static bool read_source(struct reader *r, const struct source *source, struct err *e)
{
    struct complaint complaint = {source, e, false};

    if (!check_trust(source, r->is_system, e))
        return false;
    struct place place = {.grammar = make_grammar(&complaint)};
    bool ok = parse(place.grammar, &complaint);
    r->depth++;
    for (size_t i = 0; i < source->count && ok; i++) {
        const struct statement *s = &source->statements[i];
        struct source inner;
        if (s->kind != STATEMENT_INCLUDE) {
            ok = take_statement(r, source, s, &place, e);
            continue;
        }
        ok = open_include(r, source, s, &inner, e) && read_source(r, &inner, e);
        source_clear(&inner);
    }
    r->depth--;
    free_grammar(place.grammar);
    return ok;
}

/* One of the files that are looked for. When it is not there or not for us, that is added to
 * `missing`; a file that has to be there is passed without it. */
static bool read_file(struct config *c, const char *path, bool is_system, struct buf *missing,
                      struct err *e)
{
    struct reader r = {.config = c, .is_system = is_system};
    struct source source;
    struct err fault;

    if (!source_read(&source, keep_name(c, path), &fault)) {
        bool denied = fault.errnum == EACCES;
        if (!missing || !(denied || fault.errnum == ENOENT || fault.errnum == ENOTDIR)) {
            *e = fault;
            return false;
        }
        if (is_system && denied)
            c->layers.denied = keep_name(c, path);
        buf_put_format(missing, "%s%s%s", missing->len ? ", " : "", path,
                       denied ? " (which you may not read)" : "");
        return true;
    }
    bool ok = check_first_time(&r, &source.info, e) && read_source(&r, &source, e);
    source_clear(&source);
    free(r.seen);
    return ok;
}

static bool read_files(struct config *c, const struct config_sources *from, struct buf *missing,
                       struct err *e)
{
    const char *only = from->only_file;

    /* The system's file stays that when it is asked for by name. */
    if (only)
        return read_file(c, only, from->system_file && strcmp(only, from->system_file) == 0, NULL,
                         e);
    return (!from->system_file || read_file(c, from->system_file, true, missing, e)) &&
           (!from->user_file || read_file(c, from->user_file, false, missing, e));
}

static bool check_accounts(const struct config *c, const struct config_sources *from,
                           const struct buf *missing, struct err *e)
{
    const char *file = from->only_file ? from->only_file : from->system_file;
    const char *without = missing->len ? ", there is no " : "";
    const char *names = missing->len ? missing->data : "";

    if (c->layers.count || c->layers.hands_over)
        return true;
    if (from->user_file && !from->only_file)
        return err_set(e, ERR_CONFIG, "no account is configured%s%s; \"smtpost setup\" writes one "
                                      "into %s, and SMTPOST_HOST does without: see smtprc(5)",
                       without, names, from->user_file);
    return err_set(e, ERR_CONFIG, "no account is configured%s%s; write account \"name\" { host = "
                                  "\"smtp.example.org\" } into %s, or set SMTPOST_HOST: see "
                                  "smtprc(5)", without, names, file ? file : "a file");
}

bool config_read(const struct config_sources *sources, struct config **out, struct err *e)
{
    struct config *c = mem_alloc(sizeof *c);
    struct buf missing;

    buf_init(&missing, LIMIT_ERROR_TEXT / 2);
    c->layers.service = sources->service;
    if (sources->home)
        c->layers.home = mem_strdup(sources->home);
    bool ok = read_files(c, sources, &missing, e);
    ok = ok && (!sources->variables ||
                layers_add_variables(&c->layers, sources->variables, e));
    for (size_t i = 0; sources->settings && i < sources->settings->count && ok; i++)
        ok = layers_add_set(&c->layers, sources->settings->items[i], e);
    ok = ok && layers_finish(&c->layers, e) && check_accounts(c, sources, &missing, e);
    buf_clear(&missing);
    if (!ok) {
        config_free(c);
        c = NULL;
    }
    *out = c;
    return ok;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    layers_clear(&c->layers);
    strings_clear(&c->files);
    free(c);
}

void config_veil(struct config *c)
{
    layers_veil(&c->layers);
}

size_t config_account_count(const struct config *c)
{
    return c->layers.count;
}

const char *config_account_name(const struct config *c, size_t index)
{
    return c->layers.accounts[index].name;
}

const char *config_default_account(const struct config *c)
{
    return c->layers.default_account;
}

const char *config_default_origin(const struct config *c)
{
    struct err ignored;
    size_t index;

    if (!layers_find(&c->layers, c->layers.default_account, &index, &ignored) ||
        c->layers.accounts[index].where.line)
        return top_options[TOP_DEFAULT_ACCOUNT].name;
    return c->layers.accounts[index].where.file;
}

const struct strings *config_account_from(const struct config *c, size_t index)
{
    static const struct strings none;
    const struct setting *from = section_find(&c->layers.accounts[index], "from");

    return from ? &from->values : &none;
}

bool config_account_find(const struct config *c, const char *name, size_t *index, struct err *e)
{
    return layers_find(&c->layers, name, index, e);
}

const char *config_hand_over(const struct config *c, struct origin *why)
{
    const struct layers *l = &c->layers;

    if (!l->hands_over)
        return NULL;
    *why = l->hand_over.where.line ? l->hand_over.where : (struct origin){l->denied, 0};
    return l->hand_over.name;
}

bool config_is_hand_over(const struct config *c, const char *name)
{
    return layers_is_hand_over(&c->layers, name);
}

bool config_resolve(const struct config *c, const char *name, struct account *out, struct err *e)
{
    return layers_resolve(&c->layers, name, out, e);
}
