/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mail/mime.h"

static void read_text(struct text *t, struct slice bytes)
{
    struct err e;

    text_init(t, "/tmp");
    assert_true(text_put(t, bytes, &e) && text_end(t, &e));
}

static void text_is_encoded_as_it_needs(void **state)
{
    static const struct {
        struct slice text;
        enum text_encoding encoding;
        const char *charset;
    } rows[] = {
        {TEXT(""), TEXT_7BIT, "us-ascii"},
        {TEXT("plain\n.\n"), TEXT_7BIT, "us-ascii"},
        {TEXT("\t\x1b[1m\f\n"), TEXT_7BIT, "us-ascii"},
        {TEXT("a\0b"), TEXT_QUOTED_PRINTABLE, "us-ascii"},
        {TEXT("K\xc3\xb6ln"), TEXT_QUOTED_PRINTABLE, "utf-8"},
        {TEXT("K\xf6ln"), TEXT_QUOTED_PRINTABLE, "unknown-8bit"},
        {TEXT("\xe6\x97\xa5\xe6\x9c\xac"), TEXT_BASE64, "utf-8"},
        {TEXT("\xe6\x97\xa5\xe6\x9c"), TEXT_BASE64, "unknown-8bit"},
        /* What could be a boundary of ours. */
        {TEXT("x\n--=_1.abc\n"), TEXT_QUOTED_PRINTABLE, "us-ascii"},
        {TEXT("--=_"), TEXT_QUOTED_PRINTABLE, "us-ascii"},
        {TEXT("x--=_\n--=\n-=_\n---=_\n"), TEXT_7BIT, "us-ascii"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct text t;
        read_text(&t, rows[i].text);
        check_row(rows[i].text.data, text_choose_encoding(&t) == rows[i].encoding, "the encoding");
        check_text(rows[i].text.data, slice_of(text_charset(&t)), rows[i].charset);
        text_clear(&t);
    }
}

static void long_lines_are_encoded(void **state)
{
    char line[1000];
    struct text t;

    (void)state;
    memset(line, 'x', sizeof line);
    read_text(&t, slice_make(line, 998));
    assert_int_equal(text_choose_encoding(&t), TEXT_7BIT);
    text_clear(&t);
    read_text(&t, slice_make(line, 999));
    assert_int_equal(text_choose_encoding(&t), TEXT_QUOTED_PRINTABLE);
    text_clear(&t);
}

static int file_of(uint64_t size)
{
    char name[] = "/tmp/test_mime.XXXXXX";
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    unlink(name);
    for (uint64_t i = 0; i < size; i++)
        assert_int_equal(write(fd, "x", 1), 1);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* mixed(text, related(text, file), file) */
static struct mime_part *make_tree(uint64_t size)
{
    struct mime_part *root = mime_multipart("mixed", "=_2");
    struct mime_part *related = mime_multipart("related", "=_1");
    struct text t;
    struct err e;

    read_text(&t, SLICE("Gr\xc3\xbc\xc3\x9f" "e \n"));
    mime_add(root, mime_text("text/plain", &t, &e));
    mime_add(root, related);
    mime_add(related, mime_text("text/html", &t, &e));
    text_clear(&t);
    mime_add(related, mime_file("image/png", "a.png", file_of(size), size));
    related->parts[1]->content_id = strdup("1@x");
    mime_add(root, mime_file("application/octet-stream", "a.bin", file_of(size), size));
    root->parts[2]->name = strdup("Gr\xc3\xb6\xc3\x9f" "e.bin");
    root->parts[2]->is_attachment = true;
    return root;
}

static void size_is_known_before(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < 130; size++) {
        struct mime_part *root = make_tree(size);
        struct spill out;
        struct err e;
        spill_init(&out, 100000, "/tmp");
        uint64_t before = mime_size(root);
        assert_true(mime_write(root, &out, NULL, &e));
        assert_int_equal(out.size, before);
        spill_clear(&out);
        mime_free(root);
    }
}

static void the_tree_is_written(void **state)
{
    struct mime_part *root = make_tree(3);
    struct header h;
    struct buf text;
    struct spill out;
    struct err e;

    (void)state;
    header_init(&h);
    buf_init(&text, 10000);
    spill_init(&out, 100000, "/tmp");
    assert_true(mime_add_fields(root, &h, &e) && mime_write(root, &out, NULL, &e));
    header_write(&h, &text);
    check_text("tree", buf_slice(&text),
               "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"=_2\"\r\n");
    check_text("tree", buf_slice(&out.memory),
               "--=_2\r\nContent-Type: text/plain; charset=utf-8\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe=20\r\n\r\n"
               "--=_2\r\nContent-Type: multipart/related;\r\n type=\"text/html\";\r\n"
               " boundary=\"=_1\"\r\n\r\n"
               "--=_1\r\nContent-Type: text/html; charset=utf-8\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe=20\r\n\r\n"
               "--=_1\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
               "Content-ID: <1@x>\r\n\r\neHh4\r\n\r\n--=_1--\r\n\r\n"
               "--=_2\r\nContent-Type: application/octet-stream\r\n"
               "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n"
               " filename*=utf-8''Gr%C3%B6%C3%9Fe.bin\r\n\r\neHh4\r\n\r\n--=_2--\r\n");
    mime_free(root);
    spill_clear(&out);
    buf_clear(&text);
    header_clear(&h);
}

static void a_file_that_changes_is_an_error(void **state)
{
    static const struct {
        uint64_t was, is;
        const char *words;
    } rows[] = {{10, 9, "smaller"}, {10, 11, "larger"}, {0, 1, "larger"}, {1, 0, "smaller"}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mime_part *part = mime_file("image/png", "a.png", file_of(rows[i].is), rows[i].was);
        struct spill out;
        struct err e;
        spill_init(&out, 1000, "/tmp");
        assert_false(mime_write(part, &out, NULL, &e));
        assert_int_equal(e.kind, ERR_IO);
        check_contains("a.png", e.text, rows[i].words);
        check_contains("a.png", e.text, "a.png");
        spill_clear(&out);
        mime_free(part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_encoded_as_it_needs),
        cmocka_unit_test(long_lines_are_encoded),
        cmocka_unit_test(size_is_known_before),
        cmocka_unit_test(the_tree_is_written),
        cmocka_unit_test(a_file_that_changes_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
