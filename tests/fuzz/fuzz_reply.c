/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* A server's answers, as they come in from a socket. */

#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "fuzz.h"
#include "mail/status.h"
#include "net/stream.h"
#include "smtp/reply.h"

static void look_at(const struct reply *r)
{
    PROMISE(r->code >= 200 && r->code <= 599);
    PROMISE(r->lines >= 1 && r->lines <= LIMIT_REPLY_LINES);
    PROMISE(r->text.len <= LIMIT_REPLY && !r->text.overflow);
    PROMISE(reply_is_success(r) + reply_is_temporary(r) + reply_is_permanent(r) <= 1);
    PROMISE(!r->status.klass || r->status.klass == r->code / 100);
    PROMISE(!memchr(buf_slice(&r->text).data, '\0', r->text.len));
    char *words = reply_words(r);
    PROMISE(strlen(words) <= LIMIT_REPLY_TEXT);
    PROMISE(!strpbrk(words, "\r\n"));
    PROMISE(words[0] == (char)('0' + r->code / 100));
    free(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct transcript nobody;
    struct stream s;
    struct reply r;
    struct err e = {.kind = ERR_NONE};
    int ends[2];

    if (size > 100000 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return 0;
    ssize_t sent = write(ends[1], data, size);
    close(ends[1]);
    stream_init(&s, ends[0], deadline_never());
    reply_init(&r);
    if (sent == (ssize_t)size) {
        while (reply_read(&r, &s, deadline_in(5000), &nobody, &e))
            look_at(&r);
        promise_err(&e);
        PROMISE(e.kind == ERR_PROTOCOL || e.kind == ERR_CONNECT);
    }
    reply_clear(&r);
    stream_close(&s);
    return 0;
}
