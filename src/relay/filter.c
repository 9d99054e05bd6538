/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/filter.h"

#include <unistd.h>

#include "base/file.h"
#include "base/run.h"
#include "mail/recode.h"
#include "relay/prepare.h"

/* Where the account sets no timeout: signing takes moments, so this is for what hangs. */
#define PATIENCE 300

static bool run(const struct account *account, const struct message *m, int input, int output,
                struct err *e)
{
    int64_t seconds = account->timeout ? (int64_t)account->timeout : PATIENCE;
    struct run r = {
        .argv = account->filter.argv.items,
        .deadline = deadline_in(seconds * 1000),
        .max = (size_t)message_size(m) + LIMIT_FILTER_GROWTH,
    };

    return message_write(m, input, e) && run_filter(&r, input, output, e);
}

/* What the filter printed is a message again; Bcc must not come in through it. */
static bool take_result(const struct account *account, int output, struct message *own,
                        struct err *e)
{
    if (lseek(output, 0, SEEK_SET) != 0)
        return err_os(e, ERR_IO, "cannot read its output");
    if (!message_read(own, output, false, e))
        return false;
    if (own->is_empty)
        return err_set(e, ERR_HELPER, "%s: printed nothing", account->filter.argv.items[0]);
    if (own->has_nul)
        return err_set(e, ERR_HELPER, "%s: printed a NUL octet", account->filter.argv.items[0]);
    if (!account->keep_bcc) {
        header_remove(&own->header, "Bcc");
        header_remove(&own->header, "Resent-Bcc");
    }
    message_measure(own);
    return true;
}

static bool pass(const struct account *account, const struct message *m, struct message *own,
                 struct err *e)
{
    int input, output;

    if (!file_unnamed(m->body.directory, &input, e))
        return false;
    bool ok = file_unnamed(m->body.directory, &output, e);
    if (ok) {
        ok = run(account, m, input, output, e) && take_result(account, output, own, e);
        close(output);
    }
    close(input);
    return ok;
}

/* What a filter has signed must not change any more, so what eight-bit = encode may have to do is
 * done before it (RFC 6376 5.3), whatever the server will offer. */
static bool pass_encoded(const struct account *account, const struct message *m,
                         struct message *own, struct err *e)
{
    struct message encoded;
    bool changed;

    if (account->eight_bit != ACCOUNT_EIGHT_BIT_ENCODE || !m->has_8bit)
        return pass(account, m, own, e);
    bool ok = recode_message(m, RECODE_8BIT, &encoded, &changed, e) &&
              pass(account, changed ? &encoded : m, own, e);
    message_clear(&encoded);
    return ok;
}

bool filter_message(const struct account *account, const struct message *m, struct message *own,
                    const struct message **filtered, struct err *e)
{
    message_init(own, m->body.directory);
    *filtered = m;
    if (!account->filter.argv.count)
        return true;
    *filtered = own;
    if (!pass_encoded(account, m, own, e)) {
        e->kind = ERR_HELPER;
        return err_wrap(e, "filter");
    }
    return prepare_size_check(account, message_size(own), e);
}
