/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* A message's head. The first octet says where blocks end. */

#include "fuzz.h"
#include "mail/header.h"
#include "mail/wire.h"

static void canonical(struct buf *out, struct slice text)
{
    struct wire_in w;

    buf_init(out, text.len * 2 + 3);
    wire_in_init(&w, false);
    wire_in_put(&w, text, out);
    wire_in_end(&w, out);
}

/* The header, and the body behind it into `body`. False: refused. */
static bool parse(struct header *h, struct slice text, size_t block, struct buf *body)
{
    struct err e = {.kind = ERR_NONE};
    bool ok = true;

    buf_init(body, text.len + 1);
    header_init(h);
    while (ok && text.len && !h->done) {
        size_t used = 0, len = text.len < block ? text.len : block;
        ok = header_feed(h, slice_make(text.data, len), &used, &e);
        PROMISE(!ok || used == len || (h->done && used <= len));
        text = slice_from(text, used);
    }
    ok = ok && (h->done || header_end(h, &e));
    if (!ok) {
        promise_err(&e);
        PROMISE(e.kind == ERR_DATA);
        return false;
    }
    buf_put_slice(body, header_rest(h));
    buf_put_slice(body, text);
    return true;
}

static void write_out(const struct header *h, struct buf *out)
{
    buf_init(out, header_size(h) + 1);
    header_write(h, out);
    PROMISE(out->len == header_size(h));
}

static void look_at(const struct header *h)
{
    for (size_t i = 0; i < h->count; i++) {
        struct slice raw = header_raw(h, i), name = header_name(h, i);

        PROMISE(name.len && raw.len > name.len + 2);
        PROMISE(raw.data[raw.len - 1] == '\n' && raw.data[raw.len - 2] == '\r');
        PROMISE(header_value(h, i).len + name.len < raw.len);
        for (size_t k = 0; k < name.len; k++)
            PROMISE(name.data[k] > 32 && name.data[k] < 127 && name.data[k] != ':');
        /* No line of a field can be taken for another field or for the end of the block. */
        for (size_t k = 0; k + 1 < raw.len; k++)
            PROMISE(raw.data[k] != '\n' || raw.data[k + 1] == ' ' || raw.data[k + 1] == '\t');
    }
}

/* A value from anywhere: taken and one field, or refused and nothing. */
static void add(struct header *h, struct slice value)
{
    struct err e = {.kind = ERR_NONE};
    size_t count = h->count;

    if (header_add(h, "X-Fuzz", value, &e)) {
        PROMISE(h->count == count + 1);
        header_replace(h, h->count - 1, SLICE(" new"), &e);
    } else {
        PROMISE(h->count == count && e.kind == ERR_DATA);
    }
}

/* What we write is read as the same fields, with nothing left over. */
static void write_and_read(const struct header *h, struct slice body_begin)
{
    struct header again;
    struct buf text, body, second;
    size_t fields = 0;

    buf_init(&text, header_size(h) + body_begin.len + 2);
    header_write(h, &text);
    buf_put_text(&text, "\r\n");
    if (parse(&again, buf_slice(&text), text.len, &body)) {
        for (size_t i = 0; i < h->count; i++)
            fields += !h->fields[i].removed;
        PROMISE(again.count == fields);
        PROMISE(body.len == 0);
        write_out(&again, &second);
        PROMISE(slice_eq(buf_slice(&second), slice_make(text.data, text.len - 2)));
        buf_clear(&second);
    }
    header_clear(&again);
    buf_clear(&body);
    buf_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t block = fuzz_take(&data, &size) + 1;
    struct slice raw = fuzz_slice(data, size);
    struct header h, pieces;
    struct buf text, body, other, one, two;

    canonical(&text, raw);
    bool ok = parse(&h, buf_slice(&text), text.len + 1, &body);
    PROMISE(parse(&pieces, buf_slice(&text), block, &other) == ok);
    if (ok) {
        look_at(&h);
        write_out(&h, &one);
        write_out(&pieces, &two);
        PROMISE(slice_eq(buf_slice(&one), buf_slice(&two)));
        PROMISE(slice_eq(buf_slice(&body), buf_slice(&other)));
        buf_clear(&one);
        buf_clear(&two);
        header_remove(&h, "Bcc");
        PROMISE(!header_has(&h, "bcc"));
        add(&h, raw);
        look_at(&h);
        write_and_read(&h, buf_slice(&body));
    }
    header_clear(&h);
    header_clear(&pieces);
    buf_clear(&body);
    buf_clear(&other);
    buf_clear(&text);
    return 0;
}
