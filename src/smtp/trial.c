/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/trial.h"

#include "smtp/command.h"

static bool ask(struct session *s, enum verb verb, const struct path *path, struct outcome *why)
{
    const struct mail_params plain_mail = {0};
    const struct rcpt_params plain_rcpt = {0};
    struct buf line;

    buf_init(&line, LIMIT_COMMAND);
    if (verb == VERB_MAIL)
        command_mail(&line, path, &plain_mail);
    else if (verb == VERB_RCPT)
        command_rcpt(&line, path, &plain_rcpt);
    else
        command_simple(&line, verb);
    session_say(s, &line);
    buf_clear(&line);
    return session_ask(s, verb, why);
}

static bool is_taken(struct session *s, enum verb verb, const struct path *path,
                     struct outcome *why)
{
    if (!ask(s, verb, path, why))
        return false;
    if (reply_is_success(&s->reply))
        return true;
    session_judge(s, verb, why);
    return false;
}

enum trial_step trial_run(struct session *s, const struct path *sender,
                          const struct path *recipient, struct outcome *why)
{
    struct outcome ignored = {0};

    if (!is_taken(s, VERB_MAIL, sender, why))
        return TRIAL_SENDER;
    bool taken = is_taken(s, VERB_RCPT, recipient, why);
    if (s->is_open)
        ask(s, VERB_RSET, NULL, &ignored);
    outcome_clear(&ignored);
    return taken ? TRIAL_DONE : TRIAL_RECIPIENT;
}
