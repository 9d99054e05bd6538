/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "mail/header.h"

#define TEXT_MAX 4096

/* Feed `text` in pieces of `step` octets (0: whole). The body, as its reader would see it, goes to
 * `body`. */
static bool parse(struct header *h, struct slice text, size_t step, struct buf *body, struct err *e)
{
    header_init(h);
    buf_reset(body);
    for (size_t at = 0; at < text.len;) {
        struct slice piece = slice_from(text, at);
        size_t used = 0;
        if (step && piece.len > step)
            piece.len = step;
        if (h->done) {
            buf_put_slice(body, piece);
            at += piece.len;
            continue;
        }
        if (!header_feed(h, piece, &used, e))
            return false;
        if (h->done)
            buf_put_slice(body, header_rest(h));
        else
            assert_int_equal(used, piece.len);
        at += used;
    }
    bool was_done = h->done;
    if (!header_end(h, e))
        return false;
    if (!was_done)
        buf_put_slice(body, header_rest(h));
    assert_true(h->done);
    return true;
}

/* "Name[value]" of each live field. */
static void describe(const struct header *h, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < h->count; i++) {
        if (h->fields[i].removed)
            continue;
        buf_put_slice(out, header_name(h, i));
        buf_put_byte(out, '[');
        buf_put_slice(out, header_value(h, i));
        buf_put_byte(out, ']');
    }
}

struct row {
    const char *text, *fields, *body;
};

static const struct row rows[] = {
    {"", "", ""},
    {"\r\n", "", ""},
    {"\r\nbody\r\n", "", "body\r\n"},
    {"A: b\r\n", "A[ b]", ""},
    {"A: b\r\n\r\n", "A[ b]", ""},
    {"A: b\r\n\r\nbody\r\n", "A[ b]", "body\r\n"},
    {"A: b\r\n\r\n\r\nC: d\r\n", "A[ b]", "\r\nC: d\r\n"},
    {"A:\r\nB:b\r\nC: \t c \r\n\r\nx\r\n", "A[]B[b]C[ \t c ]", "x\r\n"},
    {"Subject: a:b: c\r\n\r\n", "Subject[ a:b: c]", ""},
    {"A:::\r\n\r\n", "A[::]", ""},
    /* Folding, the obsolete kind of nothing but blanks included. */
    {"A: b\r\n c\r\n\td\r\nE: f\r\n\r\n", "A[ b\r\n c\r\n\td]E[ f]", ""},
    {"Bcc:\r\n a@b,\r\n c@d\r\nE: f\r\n\r\nx\r\n", "Bcc[\r\n a@b,\r\n c@d]E[ f]", "x\r\n"},
    {"A: b\r\n \r\n c\r\n\r\nx\r\n", "A[ b\r\n \r\n c]", "x\r\n"},
    {"A: b\r\n \t\r\nC: d\r\n\r\nx\r\n", "A[ b\r\n \t]C[ d]", "x\r\n"},
    {"A: b\r\n  Bcc: c\r\n\r\n", "A[ b\r\n  Bcc: c]", ""},
    /* Blanks before the colon. */
    {"Bcc : x@y\r\nTo\t \t: z\r\n\r\n", "Bcc[ x@y]To[ z]", ""},
    {"Bcc \r\n: x@y\r\n\r\n", "", "Bcc \r\n: x@y\r\n\r\n"},
    {"A: b\r\nBcc \r\n: x@y\r\n", "A[ b]", "Bcc \r\n: x@y\r\n"},
    /* What is no field begins the body. */
    {"hello\r\n", "", "hello\r\n"},
    {"hello world: x\r\nA: b\r\n\r\nc\r\n", "", "hello world: x\r\nA: b\r\n\r\nc\r\n"},
    {"A: b\r\nhello world\r\nC: d\r\n\r\n", "A[ b]", "hello world\r\nC: d\r\n\r\n"},
    {"A: b\r\nhello\r\n\r\n", "A[ b]", "hello\r\n\r\n"},
    {"A: b\r\n: c\r\n", "A[ b]", ": c\r\n"},
    {": c\r\n", "", ": c\r\n"},
    {" A: b\r\nC: d\r\n\r\n", "", " A: b\r\nC: d\r\n\r\n"},
    {"\tA: b\r\n", "", "\tA: b\r\n"},
    {" \r\nC: d\r\n", "", " \r\nC: d\r\n"},
    {"Gr\xc3\xbc\xc3\x9f: e\r\n\r\n", "", "Gr\xc3\xbc\xc3\x9f: e\r\n\r\n"},
    {"A\x01: b\r\n\r\n", "", "A\x01: b\r\n\r\n"},
    {"A: b\r\n.\r\n", "A[ b]", ".\r\n"},
    {"A: \xc3\xa9\xff\x01\r\n\r\n", "A[ \xc3\xa9\xff\x01]", ""},
    {"!#$%&'*+-./^_`{|}~09: x\r\n\r\n", "!#$%&'*+-./^_`{|}~09[ x]", ""},
    /* mbox. */
    {"From a Tue Nov 24 03:41:47 2026\r\nA: b\r\n\r\nc\r\n", "A[ b]", "c\r\n"},
    {">From a Tue Nov 24 03:41:47 2026\r\nA: b\r\n\r\nc\r\n", "A[ b]", "c\r\n"},
    {"From a Tue Nov 24 03:41:47 2026\r\n\r\nc\r\n", "", "c\r\n"},
    {"From a\r\nFrom b\r\nA: b\r\n", "", "From a\r\nFrom b\r\nA: b\r\n"},
    {"From a\r\n>From b\r\nA: b\r\n", "", "From a\r\n>From b\r\nA: b\r\n"},
    {"A: b\r\nFrom a\r\nC: d\r\n", "A[ b]", "From a\r\nC: d\r\n"},
    {"From a\r\n A: b\r\n", "", "From a\r\n A: b\r\n"},
    {"From : a@b\r\n\r\n", "From[ a@b]", ""},
    {"From: a@b\r\n\r\n", "From[ a@b]", ""},
    {"From now on it is text\r\nand text\r\n", "", "From now on it is text\r\nand text\r\n"},
    {"From now on\r\n", "", "From now on\r\n"},
    {">From\r\nA: b\r\n", "", ">From\r\nA: b\r\n"},
    {"from a\r\nA: b\r\n", "", "from a\r\nA: b\r\n"},
    /* Not ended. */
    {"A: b", "A[ b]", ""},
    {"A: b\r\n c", "A[ b\r\n c]", ""},
    {"A: b\r\nhello", "A[ b]", "hello"},
    {"From a", "", "From a"},
};

static void fields_and_body_part_alike_wherever_blocks_end(void **state)
{
    struct buf body, fields;

    (void)state;
    buf_init(&body, TEXT_MAX);
    buf_init(&fields, TEXT_MAX);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t step = 0; step <= strlen(rows[i].text); step++) {
            struct header h;
            struct err e;
            check_row(rows[i].text, parse(&h, slice_of(rows[i].text), step, &body, &e), "parsed");
            describe(&h, &fields);
            check_text(rows[i].text, buf_slice(&fields), rows[i].fields);
            check_text(rows[i].text, buf_slice(&body), rows[i].body);
            header_clear(&h);
        }
    buf_clear(&body);
    buf_clear(&fields);
}

static void a_nul_is_an_error_that_names_the_field(void **state)
{
    static const struct {
        struct slice text;
        const char *name;
    } faults[] = {
        {TEXT("A: b\r\nSubject: a\0b\r\n\r\n"), "\"Subject\""},
        {TEXT("Subject: a\r\n b\0\r\nTo: c\r\n\r\n"), "\"Subject\""},
        {TEXT("Subject:\0\r\n"), "\"Subject\""},
    };
    struct buf body;

    (void)state;
    buf_init(&body, TEXT_MAX);
    for (size_t i = 0; i < COUNT(faults); i++)
        for (size_t step = 0; step < 8; step++) {
            struct header h;
            struct err e;
            check_row(faults[i].text.data, !parse(&h, faults[i].text, step, &body, &e), "refused");
            assert_int_equal(e.kind, ERR_DATA);
            check_contains(faults[i].text.data, e.text, faults[i].name);
            header_clear(&h);
        }
    buf_clear(&body);
}

static void a_nul_in_the_body_is_not_the_headers_business(void **state)
{
    static const struct slice texts[] = {TEXT("A: b\r\n\r\n\0\r\n"), TEXT("a\0b: c\r\n"),
                                         TEXT("A: b\r\nc\0: d\r\n")};
    struct buf body;

    (void)state;
    buf_init(&body, TEXT_MAX);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct header h;
        struct err e;
        assert_true(parse(&h, texts[i], 0, &body, &e));
        assert_true(slice_has_byte(buf_slice(&body), '\0'));
        header_clear(&h);
    }
    buf_clear(&body);
}

static void fill(struct buf *text, const char *line, size_t len)
{
    while (text->len + strlen(line) <= len)
        buf_put_text(text, line);
}

static void the_block_has_a_limit(void **state)
{
    static const struct {
        const char *first, *line;
        size_t len;
        bool ok;
    } limits[] = {
        {"A: b\r\n", "12345: 12345678\r\n", LIMIT_HEADER_BLOCK, true},
        {"A: b\r\n", "12345: 12345678\r\n", LIMIT_HEADER_BLOCK + 40, false},
        {"A: b\r\n", " folded\r\n", LIMIT_HEADER_BLOCK + 40, false},
        {"A: b", "no line end at all", LIMIT_HEADER_BLOCK + 40, false},
        {"A", "no line end and no colon", LIMIT_HEADER_BLOCK * 2, true},
        {"text", "1\r\n", LIMIT_HEADER_BLOCK * 2, true},
        {"From ", "no line end", LIMIT_HEADER_BLOCK * 2, true},
        {" ", "no line end", LIMIT_HEADER_BLOCK * 2, true},
    };
    struct buf text;
    struct buf body;

    (void)state;
    buf_init(&text, LIMIT_HEADER_BLOCK * 3);
    buf_init(&body, LIMIT_HEADER_BLOCK * 3);
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct header h;
        struct err e;
        buf_reset(&text);
        buf_put_text(&text, limits[i].first);
        fill(&text, limits[i].line, limits[i].len);
        bool ok = parse(&h, buf_slice(&text), i % 2 ? 0 : LIMIT_BLOCK, &body, &e);
        check_row(limits[i].line, ok == limits[i].ok, "the limit");
        if (!ok)
            assert_int_equal(e.kind, ERR_DATA);
        else if (h.count == 0)
            check_slice(slice_of(limits[i].line), buf_slice(&body), buf_slice(&text));
        header_clear(&h);
    }
    buf_clear(&text);
    buf_clear(&body);
}

static void a_full_block_does_not_swallow_the_body(void **state)
{
    struct buf text, body;
    struct header h;
    struct err e;

    (void)state;
    buf_init(&text, LIMIT_HEADER_BLOCK * 2);
    buf_init(&body, LIMIT_HEADER_BLOCK * 2);
    fill(&text, "1234: 12345678\r\n", LIMIT_HEADER_BLOCK);
    assert_int_equal(text.len, LIMIT_HEADER_BLOCK);
    fill(&text, "no field, just a long line", LIMIT_HEADER_BLOCK + 100000);
    assert_true(parse(&h, buf_slice(&text), 0, &body, &e));
    assert_int_equal(header_size(&h), LIMIT_HEADER_BLOCK);
    check_slice(SLICE("full"), buf_slice(&body), slice_from(buf_slice(&text), LIMIT_HEADER_BLOCK));
    assert_false(header_add(&h, "Date", SLICE("x"), &e));
    assert_int_equal(e.kind, ERR_DATA);
    check_contains("full", e.text, "\"Date\"");
    header_clear(&h);
    buf_clear(&text);
    buf_clear(&body);
}

static void parsed(struct header *h, const char *text)
{
    struct buf body;
    struct err e;

    buf_init(&body, TEXT_MAX);
    assert_true(parse(h, slice_of(text), 0, &body, &e));
    buf_clear(&body);
}

static void check_fields(const struct header *h, const char *want)
{
    struct buf out;

    buf_init(&out, TEXT_MAX);
    header_write(h, &out);
    check_text("header_write", buf_slice(&out), want);
    assert_int_equal(header_size(h), out.len);
    buf_clear(&out);
}

static void finds_by_name_without_case_and_whole_names_only(void **state)
{
    struct header h;

    (void)state;
    parsed(&h, "To: a\r\nSubject: b\r\nTO : c\r\nTo-Do: d\r\n\r\n");
    assert_int_equal(header_find(&h, "to", 0), 0);
    assert_int_equal(header_find(&h, "to", 1), 2);
    assert_int_equal(header_find(&h, "to", 3), h.count);
    assert_int_equal(header_find(&h, "to", 99), h.count);
    assert_true(header_has(&h, "SUBJECT"));
    assert_false(header_has(&h, "Sub"));
    assert_false(header_has(&h, ""));
    check_text("raw", header_raw(&h, 2), "TO : c\r\n");
    header_clear(&h);
    assert_false(header_has(&h, "To"));
}

static void removes_every_field_of_a_name_folded_ones_whole(void **state)
{
    struct header h;

    (void)state;
    parsed(&h, "Bcc: a\r\nTo: b\r\nbcc :\r\n c,\r\n d\r\nBCC: e\r\nBccx: f\r\n\r\n");
    header_remove(&h, "Bcc");
    assert_false(header_has(&h, "Bcc"));
    check_fields(&h, "To: b\r\nBccx: f\r\n");
    header_remove(&h, "Bcc");
    header_remove(&h, "none");
    check_fields(&h, "To: b\r\nBccx: f\r\n");
    header_clear(&h);
}

static void replaces_in_place_and_adds_at_the_end(void **state)
{
    struct header h;
    struct err e;

    (void)state;
    parsed(&h, "FROM : a\r\nTo: b\r\n\r\n");
    assert_true(header_add(&h, "Date", SLICE("now"), &e));
    assert_true(header_replace(&h, 0, SLICE("\"A\"\r\n <a@b>"), &e));
    assert_true(header_add(&h, "X", SLICE(" blank"), &e));
    assert_true(header_add(&h, "Y", SLICE(""), &e));
    check_fields(&h, "FROM: \"A\"\r\n <a@b>\r\nTo: b\r\nDate: now\r\nX: blank\r\nY: \r\n");
    /* The value may be a part of the header itself. */
    for (int i = 0; i < 1000; i++)
        assert_true(header_replace(&h, 0, header_value(&h, 0), &e));
    check_fields(&h, "FROM: \"A\"\r\n <a@b>\r\nTo: b\r\nDate: now\r\nX: blank\r\nY: \r\n");
    header_clear(&h);
}

static void the_rest_outlives_added_fields(void **state)
{
    struct header h;
    struct err e;

    (void)state;
    header_init(&h);
    assert_true(header_feed(&h, SLICE("just a l"), &(size_t){0}, &e));
    assert_true(header_feed(&h, SLICE("ine\r\n"), &(size_t){0}, &e));
    assert_true(header_add(&h, "Date", SLICE("now"), &e));
    check_text("rest", header_rest(&h), "just a l");
    header_clear(&h);
}

static void values_with_line_ends_that_are_no_folding_are_refused(void **state)
{
    static const struct {
        struct slice value;
        bool ok;
    } values[] = {
        {TEXT("a"), true},
        {TEXT("a\r\n b"), true},
        {TEXT("\r\n\tb\r\n c"), true},
        {TEXT("a\r\nBcc: b"), false},
        {TEXT("a\r\n"), false},
        {TEXT("a\r\n\r\n b"), false},
        {TEXT("a\n b"), false},
        {TEXT("a\r b"), false},
        {TEXT("a\n\r\n b"), false},
        {TEXT("a\r\r\n b"), false},
        {TEXT("a\r\n b\nc"), false},
        {TEXT("a\r\n b\rc"), false},
        {TEXT("\r"), false},
        {TEXT("\n"), false},
        {TEXT("a\0b"), false},
    };
    struct header h;

    (void)state;
    parsed(&h, "A: b\r\n\r\n");
    for (size_t i = 0; i < COUNT(values); i++) {
        struct err e;
        bool ok = header_add(&h, "X-Test", values[i].value, &e);
        check_row(values[i].value.data, ok == values[i].ok, "added or refused");
        if (ok) {
            check_slice(values[i].value, slice_trim(header_value(&h, h.count - 1)),
                        slice_trim(values[i].value));
            continue;
        }
        assert_int_equal(e.kind, ERR_DATA);
        check_contains(values[i].value.data, e.text, "X-Test");
        assert_false(header_replace(&h, 0, values[i].value, &e));
        check_text("A", header_raw(&h, 0), "A: b\r\n");
    }
    header_clear(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_body_part_alike_wherever_blocks_end),
        cmocka_unit_test(a_nul_is_an_error_that_names_the_field),
        cmocka_unit_test(a_nul_in_the_body_is_not_the_headers_business),
        cmocka_unit_test(the_block_has_a_limit),
        cmocka_unit_test(a_full_block_does_not_swallow_the_body),
        cmocka_unit_test(finds_by_name_without_case_and_whole_names_only),
        cmocka_unit_test(removes_every_field_of_a_name_folded_ones_whole),
        cmocka_unit_test(replaces_in_place_and_adds_at_the_end),
        cmocka_unit_test(the_rest_outlives_added_fields),
        cmocka_unit_test(values_with_line_ends_that_are_no_folding_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
