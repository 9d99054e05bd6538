/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "mail/message.h"

#define TEXT_MAX (8 << 20)

static int file_with(struct slice text, size_t from)
{
    char name[] = "/tmp/test_raw.XXXXXX";
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(write(fd, text.data, text.len), text.len);
    assert_int_equal(lseek(fd, (off_t)from, SEEK_SET), from);
    return fd;
}

/* Header, empty line and body as they go out, in pieces of `max`. */
static bool read_out(const struct message *m, size_t max, struct buf *out, struct err *e)
{
    struct message_reader reader = {0};
    struct slice bytes;
    bool ok;

    buf_reset(out);
    do {
        ok = message_next(m, &reader, max, &bytes, e);
        if (ok) {
            assert_true(bytes.len <= max);
            buf_put_slice(out, bytes);
        }
    } while (ok && bytes.len);
    message_reader_clear(&reader);
    return ok;
}

/* What message_read makes of it. */
static void copy_of(struct slice text, bool dot_ends, struct message *m, struct buf *out)
{
    struct err e;
    int fd = file_with(text, 0);

    message_init(m, "/tmp");
    assert_true(message_read(m, fd, dot_ends, &e));
    assert_true(read_out(m, LIMIT_BLOCK, out, &e));
    close(fd);
}

static void check_measures(const struct message *m, const struct message *copy)
{
    assert_int_equal(message_size(m), message_size(copy));
    assert_int_equal(m->is_empty, copy->is_empty);
    assert_int_equal(m->has_8bit, copy->has_8bit);
    assert_int_equal(m->has_nul, copy->has_nul);
    if (copy->longest_line > LIMIT_TEXT_LINE)
        assert_int_equal(m->longest_line, copy->longest_line);
    else
        assert_true(m->longest_line <= copy->longest_line);
}

/* In place it is the same message, as often as it is read. */
static void check_in_place(const char *name, struct slice text, size_t from, bool dot_ends)
{
    struct message m, copy;
    struct buf there, here;
    struct err e;

    buf_init(&there, TEXT_MAX);
    buf_init(&here, TEXT_MAX);
    copy_of(slice_from(text, from), dot_ends, &copy, &there);
    int fd = file_with(text, from);
    message_init(&m, "/nonexistent");
    check_row(name, message_read_in_place(&m, fd, dot_ends, &e), "read in place");
    assert_true(m.raw.file.fd == fd);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), text.len);
    check_measures(&m, &copy);
    const size_t pieces[] = {LIMIT_BLOCK, 1000, LIMIT_BLOCK - 1};
    for (size_t i = 0; i < COUNT(pieces); i++) {
        assert_true(read_out(&m, pieces[i], &here, &e));
        check_row(name, slice_eq(buf_slice(&here), buf_slice(&there)), "the same text");
        assert_int_equal(here.len, message_size(&m));
    }
    message_clear(&m);
    message_clear(&copy);
    close(fd);
    buf_clear(&there);
    buf_clear(&here);
}

struct row {
    const char *name;
    const char *header;
    struct slice line;       /* again and again */
    const char *end;
};

#define X20 "xxxxxxxxxxxxxxxxxxxx"
#define X200 X20 X20 X20 X20 X20 X20 X20 X20 X20 X20

static const struct row rows[] = {
    {"LF", "A: b\n\n", TEXT("0123456789\n"), ""},
    {"CRLF", "A: b\r\n\r\n", TEXT("0123456789\r\n"), ""},
    {"CR", "A: b\r\r", TEXT("0123456789\r"), ""},
    {"all line ends", "A: b\r\n\n", TEXT("a\rb\nc\r\nd\n\re\r\r\n\n"), ""},
    {"nothing but CR", "A: b\n\n", TEXT("\r"), ""},
    {"CR and more of them", "A: b\n\n", TEXT("\r\r\n"), ""},
    {"no final line end", "A: b\n\n", TEXT("text\n"), "the end"},
    {"a final CR", "A: b\n\n", TEXT("text\r\n"), "\r"},
    {"dots", "A: b\n\n", TEXT(".\n..\n.x\n"), "."},
    {"dots of CR", "A: b\n\n", TEXT("a.\r.b\r"), "\r.\rbehind"},
    {"one line", "A: b\n\n", TEXT("x"), ""},
    {"long lines", "A: b\n\n", TEXT(X200 X200 X200 X200 X200 "\n"), ""},
    {"NUL and 8 bits", "A: b\n\n", TEXT("a\0b\n\xc3\xbc\n"), ""},
    {"all body", "", TEXT("no field here\n"), ""},
    {"all header", "", TEXT("Name: value\n\tmore\n"), ""},
    {"header without an end", "", TEXT("Name: value\n"), "Last: no line end"},
    {"mbox", "From somebody now\nA: b\n\n", TEXT("text\n"), ""},
    {"mbox that is none", "From somebody now\nA line\n\n", TEXT("text\n"), ""},
};

static void make(const struct row *row, size_t size, struct buf *text)
{
    buf_reset(text);
    buf_put_text(text, row->header);
    while (text->len < size)
        buf_put_slice(text, row->line);
    buf_put_text(text, row->end);
}

static void what_stays_in_its_file_is_the_same_message(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int dot_ends = 0; dot_ends < 2; dot_ends++) {
            make(&rows[i], LIMIT_MESSAGE_MEMORY + 4 * LIMIT_BLOCK / 3, &text);
            if (!dot_ends || rows[i].line.data[0] != '.')
                check_in_place(rows[i].name, buf_slice(&text), 0, dot_ends);
            check_in_place(rows[i].name, buf_slice(&text), rows[i].line.len, false);
        }
    buf_clear(&text);
}

/* Wherever a block ends, in a line end or around a dot. */
static void where_blocks_end_makes_no_difference(void **state)
{
    static const struct slice middles[] = {TEXT("\r\n"), TEXT("\n.\nx"), TEXT("\r\n.\r\nx"),
                                           TEXT("\r\r\n\n"), TEXT("\n..\n"), TEXT("\n. \n")};
    struct buf text;

    (void)state;
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < COUNT(middles); i++)
        for (size_t before = 0; before <= middles[i].len; before++)
            for (int dot_ends = 0; dot_ends < 2; dot_ends++) {
                make(&rows[0], (size_t)2 * LIMIT_BLOCK - before, &text);
                buf_cut(&text, (size_t)2 * LIMIT_BLOCK - before);
                buf_put_slice(&text, middles[i]);
                while (text.len < LIMIT_MESSAGE_MEMORY + LIMIT_BLOCK)
                    buf_put_slice(&text, rows[0].line);
                check_in_place("blocks", buf_slice(&text), 0, dot_ends);
            }
    buf_clear(&text);
}

static void random_text_is_the_same_message(void **state)
{
    static const char octets[] = "\r\n.\r\n.aaaaaaaa\xff";
    struct buf text;
    uint32_t seed = 1;

    (void)state;
    buf_init(&text, TEXT_MAX);
    for (int round = 0; round < 20; round++) {
        buf_reset(&text);
        buf_put_text(&text, "A: b\n\n");
        size_t size = LIMIT_MESSAGE_MEMORY + 2 + check_random(&seed, LIMIT_BLOCK);
        unsigned kinds = round % 4 ? (unsigned)sizeof octets - 1 : 2000;
        while (text.len < size) {
            unsigned which = check_random(&seed, kinds);
            buf_put_byte(&text, which < sizeof octets - 1 ? octets[which] : 'x');
        }
        check_in_place("random", buf_slice(&text), 0, round % 2);
    }
    buf_clear(&text);
}

enum change {
    GROWS, SHRINKS, VANISHES, ONE_OCTET, FIRST_OCTET, LAST_OCTET, TWO_SWAPPED, REWRITTEN
};

static void change(int fd, enum change what, struct slice text)
{
    switch (what) {
    case GROWS:
        assert_int_equal(pwrite(fd, "more\n", 5, (off_t)text.len), 5);
        break;
    case SHRINKS:
        assert_int_equal(ftruncate(fd, (off_t)text.len - 1), 0);
        break;
    case VANISHES:
        assert_int_equal(ftruncate(fd, 0), 0);
        break;
    case ONE_OCTET:
        assert_int_equal(pwrite(fd, "\0", 1, (off_t)text.len / 2), 1);
        break;
    case FIRST_OCTET:
        assert_int_equal(pwrite(fd, "B", 1, 0), 1);
        break;
    case LAST_OCTET:
        assert_int_equal(pwrite(fd, ".", 1, (off_t)text.len - 1), 1);
        break;
    case TWO_SWAPPED:
        assert_int_equal(pwrite(fd, "10", 2, LIMIT_BLOCK + 6), 2);
        break;
    case REWRITTEN:
        for (size_t at = 0; at < text.len; at += 4)
            assert_int_equal(pwrite(fd, "new\n", 4, (off_t)at), 4);
        break;
    }
}

/* The last octets are not handed out then, so that the message is never taken for whole. */
static void a_file_that_is_changed_fails_before_its_end(void **state)
{
    static const char *const names[] = {"grows", "shrinks", "vanishes", "one octet", "first octet",
                                        "last octet", "two swapped", "rewritten"};
    struct buf text, out, was;
    struct err e;

    (void)state;
    buf_init(&text, TEXT_MAX);
    buf_init(&out, TEXT_MAX);
    buf_init(&was, TEXT_MAX);
    /* Lines of eight octets: "01" stands at LIMIT_BLOCK + 6. */
    const struct row row = {"", "A: b\n\n", TEXT("0123456\n"), ""};
    make(&row, LIMIT_MESSAGE_MEMORY + 3 * LIMIT_BLOCK / 2, &text);
    for (enum change what = GROWS; what <= REWRITTEN; what++) {
        struct message m;
        int fd = file_with(buf_slice(&text), 0);
        message_init(&m, "/tmp");
        assert_true(message_read_in_place(&m, fd, true, &e));
        assert_true(read_out(&m, LIMIT_BLOCK, &was, &e));
        change(fd, what, buf_slice(&text));
        bool ok = read_out(&m, LIMIT_BLOCK, &out, &e);
        check_row(names[what], ok == (what == GROWS), "whether it fails");
        if (ok)
            assert_true(slice_eq(buf_slice(&out), buf_slice(&was)));
        else
            assert_true(e.kind == ERR_IO && out.len < message_size(&m));
        message_clear(&m);
        close(fd);
    }
    buf_clear(&text);
    buf_clear(&out);
    buf_clear(&was);
}

static void what_is_small_or_no_file_is_copied(void **state)
{
    struct buf text, head;
    struct message m;
    struct err e;
    int ends[2];

    (void)state;
    buf_init(&text, TEXT_MAX);
    buf_init(&head, TEXT_MAX);
    make(&rows[0], LIMIT_MESSAGE_MEMORY + 100, &text);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "A: b\n\nc\n", 8), 8);
    close(ends[1]);
    const int fds[] = {
        file_with(SLICE("A: b\n\nc\n"), 0),
        file_with(buf_slice(&text), 1000),
        file_with(buf_slice(&text), text.len),
        file_with(buf_slice(&text), text.len + 1000),
        open("/dev/null", O_RDONLY),
        open("/proc/self/status", O_RDONLY),
        ends[0],
    };
    for (size_t i = 0; i < COUNT(fds); i++) {
        if (fds[i] < 0)
            continue;
        message_init(&m, "/tmp");
        assert_true(message_read_in_place(&m, fds[i], false, &e));
        assert_int_equal(m.raw.file.fd, -1);
        assert_int_equal(m.is_empty, i >= 2 && i <= 4);
        close(fds[i]);
        message_clear(&m);
    }
    buf_clear(&text);
    buf_clear(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stays_in_its_file_is_the_same_message),
        cmocka_unit_test(where_blocks_end_makes_no_difference),
        cmocka_unit_test(random_text_is_the_same_message),
        cmocka_unit_test(a_file_that_is_changed_fails_before_its_end),
        cmocka_unit_test(what_is_small_or_no_file_is_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
