/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/setting.h"

#include "check.h"

#include <stdlib.h>

#include "account/account.h"


/* A row that no table has, so that each type is seen by itself. */
static const char *const colours[] = {"red", "green", "blue", NULL};

static size_t field_of(enum option_type type)
{
    switch (type) {
    case OPTION_LIST: case OPTION_HOSTS: case OPTION_CHOICES: case OPTION_MECHANISMS:
        return offsetof(struct account, from);
    case OPTION_CHOICE: return offsetof(struct account, tls);
    case OPTION_BOOL: return offsetof(struct account, keep_bcc);
    case OPTION_NUMBER: case OPTION_DURATION: case OPTION_SIZE:
        return offsetof(struct account, port);
    case OPTION_COMMAND: return offsetof(struct account, password_command);
    case OPTION_SECRET: return offsetof(struct account, password);
    default: return offsetof(struct account, user);
    }
}

static struct option row_of(enum option_type type, unsigned flags)
{
    return (struct option){.name = "opt", .type = type, .field = field_of(type),
                           .choices = colours, .min = 1, .max = 100000, .flags = flags};
}

/* Values written in a file, each ended by '\n'; a list when the text begins with '{'. */
static void write_values(struct setting *s, const char *text)
{
    *s = (struct setting){.file = "/etc/rc", .line = 7, .expanded = true, .is_list = *text == '{'};
    text += *text == '{';
    while (*text) {
        size_t len = strcspn(text, "\n");
        strings_add(&s->values, slice_make(text, len));
        text += len + (text[len] == '\n');
    }
}

static void each_type_takes_its_own(void **state)
{
    static const struct {
        enum option_type type;
        const char *text, *shown;
    } rows[] = {
        {OPTION_TEXT, "x y\n", "\"x y\""},
        {OPTION_TEXT, "\n", "\"\""},
        {OPTION_TEXT, "a\"b\\c$d\n", "\"a\\\"b\\\\c\\$d\""},
        {OPTION_HOST, "smtp.example.org\n", "\"smtp.example.org\""},
        {OPTION_HOST, "2001:db8::1\n", "\"2001:db8::1\""},
        {OPTION_HOST, "[2001:db8::1]\n", "\"[2001:db8::1]\""},
        {OPTION_PATHNAME, "x\n", "\"/etc/x\""},
        {OPTION_PATHNAME, "~/x\n", "\"/home/ada/x\""},
        {OPTION_LIST, "x\n", "\"x\""},
        {OPTION_LIST, "{x\ny, z\n", "{ \"x\", \"y, z\" }"},
        {OPTION_LIST, "{", ""},
        {OPTION_HOSTS, "{a.example\nb.example\n", "{ \"a.example\", \"b.example\" }"},
        {OPTION_CHOICE, "green\n", "green"},
        {OPTION_CHOICE, "BLUE\n", "blue"},
        {OPTION_CHOICES, "{red\nred\nBlue\n", "{ red, blue }"},
        {OPTION_CHOICES, "{", "{ }"},
        {OPTION_CHOICES, "green\n", "green"},
        {OPTION_MECHANISMS, "auto\n", "auto"},
        {OPTION_MECHANISMS, "{PLAIN\nlogin\n", "{ plain, login }"},
        {OPTION_BOOL, "yes\n", "yes"}, {OPTION_BOOL, "ON\n", "yes"}, {OPTION_BOOL, "true\n", "yes"},
        {OPTION_BOOL, "no\n", "no"}, {OPTION_BOOL, "off\n", "no"}, {OPTION_BOOL, "false\n", "no"},
        {OPTION_NUMBER, "1\n", "1"}, {OPTION_NUMBER, "100000\n", "100000"},
        {OPTION_DURATION, "30\n", "30"}, {OPTION_DURATION, "30s\n", "30"},
        {OPTION_DURATION, "5m\n", "300"}, {OPTION_DURATION, "2h\n", "7200"},
        {OPTION_DURATION, "1d\n", "86400"},
        {OPTION_SIZE, "7\n", "7"}, {OPTION_SIZE, "10k\n", "10240"}, {OPTION_SIZE, "9K\n", "9216"},
        {OPTION_COMMAND, "{pass\nshow\nmail/x y\n", "{ \"pass\", \"show\", \"mail/x y\" }"},
        {OPTION_COMMAND, "pass show x\n", "{ \"/bin/sh\", \"-c\", \"pass show x\" }"},
        {OPTION_COMMAND, "{pass\n\n", "{ \"pass\", \"\" }"},
        {OPTION_SECRET, "s3cret\n", "(set)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct option o = row_of(rows[i].type, 0);
        struct account a = {0};
        struct setting s;
        struct buf shown;
        struct err e;

        write_values(&s, rows[i].text);
        if (!setting_apply(&s, &o, "/home/ada", &a, &e))
            fail_msg("input \"%s\": %s", rows[i].text, e.text);
        buf_init(&shown, 1000);
        option_format(&o, &a, &shown);
        check_text(rows[i].text, buf_slice(&shown), rows[i].shown);
        buf_clear(&shown);
        option_release(&o, &a);
        setting_clear(&s);
    }
}

static const struct {
    enum option_type type;
    const char *text, *fault;
} refusals[] = {
    {OPTION_TEXT, "\n", "is empty"},
    {OPTION_TEXT, "{x\ny\n", "wants one value, not a list; write opt = \"...\""},
    {OPTION_TEXT, "{x\n", "wants one value"},
    {OPTION_TEXT, "x\ty\n", "the control octet 0x09"},
    {OPTION_TEXT, "x\x7f\n", "the control octet 0x7f"},
    {OPTION_TEXT, "\001HOME\002\n", "${HOME} is not set in the environment; set it, write "
                                    "${HOME:-default}"},
    {OPTION_TEXT, "a\001B\002c\001D\002\n", "${B} is not set"},
    {OPTION_LIST, "{x\n\001B\002\n", "${B} is not set"},
    {OPTION_LIST, "{", "is an empty list"},
    {OPTION_LIST, "{x\n\n", "is empty"},
    {OPTION_HOST, "a;\n", "write it without the ';'"},
    {OPTION_HOST, "smtps://a\n", "what a URL has around it"},
    {OPTION_HOST, "a b\n", "cannot hold ' '"},
    {OPTION_HOST, "ada@a\n", "cannot hold '@'"},
    {OPTION_HOST, "a:25\n", "holds a port: write \"a\", and port = 25"},
    {OPTION_HOSTS, "{a\nb:25\n", "holds a port: write \"b\", and port = 25"},
    {OPTION_PATHNAME, "~bob/x\n", "only \"~/\" is understood"},
    {OPTION_CHOICE, "grene\n", "is none of red, green, blue; did you mean \"green\"?"},
    {OPTION_CHOICE, "x\n", "\"x\" is none of red, green, blue"},
    {OPTION_CHOICES, "{red\nx\n", "\"x\" is none of"},
    {OPTION_MECHANISMS, "plian\n", "did you mean \"plain\"?"},
    {OPTION_MECHANISMS, "{auto\nplain\n", "auto and none stand alone"},
    {OPTION_MECHANISMS, "{plain\nnone\n", "auto and none stand alone"},
    {OPTION_BOOL, "1\n", "\"1\" is none of yes, no, on, off"},
    {OPTION_BOOL, "y\n", "is none of"},
    {OPTION_NUMBER, "0\n", "\"0\" is out of range; write 1 to 100000"},
    {OPTION_NUMBER, "100001\n", "out of range"},
    {OPTION_NUMBER, "99999999999999999999999\n", "out of range"},
    {OPTION_NUMBER, "0777\n", "begins with 0; write it in decimal"},
    {OPTION_NUMBER, "0x19\n", "write a decimal number"},
    {OPTION_NUMBER, "-1\n", "write a decimal number"},
    {OPTION_NUMBER, "+1\n", "write a decimal number"},
    {OPTION_NUMBER, "25s\n", "write a decimal number"},
    {OPTION_NUMBER, "2 5\n", "write a decimal number"},
    {OPTION_NUMBER, " 25\n", "write a decimal number"},
    {OPTION_NUMBER, "smtp\n", "write a decimal number"},
    {OPTION_DURATION, "5w\n", "a number of seconds, or one with s, m, h or d"},
    {OPTION_DURATION, "5M\n", "a number of seconds"},
    {OPTION_DURATION, "5mm\n", "a number of seconds"},
    {OPTION_DURATION, "m\n", "a number of seconds"},
    {OPTION_DURATION, "2d\n", "out of range"},
    {OPTION_DURATION, "18446744073709551615d\n", "out of range"},
    {OPTION_SIZE, "5T\n", "a number of octets, or one with k, M or G"},
    {OPTION_SIZE, "1M\n", "out of range"},
    {OPTION_SIZE, "18446744073709551615G\n", "out of range"},
    {OPTION_COMMAND, "\n", "names no program"},
    {OPTION_COMMAND, "  \n", "names no program"},
    {OPTION_COMMAND, "{", "names no program"},
    {OPTION_COMMAND, "{\nx\n", "names no program"},
    {OPTION_COMMAND, "{x\n\001B\002\n", "${B} is not set"},
    {OPTION_SECRET, "\n", "is empty, because its ${...} is"},
    {OPTION_SECRET, "s3cret\rX\n", "holds a line end"},
    {OPTION_SECRET, "s3cret\001SS\002\n", "a variable ${...} in it is not set"},
    {OPTION_SECRET, "{s3cret\ns3cret\n", "wants one value"},
};

static void each_type_refuses_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct option o = row_of(refusals[i].type, OPTION_NOT_EMPTY);
        struct account a = {0};
        struct setting s;
        struct err e = {.text = ""};

        write_values(&s, refusals[i].text);
        check_row(refusals[i].text, !setting_apply(&s, &o, "/home/ada", &a, &e), "refused");
        check_contains(refusals[i].text, e.text, refusals[i].fault);
        check_row(refusals[i].text, strncmp(e.text, "/etc/rc:7: opt: ", 16) == 0, "has its place");
        assert_int_equal(e.kind, ERR_CONFIG);
        /* Neither the secret nor a name that may be a piece of it. */
        if (o.type == OPTION_SECRET)
            check_row(e.text, !strstr(e.text, "s3cret") && !strstr(e.text, "SS"), "no secret");
        option_release(&o, &a);
        setting_clear(&s);
    }
}

/* What --set and the built-in values say in one text. */
static void one_text_makes_a_list(void **state)
{
    static const struct {
        enum option_type type;
        const char *text, *shown;
    } rows[] = {
        {OPTION_LIST, "x", "\"x\""},
        {OPTION_LIST, "x,y", "{ \"x\", \"y\" }"},
        {OPTION_LIST, " { x , y } ", "{ \"x\", \"y\" }"},
        {OPTION_LIST, "{}", ""},
        {OPTION_LIST, "", ""},
        {OPTION_TEXT, "x,y", "\"x,y\""},
        {OPTION_TEXT, " x ", "\" x \""},
        {OPTION_PATHNAME, "x", "\"x\""},
        {OPTION_COMMAND, "pass show", "{ \"/bin/sh\", \"-c\", \"pass show\" }"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct option o = row_of(rows[i].type, 0);
        struct account a = {0};
        struct setting s;
        struct buf shown;
        struct err e;

        setting_init(&s, &o, rows[i].text, "--set");
        assert_true(setting_apply(&s, &o, NULL, &a, &e));
        buf_init(&shown, 1000);
        option_format(&o, &a, &shown);
        check_text(rows[i].text, buf_slice(&shown), rows[i].shown);
        buf_clear(&shown);
        option_release(&o, &a);
        setting_clear(&s);
    }
}

static void a_fault_on_the_command_line_is_of_usage(void **state)
{
    struct option o = row_of(OPTION_NUMBER, 0);
    struct account a = {0};
    struct setting s;
    struct err e;

    (void)state;
    setting_init(&s, &o, "x", "--set");
    assert_false(setting_apply(&s, &o, NULL, &a, &e));
    assert_int_equal(e.kind, ERR_USAGE);
    check_contains("--set", e.text, "--set opt: \"x\" is not understood");
    setting_clear(&s);
}

static void a_new_value_takes_the_place_of_the_old(void **state)
{
    struct option o = row_of(OPTION_LIST, 0);
    struct account a = {0};
    struct err e;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct setting s;
        setting_init(&s, &o, i ? "b" : "a", "--set");
        assert_true(setting_apply(&s, &o, NULL, &a, &e));
        setting_clear(&s);
    }
    assert_int_equal(a.from.count, 1);
    assert_string_equal(a.from.items[0], "b");
    option_release(&o, &a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_takes_its_own),
        cmocka_unit_test(each_type_refuses_the_rest),
        cmocka_unit_test(one_text_makes_a_list),
        cmocka_unit_test(a_fault_on_the_command_line_is_of_usage),
        cmocka_unit_test(a_new_value_takes_the_place_of_the_old),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
