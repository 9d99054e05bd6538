/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_LISTENER_H
#define CMD_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/err.h"
#include "cmd/environ.h"
#include "cmd/quota.h"

/* The sockets that the service waits at: a Unix socket for everybody on this machine, loopback TCP
 * for programs that know nothing else, and what the service manager has opened for us. Nobody from
 * outside can reach one of them: another address is refused, whoever asks for it, for the service
 * would relay for the whole world. All are non-blocking and closed on exec. */

struct listener {
    int fd;
    bool is_unix;
    char name[128];          /* for people: the path, or "127.0.0.1:25" */
    char *path;              /* of a Unix socket that we made, to be removed; else NULL */
    dev_t device;            /* ... as long as it is the same one */
    ino_t inode;
};

struct listeners {
    struct listener *items;
    size_t count, capacity;
};

/* Make the socket at `path`, mode 0666, and its directory if only that is missing (0755). One that
 * a dead service has left is replaced; one that answers is an error, and so is any other file. */
bool listeners_add_unix(struct listeners *l, const char *path, struct err *e);
/* "127.0.0.1:25" or "[::1]:25" as an address. ERR_USAGE for what is no loopback address. */
bool listener_place(const char *text, struct sockaddr_storage *address, socklen_t *size,
                    struct err *e);
/* Make a socket there. */
bool listeners_add_tcp(struct listeners *l, const char *text, struct err *e);
/* Take over what the service manager has opened (sd_listen_fds(3)): LISTEN_PID, LISTEN_FDS and
 * LISTEN_FDNAMES, which mean nothing unless LISTEN_PID is us. */
bool listeners_adopt(struct listeners *l, const struct host *h, struct err *e);
/* Close all. `remove`: and take what we made out of the file system. */
void listeners_clear(struct listeners *l, bool remove);

/* A client. -1: nobody is waiting (errno is accept's), or it is nobody whom we serve. */
int listener_accept(const struct listener *l, struct quota_id *who);

/* For tests. The address in "127.0.0.1:25" or "[::1]:25", whatever it is. */
bool listener_parse(const char *text, struct sockaddr_storage *address, socklen_t *size);
/* How many descriptors are handed over to the process `self`; false: the variables are wrong. */
bool listener_count_adopted(const struct host *h, pid_t self, unsigned long *count, struct err *e);

#endif
