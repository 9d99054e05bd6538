/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/socks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/compat.h"

enum {
    SOCKS_VERSION = 5,
    METHOD_NONE = 0, METHOD_PASSWORD = 2, METHOD_REFUSED = 0xff,     /* RFC 1928 3 */
    PASSWORD_VERSION = 1,                                            /* RFC 1929 2 */
    COMMAND_CONNECT = 1,
    TYPE_IPV4 = 1, TYPE_NAME = 3, TYPE_IPV6 = 4,                     /* RFC 1928 5 */
    FIELD_MAX = 255
};

static const char scheme[] = "socks5://";
static const char scheme_with_h[] = "socks5h://";

/* -- the text ------------------------------------------------------------- */

/* Behind the scheme; empty if there is none. */
static struct slice without_scheme(struct slice url)
{
    if (slice_has_prefix_nocase(url, slice_of(scheme)))
        return slice_from(url, sizeof scheme - 1);
    if (slice_has_prefix_nocase(url, slice_of(scheme_with_h)))
        return slice_from(url, sizeof scheme_with_h - 1);
    return slice_make("", 0);
}

/* Where "user:password" ends: the last "@", for a password may hold one. rest.len: no login. */
static size_t find_at(struct slice rest)
{
    size_t at = rest.len, next = 0;

    while ((next = slice_find(rest, '@', next)) < rest.len)
        at = next++;
    return at;
}

static struct slice password_of(struct slice url)
{
    struct slice rest = without_scheme(url);
    size_t at = find_at(rest), colon = slice_find(rest, ':', 0);

    if (at == rest.len || colon > at)
        return slice_make(NULL, 0);
    return slice_make(rest.data + colon + 1, at - colon - 1);
}

bool proxy_has_password(struct slice url)
{
    return password_of(url).len > 0;
}

void proxy_mask(struct buf *out, struct slice url)
{
    struct slice password = password_of(url);

    if (!password.len) {
        buf_put_slice(out, url);
        return;
    }
    size_t before = (size_t)(password.data - url.data);
    buf_put(out, url.data, before);
    buf_put_text(out, "***");
    buf_put_slice(out, slice_from(url, before + password.len));
}

/* RFC 3986 2.1 */
static bool decode(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '%') {
            buf_put_byte(out, text.data[i]);
            continue;
        }
        int high = i + 2 < text.len ? ascii_hex_value(text.data[i + 1]) : -1;
        int low = i + 2 < text.len ? ascii_hex_value(text.data[i + 2]) : -1;
        if (high < 0 || low < 0)
            return false;
        buf_put_byte(out, (char)(high * 16 + low));
        i += 2;
    }
    return out->len > 0 && !out->overflow && !slice_has_byte(buf_slice(out), '\0');
}

static bool parse_login(struct slice login, struct proxy *out)
{
    size_t colon = slice_find(login, ':', 0);
    struct buf user, password;

    buf_init(&user, FIELD_MAX);
    buf_init(&password, FIELD_MAX);
    bool ok = colon < login.len && decode(slice_make(login.data, colon), &user) &&
              decode(slice_from(login, colon + 1), &password);
    if (ok) {
        out->user = slice_dup(buf_slice(&user));
        secret_set(&out->password, buf_slice(&password));
    }
    buf_clear(&user);
    buf_wipe(&password);
    return ok;
}

static bool parse_place(struct slice place, struct proxy *out)
{
    bool bracket = place.len && place.data[0] == '[';
    size_t end = slice_find(place, bracket ? ']' : ':', 0);
    struct slice host = bracket ? slice_make(place.data + 1, end ? end - 1 : 0)
                                : slice_make(place.data, end);
    struct slice rest = slice_from(place, bracket ? end + 1 : end);
    unsigned long port = SOCKS_PORT;

    if (bracket && end == place.len)
        return false;
    if (rest.len &&
        (rest.data[0] != ':' || !slice_number(slice_from(rest, 1), 65535, &port) || !port))
        return false;
    for (size_t i = 0; i < host.len; i++)
        if (ascii_is_control(host.data[i]) || strchr(" /?#%\"'<>@", host.data[i]))
            return false;
    if (!host.len || host.len > FIELD_MAX)
        return false;
    out->host = slice_dup(host);
    out->port = (unsigned)port;
    return true;
}

bool proxy_parse(struct slice url, struct proxy *out, struct err *e)
{
    struct slice rest = without_scheme(url);

    *out = (struct proxy){0};
    /* A path of nothing, as in a URL that was copied. */
    if (rest.len && rest.data[rest.len - 1] == '/')
        rest.len--;
    size_t at = find_at(rest);
    bool has_login = at < rest.len;
    if (rest.len && (!has_login || parse_login(slice_make(rest.data, at), out)) &&
        parse_place(has_login ? slice_from(rest, at + 1) : rest, out))
        return true;
    proxy_clear(out);
    /* The text may hold a password, or a part of one that is not recognised. */
    return err_set(e, ERR_CONFIG,
                   "is not understood; write socks5://host:port, or socks5://user:"
                   "password@host:port with %%40 for an @, %%3A for a :, %%25 for a %%"
                   " in user and password");
}

void proxy_clear(struct proxy *p)
{
    free(p->host);
    free(p->user);
    secret_clear(&p->password);
    *p = (struct proxy){0};
}

/* -- the conversation ----------------------------------------------------- */

static bool wait_for(int fd, short events, struct deadline deadline, struct err *e)
{
    struct pollfd ready = {.fd = fd, .events = events};
    int n;

    do
        n = poll(&ready, 1, deadline_poll(deadline));
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return err_set(e, ERR_TIMEOUT, "no answer in time");
    return n > 0 || err_os(e, ERR_OS, "poll");
}

static bool write_all(int fd, struct slice bytes, struct deadline deadline, struct err *e)
{
    while (bytes.len) {
        ssize_t done = send(fd, bytes.data, bytes.len, COMPAT_MSG_NOSIGNAL);
        if (done > 0)
            bytes = slice_from(bytes, (size_t)done);
        else if (done < 0 && errno != EAGAIN && errno != EINTR)
            return err_os(e, ERR_CONNECT, "connection broken");
        else if (!wait_for(fd, POLLOUT, deadline, e))
            return false;
    }
    return true;
}

static bool read_exactly(int fd, unsigned char *to, size_t len, struct deadline deadline,
                         struct err *e)
{
    while (len) {
        ssize_t got = recv(fd, to, len, 0);
        if (got == 0)
            return err_set(e, ERR_CONNECT, "it closed the connection");
        if (got > 0) {
            to += got;
            len -= (size_t)got;
        } else if (errno != EAGAIN && errno != EINTR) {
            return err_os(e, ERR_CONNECT, "connection broken");
        } else if (!wait_for(fd, POLLIN, deadline, e)) {
            return false;
        }
    }
    return true;
}

static bool not_socks(unsigned octet, struct err *e)
{
    return err_set(e, ERR_PROTOCOL, "its answer (octet 0x%02x) is not SOCKS 5", octet);
}

/* RFC 1928 3: which logins we could do; *method is the one that it chose. */
static bool negotiate(int fd, const struct proxy *p, unsigned char *method,
                      struct deadline deadline, struct err *e)
{
    static const char offer[] = {SOCKS_VERSION, 2, METHOD_NONE, METHOD_PASSWORD};
    static const char offer_none[] = {SOCKS_VERSION, 1, METHOD_NONE};
    struct slice bytes = p->user ? slice_make(offer, sizeof offer)
                                 : slice_make(offer_none, sizeof offer_none);
    unsigned char answer[2];

    if (!write_all(fd, bytes, deadline, e) ||
        !read_exactly(fd, answer, sizeof answer, deadline, e))
        return false;
    if (answer[0] != SOCKS_VERSION)
        return not_socks(answer[0], e);
    *method = answer[1];
    if (*method == METHOD_NONE || (*method == METHOD_PASSWORD && p->user))
        return true;
    if (*method == METHOD_REFUSED)
        return err_set(e, ERR_AUTH, p->user ? "it takes no login by user and password"
                                            : "it wants a login: write "
                                              "socks5://user:password@host:port");
    return not_socks(*method, e);
}

static void put_field(struct buf *out, struct slice field)
{
    buf_put_byte(out, (char)field.len);
    buf_put_slice(out, field);
}

/* RFC 1929 2 */
static bool login(int fd, const struct proxy *p, struct deadline deadline, struct err *e)
{
    unsigned char answer[2];
    struct buf request;

    buf_init(&request, 3 + 2 * FIELD_MAX);
    buf_put_byte(&request, PASSWORD_VERSION);
    put_field(&request, slice_of(p->user));
    put_field(&request, secret_bytes(&p->password));
    bool ok = write_all(fd, buf_slice(&request), deadline, e) &&
              read_exactly(fd, answer, sizeof answer, deadline, e);
    buf_wipe(&request);
    return ok &&
           (answer[1] == 0 || err_set(e, ERR_AUTH, "it refuses the login of \"%s\"", p->user));
}

static void put_target(struct buf *out, const char *host, unsigned port)
{
    char binary[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, binary) == 1) {
        buf_put_byte(out, TYPE_IPV4);
        buf_put(out, binary, sizeof(struct in_addr));
    } else if (inet_pton(AF_INET6, host, binary) == 1) {
        buf_put_byte(out, TYPE_IPV6);
        buf_put(out, binary, sizeof(struct in6_addr));
    } else {
        buf_put_byte(out, TYPE_NAME);
        put_field(out, slice_of(host));
    }
    buf_put_byte(out, (char)(port >> 8));
    buf_put_byte(out, (char)(port & 0xff));
}

/* RFC 1928 6 */
static bool judge_reply(unsigned code, struct err *e)
{
    static const char *const words[] = {
        [1] = "general failure",         [2] = "its rules do not allow this connection",
        [3] = "network unreachable",     [4] = "host unreachable",
        [5] = "connection refused",      [6] = "time to live expired",
        [7] = "it does not know CONNECT", [8] = "it does not know this kind of address",
    };

    if (code == 0)
        return true;
    if (code < sizeof words / sizeof *words)
        return err_set(e, ERR_CONNECT, "cannot connect: %s (SOCKS reply %u)", words[code], code);
    return err_set(e, ERR_CONNECT, "cannot connect: unknown reason (SOCKS reply %u)", code);
}

/* The address that the proxy connects from, which nobody wants to know; its length depends on its
 * kind. */
static bool skip_address(int fd, unsigned type, struct deadline deadline, struct err *e)
{
    unsigned char rest[FIELD_MAX + 2];
    unsigned char len = 0;

    if (type == TYPE_NAME && !read_exactly(fd, &len, 1, deadline, e))
        return false;
    if (type == TYPE_IPV4 || type == TYPE_IPV6)
        len = type == TYPE_IPV4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);
    else if (type != TYPE_NAME)
        return not_socks(type, e);
    return read_exactly(fd, rest, (size_t)len + 2, deadline, e);
}

static bool request(int fd, const char *host, unsigned port, struct deadline deadline,
                    struct err *e)
{
    unsigned char answer[4];
    struct buf bytes;

    if (strlen(host) > FIELD_MAX)
        return err_set(e, ERR_CONFIG, "the host's name is longer than %d octets", FIELD_MAX);
    buf_init(&bytes, 6 + 1 + FIELD_MAX);
    buf_put_byte(&bytes, SOCKS_VERSION);
    buf_put_byte(&bytes, COMMAND_CONNECT);
    buf_put_byte(&bytes, 0);
    put_target(&bytes, host, port);
    bool ok = write_all(fd, buf_slice(&bytes), deadline, e) &&
              read_exactly(fd, answer, sizeof answer, deadline, e);
    buf_clear(&bytes);
    if (ok && answer[0] != SOCKS_VERSION)
        ok = not_socks(answer[0], e);
    return ok && judge_reply(answer[1], e) && skip_address(fd, answer[3], deadline, e);
}

bool socks_connect(int fd, const struct proxy *p, const char *host, unsigned port,
                   struct deadline deadline, struct err *e)
{
    unsigned char method = METHOD_REFUSED;

    return negotiate(fd, p, &method, deadline, e) &&
           (method != METHOD_PASSWORD || login(fd, p, deadline, e)) &&
           request(fd, host, port, deadline, e);
}
