/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mail/wire.h"

/* No text of these tests is longer. */
#define TEXT_MAX 512

/* The canonical form, with the input given in pieces of `step` octets, the first of `first`. */
static void canonical(struct slice text, size_t first, size_t step, struct wire_in *w,
                      struct buf *out)
{
    buf_reset(out);
    for (size_t at = 0; at < text.len;) {
        size_t len = at == 0 && first ? first : step;
        if (len > text.len - at)
            len = text.len - at;
        wire_in_put(w, slice_make(text.data + at, len), out);
        at += len;
    }
    wire_in_end(w, out);
}

struct in_row {
    struct slice text;
    bool dot_ends;
    struct slice result;
    uint64_t longest;
    bool has_nul, has_8bit;
};

static const struct in_row in_rows[] = {
    {TEXT(""), false, TEXT(""), 0, false, false},
    {TEXT(""), true, TEXT(""), 0, false, false},
    {TEXT("x"), false, TEXT("x\r\n"), 1, false, false},
    {TEXT("x\n"), false, TEXT("x\r\n"), 1, false, false},
    {TEXT("x\r\n"), false, TEXT("x\r\n"), 1, false, false},
    {TEXT("x\r"), false, TEXT("x\r\n"), 1, false, false},
    {TEXT("\n"), false, TEXT("\r\n"), 0, false, false},
    {TEXT("\r"), false, TEXT("\r\n"), 0, false, false},
    {TEXT("\r\n"), false, TEXT("\r\n"), 0, false, false},
    {TEXT("\n\r"), false, TEXT("\r\n\r\n"), 0, false, false},
    {TEXT("\r\r\n"), false, TEXT("\r\n\r\n"), 0, false, false},
    {TEXT("\r\n\n"), false, TEXT("\r\n\r\n"), 0, false, false},
    {TEXT("a\rb\nc\r\nd"), false, TEXT("a\r\nb\r\nc\r\nd\r\n"), 1, false, false},
    {TEXT("a\r\r\nb"), false, TEXT("a\r\n\r\nb\r\n"), 1, false, false},
    {TEXT("ab\nabcd\nabc"), false, TEXT("ab\r\nabcd\r\nabc\r\n"), 4, false, false},
    {TEXT("ab\nabcde"), false, TEXT("ab\r\nabcde\r\n"), 5, false, false},
    {TEXT("a\0b\n"), false, TEXT("a\0b\r\n"), 3, true, false},
    {TEXT("a\x7f"), false, TEXT("a\x7f\r\n"), 2, false, false},
    {TEXT("\x80\n"), false, TEXT("\x80\r\n"), 1, false, true},
    {TEXT("0123456789012345678901234567890123456789\xff"), false,
     TEXT("0123456789012345678901234567890123456789\xff\r\n"), 41, false, true},
    /* A lone dot is text unless it ends the input. */
    {TEXT(".\nx\n"), false, TEXT(".\r\nx\r\n"), 1, false, false},
    {TEXT("a\n.\nx\n"), false, TEXT("a\r\n.\r\nx\r\n"), 1, false, false},
    {TEXT("a\n.\nx\n"), true, TEXT("a\r\n"), 1, false, false},
    {TEXT("a\n.\r\nx\n"), true, TEXT("a\r\n"), 1, false, false},
    {TEXT("a\n.\rx\n"), true, TEXT("a\r\n"), 1, false, false},
    {TEXT("a\r.\rx\n"), true, TEXT("a\r\n"), 1, false, false},
    {TEXT("a\r\n.\r\n"), true, TEXT("a\r\n"), 1, false, false},
    {TEXT(".\nlonger\0\xff"), true, TEXT(""), 0, false, false},
    {TEXT(".\r\n.\r\n"), true, TEXT(""), 0, false, false},
    /* At the end of the input it has no line end, so it is text. */
    {TEXT("."), true, TEXT(".\r\n"), 1, false, false},
    {TEXT("a\n."), true, TEXT("a\r\n.\r\n"), 1, false, false},
    {TEXT("a\n.."), true, TEXT("a\r\n..\r\n"), 2, false, false},
    {TEXT("a\n..\nb"), true, TEXT("a\r\n..\r\nb\r\n"), 2, false, false},
    {TEXT(".x\n"), true, TEXT(".x\r\n"), 2, false, false},
    {TEXT("x.\ny"), true, TEXT("x.\r\ny\r\n"), 2, false, false},
    {TEXT("x\n. \ny"), true, TEXT("x\r\n. \r\ny\r\n"), 2, false, false},
    {TEXT("x\n.\0\ny"), true, TEXT("x\r\n.\0\r\ny\r\n"), 2, true, false},
};

static void check_in_row(const struct in_row *row, size_t first, size_t step, struct buf *out)
{
    struct wire_in w;

    wire_in_init(&w, row->dot_ends);
    canonical(row->text, first, step, &w, out);
    check_slice(row->text, buf_slice(out), row->result);
    assert_int_equal(w.longest_line, row->longest);
    assert_int_equal(w.has_nul, row->has_nul);
    assert_int_equal(w.has_8bit, row->has_8bit);
}

static void every_line_end_leaves_as_crlf_wherever_blocks_end(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, TEXT_MAX);
    for (size_t i = 0; i < COUNT(in_rows); i++) {
        for (size_t first = 0; first <= in_rows[i].text.len; first++)
            check_in_row(&in_rows[i], first, TEXT_MAX, &out);
        check_in_row(&in_rows[i], 0, 1, &out);
        check_in_row(&in_rows[i], 0, 2, &out);
    }
    buf_clear(&out);
}

/* Mostly line ends and dots. */
static struct slice random_text(char *text, uint32_t *seed)
{
    static const char octets[] = "\r\n.\r\n.a\0\xff";
    size_t len = check_random(seed, 40);

    for (size_t i = 0; i < len; i++)
        text[i] = octets[check_random(seed, sizeof octets - 1)];
    return slice_make(text, len);
}

static bool is_canonical(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\r' && (i + 1 == text.len || text.data[i + 1] != '\n'))
            return false;
        if (text.data[i] == '\n' && (i == 0 || text.data[i - 1] != '\r'))
            return false;
    }
    return text.len == 0 || text.data[text.len - 1] == '\n';
}

static void random_text_becomes_canonical_and_stays_so(void **state)
{
    char text[40];
    uint32_t seed = 1;
    struct buf once, pieces, twice;

    (void)state;
    buf_init(&once, TEXT_MAX);
    buf_init(&pieces, TEXT_MAX);
    buf_init(&twice, TEXT_MAX);
    for (int round = 0; round < 20000; round++) {
        struct wire_in w, v;
        struct slice input = random_text(text, &seed);
        bool dot_ends = round % 2;
        wire_in_init(&w, dot_ends);
        canonical(input, 0, TEXT_MAX, &w, &once);
        assert_true(is_canonical(buf_slice(&once)));
        assert_true(once.len <= 2 * input.len + 3);
        wire_in_init(&v, dot_ends);
        canonical(input, 0, 1 + check_random(&seed, 5), &v, &pieces);
        check_slice(input, buf_slice(&pieces), buf_slice(&once));
        assert_true(w.has_nul == v.has_nul && w.has_8bit == v.has_8bit);
        assert_true(w.longest_line == v.longest_line && w.ended == v.ended);
        wire_in_init(&w, false);
        canonical(buf_slice(&once), 0, TEXT_MAX, &w, &twice);
        check_slice(input, buf_slice(&twice), buf_slice(&once));
    }
    buf_clear(&once);
    buf_clear(&pieces);
    buf_clear(&twice);
}

/* Canonical, and what of it wire_in_skim counts: with the input in pieces of which each second one
 * is skimmed. */
static uint64_t skimmed(struct slice text, size_t step, struct wire_in *w, struct buf *out)
{
    uint64_t size = 0;

    for (size_t at = 0, piece = 0; at < text.len; at += step, piece++) {
        size_t len = text.len - at < step ? text.len - at : step;
        struct slice bytes = slice_make(text.data + at, len);
        buf_reset(out);
        if (piece % 2)
            wire_in_put(w, bytes, out);
        size += piece % 2 ? out->len : wire_in_skim(w, bytes, out);
    }
    buf_reset(out);
    wire_in_end(w, out);
    return size + out->len;
}

static void check_skimmed(struct slice text, bool dot_ends, size_t step, struct buf *out)
{
    struct wire_in w, v;

    wire_in_init(&w, dot_ends);
    wire_in_init(&v, dot_ends);
    uint64_t size = skimmed(text, step, &w, out);
    canonical(text, 0, text.len + 1, &v, out);
    if (size != out->len)
        check_slice(text, SLICE("another size"), buf_slice(out));
    assert_true(w.has_nul == v.has_nul && w.has_8bit == v.has_8bit && w.ended == v.ended);
    if (v.longest_line > LIMIT_TEXT_LINE)
        assert_int_equal(w.longest_line, v.longest_line);
    else
        assert_true(w.longest_line <= v.longest_line);
}

static void skimming_counts_what_would_come_out(void **state)
{
    char text[40];
    uint32_t seed = 3;
    struct buf out;

    (void)state;
    buf_init(&out, TEXT_MAX);
    for (int round = 0; round < 20000; round++) {
        struct slice input = random_text(text, &seed);
        check_skimmed(input, round % 2, 1 + check_random(&seed, 40), &out);
    }
    buf_clear(&out);
}

/* Lines around the length that counts, of any ends, cut anywhere. */
static void skimming_finds_the_longest_line_that_counts(void **state)
{
    enum { SIZE = 20000 };
    char *text = malloc(SIZE);
    uint32_t seed = 4;
    struct buf out;

    (void)state;
    assert_non_null(text);
    buf_init(&out, 2 * SIZE + 3);
    for (int round = 0; round < 300; round++) {
        size_t near = LIMIT_TEXT_LINE - 2 + check_random(&seed, 5);
        memset(text, 'x', SIZE);
        for (size_t at = check_random(&seed, 300); at < SIZE; at += near + check_random(&seed, 2)) {
            text[at] = "\n\r"[check_random(&seed, 2)];
            if (check_random(&seed, 2) && at + 1 < SIZE)
                text[++at] = '\n';
            if (check_random(&seed, 3) == 0)
                at -= check_random(&seed, 900);
        }
        check_skimmed(slice_make(text, SIZE), round % 2, 1 + check_random(&seed, SIZE), &out);
    }
    buf_clear(&out);
    free(text);
}

/* What a server makes of it (RFC 5321 4.5.2): up to the line of one dot, first dots taken off.
 * Returns how many octets that took. */
static size_t receive(struct slice sent, struct buf *text)
{
    size_t at = 0;

    buf_reset(text);
    while (at < sent.len) {
        struct slice line = slice_make(sent.data + at, slice_find(sent, '\n', at) + 1 - at);
        at += line.len;
        if (slice_eq(line, SLICE(".\r\n")))
            return at;
        buf_put_slice(text, slice_from(line, line.data[0] == '.'));
    }
    fail_msg("the end never came");
    return 0;
}

static void what_is_sent_arrives_and_nothing_ends_it_early(void **state)
{
    char text[40];
    uint32_t seed = 2;
    struct buf plain, sent, received;

    (void)state;
    buf_init(&plain, TEXT_MAX);
    buf_init(&sent, TEXT_MAX);
    buf_init(&received, TEXT_MAX);
    for (int round = 0; round < 20000; round++) {
        struct wire_in in;
        struct wire_out out;
        size_t step = 1 + check_random(&seed, 6);
        wire_in_init(&in, false);
        canonical(random_text(text, &seed), 0, TEXT_MAX, &in, &plain);
        wire_out_init(&out);
        buf_reset(&sent);
        for (size_t at = 0; at < plain.len; at += step) {
            size_t len = plain.len - at < step ? plain.len - at : step;
            wire_out_put(&out, slice_make(plain.data + at, len), &sent);
        }
        assert_true(sent.len <= 2 * plain.len);
        wire_out_end(&out, &sent);
        assert_int_equal(receive(buf_slice(&sent), &received), sent.len);
        check_slice(buf_slice(&sent), buf_slice(&received), buf_slice(&plain));
    }
    buf_clear(&plain);
    buf_clear(&sent);
    buf_clear(&received);
}

static void dots_that_begin_lines_are_doubled(void **state)
{
    static const char *const rows[][2] = {
        {"", ".\r\n"},
        {"a\r\n", "a\r\n.\r\n"},
        {".\r\n", "..\r\n.\r\n"},
        {"..\r\n", "...\r\n.\r\n"},
        {"a.\r\n.b\r\n", "a.\r\n..b\r\n.\r\n"},
        {"\r\n.\r\n\r\n", "\r\n..\r\n\r\n.\r\n"},
        /* Not canonical: the end of data must still be a line of its own. */
        {"a", "a\r\n.\r\n"},
        {".", "..\r\n.\r\n"},
    };
    struct buf sent;

    (void)state;
    buf_init(&sent, TEXT_MAX);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice text = slice_of(rows[i][0]);
        for (size_t first = 0; first <= text.len; first++) {
            struct wire_out w;
            wire_out_init(&w);
            buf_reset(&sent);
            wire_out_put(&w, slice_make(text.data, first), &sent);
            wire_out_put(&w, slice_from(text, first), &sent);
            wire_out_end(&w, &sent);
            check_text(rows[i][0], buf_slice(&sent), rows[i][1]);
        }
    }
    buf_clear(&sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_end_leaves_as_crlf_wherever_blocks_end),
        cmocka_unit_test(random_text_becomes_canonical_and_stays_so),
        cmocka_unit_test(skimming_counts_what_would_come_out),
        cmocka_unit_test(skimming_finds_the_longest_line_that_counts),
        cmocka_unit_test(what_is_sent_arrives_and_nothing_ends_it_early),
        cmocka_unit_test(dots_that_begin_lines_are_doubled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
