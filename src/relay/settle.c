/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/settle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "mail/dsn.h"
#include "queue/schedule.h"
#include "relay/report.h"

void settle_complain(const struct keeper *k, const char *id, const struct err *e)
{
    struct buf line;

    if (k->talks)
        log_line("%s: %s", id, e->text);
    if (!k->quiet)
        return;
    buf_init(&line, LIMIT_LOG_LINE);
    log_field(&line, "id", slice_of(id));
    log_field(&line, "error", slice_of(e->text));
    log_syslog(NULL, true, buf_slice(&line));
    buf_clear(&line);
}

/* Login wanted or refused (RFC 4954 6): whatever command it answers. */
static bool is_about_login(const struct outcome *o)
{
    return o->by_server && (o->code == 530 || o->code == 534 || o->code == 535 || o->code == 538);
}

static bool is_final(const struct outcome *o)
{
    return o->verdict == VERDICT_REFUSED && !is_about_login(o) &&
           (o->kind == ERR_NONE || o->kind == ERR_DATA || o->kind == ERR_REFUSED);
}

/* May time decide? Not when what is wrong is here. */
static bool may_expire(const struct outcome *o)
{
    switch (o->kind) {
    case ERR_CONFIG: case ERR_AUTH: case ERR_TLS: case ERR_USAGE:
    case ERR_OS: case ERR_IO: case ERR_CREATE: case ERR_HELPER:
        return false;
    default:
        return !is_about_login(o);
    }
}

bool settle_is_slow_down(const struct envelope *v)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct outcome *o = &v->recipients[i].outcome;
        bool policy = o->status.klass == 4 && o->status.subject == 7 && o->status.detail == 0;
        if (o->verdict == VERDICT_DEFERRED && o->by_server && (o->code == 421 || policy))
            return true;
    }
    return false;
}

void settle_decided(struct envelope *v)
{
    for (size_t i = 0; i < v->count; i++) {
        struct outcome *o = &v->recipients[i].outcome;
        if (o->verdict == VERDICT_REFUSED && o->step && strcmp(o->step, "alias") == 0)
            o->kind = ERR_REFUSED;
    }
}

void settle_prepare(struct entry *en)
{
    struct envelope *v = &en->envelope;

    for (size_t i = 0; i < v->count; i++)
        if (entry_is_pending(&v->recipients[i]))
            outcome_clear(&v->recipients[i].outcome);
}

/* "5d" for people. */
static void put_span(struct buf *out, unsigned long seconds)
{
    static const struct {
        unsigned long seconds;
        char letter;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t i = 0;

    while (i < 3 && (seconds < units[i].seconds || seconds % units[i].seconds))
        i++;
    buf_put_format(out, "%lu%c", seconds / units[i].seconds, units[i].letter);
}

static void expire(struct outcome *o, unsigned long lifetime)
{
    struct buf text;

    buf_init(&text, LIMIT_REPLY_TEXT + 64);
    buf_put_text(&text, "not delivered within ");
    put_span(&text, lifetime);
    buf_put_format(&text, "; last: %s", o->text ? o->text : "no attempt succeeded");
    free(o->text);
    o->text = buf_take(&text);
    o->verdict = VERDICT_REFUSED;
    o->kind = ERR_REFUSED;
    o->by_server = false;
    o->status = (struct status){.klass = 4, .subject = 4, .detail = 7};
    buf_clear(&text);
}

/* After an attempt: what was refused only because something is wrong here is deferred; what has
 * waited too long is refused. */
static void judge(struct entry *en, const struct account *account)
{
    struct envelope *v = &en->envelope;

    for (size_t i = 0; i < v->count; i++) {
        struct outcome *o = &v->recipients[i].outcome;
        if (*entry_bounce(en, i) || o->verdict == VERDICT_DELIVERED)
            continue;
        if (o->verdict == VERDICT_REFUSED && !is_final(o))
            o->verdict = VERDICT_DEFERRED;
        if (o->verdict != VERDICT_REFUSED && may_expire(o) &&
            schedule_is_over(en->age, account->queue_lifetime))
            expire(o, account->queue_lifetime);
    }
}

/* RFC 3461 4.1: NOTIFY without FAILURE asks for silence. */
static bool wants_bounce(const struct entry *en, size_t index)
{
    const struct recipient *r = &en->envelope.recipients[index];

    return r->outcome.verdict == VERDICT_REFUSED && !*entry_bounce(en, index) &&
           (r->notify == 0 || (r->notify & NOTIFY_FAILURE));
}

static bool write_bounce(const struct keeper *k, const struct taken *t, const bool *failed,
                         struct message *bounce, struct err *e)
{
    const struct entry *en = &t->entry;
    struct message original;
    struct buf text;

    if (!taken_message(t, &original, e)) {
        message_clear(&original);
        return false;
    }
    struct dsn d = {
        .host = k->host, .domain = k->domain, .now = clock_wall(), .arrival = en->created,
        .envelope = &en->envelope, .failed = failed, .remote = en->server,
        .header = &original.header,
    };
    buf_init(&text, LIMIT_ENVELOPE_FILE);
    dsn_write(&d, &text);
    bool ok = (!text.overflow || err_set(e, ERR_DATA, "the bounce is too large")) &&
              message_set(bounce, buf_slice(&text), e);
    buf_clear(&text);
    message_clear(&original);
    return ok;
}

static bool commit_bounce(const struct keeper *k, const struct taken *t, const char *id,
                          const struct message *message, struct err *e)
{
    const struct entry *en = &t->entry;
    struct entry bounce = {.created = clock_wall(), .last = clock_wall()};
    struct path to, null;

    snprintf(bounce.id, sizeof bounce.id, "%s", id);
    bounce.account = mem_strdup(en->account);
    bounce.config = en->config ? mem_strdup(en->config) : NULL;
    bounce.about = mem_strdup(en->id);
    strings_copy(&bounce.settings, &en->settings);
    bounce.has_owner = en->has_owner;
    bounce.owner = en->owner;
    path_copy(&to, &en->envelope.reverse_path);
    bool ok = path_parse(&null, SLICE("<>"), e);
    bounce.envelope.reverse_path = null;
    envelope_add(&bounce.envelope, &to);
    ok = ok && spool_commit(k->spool, &bounce, message, e);
    entry_clear(&bounce);
    return ok;
}

/* The bounce that tells of all newly refused recipients is in the queue when this returns true. */
static bool make_bounce(const struct keeper *k, struct taken *t, const bool *failed, struct err *e)
{
    struct entry *en = &t->entry;
    char id[ENTRY_ID_MAX + 1];
    struct message message;

    if (!entry_bounce_name(id, en->id, en->tries))
        return err_set(e, ERR_DATA, "no name for its bounce");
    message_init(&message, NULL);
    bool ok = write_bounce(k, t, failed, &message, e) && commit_bounce(k, t, id, &message, e);
    message_clear(&message);
    for (size_t i = 0; ok && i < en->envelope.count; i++)
        if (failed[i])
            entry_set_bounce(en, i, id);
    return ok;
}

/* No bounce of a bounce, and none to nobody: then the message stays as failed. If the bounce cannot
 * be queued now, its recipients are tried again and refused again, and told then. */
static void tell_sender(const struct keeper *k, struct taken *t)
{
    struct envelope *v = &t->entry.envelope;
    bool *failed = mem_alloc((v->count + 1) * sizeof *failed);
    bool any = false;
    struct err e;

    if (!t->entry.about && !path_is_null(&v->reverse_path))
        for (size_t i = 0; i < v->count; i++)
            any |= failed[i] = wants_bounce(&t->entry, i);
    if (any && !make_bounce(k, t, failed, &e)) {
        settle_complain(k, t->entry.id, &e);
        for (size_t i = 0; i < v->count; i++)
            if (failed[i])
                v->recipients[i].outcome.verdict = VERDICT_DEFERRED;
    }
    free(failed);
}

/* The recipients that `bounce` tells of: done with, or failed for good. */
static void end_bounce(const struct keeper *k, const char *id, const char *bounce, bool delivered)
{
    struct taken t;
    struct err e;

    enum spool_found found = spool_take(k->spool, id, &t, &e);
    if (found != SPOOL_FOUND)
        return;
    struct envelope *v = &t.entry.envelope;
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(entry_bounce(&t.entry, i), bounce) == 0) {
            entry_set_bounce(&t.entry, i, "");
            if (delivered)
                v->recipients[i].outcome.verdict = VERDICT_DELIVERED;
        }
    entry_forget_served(&t.entry);
    bool ok = v->count ? spool_update(k->spool, &t, &e) : spool_remove(k->spool, id, &e);
    if (!ok)
        settle_complain(k, id, &e);
    taken_release(&t);
}

/* Is the message at `id` free of recipients that wait for this bounce? */
static bool is_settled(const struct keeper *k, const char *id, const char *bounce)
{
    struct entry en;
    struct err e;
    bool waits = false;

    enum spool_found found = spool_look(k->spool, id, &en, &e);
    for (size_t i = 0; found == SPOOL_FOUND && i < en.envelope.count; i++)
        waits = waits || strcmp(entry_bounce(&en, i), bounce) == 0;
    entry_clear(&en);
    return found == SPOOL_GONE || (found == SPOOL_FOUND && !waits);
}

bool settle_bounce_failed(const struct keeper *k, const struct entry *bounce)
{
    struct err e;

    end_bounce(k, bounce->about, bounce->id, false);
    if (!is_settled(k, bounce->about, bounce->id))
        return false;
    if (!spool_remove(k->spool, bounce->id, &e))
        settle_complain(k, bounce->id, &e);
    return true;
}

static bool exists(const struct keeper *k, const char *id)
{
    struct entry en;
    struct err e;

    enum spool_found found = spool_look(k->spool, id, &en, &e);
    entry_clear(&en);
    return found != SPOOL_GONE;
}

bool settle_bounces(const struct keeper *k, const struct entry *seen)
{
    bool settled = true;

    if (seen->about && entry_state(seen) == ENTRY_FAILED)
        settled = settle_bounce_failed(k, seen);
    for (size_t i = 0; i < seen->envelope.count; i++) {
        const char *bounce = entry_bounce(seen, i);
        bool is_new = *bounce && (i == 0 || strcmp(bounce, entry_bounce(seen, i - 1)) != 0);
        if (is_new && !exists(k, bounce)) {
            end_bounce(k, seen->id, bounce, true);
            settled = settled && is_settled(k, seen->id, bounce);
        }
    }
    return settled;
}

static void report(const struct keeper *k, const struct delivery *d, const char *id)
{
    struct strings lines = {0};
    struct err e;

    if (!report_log(d, k->quiet, &e))
        settle_complain(k, id, &e);
    if (d->warning.kind != ERR_NONE)
        settle_complain(k, id, &d->warning);
    if (k->talks)
        report_failures(d, &lines);
    for (size_t i = 0; i < lines.count; i++)
        if (slice_has_prefix(slice_of(lines.items[i]), SLICE("hint: ")))
            log_note("%s", lines.items[i]);
        else
            log_line("%s: %s", id, lines.items[i]);
    strings_clear(&lines);
}

static void count_attempt(struct entry *en, const struct account *account, const char *server,
                          bool down)
{
    time_t now = clock_wall();
    uint32_t dice;

    random_bytes(&dice, sizeof dice);
    en->tries++;
    en->age = schedule_age((unsigned long)en->age, en->last, now);
    en->last = now;
    en->down = down;
    en->next = now + (time_t)schedule_pause(account->retry_after, (unsigned long)en->tries, dice);
    if (server && *server) {
        free(en->server);
        en->server = mem_strdup(server);
    }
}

static enum settled write_back(const struct keeper *k, struct taken *t)
{
    struct entry *en = &t->entry;
    struct err e;

    if (en->envelope.count == 0 ? spool_remove(k->spool, en->id, &e)
                                : spool_update(k->spool, t, &e))
        return en->envelope.count ? SETTLED_KEPT : SETTLED_GONE;
    settle_complain(k, en->id, &e);
    return SETTLED_NOT;
}

enum settled settle_attempt(const struct keeper *k, struct taken *t, const struct account *account,
                            const struct delivery *d, bool down)
{
    struct entry *en = &t->entry;

    report(k, d, en->id);
    count_attempt(en, account, d->server, down);
    judge(en, account);
    entry_forget_served(en);
    tell_sender(k, t);
    enum settled settled = write_back(k, t);
    if (en->about && settled == SETTLED_GONE)
        end_bounce(k, en->about, en->id, true);
    else if (en->about && settled == SETTLED_KEPT && entry_state(en) == ENTRY_FAILED)
        settle_bounce_failed(k, en);
    return settled;
}

void settle_first(struct entry *en, const struct account *account, const struct delivery *d)
{
    const struct recipient *worst = envelope_worst(&en->envelope);
    bool down = (worst && !worst->outcome.by_server) || settle_is_slow_down(&en->envelope);

    count_attempt(en, account, d->server, down);
}
