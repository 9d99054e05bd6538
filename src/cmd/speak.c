/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/speak.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/say.h"
#include "cmd/exitcode.h"
#include "cmd/sources.h"
#include "cmd/submission.h"
#include "smtp/server.h"

struct speaker_context {
    const struct args *args;
    struct host *host;
    const struct config *config;
};

static size_t count_delivered(const struct envelope *v)
{
    size_t count = 0;

    for (size_t i = 0; i < v->count; i++)
        count += v->recipients[i].outcome.verdict == VERDICT_DELIVERED;
    return count;
}

/* One word for all recipients. */
static void sum_up(const struct envelope *v, struct outcome *o)
{
    const struct recipient *worst = envelope_worst(v);
    size_t delivered = count_delivered(v);
    struct buf text;

    outcome_copy(o, &worst->outcome);
    if (o->verdict == VERDICT_DELIVERED || !delivered)
        return;
    buf_init(&text, LIMIT_LOG_LINE);
    buf_put_format(&text, "%zu of %zu recipients have it; not ", delivered, v->count);
    path_format(&text, &worst->path);
    buf_put_format(&text, ": %s", o->text ? o->text : verdict_name(o->verdict));
    free(o->text);
    o->text = buf_take(&text);
    o->by_server = false;
}

static void submit_one(void *argument, struct envelope *v, struct message *m, struct outcome *o)
{
    const struct speaker_context *c = argument;
    struct submission s;
    struct err e;

    submission_init(&s, c->args, c->host, c->config);
    submission_take(&s, v, m);
    if (!submission_prepare(&s, &e)) {
        submission_fail(&s, &e);
        outcome_from_err(o, &e, NULL);
    } else if (submission_dispatch(&s) == EX_OK) {
        *o = (struct outcome){.verdict = VERDICT_DELIVERED, .text = slice_dup(SLICE("Ok"))};
    } else {
        sum_up(&s.envelope, o);
    }
    submission_clear(&s);
}

int speak(const struct args *a, struct host *h)
{
    struct speaker_context context = {.args = a, .host = h};
    struct config *config = NULL;
    struct err e;
    /* A plan would be printed into the conversation, and the client told that it was sent. */
    bool ok = !a->dry_run || err_set(&e, ERR_USAGE, "%s", _("-bs: does not go with --dry-run"));

    ok = ok && sources_read(a, h, &config, &e);
    if (!ok)
        server_decline(STDIN_FILENO, STDOUT_FILENO, e.text);
    if (ok) {
        context.config = config;
        const char *hello = host_hello(h);
        struct server server = {
            .name = hello ? hello : "localhost",
            .directory = h->temporary,
            .argument = &context,
            .accept = submit_one,
        };
        ok = server_run(&server, STDIN_FILENO, STDOUT_FILENO, &e);
        config_free(config);
    }
    if (!ok)
        log_line("%s", e.text);
    return ok ? EX_OK : exit_status_of_err(&e);
}
