/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define WORDS 10

struct row {
    const char *words[WORDS];
    bool as_sendmail;
    bool ok;
    const char *seen;        /* what was understood, as `describe` writes it */
};

static const struct row rows[] = {
    {{"a@b"}, false, true, "to=a@b"},
    {{"-t"}, false, true, "t"},
    {{"-ti"}, false, true, "t i"},
    {{"-it", "a"}, false, true, "t i to=a"},
    {{"-oi", "-t"}, false, true, "t i"},
    {{"-oitrue"}, false, true, "i"},
    {{"-i", "-oifalse"}, false, true, ""},
    {{"-tif", "a@b", "c"}, false, true, "t i f=a@b to=c"},
    {{"-fa@b", "c"}, false, true, "f=a@b to=c"},
    {{"-f", "", "c"}, false, true, "f= to=c"},
    {{"-f<>", "c"}, false, true, "f=<> to=c"},
    {{"-r", "x@y", "-f", "a@b"}, false, true, "f=a@b"},
    {{"-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"}, true, true, "i F=CronDaemon to=root"},
    {{"-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root"}, true, true,
     "t i f=root F=CronDaemon"},
    {{"-oem", "-oi", "-f", "s", "-N", "failure,delay", "-R", "hdrs", "--", "x"}, true, true,
     "i f=s to=x"},
    {{"-B", "8BITMIME", "-h", "3", "-L", "tag", "x"}, true, true, "to=x"},
    {{"-O", "DeliveryMode=b", "-X", "/tmp/x", "-p", "smtp:h", "x"}, true, true, "to=x"},
    {{"-G", "-U", "-n", "-m", "-em", "-e", "x"}, true, true, "to=x"},
    {{"--", "-t"}, false, true, "to=-t"},
    {{"x", "-t"}, false, true, "to=x to=-t"},
    {{"-", "x"}, false, true, "to=- to=x"},
    {{"-q"}, true, true, "mode=1"},
    {{"-q5m", "x"}, true, true, "mode=1 to=x"},
    {{"-qf"}, true, true, "mode=1"},
    {{"-bp"}, true, true, "mode=2"},
    {{"-b", "p"}, true, true, "mode=2"},
    {{"-bi"}, true, true, "mode=3"},
    {{"-I"}, true, true, "mode=3"},
    {{"-bh"}, true, true, "mode=4"},
    {{"-bd"}, true, false, ""},
    {{"-a", "work", "x"}, false, true, "a=work to=x"},
    {{"-a", "work", "x"}, true, false, ""},
    {{"--account=work"}, false, true, "a=work"},
    {{"--account", "work"}, false, true, "a=work"},
    {{"--account"}, false, false, ""},
    {{"--account=work"}, true, false, ""},
    {{"-C", "/f"}, false, true, "C=/f"},
    {{"-C", "/f", "x"}, true, true, "to=x"},
    {{"--config=/f"}, true, false, ""},
    {{"--set", "port=25", "--set=tls=none"}, false, true, "set=port=25 set=tls=none"},
    {{"--set", "port"}, false, false, ""},
    {{"--dry-run=1"}, false, false, ""},
    {{"--verbos"}, false, false, ""},
    {{"--help"}, true, true, "mode=5"},
    {{"--version"}, true, true, "mode=6"},
    {{"-k"}, false, false, ""},
    {{"-tk"}, false, false, ""},
    {{"-f"}, false, false, ""},
    {{"-f", "a@b\nRCPT TO:<c>"}, false, false, ""},
    {{"-F", "a\rb"}, false, false, ""},
    {{"-V", "a\nb"}, false, false, ""},
    {{"-L", "\x1b[2J"}, false, false, ""},
};

static void put(struct buf *out, const char *key, const char *value)
{
    if (value)
        buf_put_format(out, "%s%s%s", out->len ? " " : "", key, value);
}

static void describe(const struct args *a, struct buf *out)
{
    static const int shown[] = {[MODE_SUBMIT] = 0,  [MODE_RUN_QUEUE] = 1, [MODE_LIST_QUEUE] = 2,
                                [MODE_ALIASES] = 3, [MODE_NOTHING] = 4,   [MODE_HELP] = 5,
                                [MODE_VERSION] = 6};

    if (a->mode != MODE_SUBMIT)
        buf_put_format(out, "mode=%d", shown[a->mode]);
    put(out, "t", a->recipients_from_header ? "" : NULL);
    put(out, "i", a->dot_is_text ? "" : NULL);
    put(out, "f=", a->sender);
    put(out, "F=", a->full_name);
    put(out, "a=", a->account);
    put(out, "C=", a->config_file);
    for (size_t i = 0; i < a->settings.count; i++)
        put(out, "set=", a->settings.items[i]);
    for (size_t i = 0; i < a->recipient_count; i++)
        put(out, "to=", a->recipients[i]);
}

static void command_lines_mean_what_sendmail_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *argv[WORDS + 2] = {(char *)"smtpost"};
        int argc = 1;
        struct args a;
        struct err e = {.kind = ERR_NONE};
        struct buf seen;

        for (; rows[i].words[argc - 1]; argc++)
            argv[argc] = (char *)rows[i].words[argc - 1];
        buf_init(&seen, 1000);
        bool ok = args_parse(&a, rows[i].as_sendmail, argc, argv, &e);
        if (ok)
            describe(&a, &seen);
        if (ok != rows[i].ok || strcmp(ok && seen.data ? seen.data : "", rows[i].seen) != 0)
            fail_msg("row %zu (%s ...): ok %d, saw \"%s\", %s", i, rows[i].words[0], ok, seen.data,
                     e.text);
        assert_true(ok || e.kind == ERR_USAGE);
        buf_clear(&seen);
        args_clear(&a);
    }
}

static void help_fits_a_screen_and_names_the_long_options(void **state)
{
    struct buf text;
    size_t lines = 0;

    (void)state;
    buf_init(&text, 65536);
    args_help(&text);
    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    assert_in_range(lines, 20, 50);
    assert_non_null(strstr(text.data, "--dry-run"));
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines_mean_what_sendmail_means),
        cmocka_unit_test(help_fits_a_screen_and_names_the_long_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
