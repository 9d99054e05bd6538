/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/say.h"

static void print_path(const char *label, const struct path *path)
{
    struct buf text;

    buf_init(&text, LIMIT_PATH * 4);
    log_clean(&text, path_address(path));
    printf("%s<%s>\n", label, text.data ? text.data : "");
    buf_clear(&text);
}

int plan_show(const struct submission *s)
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
        log_line("%s", _("cannot write to standard output"));
        return EX_IOERR;
    }
    return EX_OK;
}
