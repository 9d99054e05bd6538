/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "mail/message.h"

#define TEXT_MAX (32 << 20)

/* A pipe that holds `text`; what does not fit comes from a child of ours. */
static int pipe_with(struct slice text)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    if (text.len <= 4096) {
        assert_int_equal(write(ends[1], text.data, text.len), text.len);
        close(ends[1]);
        return ends[0];
    }
    if (fork() == 0) {
        close(ends[0]);
        while (text.len) {
            ssize_t done = write(ends[1], text.data, text.len);
            if (done <= 0)
                break;
            text = slice_from(text, (size_t)done);
        }
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static int file_with(struct slice text)
{
    char name[] = "/tmp/test_message.XXXXXX";
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(write(fd, text.data, text.len), text.len);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static bool read_from(struct message *m, int fd, bool dot_ends, struct err *e)
{
    message_init(m, "/tmp");
    bool ok = message_read(m, fd, dot_ends, e);
    close(fd);
    return ok;
}

static void body_of(const struct message *m, struct buf *out)
{
    struct body_reader reader = {0};
    struct slice bytes;
    struct err e;

    buf_reset(out);
    do {
        assert_true(message_body_next(m, &reader, LIMIT_BLOCK, &bytes, &e));
        buf_put_slice(out, bytes);
    } while (bytes.len);
    assert_int_equal(out->len, message_body_size(m));
    body_reader_clear(&reader);
}

static void header_of(const struct message *m, struct buf *out)
{
    buf_reset(out);
    header_write(&m->header, out);
}

struct row {
    struct slice text;
    bool dot_ends;
    const char *header;
    struct slice body;
    uint64_t longest;
    bool is_empty, has_8bit, has_8bit_header, has_nul;
};

static const struct row rows[] = {
    {TEXT(""), false, "", TEXT(""), 0, true, false, false, false},
    {TEXT(".\nx\n"), true, "", TEXT(""), 0, true, false, false, false},
    {TEXT("\n"), false, "", TEXT(""), 0, false, false, false, false},
    {TEXT("A: b\n\nc"), false, "A: b\r\n", TEXT("c\r\n"), 4, false, false, false, false},
    {TEXT("A: b\r\n\r\nc\r\n"), false, "A: b\r\n", TEXT("c\r\n"), 4, false, false, false, false},
    {TEXT("A: b\r\rc\r"), false, "A: b\r\n", TEXT("c\r\n"), 4, false, false, false, false},
    {TEXT("A: b"), false, "A: b\r\n", TEXT(""), 4, false, false, false, false},
    {TEXT("A: b\n"), false, "A: b\r\n", TEXT(""), 4, false, false, false, false},
    {TEXT("A: b\n\n"), false, "A: b\r\n", TEXT(""), 4, false, false, false, false},
    {TEXT("hello world"), false, "", TEXT("hello world\r\n"), 11, false, false, false, false},
    {TEXT("hello"), false, "", TEXT("hello\r\n"), 5, false, false, false, false},
    {TEXT("\nhello\n"), false, "", TEXT("hello\r\n"), 5, false, false, false, false},
    {TEXT("From a b\nA: b\n\nc\n"), false, "A: b\r\n", TEXT("c\r\n"), 8, false, false, false,
     false},
    {TEXT("A: b\n\nc\n.\nd\n"), true, "A: b\r\n", TEXT("c\r\n"), 4, false, false, false, false},
    {TEXT("A: b\n\nc\n.\nd\n"), false, "A: b\r\n", TEXT("c\r\n.\r\nd\r\n"), 4, false, false, false,
     false},
    {TEXT("A: b\n.\nd\n"), true, "A: b\r\n", TEXT(""), 4, false, false, false, false},
    {TEXT("A: b\n\n\xc3\xa9\n"), false, "A: b\r\n", TEXT("\xc3\xa9\r\n"), 4, false, true, false,
     false},
    {TEXT("A: \xc3\xa9\n\nb\n"), false, "A: \xc3\xa9\r\n", TEXT("b\r\n"), 5, false, true, true,
     false},
    {TEXT("A: b\n\na\0b\n"), false, "A: b\r\n", TEXT("a\0b\r\n"), 4, false, false, false, true},
};

static void check_message(const struct row *row, int fd)
{
    struct message m;
    struct buf text;
    struct err e;

    buf_init(&text, TEXT_MAX);
    check_row(row->text.data, read_from(&m, fd, row->dot_ends, &e), "read");
    message_measure(&m);
    header_of(&m, &text);
    check_slice(row->text, buf_slice(&text), slice_of(row->header));
    assert_int_equal(message_size(&m), text.len + 2 + row->body.len);
    body_of(&m, &text);
    check_slice(row->text, buf_slice(&text), row->body);
    assert_int_equal(m.longest_line, row->longest);
    assert_int_equal(m.is_empty, row->is_empty);
    assert_int_equal(m.has_8bit, row->has_8bit);
    assert_int_equal(m.has_8bit_header, row->has_8bit_header);
    assert_int_equal(m.has_nul, row->has_nul);
    message_clear(&m);
    buf_clear(&text);
}

static void a_message_is_read_from_pipe_and_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_message(&rows[i], pipe_with(rows[i].text));
        check_message(&rows[i], file_with(rows[i].text));
    }
}

/* `len` octets of text in lines, "A: b" and the empty line before it. */
static void make_large(struct buf *text, const char *line, size_t len)
{
    buf_put_text(text, "A: b\n\n");
    while (text->len < len)
        buf_put_text(text, line);
}

static void a_large_body_goes_to_a_file_without_loss(void **state)
{
    struct buf text, body;
    struct message m;
    struct err e;
    int fd;

    (void)state;
    buf_init(&text, TEXT_MAX);
    buf_init(&body, TEXT_MAX);
    for (int from_pipe = 0; from_pipe < 2; from_pipe++) {
        buf_reset(&text);
        make_large(&text, "a line of the body\n", (size_t)300 * 1024 * (from_pipe ? 1 : 20));
        fd = from_pipe ? pipe_with(buf_slice(&text)) : file_with(buf_slice(&text));
        assert_true(read_from(&m, fd, true, &e));
        assert_true(m.body.fd >= 0);
        body_of(&m, &body);
        size_t lines = (text.len - 6) / 19;
        assert_int_equal(body.len, lines * 20);
        for (size_t i = 0; i < lines; i++)
            assert_memory_equal(body.data + i * 20, "a line of the body\r\n", 20);
        message_clear(&m);
    }
    buf_clear(&text);
    buf_clear(&body);
}

static void a_read_error_is_never_an_end(void **state)
{
    static const char *const names[] = {"a directory", "a closed descriptor"};
    struct message m;
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        int fd = open("/tmp", O_RDONLY);
        if (i == 1)
            close(fd);
        check_row(names[i], !read_from(&m, fd, false, &e), "an error");
        assert_int_equal(e.kind, ERR_IO);
        assert_true(e.errnum != 0);
        message_clear(&m);
    }
}

static void a_body_that_cannot_be_kept_is_an_error(void **state)
{
    struct buf text;
    struct message m;
    struct err e;

    (void)state;
    buf_init(&text, TEXT_MAX);
    make_large(&text, "line\n", LIMIT_MESSAGE_MEMORY * 2);
    message_init(&m, "/nonexistent");
    int fd = file_with(buf_slice(&text));
    assert_false(message_read(&m, fd, false, &e));
    assert_int_equal(e.kind, ERR_CREATE);
    close(fd);
    message_clear(&m);
    buf_clear(&text);
}

static void a_nul_in_the_header_and_a_header_too_large_are_errors(void **state)
{
    struct message m;
    struct buf text;
    struct err e;

    (void)state;
    assert_false(read_from(&m, pipe_with(SLICE("A: b\0c\n\nd\n")), false, &e));
    assert_int_equal(e.kind, ERR_DATA);
    message_clear(&m);
    buf_init(&text, TEXT_MAX);
    while (text.len < LIMIT_HEADER_BLOCK)
        buf_put_text(&text, "Name: value\n");
    assert_false(read_from(&m, file_with(buf_slice(&text)), false, &e));
    assert_int_equal(e.kind, ERR_DATA);
    message_clear(&m);
    buf_clear(&text);
}

static void mime_is_seen_by_any_of_its_fields(void **state)
{
    static const struct {
        const char *text;
        bool has_mime;
    } texts[] = {
        {"A: b\n\nContent-Type: x\n", false},
        {"MIME-Version: 1.0\n\n", true},
        {"content-type: text/plain\n\n", true},
        {"Content-Transfer-Encoding : 8bit\n\n", true},
        {"X-Content-Type: x\n\n", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct message m;
        struct err e;
        assert_true(read_from(&m, pipe_with(slice_of(texts[i].text)), false, &e));
        check_row(texts[i].text, message_has_mime(&m) == texts[i].has_mime, "MIME or not");
        message_clear(&m);
    }
}

static void measures_follow_the_header(void **state)
{
    struct message m;
    struct err e;

    (void)state;
    assert_true(read_from(&m, pipe_with(SLICE("A: b\nC: d\n\ntext\n")), false, &e));
    assert_int_equal(message_size(&m), 6 + 6 + 2 + 6);
    message_measure(&m);
    assert_false(m.has_8bit_header || m.has_8bit);
    assert_true(header_add(&m.header, "E", SLICE("\xc3\xa9"), &e));
    header_remove(&m.header, "A");
    message_measure(&m);
    assert_true(m.has_8bit_header && m.has_8bit);
    assert_int_equal(message_size(&m), 6 + 7 + 2 + 6);
    header_remove(&m.header, "E");
    message_measure(&m);
    assert_false(m.has_8bit_header);
    message_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_read_from_pipe_and_file),
        cmocka_unit_test(a_large_body_goes_to_a_file_without_loss),
        cmocka_unit_test(a_read_error_is_never_an_end),
        cmocka_unit_test(a_body_that_cannot_be_kept_is_an_error),
        cmocka_unit_test(a_nul_in_the_header_and_a_header_too_large_are_errors),
        cmocka_unit_test(mime_is_seen_by_any_of_its_fields),
        cmocka_unit_test(measures_follow_the_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
