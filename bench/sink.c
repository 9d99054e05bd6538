/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* sink CERT KEY [implicit]: a server that takes every message as fast as OpenSSL decrypts it, and
 * keeps nothing. A process for each connection; the port that the kernel picked is the first line
 * of its output. It speaks STARTTLS, or TLS from the first octet, and offers PIPELINING and
 * CHUNKING. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

enum { IN_SIZE = 256 * 1024 };

struct peer {
    int fd;
    SSL *ssl;
    char in[IN_SIZE];
    size_t start, end;
    char out[16384];
    size_t out_len;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void flush(struct peer *p)
{
    size_t done = 0;

    while (done < p->out_len) {
        ssize_t n = p->ssl ? SSL_write(p->ssl, p->out + done, (int)(p->out_len - done))
                           : write(p->fd, p->out + done, p->out_len - done);
        if (n <= 0)
            exit(0);
        done += (size_t)n;
    }
    p->out_len = 0;
}

static void say(struct peer *p, const char *text)
{
    size_t len = strlen(text);

    if (p->out_len + len > sizeof p->out)
        flush(p);
    memcpy(p->out + p->out_len, text, len);
    p->out_len += len;
}

/* More input; what waits to be said goes out first. The end of the client is ours. */
static void fill(struct peer *p)
{
    flush(p);
    if (p->start == p->end)
        p->start = p->end = 0;
    if (p->end == IN_SIZE) {
        memmove(p->in, p->in + p->start, p->end - p->start);
        p->end -= p->start;
        p->start = 0;
    }
    ssize_t n = p->ssl ? SSL_read(p->ssl, p->in + p->end, (int)(IN_SIZE - p->end))
                       : read(p->fd, p->in + p->end, IN_SIZE - p->end);
    if (n <= 0)
        exit(0);
    p->end += (size_t)n;
}

static char *read_line(struct peer *p)
{
    for (;;) {
        char *from = p->in + p->start;
        char *lf = memchr(from, '\n', p->end - p->start);
        if (lf) {
            *lf = '\0';
            p->start = (size_t)(lf + 1 - p->in);
            return from;
        }
        if (p->end - p->start == IN_SIZE)
            exit(1);
        fill(p);
    }
}

static void skip(struct peer *p, unsigned long octets)
{
    while (octets) {
        if (p->start == p->end)
            fill(p);
        size_t have = p->end - p->start;
        size_t take = have < octets ? have : octets;
        p->start += take;
        octets -= take;
    }
}

/* Up to CRLF.CRLF; the text before it begins with a line end, so to speak. */
static void skip_data(struct peer *p)
{
    char tail[5] = "\r\n";   /* the last octets of what was skipped */
    size_t held = 2;

    for (;;) {
        if (p->start == p->end)
            fill(p);
        char *from = p->in + p->start;
        size_t have = p->end - p->start;
        /* An end that began in an earlier block. */
        for (size_t i = 1; i <= 4 && i <= have; i++) {
            char both[10];
            memcpy(both, tail, held);
            memcpy(both + held, from, i);
            if (held + i >= 5 && memcmp(both + held + i - 5, "\r\n.\r\n", 5) == 0) {
                p->start += i;
                return;
            }
        }
        char *end = memmem(from, have, "\r\n.\r\n", 5);
        if (end) {
            p->start = (size_t)(end + 5 - p->in);
            return;
        }
        char both[10];
        size_t keep = have < 4 ? have : 4;
        memcpy(both, tail, held);
        memcpy(both + held, from + have - keep, keep);
        size_t total = held + keep;
        held = total < 4 ? total : 4;
        memcpy(tail, both + total - held, held);
        p->start = p->end;
    }
}

static void start_tls(struct peer *p, SSL_CTX *ctx)
{
    flush(p);
    p->ssl = SSL_new(ctx);
    SSL_set_fd(p->ssl, p->fd);
    if (SSL_accept(p->ssl) != 1)
        exit(0);
}

static bool is(const char *line, const char *verb)
{
    return strncasecmp(line, verb, strlen(verb)) == 0;
}

static void hello(struct peer *p)
{
    say(p, "250-sink\r\n250-PIPELINING\r\n250-SIZE 0\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
           "250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n");
    if (!getenv("SINK_NO_CHUNKING"))
        say(p, "250-CHUNKING\r\n");
    say(p, p->ssl ? "250 AUTH PLAIN LOGIN\r\n" : "250 STARTTLS\r\n");
}

static void auth(struct peer *p, const char *line)
{
    if (is(line, "AUTH LOGIN")) {
        if (!strchr(line + 10, ' ')) {
            say(p, "334 VXNlcm5hbWU6\r\n");
            read_line(p);
        }
        say(p, "334 UGFzc3dvcmQ6\r\n");
        read_line(p);
    } else if (!strchr(line + 5, ' ')) {
        say(p, "334 \r\n");
        read_line(p);
    }
    say(p, "235 2.7.0 ok\r\n");
}

static void converse(struct peer *p, SSL_CTX *ctx)
{
    say(p, "220 sink ESMTP\r\n");
    for (;;) {
        char *line = read_line(p);
        char *end;
        if (is(line, "EHLO")) {
            hello(p);
        } else if (is(line, "STARTTLS")) {
            say(p, "220 2.0.0 go\r\n");
            start_tls(p, ctx);
        } else if (is(line, "AUTH ")) {
            auth(p, line);
        } else if (is(line, "BDAT ")) {
            skip(p, strtoul(line + 5, &end, 10));
            say(p, "250 2.0.0 ok\r\n");
        } else if (is(line, "DATA")) {
            say(p, "354 go\r\n");
            skip_data(p);
            say(p, "250 2.0.0 ok\r\n");
        } else if (is(line, "QUIT")) {
            say(p, "221 2.0.0 bye\r\n");
            flush(p);
            exit(0);
        } else {
            say(p, "250 2.0.0 ok\r\n");
        }
    }
}

static void serve(int fd, SSL_CTX *ctx, bool implicit)
{
    struct peer *p = calloc(1, sizeof *p);
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    p->fd = fd;
    if (implicit)
        start_tls(p, ctx);
    converse(p, ctx);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (argc < 3 || SSL_CTX_use_certificate_chain_file(ctx, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, argv[2], SSL_FILETYPE_PEM) != 1)
        die("usage: sink CERT KEY [implicit]");
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024) ||
        getsockname(listener, (struct sockaddr *)&address, &len))
        die("listen");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        if (fork() == 0) {
            close(listener);
            serve(fd, ctx, argc > 3);
        }
        close(fd);
    }
}
