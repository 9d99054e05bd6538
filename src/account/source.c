/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/source.h"

#include <stdlib.h>
#include <string.h>

#include "account/token.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strings.h"

/* Reads ahead by one token, which is the one to blame when something is wrong. */
struct parser {
    struct lexer lexer;
    struct token token;
    struct source *source;
    unsigned opened;         /* line of the '{' of the section we are in; 0: none */
    unsigned value_line;     /* where the value before this statement ended */
};

static bool advance(struct parser *p, struct err *e)
{
    return lexer_next(&p->lexer, &p->token, e);
}

static bool is_word(const struct token *t, const char *word)
{
    return t->kind == TOKEN_WORD && slice_eq(t->text, slice_of(word));
}

static struct statement *add_statement(struct parser *p, enum statement_kind kind,
                                       struct slice name, unsigned line)
{
    struct source *s = p->source;

    s->statements = mem_grow(s->statements, s->count, &s->capacity, sizeof *s->statements);
    struct statement *added = &s->statements[s->count++];
    *added = (struct statement){
        .kind = kind,
        .name = kind == STATEMENT_DEFAULTS ? NULL : slice_dup(name),
        .line = line,
    };
    return added;
}

/* libconfuse would take "account|host" for a way into a section. */
static bool is_option_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alpha(name.data[i]) && !ascii_is_digit(name.data[i]) &&
            name.data[i] != '-' && name.data[i] != '_')
            return false;
    return name.len > 0;
}

static bool refuse_end(struct parser *p, unsigned opened, struct err *e)
{
    p->token.line = opened;
    return err_set(e, ERR_CONFIG, "the '{' of this line is never closed; write the '}'");
}

/* A value begins on the line of its option, lists apart: "password = #x" and "password =" alone
 * would take the next option's name for it. */
static bool check_value(const struct parser *p, struct slice name, unsigned line, struct err *e)
{
    const struct token *t = &p->token;

    if (!token_is_value(t) || (t->kind == TOKEN_WORD && t->line != line))
        return err_set(e, ERR_CONFIG, "%.*s has no value; write it behind the '=', in quotes if it "
                                      "begins with '#' or '/'", (int)name.len, name.data);
    if (t->kind == TOKEN_WORD && t->text.len && t->text.data[t->text.len - 1] == ';')
        return err_set(e, ERR_CONFIG, "%.*s: the ';' would be part of the value; write no ';', or "
                                      "quote the value", (int)name.len, name.data);
    return true;
}

/* From the '{' to behind the '}'. */
static bool parse_list(struct parser *p, struct slice name, bool *expanded, struct err *e)
{
    unsigned opened = p->token.line;

    if (!advance(p, e))
        return false;
    while (!token_is(&p->token, '}')) {
        if (p->token.kind == TOKEN_END)
            return refuse_end(p, opened, e);
        if (!check_value(p, name, p->token.line, e))
            return false;
        *expanded = *expanded || p->token.expanded;
        if (!advance(p, e))
            return false;
        if (token_is(&p->token, ',')) {
            if (!advance(p, e))
                return false;
        } else if (!token_is(&p->token, '}')) {
            return p->token.kind == TOKEN_END
                       ? refuse_end(p, opened, e)
                       : err_set(e, ERR_CONFIG, "%.*s: a ',' or '}' is missing in the list that "
                                                "begins on line %u", (int)name.len, name.data,
                                 opened);
        }
    }
    p->value_line = p->token.line;
    return advance(p, e);
}

/* Behind the name, at the '='. */
static bool parse_assignment(struct parser *p, const struct token *name, struct err *e)
{
    enum statement_kind kind = p->opened ? STATEMENT_OPTION : STATEMENT_SETTING;

    if (!is_option_name(name->text))
        return err_set(e, ERR_CONFIG, "\"%.*s\" is no option's name", (int)name->text.len,
                       name->text.data);
    if (!p->opened && (is_word(name, "account") || is_word(name, "defaults")))
        return err_set(e, ERR_CONFIG, "%.*s is a section; write no '=', but account \"name\" { "
                                      "... } "
                                      "or defaults { ... }", (int)name->text.len, name->text.data);
    struct statement *s = add_statement(p, kind, name->text, name->line);
    unsigned line = p->token.line;
    if (!advance(p, e))
        return false;
    if (token_is(&p->token, '{')) {
        s->is_list = true;
        return parse_list(p, name->text, &s->expanded, e);
    }
    if (!check_value(p, name->text, line, e))
        return false;
    s->expanded = p->token.expanded;
    p->value_line = p->token.line;
    return advance(p, e);
}

/* At the '{'. */
static bool open_section(struct parser *p, struct err *e)
{
    if (!token_is(&p->token, '{'))
        return err_set(e, ERR_CONFIG, "a '{' is missing; write account \"name\" { ... } or "
                                      "defaults { ... }");
    p->opened = p->token.line;
    return advance(p, e);
}

/* Account and file names are taken as they are written, so that they are the same to us, to
 * libconfuse and to a person who looks for them. */
static bool check_name(const struct token *t, struct err *e)
{
    if (!token_is_value(t) || t->text.len == 0)
        return err_set(e, ERR_CONFIG, "a name in quotes is missing here");
    if (slice_has_byte(t->text, '\\') || t->expanded)
        return err_set(e, ERR_CONFIG, "a name here may hold neither a backslash nor ${...}");
    return true;
}

/* Behind "account". */
static bool parse_account(struct parser *p, unsigned line, struct err *e)
{
    if (!check_name(&p->token, e))
        return err_wrap(e, "account");
    add_statement(p, STATEMENT_ACCOUNT, p->token.text, line);
    return advance(p, e) && open_section(p, e);
}

/* Behind "include". Nothing of it stays in the clean text but its line ends. */
static bool parse_include(struct parser *p, const struct token *word, struct err *e)
{
    if (!token_is(&p->token, '('))
        return err_set(e, ERR_CONFIG, "include wants its file in parentheses; write "
                                      "include(\"file\")");
    if (!advance(p, e))
        return false;
    if (!check_name(&p->token, e))
        return err_wrap(e, "include");
    add_statement(p, STATEMENT_INCLUDE, p->token.text, word->line);
    if (!advance(p, e))
        return false;
    if (!token_is(&p->token, ')'))
        return err_set(e, ERR_CONFIG, "a ')' is missing; write include(\"file\")");
    buf_cut(p->lexer.clean, word->clean);
    for (unsigned line = word->line; line < p->lexer.line; line++)
        buf_put_byte(p->lexer.clean, '\n');
    p->value_line = p->token.line;
    return advance(p, e);
}

/* A statement cannot begin so. What is on the line of a value may be the rest of a password and is
 * not repeated. */
static bool refuse_statement(const struct parser *p, const struct token *t, struct err *e)
{
    if (t->line == p->value_line && is_word(t, ";"))
        return err_set(e, ERR_CONFIG, "';' has no meaning here; leave it out");
    if (t->line == p->value_line)
        return err_set(e, ERR_CONFIG, "there is more than one value on this line; quote the value "
                                      "if it is one, write { ..., ... } for a list");
    if (t->kind == TOKEN_MARK)
        return err_set(e, ERR_CONFIG, "'%c' does not belong here; write name = value", t->mark);
    if (t->kind == TOKEN_QUOTED)
        return err_set(e, ERR_CONFIG, "the name of an option is written without quotes");
    return err_set(e, ERR_CONFIG, "\"%.*s\" has no '=' behind it; write name = value",
                   (int)t->text.len, t->text.data);
}

static bool is_nearly_section(const struct token *word)
{
    static const char *const names[] = {"account", "defaults"};
    char *text = slice_dup(word->text);

    bool near = strings_nearest(text, names, sizeof names / sizeof *names);
    free(text);
    return near;
}

/* The sections, and what stands beside them. */
static bool parse_top(struct parser *p, const struct token *word, struct err *e)
{
    if (is_word(word, "include"))
        return parse_include(p, word, e);
    if (is_word(word, "account"))
        return parse_account(p, word->line, e);
    if (is_word(word, "defaults")) {
        add_statement(p, STATEMENT_DEFAULTS, word->text, word->line);
        return open_section(p, e);
    }
    if (!token_is(&p->token, '{') && !is_nearly_section(word))
        return refuse_statement(p, word, e);
    p->token.line = word->line;
    return err_set(e, ERR_CONFIG, "there is no section \"%.*s\"; write account \"name\" { ... } or "
                                  "defaults { ... }", (int)word->text.len, word->text.data);
}

static bool parse_statement(struct parser *p, struct err *e)
{
    struct token first = p->token;

    if (p->opened && token_is(&first, '}')) {
        p->opened = 0;
        p->value_line = first.line;
        return advance(p, e);
    }
    if (first.kind != TOKEN_WORD)
        return refuse_statement(p, &first, e);
    if (!advance(p, e))
        return false;
    if (token_is(&p->token, '='))
        return parse_assignment(p, &first, e);
    if (token_is(&p->token, '+'))
        return err_set(e, ERR_CONFIG, "\"+=\" is not known here; write the whole list behind '='");
    if (!p->opened)
        return parse_top(p, &first, e);
    bool section = is_word(&first, "account") || is_word(&first, "defaults");
    if (section || is_word(&first, "include"))
        return err_set(e, ERR_CONFIG, "%.*s cannot stand within a section; close the '{' of line "
                                      "%u", (int)first.text.len, first.text.data, p->opened);
    p->token.line = first.line;
    return refuse_statement(p, &first, e);
}

static bool parse(struct parser *p, struct err *e)
{
    if (!advance(p, e))
        return false;
    while (p->token.kind != TOKEN_END)
        if (!parse_statement(p, e))
            return false;
    return !p->opened || refuse_end(p, p->opened, e);
}

bool source_scan(struct source *s, const char *path, struct slice text, struct err *e)
{
    struct parser p = {.source = s};

    *s = (struct source){.path = path};
    buf_init(&s->text, lexer_room(text));
    if (lexer_init(&p.lexer, text, &s->text, &p.token.line, e) && parse(&p, e))
        return true;
    err_wrap(e, "%s:%u", path, p.token.line);
    source_clear(s);
    return false;
}

bool source_read(struct source *s, const char *path, struct err *e)
{
    struct buf raw;
    struct stat info;

    *s = (struct source){.path = path};
    if (!file_read(path, ERR_CONFIG, LIMIT_CONFIG_FILE, &raw, &info, e))
        return false;
    bool ok = source_scan(s, path, buf_slice(&raw), e);
    s->info = info;
    buf_wipe(&raw);
    return ok;
}

void source_clear(struct source *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->statements[i].name);
    free(s->statements);
    buf_wipe(&s->text);
    *s = (struct source){.path = s->path};
}
