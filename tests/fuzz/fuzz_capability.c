/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* What a server says to EHLO; the input is the lines without their codes. */

#include "base/limits.h"
#include "fuzz.h"
#include "smtp/capability.h"

static bool make_reply(struct reply *r, struct slice text)
{
    struct buf line;
    struct err e;
    bool more = true, ok = true;

    buf_init(&line, LIMIT_REPLY_LINE);
    while (ok && more) {
        size_t end = slice_find(text, '\n', 0);
        buf_reset(&line);
        buf_put_text(&line, end < text.len ? "250-" : "250 ");
        buf_put(&line, text.data, end);
        ok = !line.overflow && reply_parse_line(r, buf_slice(&line), &more, &e);
        text = slice_from(text, end + 1);
    }
    buf_clear(&line);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct capabilities c = {0};
    struct reply r;

    reply_init(&r);
    if (make_reply(&r, fuzz_slice(data, size))) {
        capabilities_parse(&c, &r);
        unsigned offered = c.offered;
        size_t count = c.auth.count;
        PROMISE(count == 0 || capabilities_has(&c, CAPABILITY_AUTH));
        PROMISE(c.size == 0 || capabilities_has(&c, CAPABILITY_SIZE));
        for (size_t i = 0; i < count; i++)
            PROMISE(*c.auth.items[i] && !strpbrk(c.auth.items[i], " \t\r\n"));
        /* It is a value: what it held before makes no difference. */
        capabilities_parse(&c, &r);
        PROMISE(c.offered == offered && c.auth.count == count);
    }
    capabilities_clear(&c);
    reply_clear(&r);
    return 0;
}
