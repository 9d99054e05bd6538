/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/wire.h"

static const struct slice crlf = {"\r\n", 2};

static void measure(struct wire_in *w, struct slice taken)
{
    w->has_nul = w->has_nul || slice_has_byte(taken, '\0');
    w->has_8bit = w->has_8bit || slice_has_8bit(taken);
}

static void put_text(struct wire_in *w, struct slice text, struct buf *out)
{
    if (text.len == 0)
        return;
    buf_put_slice(out, text);
    w->line += text.len;
    w->at_start = false;
}

static void end_line(struct wire_in *w, struct buf *out)
{
    buf_put_slice(out, crlf);
    if (w->line > w->longest_line)
        w->longest_line = w->line;
    w->line = 0;
    w->at_start = true;
}

/* A first dot is held back until the octet behind it tells what it is. True when `byte` is done. */
static bool hold_dot(struct wire_in *w, char byte, struct buf *out)
{
    if (w->dot_pending) {
        w->dot_pending = false;
        w->ended = byte == '\r' || byte == '\n';
        if (!w->ended)
            put_text(w, SLICE("."), out);
        return w->ended;
    }
    w->dot_pending = w->dot_ends && w->at_start && byte == '.';
    return w->dot_pending;
}

void wire_in_init(struct wire_in *w, bool dot_ends)
{
    *w = (struct wire_in){.dot_ends = dot_ends, .at_start = true};
}

void wire_in_put(struct wire_in *w, struct slice bytes, struct buf *out)
{
    size_t i = 0;
    size_t lf = 0;           /* the first LF at or after i: each octet is searched once */

    while (i < bytes.len && !w->ended) {
        bool second = w->after_cr && bytes.data[i] == '\n';
        w->after_cr = false;
        if (second || hold_dot(w, bytes.data[i], out)) {
            i++;
            continue;
        }
        if (lf < i || i == 0)
            lf = slice_find(bytes, '\n', i);
        size_t end = slice_find(slice_make(bytes.data, lf), '\r', i);
        put_text(w, slice_make(bytes.data + i, end - i), out);
        i = end;
        if (end < bytes.len) {
            end_line(w, out);
            w->after_cr = bytes.data[end] == '\r';
            i++;
        }
    }
    measure(w, slice_make(bytes.data, i));
}

void wire_in_end(struct wire_in *w, struct buf *out)
{
    if (w->dot_pending)
        put_text(w, SLICE("."), out);
    if (!w->at_start && !w->ended)
        end_line(w, out);
    w->dot_pending = false;
    w->after_cr = false;
}

void wire_out_init(struct wire_out *w)
{
    w->at_start = true;
}

void wire_out_put(struct wire_out *w, struct slice bytes, struct buf *out)
{
    size_t done = 0;         /* octets of `bytes` that are in out */

    if (bytes.len == 0)
        return;
    for (size_t line = w->at_start ? 0 : slice_find(bytes, '\n', 0) + 1; line < bytes.len;
         line = slice_find(bytes, '\n', line) + 1)
        if (bytes.data[line] == '.') {
            buf_put(out, bytes.data + done, line - done);
            buf_put_byte(out, '.');
            done = line;
        }
    buf_put_slice(out, slice_from(bytes, done));
    w->at_start = bytes.data[bytes.len - 1] == '\n';
}

void wire_out_end(struct wire_out *w, struct buf *out)
{
    /* Not at a start only if the text was not canonical; then its line must still end. */
    if (!w->at_start)
        buf_put_slice(out, crlf);
    buf_put_text(out, ".\r\n");
    w->at_start = true;
}

void wire_undot_init(struct wire_undot *w)
{
    /* The start of the data is the start of a line: "." CRLF ends an empty message. */
    *w = (struct wire_undot){.matched = 2};
}

/* The state is how much of CRLF "." CRLF has been seen; the dot, and what follows it until it is
 * known, are held back. */
static void undot_octet(struct wire_undot *w, char c, struct buf *out)
{
    static const char end[] = "\r\n.\r\n";
    unsigned was = w->matched;

    if (c == end[was]) {
        w->matched++;
        w->ended = w->matched == 5;
        /* Up to here it is a line end, whatever follows. */
        if (was < 2)
            buf_put_byte(out, c);
        return;
    }
    /* The dot that began the line was one too many; a CR behind it was text. */
    if (was == 4)
        buf_put_byte(out, '\r');
    buf_put_byte(out, c);
    w->matched = c == '\r';
}

size_t wire_undot_put(struct wire_undot *w, struct slice bytes, struct buf *out)
{
    size_t used = 0;

    while (used < bytes.len && !w->ended)
        undot_octet(w, bytes.data[used++], out);
    return used;
}
