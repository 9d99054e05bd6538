/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/spooling.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/say.h"
#include "cmd/sources.h"

/* Is there a place for the spool of a service? */
static bool find_system_queue(const struct host *h, uid_t *owner)
{
    struct stat info;
    bool found = stat(h->system_queue, &info) == 0 && S_ISDIR(info.st_mode);

    *owner = found ? info.st_uid : (uid_t)-1;
    return found;
}

/* Has the service run yet, and made its spool there? */
static bool is_spool(const char *path)
{
    struct buf name;
    struct stat info;

    buf_init(&name, 4096);
    buf_put_format(&name, "%s/env", path);
    bool found = !name.overflow && stat(name.data, &info) == 0;
    buf_clear(&name);
    return found;
}

const char *spooling_place(const struct args *a, const struct host *h)
{
    uid_t owner;

    if (a->spool)
        return a->spool;
    if (find_system_queue(h, &owner) && (h->uid == 0 || h->uid == owner) &&
        is_spool(h->system_queue))
        return h->system_queue;
    return h->queue;
}

bool spooling_is_hidden(const struct host *h)
{
    uid_t owner;

    return find_system_queue(h, &owner) && h->uid != 0 && h->uid != owner;
}

bool spooling_open(struct spool *s, const struct host *h, bool create, struct err *e)
{
    if (!h->queue)
        return err_set(e, ERR_CREATE, "there is no home directory for a queue");
    return spool_open(s, h->queue, create, e);
}

static void show_line(void *argument, enum speaker speaker, struct slice line)
{
    static const char *const prefixes[] = {
        [SPEAKER_CLIENT] = "C: ", [SPEAKER_SERVER] = "S: ", [SPEAKER_NOTE] = ""};
    struct buf text;

    (void)argument;
    buf_init(&text, line.len + 4);
    buf_put_text(&text, prefixes[speaker]);
    buf_put_slice(&text, line);
    log_raw(buf_slice(&text));
    buf_clear(&text);
}

static const struct transcript on_stderr = {.sink = show_line};

const struct transcript *spooling_transcript(void)
{
    return &on_stderr;
}

/* The files that counted when the message was queued, read again. */
static bool configure(void *argument, const char *file, const struct strings *settings,
                      struct config **out, struct err *e)
{
    const struct spooling_context *c = argument;

    return sources_read_again(c->host, file, settings, out, e);
}

void spooling_runner(struct runner *r, struct spooling_context *context, const struct spool *s)
{
    const struct host *h = context->host;
    const char *domain = host_mail_domain(context->host);

    *r = (struct runner){
        .keeper = {.spool = s, .host = host_hello(h) ? host_hello(h) : domain, .domain = domain,
                   .quiet = !h->stderr_is_terminal},
        .hello = host_hello(h),
        .configure = configure,
        .argument = context,
    };
}

static char *config_file(const struct submission *s)
{
    const char *file = s->args->config_file ? s->args->config_file : s->host->only_file;

    return file ? realpath(file, NULL) : NULL;
}

static void make_entry(struct entry *en, struct submission *s, bool tried, bool refused)
{
    time_t now = clock_wall();

    *en = (struct entry){.created = now, .last = now};
    en->account = mem_strdup(s->account.name);
    en->config = config_file(s);
    strings_copy(&en->settings, &s->args->settings);
    en->has_owner = s->has_owner;
    en->owner = s->owner;
    envelope_copy_open(&en->envelope, &s->envelope, refused);
    settle_decided(&en->envelope);
    if (tried)
        settle_first(en, &s->account, &s->delivery);
}

bool spooling_commit(struct submission *s, bool tried, bool refused, char *id, struct err *e)
{
    struct spool spool;
    struct entry en;

    if (!spooling_open(&spool, s->host, true, e))
        return false;
    make_entry(&en, s, tried, refused);
    snprintf(en.id, sizeof en.id, "%s", id);
    bool ok = spool_commit(&spool, &en, &s->message, e);
    snprintf(id, sizeof en.id, "%s", en.id);
    entry_clear(&en);
    spool_close(&spool);
    return ok;
}

void spooling_start(struct submission *s)
{
    struct spooling_context context = {s->args, s->host};
    struct runner r;
    struct spool spool;
    struct err e;

    bool ok = spooling_open(&spool, s->host, false, &e);
    if (ok) {
        spooling_runner(&r, &context, &spool);
        ok = runner_start(&r, &e);
        spool_close(&spool);
    }
    /* The message is safe; the next one, or a timer, starts a runner. */
    if (!ok && (s->args->verbose || s->host->stderr_is_terminal))
        log_line(_("warning: nobody runs the queue: %s"), e.text);
}
