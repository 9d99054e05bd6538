/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"
#include "base/say.h"
#include "mail/date.h"
#include "relay/hint.h"

/* Recipients that a log record lists by name. */
#define RECIPIENTS_LOGGED 20

/* An alias led nowhere, before there was a server. */
static bool is_alias(const struct recipient *r)
{
    const char *step = r->outcome.step;

    return !r->outcome.by_server && step && strcmp(step, "alias") == 0;
}

/* "recipient <a@b> refused: 550 5.1.1 unknown" or "cannot connect: ...". */
static void put_reason(struct buf *out, const struct recipient *r, bool name)
{
    const struct outcome *o = &r->outcome;
    bool is_recipient = o->by_server && strcmp(o->step, "recipient") == 0;

    if ((name || is_alias(r)) && !is_recipient) {
        buf_put_text(out, "recipient ");
        path_format(out, &r->path);
        buf_put_text(out, ": ");
    }
    if (o->verdict == VERDICT_IN_DOUBT) {
        buf_put_format(out, "outcome unknown: the whole message was sent, its confirmation never "
                            "came; it may have been delivered: %s", o->text ? o->text : "");
        return;
    }
    if (o->by_server) {
        buf_put_text(out, o->step);
        if (is_recipient) {
            buf_put_byte(out, ' ');
            path_format(out, &r->path);
        }
        buf_put_text(out, o->kind == ERR_PROTOCOL              ? ": unexpected answer: "
                          : o->verdict == VERDICT_DEFERRED ? " deferred: "
                                                           : " refused: ");
    }
    buf_put_text(out, o->text ? o->text : verdict_name(o->verdict));
}

/* Where some have the message, a line that speaks of the others has to name them. */
static bool has_delivered(const struct envelope *v)
{
    size_t i = 0;

    while (i < v->count && v->recipients[i].outcome.verdict != VERDICT_DELIVERED)
        i++;
    return i < v->count;
}

static void add_hint(const struct delivery *d, const struct outcome *o, struct strings *lines)
{
    const char *hint = hint_find(d->account->hands_over ? HINT_SERVICE : d->server, o);
    struct buf text;

    if (!hint)
        return;
    buf_init(&text, LIMIT_LOG_LINE);
    buf_put_format(&text, "hint: %s", say(hint));
    if (!lines->count || strcmp(lines->items[lines->count - 1], text.data) != 0)
        strings_add(lines, buf_slice(&text));
    buf_clear(&text);
}

/* Recipients that share a reason stand side by side in nearly every case: comparing with the line
 * before is enough. */
void report_failures(const struct delivery *d, struct strings *lines)
{
    const struct envelope *v = d->envelope;
    bool name = has_delivered(v);
    struct buf line, last;

    buf_init(&line, LIMIT_LOG_LINE);
    buf_init(&last, LIMIT_LOG_LINE);
    for (size_t i = 0; i < v->count; i++) {
        const struct recipient *r = &v->recipients[i];
        if (r->outcome.verdict == VERDICT_DELIVERED)
            continue;
        buf_reset(&line);
        buf_put_format(&line, "%s: ", d->account->name);
        if (*d->server && !is_alias(r))
            buf_put_format(&line, "%s: ", d->server);
        put_reason(&line, r, name);
        if (!slice_eq(buf_slice(&line), buf_slice(&last))) {
            strings_add(lines, buf_slice(&line));
            add_hint(d, &r->outcome, lines);
        }
        buf_reset(&last);
        buf_put_slice(&last, buf_slice(&line));
    }
    buf_clear(&line);
    buf_clear(&last);
}

static void put_recipients(struct buf *out, const struct envelope *v)
{
    size_t shown = v->count < RECIPIENTS_LOGGED ? v->count : RECIPIENTS_LOGGED;

    for (size_t i = 0; i < shown; i++) {
        buf_put_text(out, i ? "," : "");
        buf_put_slice(out, path_address(&v->recipients[i].path));
    }
    if (shown < v->count)
        buf_put_format(out, ",+%zu", v->count - shown);
}

static void put_text(struct buf *out, const char *key, const char *text)
{
    log_field(out, key, slice_of(text));
}

static void put_number(struct buf *out, const char *key, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, number);
    put_text(out, key, text);
}

static void put_fate(struct buf *out, const struct delivery *d)
{
    const struct envelope *v = d->envelope;
    const struct recipient *worst = envelope_worst(v);
    const struct outcome *o = worst ? &worst->outcome : &(const struct outcome){0};
    size_t delivered = 0;

    for (size_t i = 0; i < v->count; i++)
        delivered += v->recipients[i].outcome.verdict == VERDICT_DELIVERED;
    bool partial = delivered > 0 && delivered < v->count;
    bool waits = d->queued && o->verdict != VERDICT_REFUSED;
    put_text(out, "status", partial ? "partial" : waits ? "queued" : verdict_name(o->verdict));
    put_number(out, "code", o->code);
}

static void put_message_id(struct buf *out, const struct header *h)
{
    size_t index = header_find(h, "Message-ID", 0);

    if (index < h->count)
        log_field(out, "mailid", slice_trim(header_value(h, index)));
}

void report_record(const struct delivery *d, struct buf *out)
{
    const struct recipient *worst = envelope_worst(d->envelope);
    char id[17], delay[32];
    struct buf text;

    random_name(id, sizeof id - 1);
    buf_init(&text, LIMIT_LOG_LINE);
    put_text(out, "id", d->id ? d->id : id);
    put_text(out, "account", d->account->name);
    put_text(out, "host", d->server);
    put_text(out, "tls", d->tls.version[0] ? d->tls.version : "no");
    put_text(out, "auth", d->mechanism ? d->mechanism : "no");
    if (d->has_owner)
        put_number(out, "uid", d->owner);
    log_field(out, "from", path_address(&d->envelope->reverse_path));
    put_recipients(&text, d->envelope);
    log_field(out, "recipients", buf_slice(&text));
    put_number(out, "size", message_size(d->message));
    put_message_id(out, &d->message->header);
    put_fate(out, d);
    snprintf(delay, sizeof delay, "%" PRId64 ".%03" PRId64, d->milliseconds / 1000,
             d->milliseconds % 1000);
    put_text(out, "delay", delay);
    put_text(out, "reply", worst && worst->outcome.text ? worst->outcome.text : "");
    buf_clear(&text);
}

static bool append_to_file(const char *path, struct slice record, struct err *e)
{
    struct buf line;

    buf_init(&line, record.len + 64);
    buf_put_text(&line, "time=");
    date_format_iso(&line, clock_wall());
    buf_put_byte(&line, ' ');
    buf_put_slice(&line, record);
    bool ok = file_append_line(path, buf_slice(&line), e);
    buf_clear(&line);
    return ok || err_wrap(e, "log-file");
}

static bool wants_syslog(const struct delivery *d, bool quiet_stderr)
{
    return d->account->syslog == ACCOUNT_SYSLOG_YES ||
           (d->account->syslog == ACCOUNT_SYSLOG_AUTO && quiet_stderr);
}

bool report_log(const struct delivery *d, bool quiet_stderr, struct err *e)
{
    const struct recipient *worst = envelope_worst(d->envelope);
    bool failed = worst && worst->outcome.verdict != VERDICT_DELIVERED;
    bool syslog = wants_syslog(d, quiet_stderr);
    struct buf record;

    if (!syslog && !d->account->log_file)
        return true;
    buf_init(&record, (size_t)4 * LIMIT_LOG_LINE);
    report_record(d, &record);
    if (syslog)
        log_syslog(d->log_tag, failed, buf_slice(&record));
    bool ok = !d->account->log_file || append_to_file(d->account->log_file, buf_slice(&record), e);
    buf_clear(&record);
    return ok;
}

static void begin_note(const struct delivery *d, const char *key, const char *text,
                       struct buf *record)
{
    buf_init(record, (size_t)4 * LIMIT_LOG_LINE);
    put_text(record, "account", d->account->name);
    put_text(record, key, text);
}

void report_note(const struct delivery *d, bool quiet_stderr, const char *note)
{
    struct buf record;
    struct err ignored;

    begin_note(d, "unheeded", note, &record);
    if (wants_syslog(d, quiet_stderr))
        log_syslog(d->log_tag, false, buf_slice(&record));
    /* A file that cannot be written is told with the attempt itself. */
    if (d->account->log_file)
        append_to_file(d->account->log_file, buf_slice(&record), &ignored);
    buf_clear(&record);
}

void report_warning(const struct delivery *d, const char *warning)
{
    const char *file = d->account->log_file;
    struct buf record;
    struct err ignored;

    begin_note(d, "warning", warning, &record);
    bool taken = file && append_to_file(file, buf_slice(&record), &ignored);
    if (!taken || wants_syslog(d, true))
        log_syslog(d->log_tag, true, buf_slice(&record));
    buf_clear(&record);
}
