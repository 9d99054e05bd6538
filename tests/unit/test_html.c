/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include "mail/html.h"

static void check_body(const char *input, const struct text *t, const char *want)
{
    struct buf plain;

    buf_init(&plain, 100000);
    for (size_t i = 0; i < t->body.memory.len; i++)
        if (t->body.memory.data[i] != '\r')
            buf_put_byte(&plain, t->body.memory.data[i]);
    check_text(input, buf_slice(&plain), want);
    buf_clear(&plain);
}

static void references_become_those_of_the_parts(void **state)
{
    static const struct {
        const char *html, *result;     /* NULL: an error */
    } rows[] = {
        {"<p>src=logo.png</p>", "<p>src=logo.png</p>\n"},
        {"<img src=\"logo.png\">", "<img src=\"cid:1@x\">\n"},
        {"<IMG\nalt='x' SRC = 'logo.png'>", "<IMG\nalt='x' SRC = 'cid:1@x'>\n"},
        {"<img src=logo.png>", "<img src=cid:1@x>\n"},
        {"<img src=./logo.png alt=x>", "<img src=cid:1@x alt=x>\n"},
        {"<img src=\"pics/logo.png\">", "<img src=\"cid:1@x\">\n"},
        {"<img src=\"a b.jpg\"><img src=\"a%20b.jpg\">",
         "<img src=\"cid:2@x\"><img src=\"cid:2@x\">\n"},
        {"<img src=\"cid:logo.png\">", "<img src=\"cid:1@x\">\n"},
        {"<td style=\"background: url(cid:logo.png)\">",
         "<td style=\"background: url(cid:1@x)\">\n"},
        {"<td style=\"background: url('cid:a b.jpg')\">",
         "<td style=\"background: url('cid:2@x')\">\n"},
        {"<a href=\"cid:a%20b.jpg\">", "<a href=\"cid:2@x\">\n"},
        {"<img src=\"https://x.example/logo.png\">", "<img src=\"https://x.example/logo.png\">\n"},
        {"<img src=\"xlogo.png\" data-src=\"logo.png\">",
         "<img src=\"xlogo.png\" data-src=\"logo.png\">\n"},
        {"<img src=\"logo.png", "<img src=\"cid:1@x\n"},
        {"<p>acid:logo.png cid: src= srcset=\"logo.png\"",
         "<p>acid:logo.png cid: src= srcset=\"logo.png\"\n"},
        {"src", "src\n"},
        {"", ""},
        {"<img src=\"cid:other.png\">", NULL},
        {"<img src=cid:logo.pngx>", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct html_image items[] = {
            {.name = "logo.png", .path = "pics/logo.png", .content_id = "1@x"},
            {.name = "a b.jpg", .path = "/tmp/a b.jpg", .content_id = "2@x"}};
        struct html_images images = {items, COUNT(items)};
        struct text out;
        struct err e;
        text_init(&out, "/tmp");
        bool ok = html_resolve(slice_of(rows[i].html), &images, &out, &e);
        check_row(rows[i].html, ok == (rows[i].result != NULL), "success");
        if (ok) {
            check_body(rows[i].html, &out, rows[i].result);
            check_row(rows[i].html, items[0].is_used == (strstr(rows[i].result, "cid:1@x") != NULL),
                      "the first one is used");
        }
        text_clear(&out);
    }
}

static void text_becomes_a_document(void **state)
{
    struct html_image item = {.name = "a\"<b>.png", .path = "x", .content_id = "1@x"};
    struct html_images images = {&item, 1};
    struct text text, out;
    struct err e;

    (void)state;
    text_init(&text, "/tmp");
    text_init(&out, "/tmp");
    assert_true(text_put(&text, SLICE("1 < 2 & 3\n\"x\""), &e) && text_end(&text, &e));
    assert_true(html_from_text(&text, &images, &out, &e));
    check_body("text", &out,
               "<!DOCTYPE html>\n<html>\n<body>\n"
               "<pre style=\"font-family: inherit; white-space: pre-wrap\">\n"
               "1 &lt; 2 &amp; 3\n&quot;x&quot;\n</pre>\n"
               "<p><img src=\"cid:1@x\" alt=\"a&quot;&lt;b&gt;.png\"></p>\n</body>\n</html>\n");
    assert_true(item.is_used);
    text_clear(&text);
    text_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_become_those_of_the_parts),
        cmocka_unit_test(text_becomes_a_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
