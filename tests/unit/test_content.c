/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include "mail/content.h"

static void types_and_parameters_are_read(void **state)
{
    static const struct {
        const char *value, *type, *subtype, *boundary;
    } rows[] = {
        {" text/plain", "text", "plain", NULL},
        {" TEXT/Plain; charset=utf-8", "TEXT", "Plain", NULL},
        {"multipart/mixed;boundary=abc", "multipart", "mixed", "abc"},
        {" multipart/mixed; boundary=\"a b:c\"", "multipart", "mixed", "a b:c"},
        {" multipart/mixed;\r\n\tcharset=x;\r\n boundary=\"a\\\"b\"", "multipart", "mixed", "a\"b"},
        {" (a (nested) comment) multipart (x) / (y) mixed (z); (b=c) BOUNDARY (d) = (e) x (f)",
         "multipart", "mixed", "x"},
        {" multipart/mixed; x=\"; boundary=no\"; boundary=yes", "multipart", "mixed", "yes"},
        {" multipart/mixed; xboundary=no; boundary=yes;", "multipart", "mixed", "yes"},
        {" multipart/mixed boundary=yes", "multipart", "mixed", "yes"},
        {" multipart/mixed;; ;boundary=yes", "multipart", "mixed", "yes"},
        {" multipart/mixed; @@@ boundary=yes", "multipart", "mixed", "yes"},
        {" multipart/mixed; boundary", "multipart", "mixed", NULL},
        {" multipart/mixed; boundary=", "multipart", "mixed", ""},
        {" multipart/mixed; boundary=\"unclosed", "multipart", "mixed", "unclosed"},
        {" multipart/mixed; (unclosed boundary=x", "multipart", "mixed", NULL},
        {" multipart/mixed; boundary*=utf-8''x", "multipart", "mixed", NULL},
        {" text", "", "", NULL},
        {" text/", "", "", NULL},
        {" /plain", "", "", NULL},
        {" ", "", "", NULL},
        {"", "", "", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct content_type t;
        struct buf boundary;
        content_type_parse(&t, slice_of(rows[i].value));
        check_text(rows[i].value, t.type, rows[i].type);
        check_text(rows[i].value, t.subtype, rows[i].subtype);
        buf_init(&boundary, 100);
        bool found = content_param(&t, "boundary", &boundary);
        check_row(rows[i].value, found == (rows[i].boundary != NULL),
                  "whether there is a boundary");
        if (found)
            check_text(rows[i].value, buf_slice(&boundary), rows[i].boundary);
        buf_clear(&boundary);
    }
}

static void types_are_compared_without_case(void **state)
{
    struct content_type t;

    (void)state;
    content_type_parse(&t, SLICE("Message/RFC822"));
    assert_true(content_type_is(&t, "message", "rfc822"));
    assert_true(content_type_is(&t, "message", NULL));
    assert_false(content_type_is(&t, "message", "partial"));
    assert_false(content_type_is(&t, "text", NULL));
}

static void a_token_is_the_first_one(void **state)
{
    (void)state;
    check_text("8bit", content_token(SLICE(" (really) 8bit (yes)")), "8bit");
    check_text("none", content_token(SLICE("  ")), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_and_parameters_are_read),
        cmocka_unit_test(types_are_compared_without_case),
        cmocka_unit_test(a_token_is_the_first_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
