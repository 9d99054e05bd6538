/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/send.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/say.h"
#include "cmd/compose.h"
#include "cmd/exitcode.h"
#include "cmd/heading.h"
#include "cmd/preview.h"
#include "cmd/progress.h"
#include "cmd/sources.h"
#include "cmd/submission.h"
#include "mail/date.h"
#include "relay/prepare.h"

/* With SOURCE_DATE_EPOCH the fields that say when and which are made here, of the same input always
 * the same; else they are added as to every message. */
static bool add_dated_fields(const struct composition *c, struct submission *s, struct err *e)
{
    struct slice domain = path_domain(&s->envelope.reverse_path);
    struct buf date, id;

    if (!c->is_dated)
        return true;
    buf_init(&date, 64);
    buf_init(&id, LIMIT_PATH);
    date_format_utc(&date, c->date);
    buf_put_format(&id, "<%s@", c->unique);
    buf_put_slice(&id, domain.len ? domain : SLICE("localhost"));
    buf_put_byte(&id, '>');
    bool ok = (header_has(&s->message.header, "Date") ||
               header_add(&s->message.header, "Date", buf_slice(&date), e)) &&
              (header_has(&s->message.header, "Message-ID") ||
               header_add(&s->message.header, "Message-ID", buf_slice(&id), e));
    buf_clear(&date);
    buf_clear(&id);
    return ok;
}

/* Header and envelope, complete, and no body yet: whether it may go as it is large is decided
 * before a file is read. */
static bool prepare(const struct composition *c, struct submission *s, struct err *e)
{
    struct header *h = &s->message.header;

    s->sender_is_given = c->letter->from != NULL;
    return heading_write_sender(c->letter, h, &s->envelope, e) && submission_choose(s, e) &&
           heading_write(c->letter, submission_domain(s), h, &s->envelope, e) &&
           add_dated_fields(c, s, e) && mime_add_fields(c->root, h, e) &&
           submission_prepare(s, e) &&
           prepare_size_check(&s->account, message_size(&s->message) + mime_size(c->root), e);
}

static bool encode(const struct composition *c, struct submission *s, struct err *e)
{
    struct progress bar;
    struct progress_watch watch = {progress_show, &bar};

    progress_begin(&bar, "encoding", mime_size(c->root), s->host->stderr_is_terminal);
    bool ok = mime_write(c->root, &s->message.body, &watch, e);
    progress_end(&bar);
    return ok && message_measure_body(&s->message, e);
}

static int submit_letter(struct letter *l, struct composition *c, struct host *h, int stdin_fd)
{
    struct config *config = NULL;
    struct submission s;
    struct err e;

    bool ok = sources_read(&l->args, h, &config, &e);
    submission_init(&s, &l->args, h, config);
    s.shows_progress = true;
    ok = ok && compose(c, stdin_fd, &e) && prepare(c, &s, &e) && encode(c, &s, &e);
    int status = ok ? submission_dispatch(&s) : submission_fail(&s, &e);
    submission_clear(&s);
    config_free(config);
    return status;
}

static int preview(const struct letter *l, struct composition *c, int stdin_fd)
{
    struct envelope v = {0};
    struct header header;
    struct err e;
    int status;

    header_init(&header);
    if (compose(c, stdin_fd, &e) && heading_write_sender(l, &header, &v, &e) &&
        heading_write(l, NULL, &header, &v, &e)) {
        status = preview_show(&header, c->root);
    } else {
        log_line("%s", e.text);
        status = exit_status_of_err(&e);
    }
    header_clear(&header);
    envelope_clear(&v);
    return status;
}

static int print_help(void)
{
    struct buf text;

    buf_init(&text, 65536);
    letter_help(&text);
    fputs(text.data, stdout);
    buf_clear(&text);
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static int run(struct letter *l, struct host *h, bool no_stdin)
{
    int stdin_fd = no_stdin ? -1 : STDIN_FILENO;
    struct composition c;
    int status;

    if (l->help)
        return print_help();
    if (stdin_fd >= 0 && isatty(stdin_fd) && h->stderr_is_terminal)
        log_line("%s", _("write the text; end it with Ctrl-D on a line of its own"));
    composition_init(&c, l, h);
    status = l->preview ? preview(l, &c, stdin_fd) : submit_letter(l, &c, h, stdin_fd);
    composition_clear(&c);
    return status;
}

int send_command(int argc, char *const argv[], struct host *h, bool no_stdin)
{
    struct letter l;
    struct err e;
    int status;

    if (letter_parse(&l, argc, argv, &e)) {
        status = run(&l, h, no_stdin);
    } else {
        status = submission_refuse(&l.args, h, argc, argv, &e);
    }
    letter_clear(&l);
    return status;
}
