/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* smtpost: a sendmail that relays to a smarthost. The map of the source is src/README. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/idna.h"
#include "base/log.h"
#include "base/say.h"
#include "cmd/args.h"
#include "cmd/check.h"
#include "cmd/config.h"
#include "cmd/environ.h"
#include "cmd/exitcode.h"
#include "cmd/newaliases.h"
#include "cmd/queue.h"
#include "cmd/send.h"
#include "cmd/serve.h"
#include "cmd/setup.h"
#include "cmd/speak.h"
#include "cmd/submission.h"
#include "cmd/submit.h"
#include "cmd/verify.h"

/* Names of programs that others installed before us; under them no word is ever a command. */
struct name {
    const char *name;
    enum mode mode;
};

static const struct name sendmail_names[] = {
    {"sendmail", MODE_SUBMIT},
    {"send-mail", MODE_SUBMIT},
    {"mailq", MODE_LIST_QUEUE},
    {"newaliases", MODE_ALIASES},
};

static const struct name *find_name(const char *program)
{
    const char *slash = strrchr(program, '/');
    const char *base = slash ? slash + 1 : program;

    for (size_t i = 0; i < sizeof sendmail_names / sizeof *sendmail_names; i++)
        if (strcmp(base, sendmail_names[i].name) == 0)
            return &sendmail_names[i];
    return NULL;
}

static bool secure_process(bool *no_stdin, struct err *e)
{
    const struct rlimit none = {0, 0};

    umask(077);
    /* A reader that has gone, or a limit on files, is an error of that write and not our end. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_CORE, &none);
    confine_memory();
    return file_secure_standard(no_stdin, e);
}

static int print(const struct buf *text)
{
    fputs(text->data, stdout);
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static int print_help(const char *command)
{
    struct buf text;

    buf_init(&text, 65536);
    args_help(&text, command);
    int status = print(&text);
    buf_clear(&text);
    return status;
}

static int print_version(void)
{
    printf("smtpost %s\n%s\n", PACKAGE_VERSION, OpenSSL_version(OPENSSL_VERSION));
    const char *idna = idna_version();
    printf("%s%s\n", idna ? "libidn2 " : "no libidn2: domain names in their xn-- form only",
           idna ? idna : "");
    printf("translations: %s\n", say_catalogs() ? say_catalogs() : "none");
    const char *state = confine_state();
    printf("confinement: %s%s\n", state,
           strncmp(state, "none", 4) == 0 ? "" : " (in queue runs and with queue = never)");
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static int run_mode(const struct args *a, struct host *h, bool no_stdin)
{
    switch (a->mode) {
    case MODE_SUBMIT:
        return submit(a, h, no_stdin);
    case MODE_VERIFY:
        return verify(a, h);
    case MODE_ALIASES:
        return newaliases(a, h);
    case MODE_SMTP:
        return speak(a, h);
    case MODE_LIST_QUEUE:
        return queue_list(a, h);
    case MODE_RUN_QUEUE:
        return queue_run(a, h);
    case MODE_NOTHING:
        return EX_OK;
    case MODE_HELP:
        return print_help(NULL);
    case MODE_VERSION:
        return print_version();
    }
    return EX_SOFTWARE;
}

/* Commands are the first word, and only under our own name. */
typedef int command_function(const struct args *a, struct host *h);

static const struct command_word {
    const char *name;
    command_function *run;
    /* One whose options are its own; argv begins with its name. */
    int (*run_raw)(int argc, char *const argv[], struct host *h, bool no_stdin);
} commands[] = {
    {"config", config_command, NULL}, {"send", NULL, send_command},
    {"queue", queue_command, NULL},   {"check", check_command, NULL},
    {"setup", setup_command, NULL},   {"serve", serve_command, NULL},
};

static const struct command_word *find_command(int argc, char *const argv[])
{
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

/* The command that somebody meant who wrote this as the first word. To us it is a recipient. */
static const char *nearest_command(int argc, char *const argv[])
{
    const char *names[sizeof commands / sizeof *commands];
    size_t count = sizeof names / sizeof *names;

    for (size_t i = 0; i < count; i++)
        names[i] = commands[i].name;
    return argc > 1 ? strings_nearest(argv[1], names, count) : NULL;
}

/* A person at a terminal is told before the silence in which we read a message, others when it
 * failed: a program that mails the user "chek" never hears of it. */
static int submit_or_suggest(const struct args *a, struct host *h, bool no_stdin, const char *near)
{
    bool waits = near && isatty(STDIN_FILENO);

    if (waits)
        log_line(_("there is no command \"%s\", so this reads a message to that user; did you mean "
                   "smtpost %s?"), a->recipients[0], near);
    int status = submit(a, h, no_stdin);
    if (near && !waits && status != EX_OK)
        log_note(_("hint: \"%s\" was taken for a recipient; did you mean smtpost %s?"),
                 a->recipients[0], near);
    return status;
}

static int run_command(const struct command_word *c, const struct args *a, struct host *h)
{
    if (a->mode == MODE_HELP)
        return print_help(c->name);
    if (a->mode == MODE_VERSION)
        return print_version();
    return c->run(a, h);
}

static int run_raw(const struct command_word *c, int argc, char *const argv[], bool no_stdin)
{
    struct host host;

    host_init(&host);
    int status = c->run_raw(argc, argv, &host, no_stdin);
    host_clear(&host);
    return status;
}

/* A command tells its errors itself; what is wrong with the line of a message is its result. */
static int refuse(bool is_command, struct args *a, int argc, char *const argv[], struct err *e)
{
    struct host host;

    if (is_command)
        return exit_status_of_err(e);
    host_init(&host);
    int status = submission_refuse(a, &host, argc, argv, e);
    host_clear(&host);
    e->kind = ERR_NONE;
    return status;
}

/* JSON has no language, and that of a line that is wrong neither. */
static bool is_for_programs(int argc, char *const argv[])
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

static int run(int argc, char *const argv[], struct err *e)
{
    const struct name *name = find_name(argc ? argv[0] : "smtpost");
    const struct command_word *command = name ? NULL : find_command(argc, argv);
    struct host host;
    struct args args;
    bool no_stdin;

    say_in(is_for_programs(argc, argv) ? NULL : host_locale());
    if (!secure_process(&no_stdin, e))
        return exit_status_of_err(e);
    if (command && command->run_raw)
        return run_raw(command, argc - 1, argv + 1, no_stdin);
    bool ok = command ? args_parse_command(&args, argc, argv, e)
                      : args_parse(&args, name != NULL, argc, argv, e);
    if (ok && name && name->mode != MODE_SUBMIT && args.mode == MODE_SUBMIT)
        args.mode = name->mode;
    int status = ok ? EX_OK : refuse(command != NULL, &args, argc, argv, e);
    if (ok) {
        host_init(&host);
        if (command)
            status = run_command(command, &args, &host);
        else if (!name && args.mode == MODE_SUBMIT)
            status = submit_or_suggest(&args, &host, no_stdin, nearest_command(argc, argv));
        else
            status = run_mode(&args, &host, no_stdin);
        host_clear(&host);
    }
    args_clear(&args);
    return status;
}

int main(int argc, char *argv[])
{
    struct err e = {.kind = ERR_NONE};
    int status = run(argc, argv, &e);

    if (e.kind != ERR_NONE)
        log_line("%s", e.text);
    return status;
}
