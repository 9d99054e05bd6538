/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/say.h"

enum {
    ANSWER_MAX = 4096,
    INTERRUPT = 3            /* ^C, where it is no signal: it must not leave a terminal silent */
};

void terminal_tell(const char *text)
{
    struct slice rest = slice_of(text);
    struct buf clean;

    buf_init(&clean, LIMIT_CONFIG_FILE);
    while (rest.len) {
        size_t end = slice_find(rest, '\n', 0);
        log_clean(&clean, slice_make(rest.data, end));
        buf_put_byte(&clean, '\n');
        rest = slice_from(rest, end + 1);
    }
    fputs(clean.data ? clean.data : "", stdout);
    buf_clear(&clean);
}

/* Octet by octet: what is typed ahead belongs to the next question, or to a program behind us. */
static bool read_line(struct buf *line, struct err *e)
{
    char c;

    for (;;) {
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_os(e, ERR_IO, "cannot read the answer");
        if (n == 0 && line->len == 0)
            return err_set(e, ERR_USAGE, "%s", _("no answer: standard input has ended"));
        if (n == 0 || c == '\n')
            return true;
        if (c == INTERRUPT)
            return err_set(e, ERR_USAGE, "%s", _("interrupted"));
        if (c != '\r')
            buf_put_byte(line, c);
    }
}

static bool is_usable(const struct buf *line)
{
    for (size_t i = 0; i < line->len; i++)
        if (ascii_is_control(line->data[i]))
            return false;
    return !line->overflow;
}

/* A line that can be used; the question is asked until there is one. */
static bool ask(const char *prompt, struct buf *line, struct err *e)
{
    for (;;) {
        buf_reset(line);
        printf("%s", prompt);
        fflush(stdout);
        if (!read_line(line, e))
            return false;
        if (is_usable(line))
            return true;
        printf("%s\n", _("That answer is too long or holds control characters."));
    }
}

bool terminal_ask(const char *question, const char *fallback, char **answer, struct err *e)
{
    char prompt[512];
    struct buf line;
    bool ok;

    if (fallback)
        snprintf(prompt, sizeof prompt, "%s [%s]: ", question, fallback);
    else
        snprintf(prompt, sizeof prompt, "%s: ", question);
    buf_init(&line, ANSWER_MAX);
    do
        ok = ask(prompt, &line, e);
    while (ok && !fallback && slice_trim(buf_slice(&line)).len == 0);
    struct slice text = slice_trim(buf_slice(&line));
    *answer = !ok ? NULL : text.len ? slice_dup(text) : mem_strdup(fallback);
    buf_clear(&line);
    return ok;
}

bool terminal_confirm(const char *question, bool fallback, bool *yes, struct err *e)
{
    const char *choice = fallback ? _("Y/n") : _("y/N");

    for (;;) {
        char *answer;
        if (!terminal_ask(question, choice, &answer, e))
            return false;
        char first = ascii_lower(answer[0]);
        bool is_default = strcmp(answer, choice) == 0;
        bool is_yes = first == 'y' || first == ascii_lower(choice[0]);
        free(answer);
        if (is_default || is_yes || first == 'n') {
            *yes = is_default ? fallback : is_yes;
            return true;
        }
        printf("%s\n", _("Please answer y or n."));
    }
}

bool terminal_choose(const char *question, const char *const *choices, size_t count, size_t *chosen,
                     struct err *e)
{
    for (size_t i = 0; i < count; i++)
        printf("  %zu  %s\n", i + 1, _(choices[i]));
    for (;;) {
        unsigned long number = 0;
        char *answer;
        if (!terminal_ask(question, "1", &answer, e))
            return false;
        bool ok = slice_number(slice_of(answer), count, &number) && number > 0;
        free(answer);
        if (ok) {
            *chosen = number - 1;
            return true;
        }
        printf(_("Please answer with a number from 1 to %zu.\n"), count);
    }
}

bool terminal_ask_secret(const char *question, struct secret *answer, struct err *e)
{
    struct termios before, silent;
    bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    struct buf line;
    char prompt[512];

    if (is_terminal) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
        silent.c_cc[VEOL] = INTERRUPT;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    snprintf(prompt, sizeof prompt, question ? "%s: " : "%s", question ? question : "");
    buf_init(&line, ANSWER_MAX);
    bool ok = ask(prompt, &line, e);
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        printf("\n");
    }
    if (ok && line.len == 0)
        ok = err_set(e, ERR_USAGE, "%s", _("no password, no account"));
    if (ok)
        secret_set(answer, buf_slice(&line));
    buf_wipe(&line);
    return ok;
}
