/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/limits.h"
#include "mail/address.h"

#define TEXT_MAX 65536

/* "name|address|text of the addr-spec" of each mailbox, a line each. */
static void describe(struct slice text, const struct mailboxes *list, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < list->count; i++) {
        const struct mailbox *m = &list->items[i];
        buf_put_slice(out, m->name);
        buf_put_byte(out, '|');
        buf_put_slice(out, path_address(&m->path));
        buf_put_byte(out, '|');
        assert_true(m->offset + m->len <= text.len);
        buf_put_slice(out, slice_make(text.data + m->offset, m->len));
        buf_put_byte(out, '\n');
    }
}

struct row {
    const char *text, *result;
};

static const struct row rows[] = {
    /* Nothing. */
    {"", ""},
    {" \t\r\n ", ""},
    {",", ""},
    {" , ,, ", ""},
    {"(just a comment)", ""},
    {"undisclosed-recipients:;", ""},
    {"undisclosed-recipients: ;", ""},
    {"undisclosed-recipients:", ""},
    {"Nobody (at all) : (really) ;", ""},
    /* One. */
    {"a@b", "|a@b|a@b\n"},
    {" a@b\r\n", "|a@b|a@b\n"},
    {"root", "|root|root\n"},
    {"root (Cron Daemon)", "Cron Daemon|root|root\n"},
    {"Anacron <root>", "Anacron|root|root\n"},
    {"<a@b>", "|a@b|a@b\n"},
    {"Joe <joe@x>", "Joe|joe@x|joe@x\n"},
    {"Joe<joe@x>", "Joe|joe@x|joe@x\n"},
    {"  Joe  Q. Doe   <joe@x>  ", "Joe  Q. Doe|joe@x|joe@x\n"},
    {"Joe <joe@x> (at home)", "Joe|joe@x|joe@x\n"},
    {"<joe@x> (Joe)", "Joe|joe@x|joe@x\n"},
    {"(Joe) <joe@x>", "Joe|joe@x|joe@x\n"},
    {"joe@x (Joe) (again)", "Joe|joe@x|joe@x\n"},
    {"joe@x ( Joe \t)", "Joe|joe@x|joe@x\n"},
    {"joe@x ()", "|joe@x|joe@x\n"},
    {"joe@x (a (b (c) \\) d) e)", "a (b (c) \\) d) e|joe@x|joe@x\n"},
    {"\"a,b\" <x@y>", "\"a,b\"|x@y|x@y\n"},
    {"\"<not@this>\" <x@y>", "\"<not@this>\"|x@y|x@y\n"},
    {"\"say \\\"hi\\\" (x\" <x@y>", "\"say \\\"hi\\\" (x\"|x@y|x@y\n"},
    {"\"a\" b \"c\" <x@y>", "\"a\" b \"c\"|x@y|x@y\n"},
    {"me@x <me@x>", "me@x|me@x|me@x\n"},
    {"[list] name <x@y>", "[list] name|x@y|x@y\n"},
    {"=?utf-8?Q?J=C3=B6rg?= <j@x>", "=?utf-8?Q?J=C3=B6rg?=|j@x|j@x\n"},
    {"J\xc3\xb6rg \xff <j@x>", "J\xc3\xb6rg \xff|j@x|j@x\n"},
    {"j\xc3\xb6rg@m\xc3\xbcller.example", "|j\xc3\xb6rg@m\xc3\xbcller.example|"
                                           "j\xc3\xb6rg@m\xc3\xbcller.example\n"},
    {"\"a b\"@x", "|\"a b\"@x|\"a b\"@x\n"},
    {"Joe <\"a b\"@x>", "Joe|\"a b\"@x|\"a b\"@x\n"},
    {"\">,;\"@x", "|\">,;\"@x|\">,;\"@x\n"},
    {"a@[192.0.2.1]", "|a@[192.0.2.1]|a@[192.0.2.1]\n"},
    {"J <a@[IPv6:2001:db8::1]>", "J|a@[IPv6:2001:db8::1]|a@[IPv6:2001:db8::1]\n"},
    {"a@[IPv6:2001:db8::1], b", "|a@[IPv6:2001:db8::1]|a@[IPv6:2001:db8::1]\n|b|b\n"},
    {"foo..bar@docomo.ne.jp", "|foo..bar@docomo.ne.jp|foo..bar@docomo.ne.jp\n"},
    /* Blanks and comments inside an addr-spec. */
    {"joe @ x", "|joe@x|joe @ x\n"},
    {"joe . doe @ x . y", "|joe.doe@x.y|joe . doe @ x . y\n"},
    {"<joe(a).(b)doe(c)@(d)x(e).(f)y>", "|joe.doe@x.y|joe(a).(b)doe(c)@(d)x(e).(f)y\n"},
    {"Joe < (c) joe@x (d) >", "Joe|joe@x|joe@x\n"},
    {"joe\r\n @x", "|joe@x|joe\r\n @x\n"},
    {"\"a b\" @ x", "|\"a b\"@x|\"a b\" @ x\n"},
    {"pete(his \\) account)@silly.test(his host)",
     "his \\) account|pete@silly.test|pete(his \\) account)@silly.test\n"},
    /* Routes. */
    {"Joe <@route,@r2:joe@x>", "Joe|joe@x|joe@x\n"},
    {"<@r , (c) @[IPv6:::1] : joe @ x>", "|joe@x|joe @ x\n"},
    {"<@r:joe>", "|joe|joe\n"},
    /* Lists. */
    {"a@b,c@d", "|a@b|a@b\n|c@d|c@d\n"},
    {"a@b, , c@d,", "|a@b|a@b\n|c@d|c@d\n"},
    {"a,b", "|a|a\n|b|b\n"},
    {"A <a@b>,\r\n \"B\" <c@d>\r\n ,\r\n\te (E)", "A|a@b|a@b\n\"B\"|c@d|c@d\nE|e|e\n"},
    {"a@b; c@d;", "|a@b|a@b\n|c@d|c@d\n"},
    {"Doe, John <j@x>", "|Doe|Doe\nJohn|j@x|j@x\n"},
    {"a (,) , b", ",|a|a\n|b|b\n"},
    /* Groups. */
    {"G: a, b;", "|a|a\n|b|b\n"},
    {"G: a@b, B <c@d>; e@f", "|a@b|a@b\nB|c@d|c@d\n|e@f|e@f\n"},
    {"x, G:;, H: y;, z", "|x|x\n|y|y\n|z|z\n"},
    {"\"A, B\": a;", "|a|a\n"},
    {"\"A@B\": a;", "|a|a\n"},
    {"A group\r\n :\r\n a,\r\n b\r\n ;", "|a|a\n|b|b\n"},
    {"G: a, b", "|a|a\n|b|b\n"},
    {"G:;H:;", ""},
};

static void lists_are_read_as_rfc_5322_and_the_world_write_them(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, TEXT_MAX);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mailboxes list = {0};
        struct err e;
        if (!address_parse(&list, slice_of(rows[i].text), &e))
            fail_msg("\"%s\": %s", rows[i].text, e.text);
        describe(slice_of(rows[i].text), &list, &out);
        check_text(rows[i].text, buf_slice(&out), rows[i].result);
        mailboxes_clear(&list);
    }
    buf_clear(&out);
}

struct bad {
    struct slice text;
    const char *names, *fault;
};

static const struct bad bad[] = {
    {TEXT("foo bar@x"), "\"foo bar@x\"", "blank"},
    {TEXT("good@x, foo bar@x, other@x"), "\"foo bar@x\"", "blank"},
    {TEXT("foo (c) bar@x"), "\"foo (c) bar@x\"", "blank"},
    {TEXT("foo(c)bar@x"), "\"foo(c)bar@x\"", "blank"},
    {TEXT("\"a\" \"b\"@x"), "\"\"a\" \"b\"@x\"", "blank"},
    {TEXT("a@b c@d"), "\"a@b c@d\"", "blank"},
    {TEXT("a@b\r\n c@d"), "c@d\"", "blank"},
    {TEXT("Joe <a b@x>"), "\"a b@x\"", "blank"},
    {TEXT("<>"), "\"<>\"", "nothing"},
    {TEXT("Joe < >, b"), "\"Joe < >\"", "nothing"},
    {TEXT("Joe <(c)>"), "\"Joe <(c)>\"", "nothing"},
    {TEXT("<\"\">"), "\"\"\"\"", "nothing"},
    {TEXT("Joe <a@b"), "\"Joe <a@b\"", "without its \">\""},
    {TEXT("Joe <"), "\"Joe <\"", "without its \">\""},
    {TEXT("Joe <a@b, c@d"), "\"Joe <a@b, c@d\"", "without its \">\""},
    {TEXT("Joe a@b>"), "\"Joe a@b>\"", "without its \"<\""},
    {TEXT("a@b>, c"), "\"a@b>\"", "without its \"<\""},
    {TEXT("Joe <<a@b>>"), "\"Joe <<a@b>>\"", "too much"},
    {TEXT("<a@b> <c@d>"), "\"<a@b> <c@d>\"", "too much"},
    {TEXT("<a@b> Joe"), "\"<a@b> Joe\"", "behind"},
    {TEXT("<a@b>: c;"), "\"<a@b>: c\"", "behind"},
    {TEXT("<a,b@c>"), "\"a,b@c\"", "cannot hold"},
    {TEXT("a@b@c"), "\"a@b@c\"", "second"},
    {TEXT("@b"), "\"@b\"", "nothing before"},
    {TEXT("a@"), "\"a@\"", "nothing behind"},
    {TEXT("a@bbbbbbbb+c"), "\"a@bbbbbbbb+c\"", "cannot hold"},
    {TEXT("a@b\\c"), "\"a@b\\c\"", "cannot hold"},
    {TEXT("a@x]"), "\"a@x]\"", "cannot hold"},
    {TEXT("x, a (b"), "\"a (b\"", "comment"},
    {TEXT("a (b (c)"), "\"a (b (c)\"", "comment"},
    {TEXT("a (b\\)"), "\"a (b\\)\"", "comment"},
    {TEXT("(\\"), "\"(\\\"", "comment"},
    {TEXT("a) b"), "\"a) b\"", "\")\""},
    {TEXT("\"a <b@c>"), "\"\"a <b@c>\"", "quote"},
    {TEXT("\"a\\\" <b@c>"), "\"\"a\\\" <b@c>\"", "quote"},
    {TEXT("\"a\\"), "\"\"a\\\"", "quote"},
    {TEXT("a@[192.0.2.1"), "\"a@[192.0.2.1\"", "\"]\""},
    {TEXT("=?utf-8?Q?J=C3=B6,rg?= x <j@x>, <"), "\"<\"", "\">\""},
    {TEXT("G: H: a;;"), "\"H: a\"", "inside a group"},
    {TEXT(": a;"), "\": a\"", "no group name"},
    {TEXT("a@b: c;"), "\"a@b: c\"", "no group name"},
    {TEXT("<@r j@x>"), "\"@r j@x\"", "blank"},
    {TEXT("<@r:>"), "\"@r:\"", "route"},
    {TEXT("a@b\nBcc: c@d"), "a@b\\x0ABcc", "line end"},
    {TEXT("a@b\r\nBcc: c@d"), "a@b\\x0D\\x0ABcc", "line end"},
    {TEXT("a@b\rc@d"), "a@b\\x0Dc@d", "line end"},
    {TEXT("\"A\nB\" <a@b>"), "\\x0A", "line end"},
    {TEXT("a\n\n b"), "\\x0A", "line end"},
    {TEXT("a\0@b"), "a\\x00@b", "control"},
    {TEXT("a\x01@b"), "a\\x01@b", "control"},
    {TEXT("a @\0b"), "a@\\x00b", "control"},
    {TEXT("\xff@b"), "\\xFF@b", "UTF-8"},
};

static void a_fault_names_its_member_and_leaves_the_list(void **state)
{
    struct mailboxes list = {0};
    struct err e;

    (void)state;
    assert_true(address_parse(&list, SLICE("first@x, second@x"), &e));
    for (size_t i = 0; i < COUNT(bad); i++) {
        e = (struct err){0};
        check_row(bad[i].text.data, !address_parse(&list, bad[i].text, &e), "refused");
        assert_int_equal(e.kind, ERR_DATA);
        check_contains(bad[i].text.data, e.text, bad[i].names);
        check_contains(bad[i].text.data, e.text, bad[i].fault);
        assert_int_equal(list.count, 2);
    }
    mailboxes_clear(&list);
    assert_int_equal(list.count, 0);
}

static void put_times(struct buf *out, const char *text, int count)
{
    for (int i = 0; i < count; i++)
        buf_put_text(out, text);
}

static void comments_nest_as_deep_as_somebody_likes(void **state)
{
    struct mailboxes list = {0};
    struct buf text;
    struct err e;

    (void)state;
    buf_init(&text, 1 << 22);
    put_times(&text, "(", 200);
    put_times(&text, ")", 200);
    buf_put_text(&text, " a@b ");
    put_times(&text, "(", 1000000);
    put_times(&text, ")", 1000000);
    assert_true(address_parse(&list, buf_slice(&text), &e));
    assert_int_equal(list.count, 1);
    check_text("deep", path_address(&list.items[0].path), "a@b");
    buf_put_text(&text, "(");
    assert_false(address_parse(&list, buf_slice(&text), &e));
    mailboxes_clear(&list);
    buf_clear(&text);
}

static void time_and_numbers_are_bounded(void **state)
{
    static const struct {
        const char *unit;
        int count;
        bool ok;
    } texts[] = {
        {"a,", LIMIT_RECIPIENTS, true},
        {"a,", LIMIT_RECIPIENTS + 1, false},
        {",", 1000000, true},
        {"()", 1000000, true},
        {"(", 1000000, false},
        {"\"", 1000001, false},
        {"<", 1000000, false},
        {"[", 1000000, false},
        {"a ", 1000000, false},
        {"a. ", 1000000, false},
        {"a:;", 300000, true},
        {"<@a", 1000000, false},
        {" . ", 1000000, false},
        {"\\", 1000000, false},
    };
    struct buf text;

    (void)state;
    buf_init(&text, 1 << 23);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct mailboxes list = {0};
        struct err e;
        buf_reset(&text);
        put_times(&text, texts[i].unit, texts[i].count);
        bool ok = address_parse(&list, buf_slice(&text), &e);
        check_row(texts[i].unit, ok == texts[i].ok, "many of them");
        mailboxes_clear(&list);
    }
    buf_clear(&text);
}

static void a_display_name_is_written_as_plainly_as_it_can_be(void **state)
{
    static const struct {
        struct slice name;
        const char *result;
    } names[] = {
        {TEXT(""), ""},
        {TEXT("   "), ""},
        {TEXT("Joe"), "Joe"},
        {TEXT("Joe Doe"), "Joe Doe"},
        {TEXT("  Joe Doe "), "Joe Doe"},
        {TEXT("O'Brien & Sons"), "O'Brien & Sons"},
        {TEXT("=?utf-8?Q?J=C3=B6rg?="), "=?utf-8?Q?J=C3=B6rg?="},
        {TEXT("Doe, John"), "\"Doe, John\""},
        {TEXT("Joe Q. Doe"), "\"Joe Q. Doe\""},
        {TEXT("Joe  Doe"), "\"Joe  Doe\""},
        {TEXT("Joe \"JD\" Doe"), "\"Joe \\\"JD\\\" Doe\""},
        {TEXT("a\\b"), "\"a\\\\b\""},
        {TEXT("a@b"), "\"a@b\""},
        {TEXT("Cron Daemon (root)"), "\"Cron Daemon (root)\""},
        {TEXT("<x>"), "\"<x>\""},
        {TEXT("a\r\nBcc: b"), "\"a  Bcc: b\""},
        {TEXT("a\0b"), "a b"},
        {TEXT("a\tb\x1b"), "a b"},
        {TEXT("J\xc3\xb6rg"), "=?utf-8?Q?J=C3=B6rg?="},
        {TEXT("J\xc3\xb6rg D., \"x\"\n"), "=?utf-8?Q?J=C3=B6rg_D=2E=2C_=22x=22?="},
        {TEXT("\xe4\xbe\x8b"), "=?utf-8?B?5L6L?="},
        {TEXT("J\xf6rg"), "=?unknown-8bit?Q?J=F6rg?="},
        {TEXT("a_=?\xc3\xa9"), "=?utf-8?B?YV89P8Op?="},
    };
    struct buf out;

    (void)state;
    buf_init(&out, TEXT_MAX);
    for (size_t i = 0; i < COUNT(names); i++) {
        buf_reset(&out);
        address_format_name(&out, names[i].name);
        check_slice(names[i].name, buf_slice(&out), slice_of(names[i].result));
    }
    buf_clear(&out);
}

/* The text of one encoded word, appended to out; it must be a whole one, and whole characters. */
static void decode_word(struct slice word, struct buf *out)
{
    assert_true(word.len <= 75);
    assert_true(slice_has_prefix(word, SLICE("=?")));
    size_t charset = slice_find(word, '?', 2);
    size_t text = charset + 3;
    struct slice encoded = slice_make(word.data + text, word.len - 2 - text);
    size_t before = out->len;
    assert_memory_equal(word.data + word.len - 2, "?=", 2);
    if (word.data[charset + 1] == 'B') {
        assert_true(base64_decode(out, encoded));
    } else {
        for (size_t i = 0; i < encoded.len; i++) {
            char c = encoded.data[i];
            if (c == '=') {
                c = (char)(ascii_hex_value(encoded.data[i + 1]) << 4 |
                           ascii_hex_value(encoded.data[i + 2]));
                i += 2;
            }
            buf_put_byte(out, encoded.data[i] == '_' ? ' ' : c);
        }
    }
    if (charset == 7)
        assert_int_not_equal((unsigned char)out->data[before] & 0xc0, 0x80);
}

static void encoded_words_are_short_whole_and_decode_to_the_name(void **state)
{
    static const char *const parts[] = {
        "a", "J\xc3\xb6rg ", "\xe2\x82\xac", "\xf0\x9f\x98\x80", ", ", "\xff", "plain words "};
    uint32_t seed = 4;
    struct buf name, out, back;

    (void)state;
    buf_init(&name, TEXT_MAX);
    buf_init(&out, TEXT_MAX);
    buf_init(&back, TEXT_MAX);
    for (int round = 0; round < 2000; round++) {
        buf_reset(&name);
        buf_reset(&out);
        buf_reset(&back);
        buf_put_text(&name, round == 0 ? "" : "\xc3\xb6");
        for (unsigned i = check_random(&seed, 60); i > 0; i--)
            buf_put_text(&name, parts[check_random(&seed, round % 3 ? 5 : 7)]);
        while (round == 0 && name.len < 3000)
            buf_put_text(&name, "very long ");
        address_format_name(&out, buf_slice(&name));
        struct slice left = buf_slice(&out);
        while (left.len) {
            size_t end = slice_find(left, '\r', 0);
            decode_word(slice_make(left.data, end), &back);
            left = slice_from(left, end);
            assert_true(left.len == 0 || slice_has_prefix(left, SLICE("\r\n =?")));
            left = slice_from(left, 3);
        }
        check_slice(buf_slice(&name), buf_slice(&back), slice_trim(buf_slice(&name)));
    }
    buf_clear(&name);
    buf_clear(&out);
    buf_clear(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read_as_rfc_5322_and_the_world_write_them),
        cmocka_unit_test(a_fault_names_its_member_and_leaves_the_list),
        cmocka_unit_test(comments_nest_as_deep_as_somebody_likes),
        cmocka_unit_test(time_and_numbers_are_bounded),
        cmocka_unit_test(a_display_name_is_written_as_plainly_as_it_can_be),
        cmocka_unit_test(encoded_words_are_short_whole_and_decode_to_the_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
