/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/admission.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compat.h"

/* Requests and words are small enough to travel whole over a local socket. */

bool admission_tell(int fd, enum admission_kind kind, uint64_t octets)
{
    const struct admission_request request = {.kind = kind, .octets = octets};

    return send(fd, &request, sizeof request, COMPAT_MSG_NOSIGNAL) == (ssize_t)sizeof request;
}

bool admission_ask(int fd, enum admission_kind kind, uint64_t octets, enum quota_verdict *verdict)
{
    unsigned char answer;
    ssize_t got;

    if (!admission_tell(fd, kind, octets))
        return false;
    do
        got = read(fd, &answer, 1);
    while (got < 0 && errno == EINTR);
    *verdict = (enum quota_verdict)answer;
    return got == 1;
}

bool admission_hear(int fd, struct admission_request *request, bool *found)
{
    ssize_t got = recv(fd, request, sizeof *request, MSG_DONTWAIT);

    *found = got == (ssize_t)sizeof *request;
    return *found || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void admission_answer(int fd, enum quota_verdict verdict)
{
    const unsigned char answer = (unsigned char)verdict;

    ssize_t ignored = send(fd, &answer, 1, MSG_DONTWAIT | COMPAT_MSG_NOSIGNAL);
    (void)ignored;
}
