/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/socks.h"

/* RFC 8305 8: the recommended Connection Attempt Delay. */
#define ATTEMPT_DELAY_MS 250

/* One connection being made. fd < 0: not begun, or failed. */
struct attempt {
    int fd;
    struct deadline deadline;
};

/* The race between the addresses of one host. */
struct race {
    const struct dial_params *params;
    const struct addresses *addresses;
    struct address source;   /* len 0: the system chooses */
    struct attempt attempts[ADDRESSES_MAX];
    size_t begun;            /* addresses tried so far */
    size_t running;
    struct deadline next;    /* when the next address joins */
    struct buf faults;       /* "addr: reason; addr: reason" */
    bool timed_out;          /* every fault so far was a timeout */
};

static void add_fault(struct race *r, size_t index, const char *reason)
{
    if (r->faults.len)
        buf_put_text(&r->faults, "; ");
    address_text(&r->addresses->items[index], &r->faults);
    buf_put_format(&r->faults, ": %s", reason);
}

static void give_up(struct race *r, size_t index, const char *reason)
{
    add_fault(r, index, reason);
    if (r->attempts[index].fd >= 0) {
        close(r->attempts[index].fd);
        r->attempts[index].fd = -1;
        r->running--;
    }
    /* No reason to wait with the next one. */
    r->next = deadline_in(0);
}

/* A socket for this address, bound to our own one if there is a wish. */
static const char *prepare(struct race *r, size_t index)
{
    const struct address *a = &r->addresses->items[index];
    const struct sockaddr *own = (const struct sockaddr *)&r->source.socket;
    const int on = 1;

    bool binds = r->source.len && a->socket.ss_family != AF_UNIX;
    if (binds && own->sa_family != a->socket.ss_family)
        return "source-address is of the other kind";
    int fd = socket(a->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return strerror(errno);
    r->attempts[index].fd = fd;
    r->running++;
    if (a->socket.ss_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (binds && bind(fd, own, r->source.len) != 0)
        return errno == EADDRNOTAVAIL ? "source-address is none of this machine's"
                                      : strerror(errno);
    return NULL;
}

/* Start connecting to the next address; true if that was done at once. */
static bool begin(struct race *r)
{
    size_t index = r->begun++;
    const struct address *a = &r->addresses->items[index];
    struct attempt *attempt = &r->attempts[index];

    attempt->fd = -1;
    r->next = deadline_in(ATTEMPT_DELAY_MS);
    attempt->deadline = r->params->connect_timeout ? deadline_in(r->params->connect_timeout)
                                                   : deadline_never();
    const char *fault = prepare(r, index);
    if (fault) {
        r->timed_out = false;
        give_up(r, index, fault);
        return false;
    }
    if (connect(attempt->fd, (const struct sockaddr *)&a->socket, a->len) == 0)
        return true;
    if (errno != EINPROGRESS) {
        r->timed_out = false;
        give_up(r, index, strerror(errno));
    }
    return false;
}

/* Sleep until a connection has news or something is due. */
static void wait_for_news(struct race *r, struct pollfd *ready)
{
    struct deadline wake = r->params->deadline;

    if (r->begun < r->addresses->count)
        wake = deadline_earlier(wake, r->next);
    for (size_t i = 0; i < r->begun; i++) {
        ready[i] = (struct pollfd){.fd = r->attempts[i].fd, .events = POLLOUT};
        if (r->attempts[i].fd >= 0)
            wake = deadline_earlier(wake, r->attempts[i].deadline);
    }
    /* EINTR: the caller looks at the time and comes back. */
    if (poll(ready, r->begun, deadline_poll(wake)) < 0)
        for (size_t i = 0; i < r->begun; i++)
            ready[i].revents = 0;
}

/* Index of a connection that stands, or SIZE_MAX. */
static size_t judge_news(struct race *r, const struct pollfd *ready)
{
    for (size_t i = 0; i < r->begun; i++) {
        int failed = 0;
        socklen_t len = sizeof failed;
        if (r->attempts[i].fd < 0)
            continue;
        if (ready[i].revents && getsockopt(ready[i].fd, SOL_SOCKET, SO_ERROR, &failed, &len) == 0) {
            if (failed == 0)
                return i;
            r->timed_out = r->timed_out && failed == ETIMEDOUT;
            give_up(r, i, strerror(failed));
        } else if (deadline_is_past(r->attempts[i].deadline)) {
            give_up(r, i, "no answer in time");
        }
    }
    return SIZE_MAX;
}

static size_t run_race(struct race *r)
{
    struct pollfd ready[ADDRESSES_MAX];
    size_t winner = SIZE_MAX;

    while (winner == SIZE_MAX && !deadline_is_past(r->params->deadline)) {
        bool due = r->running == 0 || deadline_is_past(r->next);
        if (r->begun < r->addresses->count && due) {
            if (begin(r))
                winner = r->begun - 1;
            continue;
        }
        if (r->running == 0)
            break;
        wait_for_news(r, ready);
        winner = judge_news(r, ready);
    }
    return winner;
}

bool dial_addresses(const struct dial_params *params, const struct addresses *addresses,
                    struct dialled *out, struct err *e)
{
    struct race r = {.params = params, .addresses = addresses, .timed_out = true};
    bool ok = true;

    if (params->source && !address_from_literal(params->source, &r.source))
        return err_set(e, ERR_CONFIG, "source-address: \"%s\" is no address", params->source);
    buf_init(&r.faults, LIMIT_ERROR_TEXT);
    size_t winner = run_race(&r);
    for (size_t i = 0; i < r.begun; i++)
        if (i != winner && r.attempts[i].fd >= 0) {
            add_fault(&r, i, "no answer in time");
            close(r.attempts[i].fd);
        }
    if (winner != SIZE_MAX)
        *out = (struct dialled){r.attempts[winner].fd, addresses->items[winner]};
    else
        ok = err_set(e, r.timed_out ? ERR_TIMEOUT : ERR_CONNECT, "cannot connect: %s",
                     r.faults.len ? r.faults.data : "no time left");
    buf_clear(&r.faults);
    return ok;
}

static bool unix_address(const char *path, struct addresses *out, struct err *e)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t len = strlen(path);

    if (len >= sizeof name.sun_path)
        return err_set(e, ERR_CONFIG, "the path of the socket is longer than %zu octets",
                       sizeof name.sun_path - 1);
    memcpy(name.sun_path, path, len + 1);
    memcpy(&out->items[0].socket, &name, sizeof name);
    out->items[0].len = sizeof name;
    out->count = 1;
    return true;
}

static bool dial_host(const struct dial_params *params, struct dialled *out, struct err *e)
{
    struct addresses addresses = {.count = 0};
    bool found = params->socket
                     ? unix_address(params->socket, &addresses, e)
                     : resolve_host(params->host, params->port, params->deadline, &addresses, e);

    return found && dial_addresses(params, &addresses, out, e);
}

/* The proxy's own connection gets as much time again as ours to it. */
static bool cross_proxy(int fd, const struct dial_params *params, const struct proxy *proxy,
                        struct err *e)
{
    struct deadline deadline = params->deadline;
    char *host = host_to_ascii(params->host, e);

    if (!host)
        return false;
    if (params->connect_timeout)
        deadline = deadline_earlier(deadline, deadline_in(params->connect_timeout));
    bool ok = socks_connect(fd, proxy, host, params->port, deadline, e);
    free(host);
    return ok;
}

static bool dial_through(const struct dial_params *params, const struct proxy *proxy,
                         struct dialled *out, struct err *e)
{
    struct dial_params way = *params;

    way.host = proxy->host;
    way.port = proxy->port;
    if (!dial_host(&way, out, e))
        return err_wrap(e, "proxy %s:%u", proxy->host, proxy->port);
    if (!cross_proxy(out->fd, params, proxy, e)) {
        close(out->fd);
        return err_wrap(e, "proxy %s:%u", proxy->host, proxy->port);
    }
    out->peer = (struct address){0};
    return true;
}

bool dial(const struct dial_params *params, struct dialled *out, struct err *e)
{
    struct proxy proxy;

    if (params->socket || !params->proxy)
        return dial_host(params, out, e);
    bool ok = (proxy_parse(slice_of(params->proxy), &proxy, e) || err_wrap(e, "proxy")) &&
              dial_through(params, &proxy, out, e);
    proxy_clear(&proxy);
    return ok;
}

void dial_local_literal(int fd, struct buf *out)
{
    struct address own = {.len = sizeof own.socket};

    if (getsockname(fd, (struct sockaddr *)&own.socket, &own.len) != 0 ||
        (own.socket.ss_family != AF_INET && own.socket.ss_family != AF_INET6)) {
        buf_put_text(out, "localhost");
        return;
    }
    buf_put_text(out, own.socket.ss_family == AF_INET6 ? "[IPv6:" : "[");
    address_text(&own, out);
    buf_put_byte(out, ']');
}
