/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/source.h"

#include "check.h"

/* The statements as "kind name line", "{}" behind a list and "$" behind what is expanded. */
static void put_statements(struct buf *out, const struct source *s)
{
    static const char *const kinds[] = {
        [STATEMENT_SETTING] = "set", [STATEMENT_DEFAULTS] = "defaults",
        [STATEMENT_ACCOUNT] = "account", [STATEMENT_OPTION] = "option",
        [STATEMENT_INCLUDE] = "include"};

    for (size_t i = 0; i < s->count; i++) {
        const struct statement *t = &s->statements[i];
        buf_put_format(out, "%s%s%s%s %u%s%s", i ? "; " : "", kinds[t->kind], t->name ? " " : "",
                       t->name ? t->name : "", t->line, t->is_list ? " {}" : "",
                       t->expanded ? " $" : "");
    }
}

static void statements_have_their_lines(void **state)
{
    static const struct {
        const char *text, *statements;
    } rows[] = {
        {"", ""},
        {"# nothing\n", ""},
        {"default-account = \"a\"\n", "set default-account 1"},
        {"defaults { port = 25 }", "defaults 1; option port 1"},
        {"account \"a\" {\n  host = x\n\n  from = { \"a\",\n \"b\" }\n}\n",
         "account a 1; option host 2; option from 4 {}"},
        {"account a { }\naccount 'b' {\n}\n", "account a 1; account b 2"},
        {"account a {} defaults {}", "account a 1; defaults 1"},
        {"account a\n{\nhost = x\n}\ninclude(\"y\")\n", "account a 1; option host 3; include y 5"},
        {"include ( 'y' )", "include y 1"},
        {"include\n(\n\"y\"\n)\ndefaults { port = 1 }\n", "include y 1; defaults 5; option port 5"},
        {"account a { host = ${H} from = { \"x\", \"${F}\" } }",
         "account a 1; option host 1 $; option from 1 {} $"},
        {"account a { from = { } from = { x, } }",
         "account a 1; option from 1 {}; option from 1 {}"},
        {"account a { user = \"x\\\ny\"\n port = 1 }", "account a 1; option user 1; option port 3"},
        {"account a { user =\n  \"x\" }", "account a 1; option user 1"},
        {"account a { from = { # one\n x, /* two */ y } }", "account a 1; option from 1 {}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct source s;
        struct buf got;
        struct err e;

        if (!source_scan(&s, "rc", slice_of(rows[i].text), &e))
            fail_msg("%s\n%s", rows[i].text, e.text);
        buf_init(&got, 1000);
        put_statements(&got, &s);
        check_text(rows[i].text, buf_slice(&got), rows[i].statements);
        buf_clear(&got);
        source_clear(&s);
    }
}

static const struct {
    const char *text, *fault;
} slips[] = {
    /* Braces. */
    {"account a {\nhost = x\n", "rc:1: the '{' of this line is never closed"},
    {"account a {\nhost = x\naccount b {\n}\n",
     "rc:3: account cannot stand within a section; close the '{' of line 1"},
    {"defaults {\ninclude(\"x\")\n}\n", "rc:2: include cannot stand within a section"},
    {"defaults {\ndefaults {\n}\n}\n", "rc:2: defaults cannot stand within a section"},
    {"account a {\nfrom = { x\n", "rc:2: the '{' of this line is never closed"},
    {"account a {\nfrom = { x,\n", "rc:2: the '{' of this line is never closed"},
    {"account a {\nfrom = { x\ny }\n}\n", "rc:3: from: a ',' or '}' is missing in the list"},
    {"account a { }\n}\n", "rc:2: '}' does not belong here"},
    {"account a\nhost = x\n", "rc:2: a '{' is missing"},
    {"defaults\nport = 1\n", "rc:2: a '{' is missing"},
    {"provider \"x\" {\n}\n", "rc:1: "},
    {"accounts {\n}\n", "rc:1: there is no section \"accounts\""},
    /* Values. */
    {"account a {\nuser =\nport = 25\n}\n", "rc:3: user has no value"},
    {"account a {\nuser = # x\nport = 25\n}\n", "user has no value"},
    {"account a {\nuser = }\n", "user has no value"},
    {"account a { from = { , } }", "from has no value"},
    {"account a { host = x; port = 25 }", "rc:1: host: the ';' would be part of the value"},
    {"account a { host = \"x\"; }", "rc:1: ';' has no meaning here"},
    {"account a { user = two words }", "more than one value on this line"},
    {"account a { user = \"two\" \"words\" }", "more than one value on this line"},
    {"account a { password = s3cret and-more }", "more than one value on this line"},
    {"account a { from = x, y }", "more than one value on this line"},
    {"account a { from += { x } }", "\"+=\" is not known here"},
    {"account a { \"host\" = x }", "written without quotes"},
    {"account a { host }", "\"host\" has no '=' behind it"},
    {"account a { host: x }", "\"host:\" has no '=' behind it"},
    {"account a { = x }", "'=' does not belong here"},
    /* Names. libconfuse reads "a|b" as option b of section a. */
    {"account|host = x\n", "\"account|host\" is no option's name"},
    {"account a { ho.st = x }", "\"ho.st\" is no option's name"},
    {"account { }", "account: a name in quotes is missing"},
    {"account \"\" { }", "account: a name in quotes is missing"},
    {"account \"a\\\\b\" { }", "account: "},
    {"account \"${A}\" { }", "account: "},
    {"account = x\n", "rc:1: account is a section; write no '='"},
    {"port = 1\ndefaults = { x }\n", "rc:2: defaults is a section; write no '='"},
    {"include \"x\"\n", "include wants its file in parentheses"},
    {"include()\n", "include: a name in quotes is missing"},
    {"include(\"x\"\nport = 1\n", "a ')' is missing"},
    {"include(\"${X}\")\n", "include: "},
    /* And every error of the tokens, with its line. */
    {"account a {\n\npassword = secret#1\n}\n", "rc:3: '#' begins a comment"},
    {"account a {\nuser = me+tag@x\n}\n", "rc:2: '+' cannot stand"},
    {"account a {\nuser = \"x\n}\n", "rc:2: the quote (\")"},
};

static void shapes_that_libconfuse_takes_in_silence_are_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(slips); i++) {
        struct source s;
        struct err e = {.text = ""};

        check_row(slips[i].text, !source_scan(&s, "rc", slice_of(slips[i].text), &e), "an error");
        check_contains(slips[i].text, e.text, slips[i].fault);
        assert_int_equal(e.kind, ERR_CONFIG);
        if (strstr(e.text, "s3cret") || strstr(e.text, "and-more"))
            fail_msg("shows a secret: %s", e.text);
        assert_null(s.statements);
        source_clear(&s);
    }
}

static void an_include_leaves_its_lines_behind(void **state)
{
    struct source s;
    struct err e;

    (void)state;
    assert_true(source_scan(&s, "rc", SLICE("include(\n'x'\n)\ndefaults {}\n"), &e));
    check_text("include", buf_slice(&s.text), "\n\n\ndefaults {}\n");
    source_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_have_their_lines),
        cmocka_unit_test(shapes_that_libconfuse_takes_in_silence_are_errors),
        cmocka_unit_test(an_include_leaves_its_lines_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
