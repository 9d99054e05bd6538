/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/idna.h"
#include "base/mem.h"

/* What the thread works on. Owned by the thread once it runs; the result travels as one pointer
 * through the pipe, and a result that nobody waits for any more ends with the process. */
struct lookup {
    char *host;
    char port[16];
    int pipe_end;
    int status;              /* EAI_... */
    int errnum;
    struct addrinfo *list;
};

static void lookup_free(struct lookup *l)
{
    if (l->list)
        freeaddrinfo(l->list);
    free(l->host);
    free(l);
}

static void lookup_now(struct lookup *l, int flags)
{
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};

    l->status = getaddrinfo(l->host, l->port, &wanted, &l->list);
    l->errnum = errno;
}

static void *lookup_thread(void *argument)
{
    struct lookup *l = argument;

    lookup_now(l, 0);
    if (write(l->pipe_end, &l, sizeof l) != (ssize_t)sizeof l)
        close(l->pipe_end);
    return NULL;
}

/* Takes the host over. */
static struct lookup *lookup_new(char *host, unsigned port)
{
    struct lookup *l = mem_alloc(sizeof *l);

    l->host = host;
    snprintf(l->port, sizeof l->port, "%u", port);
    return l;
}

/* *result is NULL when the deadline passed first. */
static bool lookup_before(struct lookup *l, struct deadline deadline, struct lookup **result,
                          struct err *e)
{
    int ends[2];
    pthread_t thread;

    *result = NULL;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_os(e, ERR_OS, "cannot make a pipe");
    l->pipe_end = ends[1];
    if (pthread_create(&thread, NULL, lookup_thread, l) != 0) {
        close(ends[0]);
        close(ends[1]);
        return err_set(e, ERR_OS, "cannot start a thread for the resolver");
    }
    pthread_detach(thread);
    struct pollfd ready = {.fd = ends[0], .events = POLLIN};
    int n;
    do
        n = poll(&ready, 1, deadline_poll(deadline));
    while (n < 0 && errno == EINTR);
    if (n > 0 && read(ends[0], result, sizeof(struct lookup *)) != (ssize_t)sizeof(struct lookup *))
        *result = NULL;
    /* After a timeout the thread still owns its end. */
    close(ends[0]);
    if (*result)
        close(ends[1]);
    return true;
}

static void add_of_family(const struct addrinfo *list, bool first_family, struct address *items,
                          size_t *count)
{
    for (const struct addrinfo *a = list; a && *count < ADDRESSES_MAX; a = a->ai_next) {
        bool usable = a->ai_family == AF_INET || a->ai_family == AF_INET6;
        if (!usable || (a->ai_family == list->ai_family) != first_family)
            continue;
        memcpy(&items[*count].socket, a->ai_addr, a->ai_addrlen);
        items[(*count)++].len = a->ai_addrlen;
    }
}

static void interleave(const struct addrinfo *list, struct addresses *out)
{
    struct address first[ADDRESSES_MAX], second[ADDRESSES_MAX];
    size_t firsts = 0, seconds = 0;

    add_of_family(list, true, first, &firsts);
    add_of_family(list, false, second, &seconds);
    for (size_t i = 0; out->count < ADDRESSES_MAX && (i < firsts || i < seconds); i++) {
        if (i < firsts)
            out->items[out->count++] = first[i];
        if (i < seconds && out->count < ADDRESSES_MAX)
            out->items[out->count++] = second[i];
    }
}

static bool explain(const struct lookup *l, struct err *e)
{
    if (l->status == EAI_NONAME || l->status == COMPAT_EAI_NODATA)
        return err_set(e, ERR_RESOLVE, "host not found");
    if (l->status == EAI_AGAIN)
        return err_set(e, ERR_CONNECT, "cannot look up the host now: %s", gai_strerror(l->status));
    if (l->status != EAI_SYSTEM)
        return err_set(e, ERR_RESOLVE, "cannot look up the host: %s", gai_strerror(l->status));
    errno = l->errnum;
    return err_os(e, ERR_CONNECT, "cannot look up the host");
}

/* RFC 6761 6.3: this name has no need of a name server, nor of a thread to wait for one. */
static bool is_localhost(const char *host)
{
    return slice_eq_nocase(slice_of(host), SLICE("localhost"));
}

static void put_loopback(unsigned port, struct addresses *out)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((in_port_t)port),
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    out->items[0].len = sizeof four;
    memcpy(&out->items[0].socket, &four, sizeof four);
    out->items[1].len = sizeof six;
    memcpy(&out->items[1].socket, &six, sizeof six);
    out->count = 2;
}

bool resolve_host(const char *host, unsigned port, struct deadline deadline, struct addresses *out,
                  struct err *e)
{
    if (is_localhost(host)) {
        put_loopback(port, out);
        return true;
    }
    char *name = host_to_ascii(host, e);

    out->count = 0;
    if (!name)
        return false;
    struct lookup *l = lookup_new(name, port), *result = l;
    if (host_is_literal(host))
        lookup_now(l, AI_NUMERICHOST);
    else if (!lookup_before(l, deadline, &result, e)) {
        lookup_free(l);
        return false;
    }
    if (!result)
        return err_set(e, ERR_TIMEOUT, "the name server did not answer in time");
    if (result->status == 0)
        interleave(result->list, out);
    bool ok = result->status == 0 ? out->count > 0 || err_set(e, ERR_RESOLVE, "host has no address")
                                  : explain(result, e);
    lookup_free(result);
    return ok;
}

bool address_from_literal(const char *literal, struct address *out)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};

    *out = (struct address){0};
    if (inet_pton(AF_INET, literal, &four.sin_addr) == 1) {
        memcpy(&out->socket, &four, sizeof four);
        out->len = sizeof four;
    } else if (inet_pton(AF_INET6, literal, &six.sin6_addr) == 1) {
        memcpy(&out->socket, &six, sizeof six);
        out->len = sizeof six;
    }
    return out->len > 0;
}

void address_text(const struct address *a, struct buf *out)
{
    char text[INET6_ADDRSTRLEN] = "";
    const struct sockaddr *socket = (const struct sockaddr *)&a->socket;

    if (socket->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)socket)->sin_addr, text, sizeof text);
    else if (socket->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)socket)->sin6_addr, text, sizeof text);
    else if (socket->sa_family == AF_UNIX)
        buf_put_text(out, ((const struct sockaddr_un *)socket)->sun_path);
    buf_put_text(out, text);
}

bool address_is_local(const struct address *a)
{
    const struct sockaddr *socket = (const struct sockaddr *)&a->socket;

    if (socket->sa_family == AF_UNIX)
        return true;
    if (socket->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)socket)->sin_addr.s_addr) >> 24) == 127;
    if (socket->sa_family != AF_INET6)
        return false;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)socket)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

char *host_to_ascii(const char *host, struct err *e)
{
    struct buf ascii;

    if (!slice_has_8bit(slice_of(host)))
        return mem_strdup(host);
    buf_init(&ascii, LIMIT_DOMAIN);
    bool ok = idna_to_ascii(&ascii, slice_of(host), e) &&
              (!ascii.overflow || err_set(e, ERR_CONFIG, "the host name \"%s\" is too long", host));
    if (ok)
        return buf_take(&ascii);
    buf_clear(&ascii);
    e->kind = ERR_CONFIG;
    return NULL;
}

bool host_is_literal(const char *host)
{
    unsigned char binary[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, binary) == 1 || inet_pton(AF_INET6, host, binary) == 1;
}
