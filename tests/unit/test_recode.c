/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "mail/parts.h"
#include "mail/recode.h"

#define TEXT_MAX (32 << 20)
#define ALL (RECODE_LONG_LINES | RECODE_NUL | RECODE_8BIT)

static void read_text(struct message *m, struct slice text)
{
    char name[] = "/tmp/test_recode.XXXXXX";
    int fd = mkstemp(name);
    struct err e;

    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(write(fd, text.data, text.len), text.len);
    lseek(fd, 0, SEEK_SET);
    message_init(m, "/tmp");
    assert_true(message_read(m, fd, false, &e));
    message_measure(m);
    close(fd);
}

/* The whole of it, line ends as in the tables. */
static void write_text(const struct message *m, struct buf *out)
{
    char *block = mem_alloc(LIMIT_BLOCK);
    struct buf text;
    uint64_t offset = 0;
    struct slice bytes;
    struct err e;

    buf_init(&text, TEXT_MAX);
    header_write(&m->header, &text);
    buf_put_text(&text, "\r\n");
    do {
        assert_true(spill_read(&m->body, &offset, block, &bytes, &e));
        buf_put_slice(&text, bytes);
    } while (bytes.len);
    assert_int_equal(text.len, message_size(m));
    buf_reset(out);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '\r')
            buf_put_byte(out, text.data[i]);
    buf_clear(&text);
    free(block);
}

struct row {
    struct slice text;
    unsigned what;
    const char *result;      /* NULL: nothing is changed */
};

#define MIME(charset)                                                                              \
    "MIME-Version: 1.0\nContent-Type: text/plain; charset=" charset                                \
    "\nContent-Transfer-Encoding: quoted-printable\n"
#define MULTI(type, label)                                                                         \
    "MIME-Version: 1.0\nContent-Type: multipart/" type "; boundary=b\n" label "\n"
#define LABEL8 "Content-Transfer-Encoding: 8bit\n"
#define LABEL7 "Content-Transfer-Encoding: 7bit\n"
#define QUOTED "Content-Transfer-Encoding: quoted-printable\n"
#define BASE64 "Content-Transfer-Encoding: base64\n"
#define Y100 Y50 Y50
#define Y50 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
#define Y998 Y100 Y100 Y100 Y100 Y100 Y100 Y100 Y100 Y100                                          \
    Y50 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"

static const struct row rows[] = {
    /* Messages without MIME structure. */
    {TEXT("A: b\n\nc\n"), ALL, NULL},
    {TEXT("A: b\n\n"), ALL, NULL},
    {TEXT("A: b\n\n" Y998 "\n"), ALL, NULL},
    {TEXT("A: b\n\nc\0d\n"), RECODE_LONG_LINES | RECODE_8BIT, NULL},
    {TEXT("A: b\n\nc\0d\n"), RECODE_NUL, "A: b\n" MIME("us-ascii") "\nc=00d\n"},
    {TEXT("A: b\n\nJ\xc3\xb6rg \n.\nFrom x\n"), RECODE_8BIT,
     "A: b\n" MIME("utf-8") "\nJ=C3=B6rg=20\n=2E\nFrom=20x\n"},
    {TEXT("A: b\n\nJ\xc3\xb6rg\n"), RECODE_LONG_LINES, NULL},
    {TEXT("A: b\n\nJ\xf6rg\n"), RECODE_8BIT, "A: b\n" MIME("unknown-8bit") "\nJ=F6rg\n"},
    {TEXT("J\xf6rg\n"), RECODE_8BIT, MIME("unknown-8bit") "\nJ=F6rg\n"},
    {TEXT("A: b\n\n\xe6\x97\xa5\xe6\x9c\xac\n"), RECODE_8BIT,
     "A: b\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n" BASE64 "\n"
          "5pel5pysDQo=\n"},
    {TEXT("A: J\xc3\xb6rg\n\nc\n"), ALL, NULL},

    /* One part. */
    {TEXT("Mime-Version: 1.0\nContent-Type: text/x\n" LABEL8 "\n\xc3\xb6 x\n"), RECODE_8BIT,
     "Mime-Version: 1.0\nContent-Type: text/x\n" QUOTED "\n=C3=B6 x\n"},
    {TEXT("MIME-Version: 1.0\nContent-Type: image/x\n\n\xff\xd8\n"), RECODE_8BIT,
     "MIME-Version: 1.0\nContent-Type: image/x\n" BASE64 "\n/9gNCg==\n"},
    {TEXT("MIME-Version: 1.0\n" LABEL8 "\nxx\xc3\xb6yy\n"), RECODE_8BIT,
     "MIME-Version: 1.0\n" QUOTED "Content-Type: text/plain; charset=utf-8\n\nxx=C3=B6yy\n"},
    {TEXT("Content-Transfer-Encoding: x-mine\n\n\xc3\xb6\n"), ALL, NULL},
    {TEXT("Content-Transfer-Encoding: (x) QUOTED-printable\n\n" Y100 "=C3=\n=B6\n"), ALL, NULL},

    /* Multiparts: the parts in need only, and nothing around them. */
    {TEXT(MULTI("mixed", "") "pre\n--b\nContent-Type: text/x\n\na\n--b \n\n\xc3\xb6 x\n--b--\n"
         "epi\n"),
     RECODE_8BIT,
     MULTI("mixed", "") "pre\n--b\nContent-Type: text/x\n\na\n--b \n" QUOTED
                        "\n=C3=B6 x\n--b--\nepi\n"},
    {TEXT(MULTI("mixed", LABEL8) "--b\n\nx\xc3\xb6\n\n--b\n\ny\n--b--\n"), RECODE_8BIT,
     MULTI("mixed", LABEL7) "--b\n" QUOTED "\nx=C3=B6\n\n--b\n\ny\n--b--\n"},
    /* Part without a body, with an empty one, without an empty line, without an end. */
    {TEXT(MULTI("mixed", "") "--b\nContent-Type: text/x\n--b\n\n--b\nxxx\xc3\xb6\n--b\n\n"
         "xxx\xc3\xb6\n"),
     RECODE_8BIT,
     MULTI("mixed", "") "--b\nContent-Type: text/x\n--b\n\n--b\n" QUOTED "\nxxx=C3=B6\n--b\n" QUOTED
                        "\nxxx=C3=B6\n"},
    /* A boundary is a whole line; one that begins with another's is not it. */
    {TEXT(MULTI("mixed", "") "--b\n\nx\xc3\xb6--b\n--bb\n--b x\n-b\n --b\n--b--x\n--b--\n"
         "xxx\xc3\xb6\n"),
     RECODE_8BIT,
     MULTI("mixed", "") "--b\n" QUOTED "\nx=C3=B6--b\n--bb\n--b x\n-b\n --b\n--b--x\n--b--\n"
          "xxx\xc3\xb6\n"},
    /* Nested; the outer boundary ends what is inside, closed or not. */
    {TEXT(MULTI("mixed", "") "--b\nContent-Type: multipart/related; boundary=\"b 2\"\n" LABEL8
                             "\n--b 2\n\nx\xc3\xb6\n--b\n\ny\xc3\xb6\n--b 2\nz\xc3\xb6\n--b--\n"),
     RECODE_8BIT,
     MULTI("mixed", "") "--b\nContent-Type: multipart/related; boundary=\"b 2\"\n" LABEL7
                        "\n--b 2\n" QUOTED "\nx=C3=B6\n--b\n" QUOTED
                        "\ny=C3=B6\n--b 2\nz=C3=B6\n--b--\n"},
    /* Signed and encrypted. */
    {TEXT(MULTI("signed", LABEL8) "--b\n\nx\xc3\xb6\n--b--\n"), ALL, NULL},
    {TEXT(MULTI("encrypted", "") "--b\n\nx\xc3\xb6\n--b--\n"), ALL, NULL},
    {TEXT(MULTI("mixed", LABEL8) "--b\nContent-Type: multipart/signed; boundary=c\n" LABEL8
                                 "\n--c\n\nx\xc3\xb6\n--c--\n--b\n\nx\xc3\xb6\n--b--\n"),
     RECODE_8BIT,
     MULTI("mixed", LABEL8) "--b\nContent-Type: multipart/signed; boundary=c\n" LABEL8
          "\n--c\n\nx\xc3\xb6\n--c--\n--b\n" QUOTED "\nx=C3=B6\n--b--\n"},
    {TEXT("MIME-Version: 1.0\nContent-Type: multipart/mixed\n\n--b\n\nx\xc3\xb6\n"
         "--b--\n"), ALL, NULL},

    /* Messages within messages. */
    {TEXT(MULTI("mixed", "") "--b\nContent-Type: message/rfc822\n" LABEL8
                             "\nSubject: x\n\nxx\xc3\xb6\n--b--\n"),
     RECODE_8BIT,
     MULTI("mixed", "") "--b\nContent-Type: message/rfc822\n" LABEL7
                        "\nSubject: x\n" MIME("utf-8") "\nxx=C3=B6\n--b--\n"},
    {TEXT(MULTI("digest", "") "--b\n\nSubject: x\n\nxx\xc3\xb6\n--b--\n"), RECODE_8BIT,
     MULTI("digest", "") "--b\n\nSubject: x\n" MIME("utf-8") "\nxx=C3=B6\n--b--\n"},
    {TEXT(MULTI("mixed", "") "--b\nContent-Type: message/rfc822\n\n" MULTI(
         "mixed", "") "--b\n\nxx\xc3\xb6\n--b--\n"),
     RECODE_8BIT,
     MULTI("mixed", "") "--b\nContent-Type: message/rfc822\n\n" MULTI(
         "mixed", "") "--b\n" QUOTED "\nxx=C3=B6\n--b--\n"},
    {TEXT(MULTI("mixed", "") "--b\nContent-Type: message/partial; number=1\n\nx\xc3\xb6\n--b--\n"),
     ALL, NULL},
    {TEXT(MULTI("mixed", "") "--b\nContent-Type: message/delivery-status\n\nx\xc3\xb6\n--b--\n"),
     ALL, NULL},
    {TEXT(MULTI("mixed", "") "--b\nContent-Type: message/global\n\nxxx\xc3\xb6\n"
         "--b--\n"), RECODE_8BIT,
     MULTI("mixed", "") "--b\nContent-Type: message/global\n" BASE64 "\neHh4w7Y=\n\n--b--\n"},
    {TEXT(MULTI("mixed", "") "--b\nContent-Type: message/rfc822\n--b--\n"), ALL, NULL},
    /* The header of a part, 8-bit, is nobody's encoding. */
    {TEXT(MULTI("mixed", LABEL8) "--b\nContent-Description: \xc3\xb6\n\nx\xc3\xb6\n--b--\n"),
     RECODE_8BIT,
     MULTI("mixed", LABEL8) "--b\nContent-Description: \xc3\xb6\n" QUOTED "\nx=C3=B6\n--b--\n"},
};

static void parts_in_need_are_encoded_and_nothing_else_changes(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, TEXT_MAX);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct message from, to;
        bool changed;
        struct err e;
        read_text(&from, rows[i].text);
        assert_true(recode_message(&from, rows[i].what, &to, &changed, &e));
        check_row(rows[i].text.data, changed == (rows[i].result != NULL), "whether it is changed");
        if (changed) {
            write_text(&to, &out);
            check_slice(rows[i].text, buf_slice(&out), slice_of(rows[i].result));
            assert_int_equal(to.has_8bit, slice_has_8bit(buf_slice(&out)));
        }
        message_clear(&from);
        message_clear(&to);
    }
    buf_clear(&out);
}

/* A long line in each of the encodings: `line` is repeated without line ends. */
static void recode_long(const char *encoding, const char *line, struct buf *out)
{
    struct message from, to;
    struct buf text;
    bool changed;
    struct err e;

    buf_init(&text, TEXT_MAX);
    buf_put_format(&text, "MIME-Version: 1.0\nContent-Transfer-Encoding: %s\n\nfirst\n", encoding);
    for (int i = 0; i < 100000; i++)
        buf_put_text(&text, line);
    buf_put_text(&text, "\nlast\n");
    read_text(&from, buf_slice(&text));
    assert_true(recode_message(&from, RECODE_LONG_LINES, &to, &changed, &e));
    check_row(encoding, changed, "a long line is encoded");
    assert_int_equal(to.longest_line, 76);
    write_text(&to, out);
    message_clear(&from);
    message_clear(&to);
    buf_clear(&text);
}

static void long_lines_of_what_is_encoded_become_short_ones(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, TEXT_MAX);
    recode_long("quoted-printable", "=3D=C3", &out);
    check_contains("quoted-printable", out.data, "\n\nfirst\n=3D=C3=3D=C3");
    check_contains("quoted-printable", out.data, "=3D=C3=3D=\n=C3=3D");
    check_contains("quoted-printable", out.data, "\nlast\n");
    assert_null(strstr(out.data, "=3D=3D"));
    recode_long("base64", "AAAA", &out);
    check_contains("base64", out.data, "\n\nfirstAAAA");
    check_contains("base64", out.data, "AAAlast\n");
    recode_long("7bit", "y ", &out);
    check_contains("7bit", out.data, "\n\nfirst\ny y y");
    check_contains("7bit", out.data, "y=20\nlast\n");
    buf_clear(&out);
}

static void too_many_parts_are_an_error(void **state)
{
    struct message from, to;
    struct buf text;
    bool changed;
    struct err e;

    (void)state;
    buf_init(&text, TEXT_MAX);
    buf_put_text(&text, MULTI("mixed", ""));
    for (int i = 0; i < LIMIT_PARTS; i++)
        buf_put_text(&text, "--b\n\n\xc3\xb6\n");
    read_text(&from, buf_slice(&text));
    assert_false(recode_message(&from, ALL, &to, &changed, &e));
    assert_int_equal(e.kind, ERR_DATA);
    message_clear(&from);
    message_clear(&to);
    buf_clear(&text);
}

static void deep_nests_are_left_alone_at_some_depth(void **state)
{
    struct message from, to;
    struct parts parts;
    struct buf text;
    bool changed;
    struct err e;

    (void)state;
    buf_init(&text, TEXT_MAX);
    for (int i = 0; i < 1000; i++)
        buf_put_format(&text, "%sContent-Type: multipart/mixed; boundary=b%d\n\n--b%d\n",
                       i % 2 ? "Content-Type: message/rfc822\n\n" : "", i, i);
    buf_put_text(&text, "\n\xc3\xb6\n");
    read_text(&from, buf_slice(&text));
    assert_true(parts_scan(&parts, &from, &e));
    assert_true(parts.count <= LIMIT_PART_DEPTH + 1);
    assert_int_equal(parts.items[parts.count - 1].kind, PART_OPAQUE);
    parts_clear(&parts);
    assert_true(recode_message(&from, ALL, &to, &changed, &e));
    assert_false(changed);
    message_clear(&from);
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_in_need_are_encoded_and_nothing_else_changes),
        cmocka_unit_test(long_lines_of_what_is_encoded_become_short_ones),
        cmocka_unit_test(too_many_parts_are_an_error),
        cmocka_unit_test(deep_nests_are_left_alone_at_some_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
