/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_SPILL_H
#define BASE_SPILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Bytes that are written once and read often: in memory up to a limit, beyond it in an unnamed file
 * but for the last, so that memory does not depend on their number. The file is made in `directory`
 * (TMPDIR or the spool; borrowed) only when it is needed and vanishes with the descriptor. */

struct spill {
    struct buf memory;       /* what is not in the file */
    const char *directory;
    int fd;                  /* -1 while everything is in memory */
    bool borrowed;           /* fd is somebody else's */
    uint64_t start;          /* where in the file the first octet is */
    uint64_t in_file;        /* how many of them are there */
    uint64_t size;
};

void spill_init(struct spill *s, size_t memory_limit, const char *directory);
void spill_clear(struct spill *s);
/* Read `size` octets of somebody's file from `start` on; fd is borrowed. `s` is fresh. */
void spill_adopt(struct spill *s, int fd, uint64_t start, uint64_t size);
bool spill_put(struct spill *s, struct slice bytes, struct err *e);

/* The next bytes from *offset on, at most LIMIT_BLOCK of them, as a slice that is valid until the
 * next call: in memory no copy is made, from the file they go through `block` (LIMIT_BLOCK octets).
 * An empty slice is the end. Moves *offset. */
bool spill_read(const struct spill *s, uint64_t *offset, char *block, struct slice *bytes,
                struct err *e);

#endif
