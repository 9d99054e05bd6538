/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/args_table.h"

#include <string.h>

#include "base/say.h"

/* Room for the longest row of flags. */
enum { ROW_MAX = 80 };

bool args_word_is_for(const struct word *w, const char *command)
{
    const char *list = w->only ? w->only : "";
    size_t length = command ? strlen(command) : 0;

    while (command && *list) {
        size_t word = strcspn(list, " ");
        if (word == length && memcmp(list, command, word) == 0)
            return true;
        list += word + strspn(list + word, " ");
    }
    return !w->only;
}

static void put_row(struct buf *out, const struct buf *flags, const char *argument,
                    const char *doc)
{
    struct buf left;

    buf_init(&left, ROW_MAX);
    buf_put_format(&left, "  %s%s%s", flags->data, argument ? " " : "", argument ? argument : "");
    buf_put_format(out, "%-24s  %s\n", left.data, doc);
    buf_clear(&left);
}

static bool has_word(char letter)
{
    for (size_t i = 0; i < args_word_count; i++)
        if (args_words[i].letter == letter)
            return true;
    return false;
}

static void put_letters(struct buf *out)
{
    struct buf flags;

    for (size_t i = 0; i < args_letter_count; i++) {
        const struct letter *l = &args_letters[i];
        if (!l->doc)
            continue;
        buf_init(&flags, ROW_MAX);
        buf_put_format(&flags, "-%c", l->letter);
        put_row(out, &flags, l->argument, _(l->doc));
        buf_clear(&flags);
    }
}

static void put_words(struct buf *out, const char *command)
{
    struct buf flags;

    buf_init(&flags, ROW_MAX);
    for (size_t i = 0; i < args_word_count; i++) {
        const struct word *w = &args_words[i];
        if (!args_word_is_for(w, command))
            continue;
        if (w->letter)
            buf_put_format(&flags, "-%c, ", w->letter);
        buf_put_format(&flags, "--%s", w->name);
        if (w->doc) {
            put_row(out, &flags, w->argument, _(w->doc));
            buf_reset(&flags);
        } else {
            buf_put_text(&flags, ", ");
        }
    }
    buf_clear(&flags);
}

void args_help(struct buf *out, const char *command)
{
    buf_put_text(
        out, "usage: smtpost [option ...] [--] [recipient ...] < message\n"
             "       smtpost send [option ...] [--] recipient ... < text\n"
             "       smtpost config [show [ACCOUNT] | options | providers | import FILE]\n"
             "       smtpost check [ACCOUNT] [--to ADDRESS]\n"
             "       smtpost setup [ADDRESS]\n"
             "       smtpost queue [list | run | {show | retry | hold | release | rm} ID ...]\n"
             "       smtpost serve [--socket PATH] [--listen ADDRESS:PORT]\n\n");
    put_letters(out);
    put_words(out, command);
    buf_put_text(out, _("sendmail's"));
    for (size_t i = 0; i < args_letter_count; i++) {
        const struct letter *l = &args_letters[i];
        if (l->handle && !l->doc && !has_word(l->letter))
            buf_put_format(out, " -%c", l->letter);
    }
    buf_put_text(out, _(" (as -bi): smtpost(1)\n"));
}
