/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/json.h"

#include "check.h"

struct row {
    struct slice text;
    const char *want;
};

static void strings_are_escaped_as_rfc_8259_has_it(void **state)
{
    static const struct row rows[] = {
        {TEXT(""), "\"\""},
        {TEXT("plain / text"), "\"plain / text\""},
        {TEXT("\"quoted\" back\\slash"), "\"\\\"quoted\\\" back\\\\slash\""},
        {TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {TEXT("\0\x01\x1b[2J\x7f"), "\"\\u0000\\u0001\\u001b[2J\\u007f\""},
        {TEXT("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"), "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\""},
        {TEXT("\xc2\x9b"), "\"\\u009b\""},
        {TEXT("\xe2\x80\xae\xe2\x80\xa8"), "\"\\u202e\\u2028\""},
        {TEXT("\xff\xc3"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {TEXT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json j;
        struct buf out;

        buf_init(&out, 1000);
        json_init(&j, &out);
        json_put_text(&j, NULL, rows[i].text);
        check_slice(rows[i].text, buf_slice(&out), slice_of(rows[i].want));
        buf_clear(&out);
    }
}

static void structures_nest(void **state)
{
    struct json j;
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    json_init(&j, &out);
    json_begin_object(&j, NULL);
    json_put_number(&j, "number", INT64_MIN);
    json_begin_array(&j, "list");
    json_put_bool(&j, NULL, true);
    json_put_null(&j, NULL);
    json_begin_object(&j, NULL);
    json_end(&j);
    json_begin_array(&j, NULL);
    json_end(&j);
    json_end(&j);
    json_put_string(&j, "text", "x");
    json_put_string(&j, "nothing", NULL);
    json_end(&j);
    check_text("structure", buf_slice(&out),
               "{\n"
               "  \"number\": -9223372036854775808,\n"
               "  \"list\": [\n"
               "    true,\n"
               "    null,\n"
               "    {},\n"
               "    []\n"
               "  ],\n"
               "  \"text\": \"x\",\n"
               "  \"nothing\": null\n"
               "}\n");
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped_as_rfc_8259_has_it),
        cmocka_unit_test(structures_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
