/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/token.h"

#include "check.h"

#include "account/setting.h"

/* All tokens as "word|'quoted|=" with '$' behind what is expanded and the line before what begins
 * on another line than the one before it; false with the line to blame in *line. */
static bool lex(struct slice text, struct buf *clean, struct buf *tokens, unsigned *line,
                struct err *e)
{
    struct lexer l;
    struct token t = {.line = 1};
    unsigned before = 1;

    buf_init(clean, lexer_room(text));
    buf_init(tokens, 4000);
    if (!lexer_init(&l, text, clean, line, e))
        return false;
    for (;;) {
        bool ok = lexer_next(&l, &t, e);
        *line = t.line;
        if (!ok || t.kind == TOKEN_END)
            return ok;
        if (t.line != before)
            buf_put_format(tokens, "%u:", t.line);
        before = t.line;
        if (t.kind == TOKEN_MARK)
            buf_put_byte(tokens, t.mark);
        else
            buf_put_format(tokens, "%s%.*s%s", t.kind == TOKEN_QUOTED ? "'" : "", (int)t.text.len,
                           t.text.data, t.expanded ? "$" : "");
        buf_put_byte(tokens, '|');
    }
}

static void text_falls_into_tokens(void **state)
{
    static const struct {
        struct slice text;
        const char *tokens;
    } rows[] = {
        {TEXT(""), ""},
        {TEXT(" \t\n\r\n"), ""},
        {TEXT("host = smtp.example.org"), "host|=|smtp.example.org|"},
        {TEXT("host=x"), "host|=|x|"},
        {TEXT("account \"a b\" {\n  port = 25\n}\n"), "account|'a b|{|2:port|=|25|3:}|"},
        {TEXT("l = {\"a\",'b', c}"), "l|=|{|'a|,|'b|,|c|}|"},
        {TEXT("l += x"), "l|+|x|"},
        {TEXT("include(\"x\")"), "include|(|'x|)|"},
        {TEXT("a-b_c.d/e:f@g~h!i%j&k?l"), "a-b_c.d/e:f@g~h!i%j&k?l|"},
        /* Comments are blanks and keep their lines. */
        {TEXT("# one\nx // two\n/* three\n * four */ y"), "2:x|4:y|"},
        {TEXT("x /* # */ y"), "x|y|"},
        {TEXT("x # y"), "x|"},
        {TEXT("\"#\" '//' \"/* */\""), "'#|'//|'/* */|"},
        {TEXT("x /* ** */ y"), "x|y|"},
        {TEXT("a//b"), "a//b|"},
        /* Quotes: escapes stay for libconfuse; a line end only behind a backslash. */
        {TEXT("\"a\\\"b\\\\\""), "'a\\\"b\\\\|"},
        {TEXT("'a\\'b'"), "'a\\'b|"},
        {TEXT("'a\\nb\\q'"), "'a\\nb\\q|"},
        {TEXT("\"\\a\\b\\e\\f\\n\\r\\t\\v\\?\\ \""), "'\\a\\b\\e\\f\\n\\r\\t\\v\\?\\ |"},
        {TEXT("\"\\1\\377\\x1\\xfF\""), "'\\1\\377\\x1\\xfF|"},
        {TEXT("\"a\\\nb\" x"), "'a\\\nb|2:x|"},
        {TEXT("'a\\\r\nb' x"), "'a\\\r\nb|2:x|"},
        {TEXT("\"\" ''"), "'|'|"},
        {TEXT("\"a\tb\""), "'a\tb|"},
        {TEXT("'\xc3\xa4'"), "'\xc3\xa4|"},
        /* Variables: in double quotes and as a whole word. */
        {TEXT("${HOME}"), "${HOME}$|"},
        {TEXT("\"a${B_1}c\""), "'a${B_1}c$|"},
        {TEXT("\"${B:-x y}\""), "'${B:-x y}$|"},
        {TEXT("'${B}'"), "'${B}|"},
        {TEXT("\"\\${B}\""), "'\\${B}|"},
        {TEXT("$B \"$B\" \"$\""), "$B|'$B|'$|"},
        {TEXT("\xef\xbb\xbfx"), "x|"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf clean, tokens;
        unsigned line;
        struct err e = {.text = ""};

        if (!lex(rows[i].text, &clean, &tokens, &line, &e))
            fail_msg("input \"%s\": %s", rows[i].text.data, e.text);
        check_slice(rows[i].text, buf_slice(&tokens), slice_of(rows[i].tokens));
        buf_clear(&clean);
        buf_clear(&tokens);
    }
}

/* What libconfuse gets: each line on its line, nothing that it reads wrongly. */
static void the_clean_copy_says_the_same(void **state)
{
#define UNSET(name) ":-\001" name "\002"
    static const struct {
        struct slice text, clean;
    } rows[] = {
        {TEXT("\xef\xbb\xbfhost = x\r\nport = 1\r\n"), TEXT("host = x\nport = 1\n")},
        {TEXT("a = 1 # two\nb = 2 // two\n"), TEXT("a = 1 \nb = 2 \n")},
        {TEXT("a /* x\ny\r\nz */ = 1\n"), TEXT("a  \n\n = 1\n")},
        {TEXT("a = \"${B}\"\n"), TEXT("a = \"${B" UNSET("B") "}\"\n")},
        {TEXT("a = ${B}\n"), TEXT("a = ${B" UNSET("B") "}\n")},
        {TEXT("a = \"${B:-c}\"\n"), TEXT("a = \"${B:-c}\"\n")},
        {TEXT("a = '${B}#//'\n"), TEXT("a = '${B}#//'\n")},
        {TEXT("a = 'x\\\r\ny'\n"), TEXT("a = 'x\\\ny'\n")},
    };
#undef UNSET

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf clean, tokens;
        unsigned line;
        struct err e;

        assert_true(lex(rows[i].text, &clean, &tokens, &line, &e));
        check_slice(rows[i].text, buf_slice(&clean), rows[i].clean);
        assert_false(clean.overflow);
        buf_clear(&clean);
        buf_clear(&tokens);
    }
}

static void slips_are_errors_with_their_line(void **state)
{
    static const struct {
        struct slice text;
        unsigned line;
        const char *fault;
    } rows[] = {
        {TEXT("a = secret#1"), 1, "'#' begins a comment and would cut the value"},
        {TEXT("\n\na = me+tag@x"), 3, "'+' cannot stand in a value without quotes"},
        {TEXT("a = x*y"), 1, "'*' cannot stand"},
        {TEXT("a = *@x"), 1, "'*' cannot stand"},
        {TEXT("a = x\"y\""), 1, "'\"' cannot stand"},
        {TEXT("a = x'y'"), 1, "''' cannot stand"},
        {TEXT("a = \xc3\xa4"), 1, "ASCII only; quote the value"},
        {TEXT("a = x\xc3\xa4"), 1, "ASCII only"},
        {TEXT("a = x\x01"), 1, "the control octet 0x01"},
        {TEXT("a = x\ry"), 1, "the control octet 0x0d"},
        {TEXT("a = 'x\x1by'"), 1, "the control octet 0x1b"},
        {TEXT("a = \"x\x7fy\""), 1, "the control octet 0x7f"},
        {TEXT("\na = \"x\nb = 1\n"), 2, "the quote (\") that opens here is not closed"},
        {TEXT("a = 'x\n"), 1, "the quote (') that opens here is not closed"},
        {TEXT("a = \"x\\"), 1, "is not closed"},
        {TEXT("x\n/* y\nz\n"), 2, "the comment that begins here has no end"},
        {TEXT("a = \"x\\q\""), 1, "begins an escape, and this is none"},
        {TEXT("a = \"\\0\""), 1, "begins an escape"},
        {TEXT("a = \"\\400\""), 1, "begins an escape"},
        {TEXT("a = \"\\8\""), 1, "begins an escape"},
        {TEXT("a = \"\\1234\""), 1, "begins an escape"},
        {TEXT("a = \"\\x\""), 1, "begins an escape"},
        {TEXT("a = \"\\x0\""), 1, "begins an escape"},
        {TEXT("a = \"\\x00\""), 1, "begins an escape"},
        {TEXT("a = \"\\xg\""), 1, "begins an escape"},
        {TEXT("a = \"x\\\x01\""), 1, "the control octet"},
        {TEXT("a = \"${\""), 1, "begins the name of a variable"},
        {TEXT("a = \"${}\""), 1, "begins the name"},
        {TEXT("a = \"${1}\""), 1, "begins the name"},
        {TEXT("a = \"${A-b}\""), 1, "begins the name"},
        {TEXT("a = \"pa${ss\"\nb = \"}\""), 1, "begins the name"},
        {TEXT("a = \"${A:-x\ny}\""), 1, "the control octet 0x0a"},
        {TEXT("a = ${A}b"), 1, "quote the value"},
        {TEXT("a = b${A}"), 1, "'$' cannot stand"},
        {TEXT("a\nb\0c"), 2, "holds a NUL octet"},
        {TEXT("\0"), 1, "holds a NUL octet"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf clean, tokens;
        unsigned line = 0;
        struct err e = {.text = ""};

        check_row(rows[i].text.data, !lex(rows[i].text, &clean, &tokens, &line, &e), "an error");
        check_contains(rows[i].text.data, e.text, rows[i].fault);
        if (line != rows[i].line)
            fail_msg("input \"%s\": blames line %u", rows[i].text.data, line);
        assert_int_equal(e.kind, ERR_CONFIG);
        buf_clear(&clean);
        buf_clear(&tokens);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_falls_into_tokens),
        cmocka_unit_test(the_clean_copy_says_the_same),
        cmocka_unit_test(slips_are_errors_with_their_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
