/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* The words of a command line, parted by NUL. The first octet says under which name. */

#include "base/limits.h"
#include "cmd/args.h"
#include "cmd/letter.h"
#include "fuzz.h"

enum { WORDS = 64 };

/* Each word a block of its own, so that a sanitizer sees a read beyond it. */
static int split(struct slice text, char *argv[])
{
    int argc = 1;

    argv[0] = slice_dup(SLICE("smtpost"));
    for (size_t at = 0; at <= text.len && argc < WORDS;) {
        size_t end = slice_find(text, '\0', at);
        argv[argc++] = slice_dup(slice_make(text.data + at, end - at));
        at = end + 1;
    }
    argv[argc] = NULL;
    return argc;
}

static bool has_control(const char *text)
{
    for (; text && *text; text++)
        if (ascii_is_control(*text))
            return true;
    return false;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1];
}

/* What a caller may choose who has only our arguments, and called us sendmail. */
static void look_at_sendmail(const struct args *a)
{
    PROMISE(!a->account && !a->config_file && a->settings.count == 0);
    PROMISE(a->mail_params.count == 0 && a->rcpt_params.count == 0);
    PROMISE(!a->dry_run && !a->json && !a->require_tls && a->words.count == 0);
}

static void look_at(const struct args *a, int argc)
{
    PROMISE(a->unheeded.count <= (size_t)argc);
    PROMISE(!has_control(a->sender) && !has_control(a->full_name) && !has_control(a->envid));
    PROMISE(!has_control(a->log_tag));
    PROMISE(a->settings.count <= (size_t)argc);
    for (size_t i = 0; i < a->settings.count; i++)
        PROMISE(strchr(a->settings.items[i], '='));
    if (a->as_sendmail)
        look_at_sendmail(a);
}

/* The recipients are the end of the command line, and no option is among what stands before. */
static void look_at_recipients(const struct args *a, int argc, char *const argv[])
{
    size_t first = (size_t)argc - a->recipient_count;

    PROMISE(a->recipient_count < (size_t)argc);
    PROMISE(a->recipients == argv + first);
    if (a->recipient_count && is_option(argv[first]))
        PROMISE(strcmp(argv[first - 1], "--") == 0);
}

static void as_submission(bool as_sendmail, int argc, char *argv[])
{
    struct args a;
    struct err e = {.kind = ERR_NONE};

    if (args_parse(&a, as_sendmail, argc, argv, &e)) {
        PROMISE(e.kind == ERR_NONE);
        look_at(&a, argc);
        look_at_recipients(&a, argc, argv);
    } else {
        promise_err(&e);
        PROMISE(e.kind == ERR_USAGE);
    }
    args_clear(&a);
}

static void as_command(int argc, char *argv[])
{
    struct args a;
    struct err e = {.kind = ERR_NONE};

    if (args_parse_command(&a, argc, argv, &e)) {
        look_at(&a, argc);
        PROMISE(a.recipient_count == a.words.count && a.words.count <= (size_t)argc);
    } else {
        promise_err(&e);
        PROMISE(e.kind == ERR_USAGE);
    }
    args_clear(&a);
}

static void as_letter(int argc, char *argv[])
{
    struct letter l;
    struct err e = {.kind = ERR_NONE};

    if (!letter_parse(&l, argc, argv, &e))
        promise_err(&e);
    letter_clear(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned way = fuzz_take(&data, &size) % 4;
    char *argv[WORDS + 1];
    int argc = split(fuzz_slice(data, size), argv);

    if (way < 2)
        as_submission(way == 1, argc, argv);
    else if (way == 2)
        as_command(argc, argv);
    else
        as_letter(argc, argv);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return 0;
}
