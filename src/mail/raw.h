/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_RAW_H
#define MAIL_RAW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/spill.h"
#include "mail/wire.h"

/* A message that lies as it was typed in a file of somebody else's, and stays there: it is made
 * canonical each time it is read, which costs less than a copy. The descriptor is borrowed.
 *
 * The file is taken at the length that it had at first; what is put behind that later is not of
 * the message. Where it becomes shorter, or has other octets than at first, reading fails before
 * the last of them is handed out: what was found out about the message (size, 8-bit octets) holds
 * for whatever is read to its end. */

struct raw {
    struct spill file;       /* fd is -1 where there is none */
    bool dot_ends;           /* as in struct wire_in */
    uint64_t sum;            /* of the octets, as they were at first */
    uint64_t header;         /* canonical octets before the body */
    uint64_t size;           /* canonical octets of the body */
};

void raw_init(struct raw *f);
/* Take what is in the file from where fd stands, and put fd behind it, as reading would. False: it
 * is no regular file that has more than `least` octets to read. */
bool raw_adopt(struct raw *f, int fd, uint64_t least, bool dot_ends);

/* The first look: the next block as it is, for `sum` to be taken; an empty one is the end. */
bool raw_look(struct raw *f, uint64_t *offset, char *block, struct slice *bytes, struct err *e);
/* What is behind `offset` is not of the message. */
void raw_end(struct raw *f, uint64_t offset);

/* A place in the body. Zeroed, it is at the start. */
struct raw_reader {
    uint64_t offset, sum, skip;
    char *block;
    struct wire_in wire;
    struct buf text;
    size_t used;             /* octets of text that were handed out */
    bool is_done;
};

/* What is handed out is a multiple of this, but for the last of the body and of `max`: whoever
 * sends it in units of a fixed size has full ones. */
#define RAW_PIECE ((size_t)16 * 1024)

/* The next canonical octets of the body, at most `max` (more than 0), valid until the next call;
 * none: the end. */
bool raw_next(const struct raw *f, struct raw_reader *r, size_t max, struct slice *bytes,
              struct err *e);
void raw_reader_clear(struct raw_reader *r);

#endif
