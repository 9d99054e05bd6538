/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_ADMISSION_H
#define CMD_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/quota.h"

/* What a session asks the service, which alone sees all sessions: may this message come in? A
 * request and a verdict over a pair of sockets between two processes of ours. */

enum admission_kind {
    ADMISSION_NEW,           /* a message is announced with `octets`; answered */
    ADMISSION_MORE,          /* it is to have `octets` in all; answered */
    ADMISSION_KEPT,          /* it is in the queue, with `octets` */
    ADMISSION_DROPPED        /* it is not, and will not be */
};

struct admission_request {
    uint64_t kind;           /* enum admission_kind */
    uint64_t octets;
};

/* The session's side. False: the service is gone. */
bool admission_tell(int fd, enum admission_kind kind, uint64_t octets);
bool admission_ask(int fd, enum admission_kind kind, uint64_t octets, enum quota_verdict *verdict);

/* The service's side, which never waits. False: the session has ended. *found: it asks. */
bool admission_hear(int fd, struct admission_request *request, bool *found);
void admission_answer(int fd, enum quota_verdict verdict);

#endif
