/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/token.h"

#include <string.h>

#include "account/setting.h"

/* The octet `ahead` of the current one; NUL at the end, since there is none within the text. */
static char peek(const struct lexer *l, size_t ahead)
{
    return l->at + ahead < l->text.len ? l->text.data[l->at + ahead] : '\0';
}

/* Copy `count` octets. */
static void keep(struct lexer *l, size_t count)
{
    buf_put(l->clean, l->text.data + l->at, count);
    l->at += count;
}

static bool at_line_end(const struct lexer *l)
{
    return peek(l, 0) == '\n' || (peek(l, 0) == '\r' && peek(l, 1) == '\n');
}

static void take_line_end(struct lexer *l)
{
    l->at += peek(l, 0) == '\r';
    keep(l, 1);
    l->line++;
}

static void skip_line_comment(struct lexer *l)
{
    l->at = slice_find(l->text, '\n', l->at);
}

static bool skip_block_comment(struct lexer *l, struct err *e)
{
    unsigned opened = l->line;

    buf_put_byte(l->clean, ' ');
    for (l->at += 2; l->at < l->text.len; ) {
        if (peek(l, 0) == '*' && peek(l, 1) == '/') {
            l->at += 2;
            return true;
        }
        if (at_line_end(l))
            take_line_end(l);
        else
            l->at++;
    }
    l->line = opened;
    return err_set(e, ERR_CONFIG, "the comment that begins here has no end; write */ behind it");
}

/* Everything between tokens. */
static bool skip_blanks(struct lexer *l, struct err *e)
{
    for (;;) {
        if (at_line_end(l))
            take_line_end(l);
        else if (peek(l, 0) == ' ' || peek(l, 0) == '\t')
            keep(l, 1);
        else if (peek(l, 0) == '#' || (peek(l, 0) == '/' && peek(l, 1) == '/'))
            skip_line_comment(l);
        else if (peek(l, 0) != '/' || peek(l, 1) != '*')
            return true;
        else if (!skip_block_comment(l, e))
            return false;
    }
}

static bool refuse_control(char c, struct err *e)
{
    return err_set(e, ERR_CONFIG, "holds the control octet 0x%02x; remove it",
                   (unsigned)(unsigned char)c);
}

static size_t name_length(struct slice s)
{
    size_t n = 0;

    while (n < s.len && (ascii_is_alpha(s.data[n]) || s.data[n] == '_' ||
                         (n && ascii_is_digit(s.data[n]))))
        n++;
    return n;
}

/* A variable, at its '$'. libconfuse would take everything up to the next brace of the file for its
 * name, and nothing for the value of one that is not set. */
static bool take_variable(struct lexer *l, struct token *t, struct err *e)
{
    size_t end = slice_find(l->text, '}', l->at);
    struct slice inner = slice_make(l->text.data + l->at + 2, end - l->at - 2);
    size_t name = name_length(inner);
    bool has_default = name + 2 <= inner.len && memcmp(inner.data + name, ":-", 2) == 0;

    if (end == l->text.len || name == 0 || (name < inner.len && !has_default) ||
        slice_has_byte(inner, '"'))
        return err_set(e, ERR_CONFIG, "\"${\" begins the name of a variable, as in ${NAME}; write "
                                      "the value in single quotes if none is meant");
    for (size_t i = 0; i < inner.len; i++)
        if (ascii_is_control(inner.data[i]))
            return refuse_control(inner.data[i], e);
    keep(l, 2 + inner.len);
    if (!has_default) {
        buf_put_text(l->clean, ":-");
        buf_put_byte(l->clean, SETTING_UNSET_BEGIN);
        buf_put_slice(l->clean, inner);
        buf_put_byte(l->clean, SETTING_UNSET_END);
    }
    keep(l, 1);
    t->expanded = true;
    return true;
}

static bool refuse_escape(struct err *e)
{
    return err_set(e, ERR_CONFIG, "a backslash in double quotes begins an escape, and this is "
                                  "none; write \\\\, or the value in single quotes");
}

/* "\1" to "\377", at the backslash. */
static bool take_octal(struct lexer *l, struct err *e)
{
    unsigned value = 0;
    size_t digits = 0;

    for (; ascii_is_digit(peek(l, digits + 1)) && digits <= 3; digits++) {
        unsigned digit = (unsigned)(peek(l, digits + 1) - '0');
        value = digit < 8 ? value * 8 + digit : 256;
    }
    if (digits > 3 || value == 0 || value > 255)
        return refuse_escape(e);
    keep(l, digits + 1);
    return true;
}

/* "\x1" to "\xff", at the backslash. */
static bool take_hex(struct lexer *l, struct err *e)
{
    int high = ascii_hex_value(peek(l, 2)), low = ascii_hex_value(peek(l, 3));
    size_t digits = high < 0 ? 0 : low < 0 ? 1 : 2;

    if (digits == 0 || (high == 0 && low <= 0))
        return refuse_escape(e);
    keep(l, 2 + digits);
    return true;
}

/* An escape in double quotes, at the backslash. libconfuse drops a backslash before any letter that
 * means nothing to it, and ends the value at "\0". */
static bool take_escape(struct lexer *l, struct err *e)
{
    char c = peek(l, 1);

    if (ascii_is_digit(c))
        return take_octal(l, e);
    if (c == 'x')
        return take_hex(l, e);
    if (ascii_is_alpha(c) && !strchr("abefnrtv", c))
        return refuse_escape(e);
    if (ascii_is_control(c))
        return refuse_control(c, e);
    keep(l, 2);
    return true;
}

/* One octet or escape between quotes. */
static bool take_quoted_part(struct lexer *l, struct token *t, char quote, struct err *e)
{
    char c = peek(l, 0);

    if (l->at == l->text.len || at_line_end(l)) {
        return err_set(e, ERR_CONFIG, "the quote (%c) that opens here is not closed on its line; "
                                      "close it", quote);
    }
    if (c == '\\' && (peek(l, 1) == '\n' || (peek(l, 1) == '\r' && peek(l, 2) == '\n'))) {
        keep(l, 1);
        take_line_end(l);
        return true;
    }
    if (c == '\\' && quote == '"' && l->at + 1 < l->text.len)
        return take_escape(l, e);
    if (c == '$' && quote == '"' && peek(l, 1) == '{')
        return take_variable(l, t, e);
    if (ascii_is_control(c) && c != '\t')
        return refuse_control(c, e);
    keep(l, c == '\\' && (peek(l, 1) == '\\' || peek(l, 1) == '\'') ? 2 : 1);
    return true;
}

static bool take_quoted(struct lexer *l, struct token *t, struct err *e)
{
    char quote = peek(l, 0);

    keep(l, 1);
    size_t start = l->at;
    while (peek(l, 0) != quote)
        if (!take_quoted_part(l, t, quote, e))
            return false;
    t->kind = TOKEN_QUOTED;
    t->text = slice_make(l->text.data + start, l->at - start);
    keep(l, 1);
    return true;
}

/* libconfuse takes more, but its words end in silence at what is missing here. */
static bool is_word_octet(char c)
{
    return (unsigned char)c > 32 && (unsigned char)c < 127 && !strchr("#\"'={}()+,*", c);
}

/* What stands behind a word, or where one should begin. */
static bool refuse_octet(char c, struct err *e)
{
    if ((unsigned char)c > 127)
        return err_set(e, ERR_CONFIG, "text outside of quotes is ASCII only; quote the value");
    if (ascii_is_control(c))
        return refuse_control(c, e);
    if (c == '#')
        return err_set(e, ERR_CONFIG, "'#' begins a comment and would cut the value; quote the "
                                      "value, or write a blank before the comment");
    return err_set(e, ERR_CONFIG, "'%c' cannot stand in a value without quotes; quote the value",
                   c);
}

static bool take_word(struct lexer *l, struct token *t, struct err *e)
{
    size_t start = l->at;

    if (peek(l, 0) == '$' && peek(l, 1) == '{') {
        if (!take_variable(l, t, e))
            return false;
        if (is_word_octet(peek(l, 0)))
            return err_set(e, ERR_CONFIG, "a variable with text behind it wants double quotes; "
                                          "quote the value");
    }
    while (is_word_octet(peek(l, 0)))
        keep(l, 1);
    t->kind = TOKEN_WORD;
    t->text = slice_make(l->text.data + start, l->at - start);
    char next = peek(l, 0);
    if (t->text.len && next == '{' && t->text.data[t->text.len - 1] == '$')
        return refuse_octet('$', e);
    if (t->text.len && (l->at == l->text.len || at_line_end(l) || strchr(" \t={}(),", next) ||
                        (next == '+' && peek(l, 1) == '=')))
        return true;
    return refuse_octet(next, e);
}

static bool take_token(struct lexer *l, struct token *t, struct err *e)
{
    char c = peek(l, 0);

    if (l->at == l->text.len)
        return true;
    if (c == '"' || c == '\'')
        return take_quoted(l, t, e);
    if (!strchr("{}()=,", c) && !(c == '+' && peek(l, 1) == '='))
        return take_word(l, t, e);
    t->kind = TOKEN_MARK;
    t->mark = c;
    keep(l, c == '+' ? 2 : 1);
    return true;
}

bool lexer_next(struct lexer *l, struct token *t, struct err *e)
{
    bool ok = skip_blanks(l, e);

    *t = (struct token){.kind = TOKEN_END, .line = l->line, .clean = l->clean->len};
    return ok && take_token(l, t, e);
}

bool lexer_init(struct lexer *l, struct slice text, struct buf *clean, unsigned *fault_line,
                struct err *e)
{
    size_t nul = slice_find(text, '\0', 0);

    *l = (struct lexer){.text = text, .line = 1, .clean = clean};
    if (slice_has_prefix(text, SLICE("\xef\xbb\xbf")))
        l->at = 3;
    if (nul == text.len)
        return true;
    *fault_line = 1;
    for (size_t i = 0; i < nul; i++)
        *fault_line += text.data[i] == '\n';
    return err_set(e, ERR_CONFIG, "holds a NUL octet; save the file as UTF-8 text");
}

size_t lexer_room(struct slice text)
{
    /* ${A} becomes ${A:-?A?}: never more than three times what it was. */
    return text.len * 3 + 16;
}

bool token_is(const struct token *t, char mark)
{
    return t->kind == TOKEN_MARK && t->mark == mark;
}

bool token_is_value(const struct token *t)
{
    return t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED;
}
