/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/manager.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

void manager_tell(const struct host *h, const char *state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = h->notify_socket ? strlen(h->notify_socket) : 0;

    if (length < 2 || length >= sizeof address.sun_path || !strchr("/@", *h->notify_socket))
        return;
    memcpy(address.sun_path, h->notify_socket, length);
    if (*address.sun_path == '@')
        *address.sun_path = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return;
    ssize_t ignored = sendto(fd, state, strlen(state), MSG_DONTWAIT,
                             (const struct sockaddr *)&address,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    (void)ignored;
    close(fd);
}

void manager_tell_reloading(const struct host *h)
{
    char state[80];

    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
             clock_monotonic() / 1000);
    manager_tell(h, state);
}
