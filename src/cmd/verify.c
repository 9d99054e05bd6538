/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/verify.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/json.h"
#include "base/log.h"
#include "base/say.h"
#include "cmd/exitcode.h"
#include "cmd/sources.h"
#include "cmd/submission.h"
#include "relay/prepare.h"

/* One line for each address, or with --json one object for all. */
struct answer {
    const struct args *args;
    struct json *json;       /* NULL: lines */
};

static void put_line(const char *recipient, const char *verdict, struct slice what,
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

static void put_object(struct json *j, const char *recipient, const char *verdict,
                       struct slice what, const char *account)
{
    json_begin_object(j, NULL);
    json_put_string(j, "recipient", recipient);
    json_put_string(j, "verdict", verdict);
    if (account)
        json_put_text(j, "address", what);
    else
        json_put_text(j, "text", what);
    json_put_string(j, "account", account);
    json_end(j);
}

/* `account` NULL: `what` is why not. */
static void put(struct answer *to, const char *recipient, struct slice what, const char *account)
{
    const char *verdict = account ? "deliverable" : "undeliverable";

    if (to->json)
        put_object(to->json, recipient, verdict, what, account);
    else
        put_line(recipient, verdict, what, account);
}

static int put_all(struct answer *to, const struct submission *s, const char *recipient)
{
    const struct envelope *v = &s->envelope;
    int status = EX_OK;

    for (size_t i = 0; i < v->count; i++) {
        const struct recipient *r = &v->recipients[i];
        if (r->outcome.verdict == VERDICT_NONE) {
            put(to, recipient, path_address(&r->path), s->selection.account);
        } else {
            put(to, recipient, slice_of(r->outcome.text), NULL);
            status = EX_NOUSER;
        }
    }
    return status;
}

static int verify_one(struct answer *to, struct host *h, const struct config *c,
                      const char *recipient)
{
    const struct args *a = to->args;
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
        status = put_all(to, &s, recipient);
    } else {
        put(to, recipient, slice_of(e.text), NULL);
        status = EX_NOUSER;
    }
    submission_clear(&s);
    return status;
}

static int verify_all(struct answer *to, struct host *h, const struct config *c)
{
    const struct args *a = to->args;
    int status = EX_OK;

    for (size_t i = 0; i < a->recipient_count; i++) {
        int one = verify_one(to, h, c, a->recipients[i]);
        status = one != EX_OK ? one : status;
    }
    return status;
}

/* `e` is why it did not come to that; NULL: nothing. */
static int verify_as_json(const struct args *a, struct host *h, const struct config *c,
                          const struct err *e)
{
    struct json j;
    struct buf out;
    struct answer to = {.args = a, .json = &j};

    buf_init(&out, LIMIT_JSON);
    json_init(&j, &out);
    json_begin_object(&j, NULL);
    json_begin_array(&j, "recipients");
    int status = e ? exit_status_of_err(e) : verify_all(&to, h, c);
    json_end(&j);
    json_put_string(&j, "error", e ? e->text : NULL);
    json_put_number(&j, "exit", status);
    json_end(&j);
    fwrite(out.data, 1, out.len, stdout);
    buf_clear(&out);
    return status;
}

int verify(const struct args *a, struct host *h)
{
    struct answer to = {.args = a};
    struct config *config = NULL;
    struct err e;

    bool ok = a->recipient_count || err_set(&e, ERR_USAGE, "%s", _("-bv: no recipients to verify"));
    ok = ok && sources_read(a, h, &config, &e);
    if (!ok)
        log_line("%s", e.text);
    int status = a->json ? verify_as_json(a, h, config, ok ? NULL : &e)
                 : ok    ? verify_all(&to, h, config)
                         : exit_status_of_err(&e);
    config_free(config);
    return fflush(stdout) == 0 ? status : EX_IOERR;
}
