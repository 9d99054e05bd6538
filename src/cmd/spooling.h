/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SPOOLING_H
#define CMD_SPOOLING_H

#include "cmd/submission.h"
#include "queue/spool.h"
#include "relay/runner.h"

/* The queue as the ways in and the commands use it: where it is, who runs it, how a submission gets
 * into it. */

/* The spool that the commands are about: the one of --spool; else, where a service has run, its
 * spool for root and for its own user; else the caller's. NULL: there is none. */
const char *spooling_place(const struct args *a, const struct host *h);
/* Is there a service here, with a queue that this caller cannot look into? */
bool spooling_is_hidden(const struct host *h);

/* The user's spool. Without `create`, e->errnum ENOENT tells that there is none. */
bool spooling_open(struct spool *s, const struct host *h, bool create, struct err *e);

/* A runner for this spool with the configuration of this call. What it points to must outlive it.
 */
struct spooling_context {
    const struct args *args;
    struct host *host;
};
void spooling_runner(struct runner *r, struct spooling_context *context, const struct spool *s);

/* What is said, line by line, on stderr: for -v. */
const struct transcript *spooling_transcript(void);

/* What of the submission is not delivered goes to the disk. `tried`: an attempt was made, and is in
 * s->delivery. `refused`: what was refused for good is kept too. True: queued as `id`
 * (ENTRY_ID_MAX + 1 octets), which is made unless it has a name already. */
bool spooling_commit(struct submission *s, bool tried, bool refused, char *id, struct err *e);
/* See to it that somebody runs the queue. */
void spooling_start(struct submission *s);

#endif
