/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* A client's side of a session with our server (-bs). The first octet: bits 0 and 1, what becomes
 * of messages; the rest, where its packets end. */

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "fuzz.h"
#include "smtp/server.h"

/* What the kernel keeps of packets that nobody has read. */
enum { INPUT_MAX = 60000, PACKETS_MAX = 100, FILE_MAX = 4 * 1024 * 1024 };

struct seen {
    enum verdict verdict;
    bool takes;              /* the contents are moved out, as -bs does */
    size_t messages, recipients;
    uint64_t octets;
};

/* Messages are handed over whole and canonical, with somebody to go to. */
static void look_at_message(const struct message *m)
{
    struct message_reader r = {.field = 0};
    struct slice bytes;
    struct err e = {.text = ""};
    uint64_t size = 0;
    char last = '\n';

    do {
        PROMISE(message_next(m, &r, LIMIT_BLOCK, &bytes, &e));
        for (size_t i = 0; i < bytes.len; i++) {
            PROMISE(last != '\r' || bytes.data[i] == '\n');
            PROMISE(bytes.data[i] != '\n' || last == '\r');
            last = bytes.data[i];
        }
        size += bytes.len;
    } while (bytes.len);
    message_reader_clear(&r);
    PROMISE(last == '\n' && size == message_size(m));
}

static void take(void *argument, struct envelope *v, struct message *m, struct outcome *o)
{
    struct seen *s = argument;

    PROMISE(v->count > 0 && v->count <= LIMIT_SERVER_RECIPIENTS);
    PROMISE(path_is_set(&v->reverse_path));
    for (size_t i = 0; i < v->count; i++)
        PROMISE(path_is_set(&v->recipients[i].path) && !path_is_null(&v->recipients[i].path));
    look_at_message(m);
    s->messages++;
    s->recipients += v->count;
    s->octets += message_size(m);
    *o = (struct outcome){.verdict = s->verdict, .text = slice_dup(SLICE("as\r\nit \xff is"))};
    if (!s->takes)
        return;
    envelope_clear(v);
    message_clear(m);
    message_init(m, "/tmp");
}

static int unnamed_file(void)
{
    char name[] = "/tmp/smtpost-fuzz.XXXXXX";
    int fd = mkstemp(name);

    if (fd >= 0)
        unlink(name);
    return fd;
}

/* Everything that was said, from the greeting on, is replies of printable ASCII. */
static void look_at_replies(struct slice said)
{
    PROMISE(slice_has_prefix(said, SLICE("220 ")));
    while (said.len) {
        size_t end = slice_find(said, '\n', 0);
        PROMISE(end < said.len && end > 4 && said.data[end - 1] == '\r');
        PROMISE(said.data[0] >= '2' && said.data[0] <= '5');
        PROMISE(ascii_is_digit(said.data[1]) && ascii_is_digit(said.data[2]));
        PROMISE(said.data[3] == ' ' || said.data[3] == '-');
        for (size_t i = 0; i + 1 < end; i++)
            PROMISE(said.data[i] >= ' ' && said.data[i] < 127);
        said = slice_from(said, end + 1);
    }
}

/* The session over `in`; what was said, in `said`. */
static bool hear(int in, struct seen *seen, struct buf *said)
{
    const struct server server = {
        .name = "box.example.org",
        .directory = "/tmp",
        .max_size = 20000,
        .idle = 5000,
        .argument = seen,
        .accept = take,
    };
    int out = unnamed_file();
    struct err e = {.kind = ERR_NONE};
    char block[4096];
    ssize_t got;

    buf_init(said, FILE_MAX);
    if (!server_run(&server, in, out, &e))
        promise_err(&e);
    PROMISE(e.kind != ERR_TIMEOUT && e.kind != ERR_IO);
    PROMISE(lseek(out, 0, SEEK_SET) == 0);
    while ((got = read(out, block, sizeof block)) > 0)
        buf_put(said, block, (size_t)got);
    close(out);
    PROMISE(!said->overflow);
    look_at_replies(buf_slice(said));
    return e.kind == ERR_NONE;
}

static bool hear_file(struct slice text, struct seen *seen, struct buf *said)
{
    int in = unnamed_file();

    PROMISE(write(in, text.data, text.len) == (ssize_t)text.len);
    PROMISE(lseek(in, 0, SEEK_SET) == 0);
    bool ok = hear(in, seen, said);
    close(in);
    return ok;
}

static bool hear_packets(struct slice text, size_t packet, struct seen *seen, struct buf *said)
{
    int ends[2];

    PROMISE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    while (text.len) {
        size_t len = text.len < packet ? text.len : packet;
        PROMISE(send(ends[1], text.data, len, MSG_DONTWAIT) == (ssize_t)len);
        text = slice_from(text, len);
    }
    close(ends[1]);
    bool ok = hear(ends[0], seen, said);
    close(ends[0]);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum verdict verdicts[] = {VERDICT_DELIVERED, VERDICT_DEFERRED, VERDICT_REFUSED};
    unsigned steer = fuzz_take(&data, &size);
    struct slice text = fuzz_slice(data, size);
    struct seen one = {.verdict = verdicts[steer % 3], .takes = steer & 1}, two = one;
    struct buf whole, pieces;

    if (size > INPUT_MAX)
        return 0;
    bool ok = hear_file(text, &one, &whole);
    PROMISE(hear_packets(text, steer / 4 + 1 + size / PACKETS_MAX, &two, &pieces) == ok);
    PROMISE(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
    PROMISE(one.messages == two.messages && one.recipients == two.recipients &&
            one.octets == two.octets);
    buf_clear(&whole);
    buf_clear(&pieces);
    return 0;
}
