/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/submit.h"

#include <unistd.h>

#include "cmd/sources.h"
#include "cmd/submission.h"

static bool read_message(struct submission *s, bool no_stdin, struct err *e)
{
    if (no_stdin)
        return err_set(e, ERR_IO, "there is no standard input to read a message from");
    if (!message_read_in_place(&s->message, STDIN_FILENO, !s->args->dot_is_text, e))
        return false;
    if (!s->message.is_empty)
        return true;
    bool addressed = s->args->recipient_count > 0;
    return err_set(e, addressed ? ERR_DATA : ERR_USAGE, "%s",
                   addressed ? "the message is empty: nothing came on standard input"
                             : "no recipients and no message on standard input: see --help");
}

int submit(const struct args *a, struct host *h, bool no_stdin)
{
    struct config *config = NULL;
    struct submission s;
    struct err e;

    bool ok = sources_read(a, h, &config, &e);
    submission_init(&s, a, h, config);
    ok = ok && read_message(&s, no_stdin, &e) && submission_address(&s, &e) &&
         submission_prepare(&s, &e);
    int status = ok ? submission_dispatch(&s) : submission_fail(&s, &e);
    submission_clear(&s);
    config_free(config);
    return status;
}
