/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/spill.h"
#include "mail/header.h"
#include "mail/raw.h"
#include "mail/wire.h"

/* A message: header block and body, both canonical (CRLF only). The body lies in a spill, or in the
 * file where the message came in, and is never in memory whole beyond LIMIT_MESSAGE_MEMORY. */

struct message {
    struct header header;
    struct spill body;
    struct raw raw;          /* the body is there instead */
    bool is_empty;           /* not one octet came in */
    bool has_8bit;           /* header or body; recomputed by message_measure */
    bool has_8bit_header;    /* after message_measure: an octet over 127 in a header field */
    bool has_nul;            /* in the body; a NUL in the header is an error */
    uint64_t longest_line;   /* octets without CRLF, header and body; too small, perhaps,
                              * where it is no more than LIMIT_TEXT_LINE */
};

/* Told again and again how many octets of something large are done. */
struct progress_watch {
    void (*show)(void *argument, uint64_t done);
    void *argument;
};

/* Bodies over LIMIT_MESSAGE_MEMORY go to an unnamed file in `directory` (borrowed). */
void message_init(struct message *m, const char *directory);
void message_clear(struct message *m);

/* Read fd to its end (or to the lone dot, if dot_ends). A read error is ERR_IO, never an end. */
bool message_read(struct message *m, int fd, bool dot_ends, struct err *e);
/* The same, but the body of a large message stays where it is, if fd is a regular file
 * (mail/raw.h): fd must outlive `m`. */
bool message_read_in_place(struct message *m, int fd, bool dot_ends, struct err *e);

/* Take `text`, lines ended by CRLF, as the whole message and measure it. `m` is fresh. */
bool message_set(struct message *m, struct slice text, struct err *e);

/* The same by pieces, for what comes over a connection. */
struct message_input {
    struct message *message; /* borrowed */
    struct wire_in wire;
    struct buf text;
};

void message_input_begin(struct message_input *in, struct message *m, bool dot_ends);
/* At most LIMIT_BLOCK octets. */
bool message_input_put(struct message_input *in, struct slice bytes, struct err *e);
/* The last line end, the last field, the measures. */
bool message_input_end(struct message_input *in, struct err *e);
void message_input_clear(struct message_input *in);

/* Take the message that stands in a file, already canonical: `size` octets from `start` on. The
 * body is read from there; fd is borrowed and must outlive `m`, which is fresh. The caller knows
 * the measures and sets them. */
bool message_adopt(struct message *m, int fd, uint64_t start, uint64_t size, struct err *e);

/* MIME-Version, Content-Type or Content-Transfer-Encoding is there: the body's form is the
 * author's business. */
bool message_has_mime(const struct message *m);

/* Header, empty line, body: octets on the wire before transparency, which is what SIZE of RFC 1870
 * counts. */
uint64_t message_size(const struct message *m);
/* Header, empty line and body into a file, with LF for CRLF as programs of this system have it. */
bool message_write(const struct message *m, int fd, struct err *e);

/* A place in the body. Zeroed, it is at the start. */
struct body_reader {
    uint64_t offset;
    char *block;             /* what was read from a body in a file */
    struct raw_reader raw;
};

uint64_t message_body_size(const struct message *m);
/* The next octets of the body, at most `max` (more than 0), valid until the next call; none: the
 * end. A body in memory is not copied. */
bool message_body_next(const struct message *m, struct body_reader *r, size_t max,
                       struct slice *bytes, struct err *e);
void body_reader_clear(struct body_reader *r);

/* A place in the message as it is on the wire, before transparency. Zeroed, it is at the start. */
struct message_reader {
    size_t field;            /* header fields that are done */
    size_t used;             /* octets of the next one, or of the empty line behind them */
    struct body_reader body;
};

/* The next octets, at most `max` (more than 0), valid until the next call; none: the end. Header
 * and a body in memory are not copied. */
bool message_next(const struct message *m, struct message_reader *r, size_t max,
                  struct slice *bytes, struct err *e);
void message_reader_clear(struct message_reader *r);

/* Call it when the fields are final: sets has_8bit_header, and has_8bit with it. */
void message_measure(struct message *m);
/* The same after another body was put in: takes all measures again. */
bool message_measure_body(struct message *m, struct err *e);

#endif
