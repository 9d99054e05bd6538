/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define WORDS 14

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
    {{"-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"}, true, true,
     "i F=CronDaemon e=2 B=2 to=root"},
    {{"-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root"}, true, true,
     "t i f=root F=CronDaemon d=1 e=2"},
    {{"-oem", "-oi", "-f", "s", "-N", "failure,delay", "-R", "hdrs", "--", "x"}, true, true,
     "i f=s e=2 N=12 R=2 to=x"},
    {{"-oit"}, true, true, "t i"},
    {{"-oitf", "a@b", "c"}, true, true, "t i f=a@b to=c"},
    {{"-oitfa@b", "c"}, true, true, "t i f=a@b to=c"},
    {{"-ioem", "c"}, true, true, "i e=2 to=c"},
    {{"-i", "-oino", "c"}, true, true, "to=c"},
    {{"-o", "i", "c"}, true, true, "i to=c"},
    {{"-o", "7", "-o8", "-oA/etc/x", "-oQ/tmp", "c"}, true, true, "to=c"},
    {{"-B", "8BITMIME", "-h", "3", "-L", "tag", "x"}, true, true, "B=2 L=tag to=x"},
    {{"-B7bit", "x"}, true, true, "B=1 to=x"},
    {{"-B", "binary", "x"}, true, true, "unheeded=-B binary to=x"},
    {{"-N", "never", "x"}, true, true, "N=1 to=x"},
    {{"-NSUCCESS,failure", "x"}, true, true, "N=6 to=x"},
    {{"-N", "never,success", "x"}, true, true, "unheeded=-N never,success to=x"},
    {{"-N", "", "x"}, true, true, "unheeded=-N  to=x"},
    {{"-R", "FULL", "-V", "id=1", "x"}, true, true, "R=1 V=id=1 to=x"},
    {{"-V", "", "x"}, true, true, "unheeded=-V  to=x"},
    {{"-O", "DeliveryMode=b", "-X", "/tmp/x", "-p", "smtp:h", "x"}, true, true, "d=2 to=x"},
    {{"-O", "deliverymode = queueonly", "x"}, true, true, "d=3 to=x"},
    {{"-ODeliveryMode=i", "x"}, true, true, "d=1 to=x"},
    {{"-OErrorMode=m", "x"}, true, true, "e=2 to=x"},
    {{"-O", "QueueDirectory=/tmp", "x"}, true, true, "unheeded=-O QueueDirectory=/tmp to=x"},
    {{"-odb", "x"}, true, true, "d=2 to=x"},
    {{"-odq", "x"}, true, true, "d=3 to=x"},
    {{"-odq", "-odi", "x"}, true, true, "d=1 to=x"},
    {{"-oee", "x"}, true, true, "e=2 to=x"},
    {{"-oeq", "x"}, true, true, "e=1 to=x"},
    {{"-ew", "-oep", "x"}, true, true, "to=x"},
    {{"-G", "-U", "-n", "-m", "-em", "-e", "x"}, true, true, "n to=x"},
    {{"-s", "-c", "-x", "-E", "-J", "-d", "-d0.1", "-D", "/f", "-A", "m", "-Q", "x"}, true, true,
     "to=x"},
    {{"--", "-t"}, false, true, "to=-t"},
    {{"x", "-t"}, false, true, "to=x to=-t"},
    {{"-", "x"}, false, true, "to=- to=x"},
    {{"-q"}, true, true, "mode=1 q="},
    {{"-q5m", "x"}, true, true, "mode=1 q=5m to=x"},
    {{"-qf"}, true, true, "mode=1 q=f"},
    {{"-qRexample.org"}, true, true, "mode=1 q=Rexample.org"},
    {{"-vq"}, true, true, "mode=1 q="},
    {{"-bs", "-odb", "-oem", "-om"}, true, true, "mode=7 d=2 e=2"},
    {{"-bv", "x"}, true, true, "mode=8 to=x"},
    {{"-bm", "x"}, true, true, "to=x"},
    {{"-bt"}, true, false, ""},
    {{"-bD"}, true, false, ""},
    {{"-ba"}, true, false, ""},
    {{"-bH"}, true, true, "mode=4"},
    {{"-M", "x"}, true, false, ""},
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
    {{"-C", "/f", "x"}, true, true, "unheeded=-C /f to=x"},
    {{"--json", "x"}, false, true, "json to=x"},
    {{"--json", "x"}, true, false, ""},
    {{"--color=always", "x"}, false, true, "color=1 to=x"},
    {{"--color=auto", "x"}, false, true, "to=x"},
    {{"--color=pink", "x"}, false, false, ""},
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

static void put_number(struct buf *out, const char *key, unsigned number)
{
    if (number)
        buf_put_format(out, "%s%s%u", out->len ? " " : "", key, number);
}

static void describe(const struct args *a, struct buf *out)
{
    static const int shown[] = {[MODE_SUBMIT] = 0,  [MODE_RUN_QUEUE] = 1, [MODE_LIST_QUEUE] = 2,
                                [MODE_ALIASES] = 3, [MODE_NOTHING] = 4,   [MODE_HELP] = 5,
                                [MODE_VERSION] = 6, [MODE_SMTP] = 7,      [MODE_VERIFY] = 8};

    if (a->mode != MODE_SUBMIT)
        buf_put_format(out, "mode=%d", shown[a->mode]);
    put(out, "q=", a->queue_choice);
    put(out, "t", a->recipients_from_header ? "" : NULL);
    put(out, "i", a->dot_is_text ? "" : NULL);
    put(out, "f=", a->sender);
    put(out, "F=", a->full_name);
    put(out, "n", a->no_aliases ? "" : NULL);
    put_number(out, "d=", a->delivery);
    put_number(out, "e=", a->errors);
    put_number(out, "B=", a->body);
    put_number(out, "N=", a->notify);
    put_number(out, "R=", a->ret);
    put(out, "V=", a->envid);
    put(out, "L=", a->log_tag);
    put(out, "json", a->json ? "" : NULL);
    put_number(out, "color=", a->color);
    for (size_t i = 0; i < a->unheeded.count; i++)
        put(out, "unheeded=", a->unheeded.items[i]);
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
    size_t lines = 0, width = 0, widest = 0;

    (void)state;
    buf_init(&text, 65536);
    args_help(&text, NULL);
    for (size_t i = 0; i < text.len; i++) {
        bool ends = text.data[i] == '\n';
        widest = width > widest ? width : widest;
        width = ends ? 0 : width + 1;
        lines += ends;
    }
    assert_in_range(lines, 20, 24);
    assert_in_range(widest, 60, 79);
    assert_non_null(strstr(text.data, "--dry-run"));
    assert_null(strstr(text.data, "--limit"));
    args_help(&text, "serve");
    assert_non_null(strstr(text.data, "--limit"));
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
