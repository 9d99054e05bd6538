/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mail/path.h"

struct good {
    const char *text, *local, *domain;
};

static const struct good good[] = {
    {"a@b", "a", "b"},
    {"<a@b>", "a", "b"},
    {" \ta@b\t ", "a", "b"},
    {" <a@b> ", "a", "b"},
    {"a", "a", ""},
    {"<root>", "root", ""},
    {"", "", ""},
    {"<>", "", ""},
    {"  ", "", ""},
    {"a+tag=x/y'z@b", "a+tag=x/y'z", "b"},
    {"!#$%&'*+-/=?^_`{|}~@b", "!#$%&'*+-/=?^_`{|}~", "b"},
    {"SRS0=HHH=TT=example.org=user@relay.example", "SRS0=HHH=TT=example.org=user",
     "relay.example"},
    /* Harmless and seen in the world. */
    {"foo..bar@docomo.ne.jp", "foo..bar", "docomo.ne.jp"},
    {"foo.@x", "foo.", "x"},
    {".foo@x", ".foo", "x"},
    {"a@-b", "a", "-b"},
    {"a@b_c.d-", "a", "b_c.d-"},
    {"-f@x", "-f", "x"},
    {"1@2", "1", "2"},
    /* Quoted local-parts stay quoted. */
    {"\"a b\"@x", "\"a b\"", "x"},
    {"<\"a b\"@x>", "\"a b\"", "x"},
    {"\"a\"@x", "\"a\"", "x"},
    {"\"a\\\"b\\\\\"@x", "\"a\\\"b\\\\\"", "x"},
    {"\"a@b\"@x", "\"a@b\"", "x"},
    {"\"<a>,:;\"@x", "\"<a>,:;\"", "x"},
    {"\" \"@x", "\" \"", "x"},
    {"\"a b\"", "\"a b\"", ""},
    {"\"\\\\\xc3\xa9\"@x", "\"\\\\\xc3\xa9\"", "x"},
    /* Literals. */
    {"a@[192.0.2.1]", "a", "[192.0.2.1]"},
    {"a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]"},
    {"a@[ipv6:::ffff:192.0.2.1]", "a", "[ipv6:::ffff:192.0.2.1]"},
    /* Routes are dropped. */
    {"@r:a@b", "a", "b"},
    {"<@r.example,@[192.0.2.1],@[IPv6:::1]:a@b>", "a", "b"},
    {"<@r:\"a:b\"@c>", "\"a:b\"", "c"},
    {"@r:a", "a", ""},
    /* RFC 6531. */
    {"j\xc3\xb6rg@x", "j\xc3\xb6rg", "x"},
    {"a@m\xc3\xbcller.example", "a", "m\xc3\xbcller.example"},
    {"\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.\xe5\xb9\xbf\xe5\x91\x8a",
     "\xe7\x94\xa8\xe6\x88\xb7", "\xe4\xbe\x8b\xe5\xad\x90.\xe5\xb9\xbf\xe5\x91\x8a"},
    {"\"\xf0\x9f\x98\x80 x\"@x", "\"\xf0\x9f\x98\x80 x\"", "x"},
};

static void accepts_what_the_grammar_and_the_world_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct path path;
        struct err e;
        if (!path_parse(&path, slice_of(good[i].text), &e))
            fail_msg("\"%s\": %s", good[i].text, e.text);
        check_text(good[i].text, path_local(&path), good[i].local);
        check_text(good[i].text, path_domain(&path), good[i].domain);
        assert_true(path_is_set(&path));
        assert_int_equal(path_is_null(&path), *good[i].local == '\0');
        assert_int_equal(path_is_bare(&path), *good[i].local && !*good[i].domain);
        path_clear(&path);
        assert_false(path_is_set(&path));
    }
}

struct bad {
    struct slice text;
    const char *fault;
};

static const struct bad bad[] = {
    {TEXT("a\r\nRCPT TO:<evil@x>"), "control"},
    {TEXT("a@b\r\nRCPT TO:<evil@x>"), "control"},
    {TEXT("a@b\r"), "control"},
    {TEXT("a@b\n"), "control"},
    {TEXT("\na@b"), "control"},
    {TEXT("<a@b\n>"), "control"},
    {TEXT("\"a\rb\"@x"), "control"},
    {TEXT("\"a\\\nb\"@x"), "control"},
    {TEXT("a\0@b"), "control"},
    {TEXT("a@b\0"), "control"},
    {TEXT("a@b\0c"), "control"},
    {TEXT("\"\0\"@b"), "control"},
    {TEXT("a\tb@x"), "control"},
    {TEXT("a\x1b[0m@x"), "control"},
    {TEXT("a\x7f@x"), "control"},
    {TEXT("\"a\x7f\"@x"), "control"},
    {TEXT("a\xc2\x85@x"), "control"},
    {TEXT("a@x\xc2\x9b.example"), "control"},
    {TEXT("a b@x"), "blank"},
    {TEXT("a @x"), "blank"},
    {TEXT("a@ x"), "blank"},
    {TEXT("a@x y"), "blank"},
    {TEXT("< a@x>"), "blank"},
    {TEXT("<a@x >"), "blank"},
    {TEXT("a@b SIZE=1"), "blank"},
    {TEXT("<a@b"), "partner"},
    {TEXT("a@b>"), "partner"},
    {TEXT("<"), "partner"},
    {TEXT(">"), "angle bracket"},
    {TEXT("a<b@c"), "angle bracket"},
    {TEXT("a@b>c"), "angle bracket"},
    {TEXT("<<a@b>>"), "angle bracket"},
    {TEXT("<a@b><c@d>"), "angle bracket"},
    {TEXT("<a@b> SIZE=1>"), "angle bracket"},
    {TEXT("<>@x"), "partner"},
    {TEXT("@x"), "nothing before"},
    {TEXT("<@x>"), "nothing before"},
    {TEXT("@"), "nothing before"},
    {TEXT("\"\"@x"), "nothing between"},
    {TEXT("\"\""), "nothing between"},
    {TEXT("a@"), "nothing behind"},
    {TEXT("<a@>"), "nothing behind"},
    {TEXT("a@b@c"), "second"},
    {TEXT("a@@b"), "second"},
    {TEXT("\"a\"b@x"), "cannot hold"},
    {TEXT("a\"b\"@x"), "cannot hold"},
    {TEXT("\"a\".\"b\"@x"), "cannot hold"},
    {TEXT("\"a@x"), "not closed"},
    {TEXT("\"a\\\"@x"), "not closed"},
    {TEXT("\"a\\"), "not closed"},
    {TEXT("\""), "not closed"},
    {TEXT("\"\\\xc3\xa9\"@x"), "backslash"},
    {TEXT("a@b,c@d"), "cannot hold"},
    {TEXT("a,b@c"), "cannot hold"},
    {TEXT("a;b"), "cannot hold"},
    {TEXT("a:b@c"), "cannot hold"},
    {TEXT("a\\b@c"), "cannot hold"},
    {TEXT("a(b)@c"), "cannot hold"},
    {TEXT("a@b(c)"), "cannot hold"},
    {TEXT("a[b]@c"), "cannot hold"},
    {TEXT("a@bbbbbbbb+c"), "cannot hold"},
    {TEXT("a@b/c"), "cannot hold"},
    {TEXT("a@\"b\""), "cannot hold"},
    {TEXT("a@b..c"), "dot"},
    {TEXT("a@.b"), "dot"},
    {TEXT("a@b."), "dot"},
    {TEXT("a@."), "dot"},
    {TEXT("a@[192.0.2.1"), "literal"},
    {TEXT("a@[192.0.2]"), "literal"},
    {TEXT("a@[192.0.2.256]"), "literal"},
    {TEXT("a@[2001:db8::1]"), "literal"},
    {TEXT("a@[IPv6:192.0.2.1]"), "literal"},
    {TEXT("a@[IPv6:fe80::1%eth0]"), "literal"},
    {TEXT("a@[IPv6:]"), "literal"},
    {TEXT("a@[]"), "literal"},
    {TEXT("a@["), "literal"},
    {TEXT("a@[x:y]"), "literal"},
    {TEXT("a@[192.0.2.1]x"), "literal"},
    {TEXT("a@[192.0.2.1\0]"), "control"},
    {TEXT("a@x[192.0.2.1]"), "cannot hold"},
    {TEXT("@r:"), "route"},
    {TEXT("@r,a@b"), "route"},
    {TEXT("@r,s:a@b"), "route"},
    {TEXT("@r,:a@b"), "route"},
    {TEXT("@:a@b"), "nothing behind"},
    {TEXT("@r r:a@b"), "blank"},
    {TEXT("@[192.0.2.1:a@b"), "nothing before"},
    {TEXT("\xff@x"), "no UTF-8"},
    {TEXT("\xc3@x"), "no UTF-8"},
    {TEXT("a@\xc3"), "no UTF-8"},
    {TEXT("\xc0\xaf@x"), "no UTF-8"},
    {TEXT("\xed\xa0\x80@x"), "no UTF-8"},
    {TEXT("a@\xe2\x82"), "no UTF-8"},
};

static void rejects_everything_else_and_names_text_and_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct path path = {(char *)1, 1};
        struct err e = {.kind = ERR_NONE};
        check_row(bad[i].text.data, !path_parse(&path, bad[i].text, &e), "rejected");
        assert_int_equal(e.kind, ERR_DATA);
        check_contains(bad[i].text.data, e.text, bad[i].fault);
        check_contains(bad[i].text.data, e.text, "\" is no address: ");
        check_row(bad[i].text.data, strpbrk(e.text, "\r\n\x1b\x7f") == NULL, "neutralised");
        assert_false(path_is_set(&path));
    }
}

/* `count` times 'x', with something before and behind. */
static char *filled(const char *before, size_t count, const char *behind)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_put_text(&text, before);
    for (size_t i = 0; i < count; i++)
        buf_put_byte(&text, 'x');
    buf_put_text(&text, behind);
    return buf_take(&text);
}

static void keeps_to_the_limits(void **state)
{
    static const struct {
        const char *before;
        size_t count;
        const char *behind;
        bool ok;
    } rows[] = {
        {"", LIMIT_LOCAL_PART, "@b", true},
        {"", LIMIT_LOCAL_PART + 1, "@b", false},
        {"", LIMIT_LOCAL_PART, "", true},
        {"", LIMIT_LOCAL_PART + 1, "", false},
        {"\"", LIMIT_LOCAL_PART - 2, "\"@b", true},
        {"\"", LIMIT_LOCAL_PART - 1, "\"@b", false},
        {"a@", LIMIT_DOMAIN, "", true},
        {"a@", LIMIT_DOMAIN + 1, "", false},
        {"<@", LIMIT_DOMAIN + 1, ":a@b>", false},
        {"", 1000000, "", false},
        {"a@", 1000000, "", false},
        {"a@[", 1000000, "]", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = filled(rows[i].before, rows[i].count, rows[i].behind);
        struct path path;
        struct err e;
        bool ok = path_parse(&path, slice_of(text), &e);
        check_row(rows[i].before, ok == rows[i].ok, "the limit");
        if (!ok)
            assert_true(strlen(e.text) < 300);
        path_clear(&path);
        free(text);
    }
}

static struct path parsed(const char *text)
{
    struct path path;
    struct err e;

    assert_true(path_parse(&path, slice_of(text), &e));
    return path;
}

static void compares_local_parts_exactly_and_domains_without_case(void **state)
{
    static const struct {
        const char *a, *b;
        int order;
    } rows[] = {
        {"a@b", "a@b", 0},       {"a@b.C", "a@B.c", 0},   {"A@b", "a@b", -1},
        {"a@b", "a@c", -1},      {"a@b", "ab@b", -1},     {"a", "a@b", -1},
        {"a", "a", 0},           {"", "", 0},             {"", "a", -1},
        {"a@B", "a@c", -1},      {"a@bb", "a@b.c", 1},    {"\"a\"@b", "a@b", -1},
        {"\xc3\xb6@b", "z@b", 1}, {"a@\xc3\xb6", "a@z", 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct path a = parsed(rows[i].a), b = parsed(rows[i].b);
        int forth = path_compare(&a, &b), back = path_compare(&b, &a);
        check_row(rows[i].a, (forth > 0) - (forth < 0) == rows[i].order, "order");
        check_row(rows[i].b, (back > 0) - (back < 0) == -rows[i].order, "reverse order");
        path_clear(&a);
        path_clear(&b);
    }
}

static void a_path_that_is_not_set_is_less_than_any(void **state)
{
    struct path unset = {0}, null = parsed("<>");

    (void)state;
    assert_true(path_compare(&unset, &null) < 0);
    assert_true(path_compare(&null, &unset) > 0);
    assert_int_equal(path_compare(&unset, &unset), 0);
    assert_false(path_is_null(&unset));
    assert_false(path_is_bare(&unset));
    assert_int_equal(path_domain(&unset).len, 0);
    path_clear(&null);
}

static void qualifies_bare_paths_only(void **state)
{
    static const struct {
        const char *text, *domain, *result;
    } rows[] = {
        {"root", "example.org", "root@example.org"},
        {"\"a b\"", "x", "\"a b\"@x"},
        {"a", "[192.0.2.1]", "a@[192.0.2.1]"},
        {"a@b", "x", "a@b"},
        {"", "x", ""},
        {"a@b", "not a domain", "a@b"},
        {"a", "not a domain", NULL},
        {"a", "", NULL},
        {"a", "x\r\nDATA", NULL},
        {"a", "x>", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct path path = parsed(rows[i].text);
        struct err e;
        bool ok = path_qualify(&path, rows[i].domain, &e);
        check_row(rows[i].domain, ok == (rows[i].result != NULL), "qualified or refused");
        if (!ok)
            assert_int_equal(e.kind, ERR_DATA);
        check_text(rows[i].text, path_address(&path), ok ? rows[i].result : rows[i].text);
        path_clear(&path);
    }
}

static void formats_with_angle_brackets(void **state)
{
    static const char *const rows[][2] = {
        {"a@b", "<a@b>"}, {"", "<>"}, {"<a>", "<a>"}, {"@r:\"a b\"@c", "<\"a b\"@c>"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct path path = parsed(rows[i][0]), copy;
        struct buf out;
        path_copy(&copy, &path);
        path_clear(&path);
        buf_init(&out, LIMIT_PATH + 2);
        path_format(&out, &copy);
        check_text(rows[i][0], buf_slice(&out), rows[i][1]);
        buf_clear(&out);
        path_clear(&copy);
    }
}

static void tells_where_utf8_is(void **state)
{
    static const struct {
        const char *text;
        bool local, domain;
    } rows[] = {
        {"a@b", false, false},
        {"\xc3\xa9@b", true, false},
        {"a@\xc3\xa9", false, true},
        {"\"\xc3\xa9\"@\xc3\xa9", true, true},
        {"", false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct path path = parsed(rows[i].text);
        check_row(rows[i].text, path_has_utf8_local(&path) == rows[i].local, "local-part");
        check_row(rows[i].text, path_has_utf8_domain(&path) == rows[i].domain, "domain");
        path_clear(&path);
    }
}

/* The mapping of UTS 46 reads U+FF0E and U+3002 as dots, also at the end or doubled. */
static void an_ascii_form_is_a_domain_or_refused(void **state)
{
    static const char *const rows[] = {("a@\xc3\x84"
                                        "31\xef\xbc\x8e"),
                                       "a@\xe3\x80\x82\xc3\xa4.org",
                                       "a@\xc3\xa4\xef\xbc\x8e\xe3\x80\x82org"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct path path;
        struct err e = {.kind = ERR_NONE};

        if (!path_parse(&path, slice_of(rows[i]), &e))
            continue;
        check_row(rows[i], !path_domain_to_ascii(&path, &e), "refused");
        assert_int_equal(e.kind, ERR_DATA);
        check_text(rows[i], path_address(&path), rows[i]);
        path_clear(&path);
    }
}

static void domains_are_checked_alone_too(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"example.org", true}, {"localhost", true},  {"[192.0.2.1]", true}, {"", false},
        {"a b", false},        {"a@b", false},       {"<a>", false},        {"a.", false},
        {"\xff", false},       {"\xc3\xa9", true},   {"a\r\n", false},      {".", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(rows[i].text, path_domain_is_valid(slice_of(rows[i].text)) == rows[i].ok,
                  "a domain or none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_the_grammar_and_the_world_write),
        cmocka_unit_test(rejects_everything_else_and_names_text_and_fault),
        cmocka_unit_test(keeps_to_the_limits),
        cmocka_unit_test(compares_local_parts_exactly_and_domains_without_case),
        cmocka_unit_test(a_path_that_is_not_set_is_less_than_any),
        cmocka_unit_test(qualifies_bare_paths_only),
        cmocka_unit_test(formats_with_angle_brackets),
        cmocka_unit_test(tells_where_utf8_is),
        cmocka_unit_test(an_ascii_form_is_a_domain_or_refused),
        cmocka_unit_test(domains_are_checked_alone_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
