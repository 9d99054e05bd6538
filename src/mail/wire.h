/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_WIRE_H
#define MAIL_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Line endings and dots: two transducers over blocks of bytes. State is carried between blocks, so
 * that where a block ends makes no difference to what comes out.
 *
 * The first makes canonical text of whatever was typed: LF, CRLF and a lone CR are each one line
 * end and leave as CRLF; a missing last one is supplied. Afterwards no bare CR or LF exists. On the
 * way it takes the measures that later decisions need.
 *
 * The second does the transparency of RFC 5321 4.5.2 on canonical text: a dot before each dot that
 * begins a line, and the final CRLF.CRLF. */

struct wire_in {
    bool dot_ends;           /* a line that is a single dot ends the input (sendmail without -i) */
    bool is_known;           /* the measures were taken before: not again */
    bool after_cr;           /* state: the last octet was CR, its CRLF is written */
    bool ended;              /* the dot line was seen: everything after it is ignored */
    bool dot_pending;        /* state: this line is "." so far and not written */
    bool at_start;           /* state: nothing of this line seen yet */
    uint64_t line;           /* state: octets of the current line */
    /* Measures of what came out. */
    uint64_t longest_line;   /* without CRLF */
    bool has_nul;
    bool has_8bit;
};

void wire_in_init(struct wire_in *w, bool dot_ends);
/* Append the canonical form of `bytes` to out; the caller's out has room for 2 * bytes.len + 3. */
void wire_in_put(struct wire_in *w, struct slice bytes, struct buf *out);
void wire_in_end(struct wire_in *w, struct buf *out);

/* The same without the text, and faster: returns how many octets wire_in_put would append. `spare`
 * has the room that it would need. Of lines within LIMIT_TEXT_LINE longest_line may not know. */
uint64_t wire_in_skim(struct wire_in *w, struct slice bytes, struct buf *spare);

struct wire_out {
    bool at_start;           /* state: the next octet begins a line */
};

void wire_out_init(struct wire_out *w);
/* Append canonical `bytes`, dots doubled; out has room for 2 * bytes.len. */
void wire_out_put(struct wire_out *w, struct slice bytes, struct buf *out);
/* The final dot; canonical text always ends at the start of a line (RFC 5321 4.1.1.4). */
void wire_out_end(struct wire_out *w, struct buf *out);

/* The way back, for who takes mail: dots that were added are taken away, and CRLF.CRLF alone is the
 * end. A dot behind a lone LF or CR is text, whatever others make of it, so that nothing hidden
 * behind one can come out as a command. */
struct wire_undot {
    unsigned matched;        /* octets of CRLF.CRLF seen, 2 at the start */
    bool ended;
};

void wire_undot_init(struct wire_undot *w);
/* Append the text in `bytes` to out, which has room for bytes.len + 4; returns how many octets were
 * used, all of them until the end was seen. */
size_t wire_undot_put(struct wire_undot *w, struct slice bytes, struct buf *out);

#endif
