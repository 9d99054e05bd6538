/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/peer.h"

#include <sys/un.h>

bool peer_uid(int fd, uid_t *uid)
{
    struct ucred who;
    socklen_t size = sizeof who;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || size != sizeof who)
        return false;
    *uid = who.uid;
    return who.uid != (uid_t)-1;
}
