/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* floor MODE PORT CA RECIPIENTS < message: what a submission costs at the least. A bare client on
 * OpenSSL: it verifies the server and sends what it reads in as few flights as the RFCs allow, and
 * it has no configuration, no header parser, no address parser and no errors to tell but one.
 *
 *     starttls-bdat  starttls-data  implicit-bdat  implicit-data     one submission
 *     pipe                          implicit TLS, then read and write: the raw pipe
 *
 * floor commit DIR < message: what a queued message costs at the least: write, fsync, rename, fsync
 * of the directory. */

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

enum { BLOCK = 64 * 1024 };

static int fd;
static SSL *ssl;
static char in[65536];
static size_t in_len;

static void die(const char *what)
{
    fprintf(stderr, "floor: %s\n", what);
    exit(1);
}

static void put(const char *data, size_t len)
{
    while (len) {
        ssize_t n = ssl ? SSL_write(ssl, data, len > BLOCK ? BLOCK : (int)len)
                        : write(fd, data, len);
        if (n <= 0)
            die("write");
        data += n;
        len -= (size_t)n;
    }
}

/* So many answers, each ending with a line whose fourth octet is a blank. */
static void expect(unsigned answers)
{
    while (answers) {
        char *lf = memchr(in, '\n', in_len);
        if (lf) {
            if (in[3] == ' ' && answers--)
                if (in[0] > '3')
                    die(in);
            in_len -= (size_t)(lf + 1 - in);
            memmove(in, lf + 1, in_len);
            continue;
        }
        ssize_t n = ssl ? SSL_read(ssl, in + in_len, (int)(sizeof in - in_len))
                        : read(fd, in + in_len, sizeof in - in_len);
        if (n <= 0)
            die("read");
        in_len += (size_t)n;
    }
}

static void tell(const char *text, unsigned answers)
{
    put(text, strlen(text));
    expect(answers);
}

static void connect_to(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&address, sizeof address))
        die("connect");
}

static void start_tls(const char *ca)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    /* The system's hashed directory, of which only what is needed is read. */
    bool trusted = strcmp(ca, "system") == 0 ? SSL_CTX_set_default_verify_dir(ctx) == 1
                                             : SSL_CTX_load_verify_file(ctx, ca) == 1;

    if (!trusted)
        die("ca");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    ssl = SSL_new(ctx);
    SSL_set1_host(ssl, "localhost");
    SSL_set_tlsext_host_name(ssl, "localhost");
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) != 1)
        die("handshake");
}

static char *read_all(size_t *len)
{
    size_t room = 1 << 20;
    char *text = malloc(room);
    ssize_t n;

    *len = 0;
    while ((n = read(0, text + *len, room - *len)) > 0) {
        *len += (size_t)n;
        if (*len == room)
            text = realloc(text, room *= 2);
    }
    return text;
}

static void submit(bool bdat, unsigned recipients)
{
    size_t len;
    char *text = read_all(&len);
    char *flight = malloc(len + 100 * (recipients + 4));
    size_t n = (size_t)sprintf(flight, "MAIL FROM:<ada@example.org> SIZE=%zu\r\n", len);

    for (unsigned i = 1; i <= recipients; i++)
        n += (size_t)sprintf(flight + n, "RCPT TO:<r%u@example.net>\r\n", i);
    if (bdat) {
        n += (size_t)sprintf(flight + n, "BDAT %zu LAST\r\n", len);
    } else {
        n += (size_t)sprintf(flight + n, "DATA\r\n");
        put(flight, n);
        expect(recipients + 2);
        n = 0;
    }
    memcpy(flight + n, text, len);
    n += len;
    n += (size_t)sprintf(flight + n, bdat ? "QUIT\r\n" : ".\r\nQUIT\r\n");
    put(flight, n);
    expect(bdat ? recipients + 2 : 1);
}

/* What comes in goes out, as one chunk whose size is known from the file. */
static void raw_pipe(void)
{
    char line[100];
    static char block[BLOCK];
    ssize_t n;
    off_t size = atol(getenv("FLOOR_SIZE"));

    sprintf(line, "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT %ld LAST\r\n",
            (long)size);
    put(line, strlen(line));
    while ((n = read(0, block, sizeof block)) > 0)
        put(block, (size_t)n);
    expect(3);
}

static int commit(const char *directory)
{
    int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char name[32];
    size_t len;
    char *text = read_all(&len);

    snprintf(name, sizeof name, "%ld", (long)getpid());
    fd = openat(at, "new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len || fsync(fd) != 0 ||
        renameat(at, "new", at, name) != 0 || fsync(at) != 0)
        die("commit");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "commit") == 0)
        return commit(argv[2]);
    if (argc < 5)
        die("MODE PORT CA RECIPIENTS");
    const char *mode = argv[1];
    bool bdat = strstr(mode, "bdat") != NULL;

    connect_to((unsigned)atoi(argv[2]));
    if (strncmp(mode, "starttls", 8) == 0) {
        expect(1);
        tell("EHLO client\r\n", 1);
        tell("STARTTLS\r\n", 1);
        start_tls(argv[3]);
    } else {
        start_tls(argv[3]);
        expect(1);
    }
    tell("EHLO client\r\n", 1);
    tell("AUTH PLAIN AGFkYQBzM2NyZXQ=\r\n", 1);
    if (strcmp(mode, "pipe") == 0)
        raw_pipe();
    else
        submit(bdat, (unsigned)atoi(argv[4]));
    SSL_shutdown(ssl);
    return 0;
}
