/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef QUEUE_LOCK_H
#define QUEUE_LOCK_H

#include <stdbool.h>

#include "queue/spool.h"

/* Who runs the queue, and how to wake it. The lock is a flock(2) on the spool's file "lock": it
 * belongs to the open file and ends with the process, whatever ends it. The bell is the FIFO
 * "wake": a byte written there ends the runner's sleep.
 *
 * No message is left without a runner: who commits one does so before it looks at the lock, and a
 * runner that ends lets go of the lock before it looks at the spool for the last time. */

/* *fd is the lock, for close(), or -1 when another process holds it (that is no failure). */
bool lock_try(const struct spool *s, int *fd, struct err *e);

/* The runner's end of the bell, non-blocking; -1: there is none, and the runner looks around by
 * itself from time to time. */
int lock_bell(const struct spool *s);
void lock_hush(int bell);                  /* what has rung so far is heard */
void lock_ring(const struct spool *s);

#endif
