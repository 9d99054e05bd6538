/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_WORKER_H
#define RELAY_WORKER_H

#include "relay/settle.h"

/* One process's share of a queue run: the waiting messages of one account through one conversation
 * after another, as many in each as the account and the server allow, the next one begun while the
 * last one's answer is on its way. Any number of workers may go through the same list: a message
 * belongs to whoever holds its lock, and one that was tried since the list was made is passed
 * over. */

/* A message as the scan saw it. */
struct job {
    char id[ENTRY_ID_MAX + 1];
    size_t group;            /* of the messages that share an account */
    time_t created, last, next;
    uint64_t age, tries;
    bool down;
    bool eligible;           /* to be tried now */
};

struct worker {
    const struct keeper *keeper;
    const struct account *account;
    const char *hello;
    const struct transcript *transcript;     /* may be NULL */
    const struct job *jobs;
    size_t count;
    size_t start;            /* where in the list to begin: workers begin apart */
    int stop;                /* begin no more once it rings (run_is_rung); 0: it never does */
};

enum worker_end {
    WORKER_DONE,             /* nothing is left to do in the list, or the account is down */
    WORKER_IDLE,             /* the same, but not one message was tried */
    WORKER_STUCK             /* the queue cannot be written to: a try at once would send again */
};

enum worker_end worker_run(const struct worker *w);
/* The account cannot even be made ready: its messages stay, and `e` says why. */
enum worker_end worker_refuse(const struct worker *w, const struct err *e);

#endif
