/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/args_table.h"

static void put_row(struct buf *out, const char *dashes, const char *name, const char *argument,
                    const char *doc)
{
    struct buf left;

    buf_init(&left, 80);
    buf_put_format(&left, "  %s%s%s%s", dashes, name, argument ? " " : "",
                   argument ? argument : "");
    buf_put_format(out, "%-24s %s\n", left.data, doc);
    buf_clear(&left);
}

void args_help(struct buf *out)
{
    buf_put_text(
        out, "usage: smtpost [option ...] [--] [recipient ...] < message\n"
             "       smtpost send [option ...] [--] recipient ... < text\n"
             "       smtpost config [show [ACCOUNT] | options | providers | import FILE]\n"
             "       smtpost check [ACCOUNT] [--to ADDRESS]\n"
             "       smtpost setup [ADDRESS]\n"
             "       smtpost queue [list | run | {show | retry | hold | release | rm} ID ...]\n\n"
             "as sendmail has it:\n");
    for (size_t i = 0; i < args_letter_count; i++) {
        char name[2] = {args_letters[i].letter, '\0'};
        if (args_letters[i].doc)
            put_row(out, "-", name, args_letters[i].argument, args_letters[i].doc);
    }
    buf_put_text(out, "\nmore:\n");
    for (size_t i = 0; i < args_word_count; i++) {
        put_row(out, "--", args_words[i].name, args_words[i].argument, args_words[i].doc);
    }
    buf_put_text(out, "\nOther options of sendmail are accepted without effect. The manual is "
                      "smtpost(1),\nthe configuration file smtprc(5).\n");
}
