/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/verify.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "cmd/exitcode.h"
#include "cmd/sources.h"
#include "cmd/submission.h"
#include "relay/prepare.h"

static void print_line(const char *recipient, const char *verdict, struct slice what,
                       const char *account)
{
    struct buf text;

    buf_init(&text, LIMIT_LOG_LINE);
    log_clean(&text, slice_of(recipient));
    buf_put_format(&text, "... %s: ", verdict);
    log_clean(&text, what);
    if (account)
        buf_put_format(&text, ", account %s", account);
    puts(text.data);
    buf_clear(&text);
}

static int print_all(const struct submission *s, const char *recipient)
{
    const struct envelope *v = &s->envelope;
    int status = EX_OK;

    for (size_t i = 0; i < v->count; i++) {
        const struct recipient *r = &v->recipients[i];
        if (r->outcome.verdict == VERDICT_NONE) {
            print_line(recipient, "deliverable", path_address(&r->path), s->selection.account);
        } else {
            print_line(recipient, "undeliverable", slice_of(r->outcome.text), NULL);
            status = EX_NOUSER;
        }
    }
    return status;
}

static int verify_one(const struct args *a, struct host *h, const struct config *c,
                      const char *recipient)
{
    struct submission s;
    struct err e;
    int status;

    submission_init(&s, a, h, c);
    bool ok = prepare_argument_recipients(&s.envelope, slice_of(recipient), &e);
    if (ok && a->sender) {
        ok = prepare_sender(&s.envelope.reverse_path, slice_of(a->sender), &e);
        s.sender_is_given = true;
    }
    ok = ok && submission_prepare(&s, &e);
    if (ok) {
        status = print_all(&s, recipient);
    } else {
        print_line(recipient, "undeliverable", slice_of(e.text), NULL);
        status = EX_NOUSER;
    }
    submission_clear(&s);
    return status;
}

int verify(const struct args *a, struct host *h)
{
    struct config *config = NULL;
    struct err e;
    int status = EX_OK;

    if (!a->recipient_count || !sources_read(a, h, &config, &e)) {
        if (!a->recipient_count)
            err_set(&e, ERR_USAGE, "-bv: no recipients to verify");
        log_line("%s", e.text);
        return exit_status_of_err(&e);
    }
    for (size_t i = 0; i < a->recipient_count; i++) {
        int one = verify_one(a, h, config, a->recipients[i]);
        status = one != EX_OK ? one : status;
    }
    config_free(config);
    return fflush(stdout) == 0 ? status : EX_IOERR;
}
