/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "net/peer.h"

/* The first descriptor that a service manager hands over. */
#define FIRST_ADOPTED 3
/* Clients that wait to be let in: one too many is told that nobody has time (EAGAIN). */
#define BACKLOG SOMAXCONN

/* Room for any address, seen as what it is. */
union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    struct sockaddr_storage room;
};

static struct listener *add(struct listeners *l, int fd)
{
    l->items = mem_grow(l->items, l->count, &l->capacity, sizeof *l->items);
    l->items[l->count] = (struct listener){.fd = fd};
    return &l->items[l->count++];
}

static bool prepare_fd(int fd, struct err *e)
{
    int flags = fcntl(fd, F_GETFL);

    return (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
            fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) ||
           err_os(e, ERR_OS, "cannot set up a socket");
}

static bool open_socket(int family, int *fd, struct err *e)
{
    *fd = socket(family, SOCK_STREAM, 0);
    if (*fd < 0)
        return err_os(e, ERR_OS, "cannot make a socket");
    if (prepare_fd(*fd, e))
        return true;
    close(*fd);
    return false;
}

/* -- TCP */

bool listener_parse(const char *text, struct sockaddr_storage *address, socklen_t *size)
{
    union address a = {.room = {0}};
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2];
    unsigned long port;

    if (!colon || (size_t)(colon - text) >= sizeof host ||
        !slice_number(slice_of(colon + 1), 65535, &port))
        return false;
    size_t length = (size_t)(colon - text);
    bool is_v6 = length > 2 && text[0] == '[' && text[length - 1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(is_v6 ? length - 2 : length), text + is_v6);
    a.any.sa_family = is_v6 ? AF_INET6 : AF_INET;
    if (is_v6)
        a.v6.sin6_port = htons((uint16_t)port);
    else
        a.v4.sin_port = htons((uint16_t)port);
    *size = is_v6 ? sizeof a.v6 : sizeof a.v4;
    bool ok = inet_pton(a.any.sa_family, host,
                        is_v6 ? (void *)&a.v6.sin6_addr : (void *)&a.v4.sin_addr) == 1;
    *address = a.room;
    return ok;
}

bool listener_place(const char *text, struct sockaddr_storage *address, socklen_t *size,
                    struct err *e)
{
    union address a;

    if (!listener_parse(text, &a.room, size))
        return err_set(e, ERR_USAGE, "--listen %s: write an address and a port, as 127.0.0.1:25 "
                                     "or [::1]:25", text);
    *address = a.room;
    return peer_is_loopback(&a.any) ||
           err_set(e, ERR_USAGE, "--listen %s: whoever can reach that address could send mail "
                                 "in your name; only 127.0.0.0/8 and [::1] are listened on", text);
}

/* Where a bound socket is, port 0 having become a real one. */
static void name_tcp(struct listener *l, const union address *a)
{
    char host[INET6_ADDRSTRLEN] = "";
    bool is_v6 = a->any.sa_family == AF_INET6;

    inet_ntop(a->any.sa_family,
              is_v6 ? (const void *)&a->v6.sin6_addr : (const void *)&a->v4.sin_addr, host,
              sizeof host);
    snprintf(l->name, sizeof l->name, is_v6 ? "[%s]:%u" : "%s:%u", host,
             (unsigned)ntohs(is_v6 ? a->v6.sin6_port : a->v4.sin_port));
}

static bool bind_tcp(int fd, const union address *a, socklen_t size, const char *text,
                     struct err *e)
{
    const int on = 1;

    /* A port that was ours a moment ago is ours again; ::1 is not 127.0.0.1. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a->any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    return (bind(fd, &a->any, size) == 0 && listen(fd, BACKLOG) == 0) ||
           err_os(e, ERR_OS, "cannot listen on %s", text);
}

bool listeners_add_tcp(struct listeners *l, const char *text, struct err *e)
{
    union address a;
    socklen_t size;
    int fd;

    if (!listener_place(text, &a.room, &size, e))
        return false;
    if (!open_socket(a.any.sa_family, &fd, e))
        return false;
    if (!bind_tcp(fd, &a, size, text, e)) {
        close(fd);
        return false;
    }
    size = sizeof a;
    getsockname(fd, &a.any, &size);
    name_tcp(add(l, fd), &a);
    return true;
}

/* -- Unix sockets */

/* Does somebody answer there? */
static bool is_alive(const union address *a)
{
    struct err ignored;
    int fd;

    if (!open_socket(AF_UNIX, &fd, &ignored))
        return true;
    /* A queue that is full (EAGAIN) belongs to somebody too. */
    bool alive = connect(fd, &a->any, sizeof a->local) == 0 ||
                 (errno != ECONNREFUSED && errno != ENOENT);
    close(fd);
    return alive;
}

/* The place is free afterwards. */
static bool clear_place(const char *path, const union address *a, struct err *e)
{
    struct stat info;

    if (lstat(path, &info) != 0)
        return true;
    if (!S_ISSOCK(info.st_mode))
        return err_set(e, ERR_CREATE, "%s is there already, and is no socket", path);
    if (is_alive(a))
        return err_set(e, ERR_CREATE, "another service listens on %s", path);
    file_remove(path);
    return true;
}

static bool make_parent(const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    struct stat info;

    if (!slash || slash == path)
        return true;
    char *parent = slice_dup(slice_make(path, (size_t)(slash - path)));
    bool ok = stat(parent, &info) == 0 ||
              (file_make_directory(parent, e) && file_set_mode(parent, 0755, e));
    free(parent);
    return ok;
}

static bool bind_unix(int fd, const union address *a, const char *path, struct err *e)
{
    /* Not for a moment closed to those who may connect. */
    mode_t mask = umask(0111);
    bool ok = bind(fd, &a->any, sizeof a->local) == 0;

    umask(mask);
    return (ok && listen(fd, BACKLOG) == 0) || err_os(e, ERR_CREATE, "cannot listen on %s", path);
}

bool listeners_add_unix(struct listeners *l, const char *path, struct err *e)
{
    union address a = {.local = {.sun_family = AF_UNIX}};
    struct stat info;
    int fd;

    if (*path != '/' || strlen(path) >= sizeof a.local.sun_path)
        return err_set(e, ERR_USAGE, "--socket %s: write an absolute path of less than %zu octets",
                       path, sizeof a.local.sun_path);
    memcpy(a.local.sun_path, path, strlen(path) + 1);
    if (!make_parent(path, e) || !clear_place(path, &a, e) || !open_socket(AF_UNIX, &fd, e))
        return false;
    if (!bind_unix(fd, &a, path, e)) {
        close(fd);
        return false;
    }
    struct listener *new = add(l, fd);
    new->is_unix = true;
    new->path = mem_strdup(path);
    snprintf(new->name, sizeof new->name, "%s", path);
    if (lstat(path, &info) == 0) {
        new->device = info.st_dev;
        new->inode = info.st_ino;
    }
    return true;
}

/* -- handed over */

bool listener_count_adopted(const struct host *h, pid_t self, unsigned long *count, struct err *e)
{
    unsigned long pid, names = 1;

    *count = 0;
    if (!h->listen_pid || !h->listen_fds)
        return true;
    if (!slice_number(slice_of(h->listen_pid), INT32_MAX, &pid))
        return err_set(e, ERR_USAGE, "LISTEN_PID=%s is no process", h->listen_pid);
    if (pid != (unsigned long)self)
        return true;
    if (!slice_number(slice_of(h->listen_fds), 64, count))
        return err_set(e, ERR_USAGE, "LISTEN_FDS=%s is no number of sockets", h->listen_fds);
    for (const char *c = h->listen_names; c && *c; c++)
        names += *c == ':';
    return !h->listen_names || names == *count ||
           err_set(e, ERR_USAGE, "LISTEN_FDNAMES=%s has not a name for each of %lu sockets",
                   h->listen_names, *count);
}

static int socket_number(int fd, int option)
{
    int value = -1;
    socklen_t size = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

static bool adopt(struct listeners *l, int fd, struct err *e)
{
    union address a = {.room = {0}};
    socklen_t size = sizeof a;

    if (socket_number(fd, SO_TYPE) != SOCK_STREAM || socket_number(fd, SO_ACCEPTCONN) != 1 ||
        getsockname(fd, &a.any, &size) != 0)
        return err_set(e, ERR_USAGE, "descriptor %d is no stream socket that listens", fd);
    if (a.any.sa_family != AF_UNIX && !peer_is_loopback(&a.any))
        return err_set(e, ERR_USAGE, "descriptor %d listens on another address than 127.0.0.0/8 "
                                     "and [::1]: anybody could send mail there", fd);
    if (!prepare_fd(fd, e))
        return false;
    struct listener *new = add(l, fd);
    new->is_unix = a.any.sa_family == AF_UNIX;
    if (new->is_unix)
        snprintf(new->name, sizeof new->name, "%s", a.local.sun_path);
    else
        name_tcp(new, &a);
    return true;
}

bool listeners_adopt(struct listeners *l, const struct host *h, struct err *e)
{
    unsigned long count;

    if (!listener_count_adopted(h, getpid(), &count, e))
        return false;
    for (int fd = FIRST_ADOPTED; fd < FIRST_ADOPTED + (int)count; fd++)
        if (!adopt(l, fd, e))
            return false;
    return true;
}

void listeners_clear(struct listeners *l, bool remove)
{
    struct stat info;

    for (size_t i = 0; i < l->count; i++) {
        struct listener *item = &l->items[i];
        close(item->fd);
        if (remove && item->path && lstat(item->path, &info) == 0 &&
            info.st_dev == item->device && info.st_ino == item->inode)
            file_remove(item->path);
        free(item->path);
    }
    free(l->items);
    *l = (struct listeners){0};
}

int listener_accept(const struct listener *l, struct quota_id *who)
{
    union address a = {.room = {0}};
    socklen_t size = sizeof a;
    struct err ignored;
    uid_t uid;

    int fd = accept(l->fd, &a.any, &size);
    if (fd < 0)
        return -1;
    *who = (struct quota_id){.is_known = l->is_unix};
    bool ok = l->is_unix ? peer_uid(fd, &uid) : peer_is_loopback(&a.any);
    if (ok && l->is_unix)
        who->uid = uid;
    if (ok && prepare_fd(fd, &ignored))
        return fd;
    close(fd);
    errno = EACCES;
    return -1;
}
