/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/submission.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/say.h"
#include "cmd/exitcode.h"
#include "cmd/plan.h"
#include "cmd/progress.h"
#include "cmd/result.h"
#include "mail/xtext.h"
#include "cmd/spooling.h"
#include "relay/narrow.h"
#include "relay/prepare.h"
#include "relay/report.h"

void submission_init(struct submission *s, const struct args *a, struct host *h,
                     const struct config *c)
{
    *s = (struct submission){.args = a, .host = h, .config = c};
    message_init(&s->message, h->temporary);
}

void submission_clear(struct submission *s)
{
    strings_clear(&s->notes);
    envelope_clear(&s->envelope);
    message_clear(&s->message);
    account_clear(&s->account);
}

void submission_take(struct submission *s, struct envelope *v, struct message *m)
{
    const char *directory = m->body.directory;

    s->envelope = *v;
    *v = (struct envelope){0};
    message_clear(&s->message);
    s->message = *m;
    message_init(m, directory);
    s->sender_is_given = true;
}

bool submission_address(struct submission *s, struct err *e)
{
    const struct args *a = s->args;

    for (size_t i = 0; i < a->recipient_count; i++)
        if (!prepare_argument_recipients(&s->envelope, slice_of(a->recipients[i]), e))
            return false;
    if (a->recipients_from_header &&
        !prepare_header_recipients(&s->envelope, &s->message.header, e))
        return false;
    if (a->sender && !prepare_sender(&s->envelope.reverse_path, slice_of(a->sender), e))
        return false;
    s->sender_is_given = a->sender != NULL;
    return s->envelope.count ||
           err_set(e, ERR_USAGE, "%s", a->recipients_from_header
                                           ? _("no recipients in To, Cc and Bcc")
                                           : _("no recipients"));
}

/* The sender that was given, else the one of From if it is one of ours, chooses the account. */
bool submission_choose(struct submission *s, struct err *e)
{
    struct path from = {0};
    bool ok;

    if (s->selection.account)
        return true;
    if (s->sender_is_given) {
        ok = select_account(s->config, s->args->account, &s->envelope.reverse_path, &s->selection,
                            e);
    } else {
        bool known = prepare_header_sender(&from, &s->message.header);
        ok = select_account(s->config, s->args->account, known ? &from : NULL, &s->selection, e);
        if (ok && known && s->selection.by_sender)
            path_copy(&s->envelope.reverse_path, &from);
    }
    path_clear(&from);
    return ok && config_resolve(s->config, s->selection.account, &s->account, e);
}

const char *submission_domain(const struct submission *s)
{
    return s->account.domain ? s->account.domain : host_mail_domain(s->host);
}

/* Whose name stands for a sender that nobody has named. To the service any will do that tells that:
 * it knows who we are, and under which account's address that leaves. The service itself may serve
 * users without a name. */
static const char *find_user(const struct submission *s)
{
    if (account_default_sender(&s->account))
        return NULL;
    return s->account.hands_over || s->has_owner ? host_user_or_number(s->host)
                                                  : host_user(s->host);
}

static bool complete(struct submission *s, struct err *e)
{
    const char *full_name = s->args->full_name ? s->args->full_name : s->account.from_name;
    bool names_author = !header_has(&s->message.header, "From");

    struct preparation p = {
        .account = &s->account,
        .domain = submission_domain(s),
        .user = find_user(s),
        .full_name = full_name || !names_author ? full_name : host_full_name(s->host),
        .no_aliases = s->args->no_aliases,
        .envelope = &s->envelope,
        .message = &s->message,
    };
    bool ok = prepare_all(&p, e);
    s->notes = p.notes;
    return ok;
}

/* What the arguments ask of the servers on the way (RFC 3461, RFC 6152). */
static void ask(struct submission *s)
{
    const struct args *a = s->args;
    struct envelope *v = &s->envelope;

    if (a->ret)
        v->ret = a->ret;
    if (a->body)
        v->body = a->body;
    if (a->envid) {
        struct buf encoded;
        buf_init(&encoded, LIMIT_COMMAND);
        xtext_encode(&encoded, slice_of(a->envid));
        free(v->envid);
        v->envid = buf_take(&encoded);
    }
    for (size_t i = 0; a->notify && i < v->count; i++)
        v->recipients[i].notify = a->notify;
    v->require_tls = v->require_tls || a->require_tls;
    strings_copy(&v->mail_params, &a->mail_params);
    strings_copy(&v->rcpt_params, &a->rcpt_params);
}

bool submission_prepare(struct submission *s, struct err *e)
{
    ask(s);
    return submission_choose(s, e) && complete(s, e);
}

static void show_failures(const struct submission *s)
{
    struct strings lines = {0};

    if (s->args->errors == ERRORS_QUIET)
        return;
    report_failures(&s->delivery, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        if (slice_has_prefix(slice_of(lines.items[i]), SLICE("hint: ")))
            log_note("%s", lines.items[i]);
        else
            log_line("%s", lines.items[i]);
    }
    strings_clear(&lines);
}

static bool is_watched(const struct submission *s)
{
    return s->args->verbose || s->host->stderr_is_terminal;
}

/* Callers take any output for an error, and a warning is none: it is for who watches, else for the
 * log. */
static void warn(const struct submission *s, const struct err *e)
{
    if (is_watched(s))
        log_line(_("warning: %s"), e->text);
    else
        report_warning(&s->delivery, e->text);
}

static void write_log(struct submission *s)
{
    struct err e;

    if (!report_log(&s->delivery, !s->host->stderr_is_terminal, &e))
        warn(s, &e);
}

/* -oem and its kind: who reads no stderr finds what was refused in the queue. */
static bool keeps_refused(const struct submission *s)
{
    return s->args->errors == ERRORS_MAIL;
}

/* Is there something to keep? */
static bool is_to_keep(const struct submission *s)
{
    if (s->account.queue == ACCOUNT_QUEUE_NEVER)
        return false;
    for (size_t i = 0; i < s->envelope.count; i++) {
        enum verdict verdict = s->envelope.recipients[i].outcome.verdict;
        if (verdict == VERDICT_DEFERRED || verdict == VERDICT_IN_DOUBT ||
            (verdict == VERDICT_REFUSED && keeps_refused(s)))
            return true;
    }
    return false;
}

/* Those that are in the queue need not be told about, nor count for the exit status. */
static void pass_queued(struct envelope *v)
{
    for (size_t i = 0; i < v->count; i++) {
        struct outcome *o = &v->recipients[i].outcome;
        if (o->verdict == VERDICT_REFUSED)
            continue;
        outcome_clear(o);
        o->verdict = VERDICT_DELIVERED;
    }
}

/* What could not be delivered now is kept; `id` is its name in the queue. Callers take any output
 * for an error, so that only somebody who watches is told. */
static void keep(struct submission *s, char *id)
{
    struct err e;

    s->delivery.queued = spooling_commit(s, true, keeps_refused(s), id, &e);
    if (s->delivery.queued)
        s->delivery.id = id;
    write_log(s);
    if (!s->delivery.queued || is_watched(s))
        show_failures(s);
    if (!s->delivery.queued) {
        if (s->args->errors != ERRORS_QUIET)
            log_line(_("not queued: %s"), e.text);
        return;
    }
    if (is_watched(s))
        log_line(_("queued as %s"), id);
    spooling_start(s);
    pass_queued(&s->envelope);
    if (!is_watched(s))
        show_failures(s);
}

static void describe(struct submission *s)
{
    s->delivery = (struct delivery){
        .account = &s->account,
        .message = &s->message,
        .envelope = &s->envelope,
        .hello = host_hello(s->host),
        .transcript = s->args->verbose ? spooling_transcript() : NULL,
        .has_owner = s->has_owner,
        .owner = s->owner,
        .log_tag = s->args->log_tag,
    };
    for (size_t i = 0; i < s->args->unheeded.count; i++)
        report_note(&s->delivery, !s->host->stderr_is_terminal, s->args->unheeded.items[i]);
}

/* With -v the dialogue tells how far it is. */
static void relay(struct submission *s)
{
    struct progress bar;
    struct progress_watch watch = {progress_show, &bar};

    progress_begin(&bar, "sending", message_size(&s->message),
                   s->shows_progress && s->host->stderr_is_terminal && !s->args->verbose);
    s->delivery.watch = &watch;
    relay_deliver(&s->delivery);
    s->delivery.watch = NULL;
    progress_end(&bar);
}

static int deliver(struct submission *s)
{
    char id[ENTRY_ID_MAX + 1] = "";

    describe(s);
    /* Where something may be queued, the runner is a child of ours, and needs what we have. */
    if (s->account.queue == ACCOUNT_QUEUE_NEVER)
        narrow_process(&s->account, NULL, s->host->temporary);
    relay(s);
    if (s->delivery.warning.kind != ERR_NONE)
        warn(s, &s->delivery.warning);
    if (is_to_keep(s)) {
        keep(s, id);
    } else {
        write_log(s);
        show_failures(s);
    }
    s->delivery.id = NULL;
    return exit_status_of_envelope(&s->envelope);
}

/* Recipients whose alias leads nowhere are kept too: their sender hears of them by mail. */
bool submission_keep(struct submission *s, char *id, struct err *e)
{
    describe(s);
    if (!spooling_commit(s, false, true, id, e))
        return false;
    s->delivery.queued = true;
    s->delivery.id = id;
    write_log(s);
    s->delivery.id = NULL;
    return true;
}

/* The disk first. A disk that does not want it is no reason to refuse what the server may take. */
static int queue_and_go(struct submission *s)
{
    char id[ENTRY_ID_MAX + 1] = "";
    struct err e;

    if (!submission_keep(s, id, &e)) {
        if (is_watched(s))
            log_line(_("not queued: %s"), e.text);
        return deliver(s);
    }
    if (is_watched(s))
        log_line(_("queued as %s"), id);
    if (s->args->delivery != DELIVERY_QUEUE)
        spooling_start(s);
    return EX_OK;
}

/* The caller's -od counts before the account's `queue`, but for "never". */
static bool is_queued_first(const struct submission *s)
{
    if (s->account.queue == ACCOUNT_QUEUE_NEVER || s->args->delivery == DELIVERY_NOW)
        return false;
    return s->account.queue == ACCOUNT_QUEUE_ALWAYS || s->args->delivery != DELIVERY_AS_CONFIGURED;
}

int submission_dispatch(struct submission *s)
{
    /* Over SMTP standard output belongs to the conversation. */
    bool json = s->args->json && s->args->mode == MODE_SUBMIT;

    if (s->args->dry_run && !json)
        return plan_show(s);
    int status = s->args->dry_run     ? EX_OK
                 : is_queued_first(s) ? queue_and_go(s)
                                      : deliver(s);
    return json ? result_print(s, NULL, status) : status;
}

int submission_fail(struct submission *s, const struct err *e)
{
    if (s->args->errors != ERRORS_QUIET)
        log_line("%s", e->text);
    int status = exit_status_of_err(e);
    return s->args->json && s->args->mode == MODE_SUBMIT ? result_print(s, e, status) : status;
}

int submission_refuse(struct args *a, struct host *h, int argc, char *const argv[],
                      const struct err *e)
{
    struct submission s;

    a->json = !a->as_sendmail && args_say_json(argc, argv);
    a->mode = MODE_SUBMIT;
    a->errors = ERRORS_PRINT;
    submission_init(&s, a, h, NULL);
    int status = submission_fail(&s, e);
    submission_clear(&s);
    return status;
}
