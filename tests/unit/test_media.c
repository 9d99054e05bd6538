/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mail/media.h"

static void write_file(char *name, const char *text)
{
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void the_first_file_that_knows_decides_then_the_table(void **state)
{
    static const struct {
        const char *name, *type;
    } rows[] = {
        {"a.own", "x-own/first"},
        {"a.OWN", "x-own/first"},
        {"a.both", "x-own/both"},
        {"a.system", "x-system/one"},
        {"/tmp/some.dir/a.png", "x-system/png"},
        {"a.jpg", "image/jpeg"},
        {"a.tar.gz", "application/gzip"},
        {"a.comment", NULL},
        {"a.commented", NULL},
        {"a.notype", NULL},
        {"a.", NULL},
        {"png", NULL},
        {".png", NULL},
        {"/tmp/x.png/file", NULL},
        {"a.p", NULL},
        {"", NULL},
    };
    char own[] = "/tmp/test_media.XXXXXX", system[] = "/tmp/test_media.XXXXXX";
    struct strings files = {0};

    (void)state;
    write_file(own, "# comment comment\nx-own/first own\r\nx-own/both\tx both # commented\nx-none\n"
                    "notype notype\n");
    write_file(system, "x-system/both both\nx-system/one system\nx-system/png  png PNG");
    strings_add_text(&files, own);
    strings_add_text(&files, "/nonexistent/mime.types");
    strings_add_text(&files, "/tmp");
    strings_add_text(&files, system);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf type;
        buf_init(&type, 200);
        bool found = media_find(rows[i].name, &files, &type);
        check_row(rows[i].name, found == (rows[i].type != NULL), "whether a type is known");
        check_text(rows[i].name, buf_slice(&type), rows[i].type ? rows[i].type : "");
        buf_clear(&type);
    }
    unlink(own);
    unlink(system);
    strings_clear(&files);
}

static void types_are_told_from_other_text(void **state)
{
    static const struct {
        const char *text;
        bool is_type;
    } rows[] = {
        {"text/plain", true},
        {"text/plain; charset=utf-8", true},
        {"application/vnd.x+y", true},
        {"text", false},
        {"text/", false},
        {"/plain", false},
        {"", false},
        {"text/plain x", false},
        {" text/plain", false},
        {"text/plain\r\nBcc: x", false},
        {"text/pl\xc3\xa4in", false},
        {"text/plain/x", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(rows[i].text, media_is_type(slice_of(rows[i].text)) == rows[i].is_type, "a type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_file_that_knows_decides_then_the_table),
        cmocka_unit_test(types_are_told_from_other_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
