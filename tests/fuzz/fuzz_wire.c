/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* Line endings and dots. The first octet: bit 0, whether a dot line ends the input; the rest, where
 * blocks end. */

#include "fuzz.h"
#include "base/limits.h"
#include "mail/wire.h"

static void canonical(struct buf *out, struct slice text, bool dot_ends, size_t block,
                      struct wire_in *w)
{
    buf_init(out, text.len * 2 + 3);
    wire_in_init(w, dot_ends);
    for (size_t at = 0; at < text.len; at += block) {
        size_t len = text.len - at < block ? text.len - at : block;
        wire_in_put(w, slice_make(text.data + at, len), out);
    }
    wire_in_end(w, out);
    PROMISE(!out->overflow);
}

static void dotted(struct buf *out, struct slice text, size_t block)
{
    struct wire_out w;

    buf_init(out, text.len * 2 + 8);
    wire_out_init(&w);
    for (size_t at = 0; at < text.len; at += block) {
        size_t len = text.len - at < block ? text.len - at : block;
        wire_out_put(&w, slice_make(text.data + at, len), out);
    }
    wire_out_end(&w, out);
    PROMISE(!out->overflow);
}

/* The receiver's side of RFC 5321 4.5.2, written as it stands there: line by line. */
static void receive(struct slice wire, struct buf *out)
{
    buf_init(out, wire.len + 1);
    while (wire.len) {
        size_t end = slice_find(wire, '\n', 0);
        PROMISE(end < wire.len && end > 0 && wire.data[end - 1] == '\r');
        struct slice line = slice_make(wire.data, end + 1);
        wire = slice_from(wire, end + 1);
        if (slice_eq(line, SLICE(".\r\n"))) {
            /* The end, and nothing behind it. */
            PROMISE(wire.len == 0);
            return;
        }
        buf_put_slice(out, line.data[0] == '.' ? slice_from(line, 1) : line);
    }
    /* No end of data was there. */
    PROMISE(false);
}

/* Skimming tells the size, and the measures that count. */
static void skim(struct slice text, bool dot_ends, size_t block, const struct buf *whole,
                 const struct wire_in *measured)
{
    struct buf spare;
    struct wire_in w;
    uint64_t size = 0;

    buf_init(&spare, text.len * 2 + 3);
    wire_in_init(&w, dot_ends);
    for (size_t at = 0; at < text.len; at += block) {
        size_t len = text.len - at < block ? text.len - at : block;
        size += wire_in_skim(&w, slice_make(text.data + at, len), &spare);
    }
    buf_reset(&spare);
    wire_in_end(&w, &spare);
    PROMISE(size + spare.len == whole->len);
    PROMISE(w.has_nul == measured->has_nul && w.has_8bit == measured->has_8bit);
    PROMISE(w.ended == measured->ended);
    PROMISE(measured->longest_line > LIMIT_TEXT_LINE ? w.longest_line == measured->longest_line
                                                     : w.longest_line <= measured->longest_line);
    buf_clear(&spare);
}

static void look_at_canonical(struct slice text, const struct wire_in *w)
{
    size_t longest = 0, line = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\r') {
            PROMISE(i + 1 < text.len && text.data[i + 1] == '\n');
            longest = line > longest ? line : longest;
        }
        if (text.data[i] == '\n') {
            PROMISE(i && text.data[i - 1] == '\r');
            line = 0;
        } else {
            line++;
        }
    }
    PROMISE(!text.len || text.data[text.len - 1] == '\n');
    PROMISE(longest == w->longest_line);
    PROMISE(w->has_nul == slice_has_byte(text, '\0'));
    PROMISE(w->has_8bit == slice_has_8bit(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned steer = fuzz_take(&data, &size);
    size_t block = steer / 2 + 1;
    struct slice text = fuzz_slice(data, size);
    struct buf whole, pieces, wire, again, back;
    struct wire_in w, v;

    canonical(&whole, text, steer & 1, size + 1, &w);
    canonical(&pieces, text, steer & 1, block, &v);
    PROMISE(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
    PROMISE(w.longest_line == v.longest_line && w.has_nul == v.has_nul && w.ended == v.ended);
    look_at_canonical(buf_slice(&whole), &w);
    skim(text, steer & 1, block, &whole, &w);
    skim(text, steer & 1, size + 1, &whole, &w);
    dotted(&wire, buf_slice(&whole), whole.len + 1);
    dotted(&again, buf_slice(&whole), block);
    PROMISE(slice_eq(buf_slice(&wire), buf_slice(&again)));
    receive(buf_slice(&wire), &back);
    PROMISE(slice_eq(buf_slice(&back), buf_slice(&whole)));
    buf_clear(&whole);
    buf_clear(&pieces);
    buf_clear(&wire);
    buf_clear(&again);
    buf_clear(&back);
    return 0;
}
