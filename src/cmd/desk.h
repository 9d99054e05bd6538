/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_DESK_H
#define CMD_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/ledger.h"

/* What a session asks the service, which alone sees all sessions: may this message come in? A
 * request and a word of the ledger over a pair of sockets between two processes of ours. */

enum desk_kind {
    DESK_NEW,                /* a message is announced with `octets`; answered */
    DESK_MORE,               /* it is to have `octets` in all; answered */
    DESK_KEPT,               /* it is in the queue, with `octets` */
    DESK_DROPPED             /* it is not, and will not be */
};

struct desk_request {
    uint64_t kind;           /* enum desk_kind */
    uint64_t octets;
};

/* The session's side. False: the service is gone. */
bool desk_tell(int fd, enum desk_kind kind, uint64_t octets);
bool desk_ask(int fd, enum desk_kind kind, uint64_t octets, enum ledger_word *word);

/* The service's side, which never waits. False: the session has ended. *found: it asks. */
bool desk_hear(int fd, struct desk_request *request, bool *found);
void desk_answer(int fd, enum ledger_word word);

#endif
