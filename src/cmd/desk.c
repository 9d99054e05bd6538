/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/desk.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compat.h"

/* Requests and words are small enough to travel whole over a local socket. */

bool desk_tell(int fd, enum desk_kind kind, uint64_t octets)
{
    const struct desk_request request = {.kind = kind, .octets = octets};

    return send(fd, &request, sizeof request, COMPAT_MSG_NOSIGNAL) == (ssize_t)sizeof request;
}

bool desk_ask(int fd, enum desk_kind kind, uint64_t octets, enum ledger_word *word)
{
    unsigned char answer;
    ssize_t got;

    if (!desk_tell(fd, kind, octets))
        return false;
    do
        got = read(fd, &answer, 1);
    while (got < 0 && errno == EINTR);
    *word = (enum ledger_word)answer;
    return got == 1;
}

bool desk_hear(int fd, struct desk_request *request, bool *found)
{
    ssize_t got = recv(fd, request, sizeof *request, MSG_DONTWAIT);

    *found = got == (ssize_t)sizeof *request;
    return *found || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void desk_answer(int fd, enum ledger_word word)
{
    const unsigned char answer = (unsigned char)word;

    ssize_t ignored = send(fd, &answer, 1, MSG_DONTWAIT | COMPAT_MSG_NOSIGNAL);
    (void)ignored;
}
