/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/wire.h"

#include <string.h>

#include "base/limits.h"

static const struct slice crlf = {"\r\n", 2};

static void measure(struct wire_in *w, struct slice taken)
{
    if (w->is_known)
        return;
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

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* May a dot be alone on its line? One at the end of the bytes may. */
static bool may_have_dot_line(struct slice bytes)
{
    size_t at = slice_find(bytes, '.', 0);

    while (at < bytes.len && ((at > 0 && !is_line_end(bytes.data[at - 1])) ||
                              (at + 1 < bytes.len && !is_line_end(bytes.data[at + 1]))))
        at = slice_find(bytes, '.', at + 1);
    return at < bytes.len;
}

/* Is every octet but line ends text, and the state that of a line? */
static bool is_plain(const struct wire_in *w, struct slice bytes)
{
    return !w->dot_pending && !w->ended && !(w->dot_ends && may_have_dot_line(bytes));
}

/* The second half of a CRLF whose first half was at the end of the bytes before. */
static struct slice drop_second(struct wire_in *w, struct slice bytes)
{
    bool is_second = w->after_cr && bytes.len && bytes.data[0] == '\n';

    w->after_cr = w->after_cr && !bytes.len;
    return is_second ? slice_from(bytes, 1) : bytes;
}

/* Plain bytes without CR. */
static void put_lines(struct wire_in *w, struct slice bytes, char *to, struct buf *out)
{
    const char *start = to;
    const char *from = bytes.data, *end = bytes.data + bytes.len;

    for (const char *lf; (lf = memchr(from, '\n', (size_t)(end - from))); from = lf + 1) {
        size_t len = (size_t)(lf - from);
        memcpy(to, from, len);
        to += len;
        *to++ = '\r';
        *to++ = '\n';
        w->line += len;
        w->longest_line = w->line > w->longest_line ? w->line : w->longest_line;
        w->line = 0;
    }
    memcpy(to, from, (size_t)(end - from));
    to += end - from;
    w->line += (size_t)(end - from);
    w->at_start = w->line == 0;
    buf_added(out, (size_t)(to - start));
    measure(w, bytes);
}

void wire_in_init(struct wire_in *w, bool dot_ends)
{
    *w = (struct wire_in){.dot_ends = dot_ends, .at_start = true};
}

static void put_any(struct wire_in *w, struct slice bytes, struct buf *out)
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

void wire_in_put(struct wire_in *w, struct slice bytes, struct buf *out)
{
    bool is_common = is_plain(w, bytes) && !slice_has_byte(bytes, '\r');
    char *to = is_common ? buf_room(out, 2 * bytes.len) : NULL;

    if (!to)
        put_any(w, bytes, out);
    else if ((bytes = drop_second(w, bytes)).len)
        put_lines(w, bytes, to, out);
}

/* CRLF, both of them in s. */
static size_t count_pairs(struct slice s)
{
    size_t pairs = 0;

    for (size_t cr = slice_find(s, '\r', 0); cr + 1 < s.len; cr = slice_find(s, '\r', cr + 1))
        pairs += s.data[cr + 1] == '\n';
    return pairs;
}

/* The octet behind the last line end in s before `end`; `from` if there is none. */
static size_t behind_last_line(struct slice s, size_t from, size_t end)
{
    while (end > from && !is_line_end(s.data[end - 1]))
        end--;
    return end;
}

/* The first line end at or after `from`; s.len if there is none. */
static size_t find_line_end(struct slice s, size_t from)
{
    size_t lf = slice_find(s, '\n', from);

    return slice_find(slice_make(s.data, lf), '\r', from);
}

/* Only a line longer than those that do not count, and than the longest so far, is looked for: from
 * the start of one, backwards from as far as a shorter one would reach. */
static void measure_lines(struct wire_in *w, struct slice s)
{
    size_t at = 0;

    while (at < s.len) {
        uint64_t most = w->longest_line > LIMIT_TEXT_LINE ? w->longest_line : LIMIT_TEXT_LINE;
        uint64_t ahead = w->line <= most ? most - w->line + 1 : 0;
        size_t reach = ahead < s.len - at ? at + (size_t)ahead : s.len;
        size_t next = behind_last_line(s, at, reach);
        if (next > at) {
            w->line = 0;
            at = next;
            continue;
        }
        size_t end = find_line_end(s, reach);
        w->line += end - at;
        if (end < s.len) {
            w->longest_line = w->line > w->longest_line ? w->line : w->longest_line;
            w->line = 0;
        }
        at = end + 1;
    }
}

static uint64_t skim(struct wire_in *w, struct slice bytes)
{
    size_t lfs = slice_count(bytes, '\n');
    bool has_cr = slice_has_byte(bytes, '\r');
    size_t crs = has_cr ? slice_count(bytes, '\r') : 0;
    size_t pairs = has_cr ? count_pairs(bytes) : 0;
    char last = bytes.data[bytes.len - 1];

    measure(w, bytes);
    measure_lines(w, bytes);
    w->after_cr = last == '\r';
    w->at_start = is_line_end(last);
    return bytes.len + lfs + crs - 2 * pairs;
}

uint64_t wire_in_skim(struct wire_in *w, struct slice bytes, struct buf *spare)
{
    if (is_plain(w, bytes)) {
        bytes = drop_second(w, bytes);
        return bytes.len ? skim(w, bytes) : 0;
    }
    buf_reset(spare);
    wire_in_put(w, bytes, spare);
    return spare->len;
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
