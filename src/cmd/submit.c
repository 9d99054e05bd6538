/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/submit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "account/select.h"
#include "base/log.h"
#include "cmd/exitcode.h"
#include "cmd/sources.h"
#include "relay/prepare.h"
#include "relay/relay.h"
#include "relay/report.h"

/* One submission on its way. */
struct submission {
    const struct args *args;
    struct host *host;
    struct config *config;
    struct selection selection;
    struct account account;
    struct message message;
    struct envelope envelope;
    struct strings notes;
};

static bool read_message(struct submission *s, bool no_stdin, struct err *e)
{
    if (no_stdin)
        return err_set(e, ERR_IO, "there is no standard input to read a message from");
    if (!message_read(&s->message, STDIN_FILENO, !s->args->dot_is_text, e))
        return false;
    if (!s->message.is_empty)
        return true;
    bool addressed = s->args->recipient_count > 0;
    return err_set(e, addressed ? ERR_DATA : ERR_USAGE, "%s",
                   addressed ? "the message is empty: nothing came on standard input"
                             : "no recipients and no message on standard input: see --help");
}

static bool collect_recipients(struct submission *s, struct err *e)
{
    const struct args *a = s->args;

    for (size_t i = 0; i < a->recipient_count; i++)
        if (!prepare_argument_recipients(&s->envelope, slice_of(a->recipients[i]), e))
            return false;
    if (a->recipients_from_header && !prepare_header_recipients(&s->envelope, &s->message.header, e))
        return false;
    return s->envelope.count || err_set(e, ERR_USAGE, "no recipients%s",
                                        a->recipients_from_header ? " in To, Cc and Bcc" : "");
}

/* The sender of -f, else the one of From if it is one of ours, chooses the account. */
static bool choose_account(struct submission *s, struct err *e)
{
    struct path from = {0};
    bool ok;

    if (s->args->sender && !prepare_sender(&s->envelope.reverse_path, slice_of(s->args->sender), e))
        return false;
    if (s->args->sender) {
        ok = select_account(s->config, s->args->account, &s->envelope.reverse_path, &s->selection, e);
    } else {
        bool known = prepare_header_sender(&from, &s->message.header);
        ok = select_account(s->config, s->args->account, known ? &from : NULL, &s->selection, e);
        if (ok && known && s->selection.by_sender)
            path_copy(&s->envelope.reverse_path, &from);
    }
    path_clear(&from);
    return ok && config_resolve(s->config, s->selection.account, &s->account, e);
}

static bool prepare_submission(struct submission *s, struct err *e)
{
    bool names_author = !header_has(&s->message.header, "From");
    struct preparation p = {
        .account = &s->account,
        .domain = s->account.domain ? s->account.domain : host_mail_domain(s->host),
        .user = account_default_sender(&s->account) ? NULL : host_user(s->host),
        .full_name = s->args->full_name ? s->args->full_name
                     : names_author     ? host_full_name(s->host)
                                        : NULL,
        .envelope = &s->envelope,
        .message = &s->message,
    };
    bool ok = prepare_all(&p, e);
    s->notes = p.notes;
    return ok;
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

static void show_failures(const struct delivery *d)
{
    struct strings lines = {0};

    report_failures(d, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        if (slice_has_prefix(slice_of(lines.items[i]), SLICE("hint: ")))
            log_note("%s", lines.items[i]);
        else
            log_line("%s", lines.items[i]);
    }
    strings_clear(&lines);
}

static int deliver(struct submission *s)
{
    struct transcript transcript = {.sink = show_line};
    struct delivery d = {
        .account = &s->account,
        .message = &s->message,
        .envelope = &s->envelope,
        .hello = host_hello(s->host),
        .transcript = s->args->verbose ? &transcript : NULL,
    };
    struct err e;

    relay_deliver(&d);
    show_failures(&d);
    if (!report_log(&d, !s->host->stderr_is_terminal, &e))
        log_line("warning: %s", e.text);
    return exit_status_of_envelope(&s->envelope);
}

static void print_path(const char *label, const struct path *path)
{
    struct buf text;

    buf_init(&text, LIMIT_PATH * 4);
    log_clean(&text, path_address(path));
    printf("%s<%s>\n", label, text.data ? text.data : "");
    buf_clear(&text);
}

/* --dry-run: everything but the network. */
static int show_plan(const struct submission *s)
{
    const struct message *m = &s->message;
    bool utf8 = m->has_8bit_header || envelope_has_utf8_local(&s->envelope) ||
                envelope_has_utf8_domain(&s->envelope);

    printf("account: %s (%s)\n", s->selection.account, s->selection.why);
    if (s->account.socket)
        printf("server: %s\n", s->account.socket);
    for (size_t i = 0; i < s->account.host.count; i++)
        printf("server: %s:%u\n", s->account.host.items[i], account_port(&s->account));
    print_path("from: ", &s->envelope.reverse_path);
    for (size_t i = 0; i < s->envelope.count; i++)
        print_path("to: ", &s->envelope.recipients[i].path);
    for (size_t i = 0; i < s->notes.count; i++)
        printf("header: %s\n", s->notes.items[i]);
    printf("size: %" PRIu64 "\n", message_size(m));
    printf("content: %s\n", utf8 ? "utf8" : m->has_8bit ? "8bit" : "7bit");
    if (fflush(stdout) != 0) {
        log_line("cannot write to standard output");
        return EX_IOERR;
    }
    return EX_OK;
}

static bool get_ready(struct submission *s, bool no_stdin, struct err *e)
{
    return sources_read(s->args, s->host, &s->config, e) && read_message(s, no_stdin, e) &&
           collect_recipients(s, e) && choose_account(s, e) && prepare_submission(s, e);
}

int submit(const struct args *a, struct host *h, bool no_stdin)
{
    struct submission s = {.args = a, .host = h};
    struct err e;
    int status;

    message_init(&s.message, h->temporary);
    if (!get_ready(&s, no_stdin, &e)) {
        log_line("%s", e.text);
        status = exit_status_of_err(&e);
    } else {
        status = a->dry_run ? show_plan(&s) : deliver(&s);
    }
    strings_clear(&s.notes);
    envelope_clear(&s.envelope);
    message_clear(&s.message);
    account_clear(&s.account);
    config_free(s.config);
    return status;
}
