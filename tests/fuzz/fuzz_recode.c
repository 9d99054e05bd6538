/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* A message with its parts, re-encoded. The first octet: what the way cannot carry. */

#include <unistd.h>

#include "fuzz.h"
#include "mail/parts.h"
#include "mail/recode.h"

static bool read_message(struct message *m, const uint8_t *data, size_t size)
{
    char name[] = "/tmp/smtpost-fuzz.XXXXXX";
    int fd = mkstemp(name);
    struct err e;

    message_init(m, "/tmp");
    if (fd < 0)
        return false;
    unlink(name);
    bool ok = write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0 &&
              message_read(m, fd, false, &e);
    close(fd);
    if (ok)
        message_measure(m);
    return ok;
}

static void look_at_parts(const struct message *m)
{
    struct parts parts;
    struct err e;

    bool ok = parts_scan(&parts, m, &e);
    PROMISE(!ok || (parts.count > 0 && parts.items[0].parent == 0));
    for (size_t i = 0; ok && i < parts.count; i++) {
        const struct part *p = &parts.items[i];
        PROMISE(p->header <= p->body && p->body <= p->end && p->parent <= i);
        PROMISE(p->end <= parts.items[0].end);
    }
    parts_clear(&parts);
}

/* What is encoded once carries no more of what was in the way. */
static void encode_again(const struct message *once, unsigned what)
{
    struct message twice;
    struct err e;
    bool changed = false;

    look_at_parts(once);
    PROMISE(!recode_message(once, what, &twice, &changed, &e) || !changed);
    message_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned what = fuzz_take(&data, &size) & (RECODE_LONG_LINES | RECODE_NUL | RECODE_8BIT);
    struct message m, encoded;
    struct err e = {.kind = ERR_NONE};
    bool changed = false;

    if (read_message(&m, data, size)) {
        look_at_parts(&m);
        if (!recode_message(&m, what, &encoded, &changed, &e))
            promise_err(&e);
        else if (changed)
            encode_again(&encoded, what);
        message_clear(&encoded);
    }
    message_clear(&m);
    return 0;
}
