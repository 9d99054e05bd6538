/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/stream.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "base/limits.h"

/* A stream, and the other end of its line. */
struct line {
    struct stream stream;
    int peer;
};

static void begin(struct line *l)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    stream_init(&l->stream, ends[0], deadline_in(20000));
    l->peer = ends[1];
}

static void end(struct line *l)
{
    stream_close(&l->stream);
    stream_close(&l->stream);
    if (l->peer >= 0)
        close(l->peer);
}

static void say(struct line *l, struct slice text)
{
    assert_int_equal(write(l->peer, text.data, text.len), text.len);
}

static void hang_up(struct line *l)
{
    close(l->peer);
    l->peer = -1;
}

static void hear(struct line *l, struct slice want)
{
    struct slice line;
    struct err e;

    if (!stream_line(&l->stream, deadline_in(20000), &line, &e))
        fail_msg("%s", e.text);
    check_slice(want, line, want);
}

static void lines_end_with_lf_or_crlf(void **state)
{
    struct line l;

    (void)state;
    begin(&l);
    say(&l, SLICE("one\r\ntwo\n\r\n\nthr\0ee\r\r\n\rfour\n"));
    hear(&l, SLICE("one"));
    hear(&l, SLICE("two"));
    hear(&l, SLICE(""));
    hear(&l, SLICE(""));
    hear(&l, SLICE("thr\0ee\r"));
    hear(&l, SLICE("\rfour"));
    assert_false(stream_has_input(&l.stream));
    end(&l);
}

static void a_line_may_come_in_pieces(void **state)
{
    struct line l;
    struct slice line;
    struct err e;

    (void)state;
    begin(&l);
    say(&l, SLICE("25"));
    assert_false(stream_line(&l.stream, deadline_in(0), &line, &e));
    assert_int_equal(e.kind, ERR_TIMEOUT);
    say(&l, SLICE("0 ok\r"));
    assert_false(stream_line(&l.stream, deadline_in(0), &line, &e));
    assert_true(stream_has_input(&l.stream));
    say(&l, SLICE("\n"));
    hear(&l, SLICE("250 ok"));
    end(&l);
}

static void a_line_has_a_maximum(void **state)
{
    struct line l;
    struct slice line;
    struct err e;
    char text[LIMIT_REPLY_LINE + 3];

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text + LIMIT_REPLY_LINE, "\r\n", 2);
    begin(&l);
    say(&l, slice_make(text, LIMIT_REPLY_LINE + 2));
    assert_true(stream_line(&l.stream, deadline_in(20000), &line, &e));
    assert_int_equal(line.len, LIMIT_REPLY_LINE);
    memset(text, 'x', sizeof text);
    text[LIMIT_REPLY_LINE + 1] = '\n';
    say(&l, slice_make(text, LIMIT_REPLY_LINE + 2));
    assert_false(stream_line(&l.stream, deadline_in(20000), &line, &e));
    assert_int_equal(e.kind, ERR_PROTOCOL);
    say(&l, slice_make(text, LIMIT_REPLY_LINE));
    say(&l, slice_make(text, LIMIT_REPLY_LINE));
    assert_false(stream_line(&l.stream, deadline_in(20000), &line, &e));
    assert_int_equal(e.kind, ERR_PROTOCOL);
    end(&l);
}

static void what_was_said_before_the_end_is_heard(void **state)
{
    struct line l;
    struct slice line;
    struct err e;

    (void)state;
    begin(&l);
    say(&l, SLICE("421 bye\r\nhalf a li"));
    hang_up(&l);
    hear(&l, SLICE("421 bye"));
    assert_false(stream_line(&l.stream, deadline_in(20000), &line, &e));
    assert_int_equal(e.kind, ERR_CONNECT);
    assert_false(stream_line(&l.stream, deadline_in(20000), &line, &e));
    assert_int_equal(e.kind, ERR_CONNECT);
    end(&l);
}

static void a_stream_that_heard_nothing_ends_as_well(void **state)
{
    struct line l;
    struct slice line;
    struct err e;

    (void)state;
    begin(&l);
    assert_false(stream_has_input(&l.stream));
    hang_up(&l);
    assert_false(stream_line(&l.stream, deadline_never(), &line, &e));
    assert_int_equal(e.kind, ERR_CONNECT);
    end(&l);
}

static void the_overall_deadline_ends_every_wait(void **state)
{
    struct line l;
    struct slice line;
    struct err e;

    (void)state;
    begin(&l);
    l.stream.overall = deadline_in(30);
    assert_false(stream_line(&l.stream, deadline_never(), &line, &e));
    assert_int_equal(e.kind, ERR_TIMEOUT);
    end(&l);
}

static void output_is_queued_and_flushed(void **state)
{
    struct line l;
    struct err e;
    char got[64];

    (void)state;
    begin(&l);
    stream_put(&l.stream, SLICE("EHLO x\r\n"));
    stream_put_secret(&l.stream, SLICE("s3cret"));
    assert_int_equal(stream_pending(&l.stream), 14);
    assert_int_equal(recv(l.peer, got, sizeof got, MSG_DONTWAIT), -1);
    assert_true(stream_flush(&l.stream, 20000, &e));
    assert_int_equal(stream_pending(&l.stream), 0);
    assert_int_equal(read(l.peer, got, sizeof got), 14);
    assert_memory_equal(got, "EHLO x\r\ns3cret", 14);
    /* Nothing to write is nothing to wait for. */
    assert_true(stream_flush(&l.stream, 0, &e));
    end(&l);
}

static void a_peer_that_does_not_read_is_given_up(void **state)
{
    struct line l;
    struct err e;
    char block[4096] = {0};

    (void)state;
    begin(&l);
    for (int i = 0; i < 512; i++)
        stream_put(&l.stream, slice_make(block, sizeof block));
    assert_false(stream_flush(&l.stream, 50, &e));
    assert_int_equal(e.kind, ERR_TIMEOUT);
    end(&l);
}

/* --- TLS between the two ends, with a key that both have: certificates are not the subject here */

static unsigned give_key(SSL *ssl, const char *hint, char *identity, unsigned most,
                         unsigned char *key, unsigned key_most)
{
    (void)ssl;
    (void)hint;
    if (identity)
        snprintf(identity, most, "smtpost");
    memset(key, 7, key_most < 16 ? key_most : 16);
    return 16;
}

static unsigned find_key(SSL *ssl, const char *identity, unsigned char *key, unsigned most)
{
    (void)identity;
    return give_key(ssl, NULL, NULL, 0, key, most);
}

static SSL *make_side(int fd, bool is_server, int version)
{
    SSL_CTX *ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());

    assert_non_null(ctx);
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    assert_int_equal(SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256"), 1);
    assert_int_equal(SSL_CTX_set_cipher_list(ctx, "PSK-AES128-GCM-SHA256"), 1);
    SSL_CTX_set_psk_client_callback(ctx, give_key);
    SSL_CTX_set_psk_server_callback(ctx, find_key);
    /* As net/tls.c has it. */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL *ssl = SSL_new(ctx);
    assert_non_null(ssl);
    SSL_CTX_free(ctx);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    if (is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}

/* `greeting`: said by the peer as soon as it may, with the last of its handshake. */
static SSL *begin_version(struct line *l, int version, const char *greeting)
{
    struct err e;
    bool said = !greeting;
    size_t count;

    begin(l);
    assert_int_equal(fcntl(l->peer, F_SETFL, O_NONBLOCK), 0);
    SSL *peer = make_side(l->peer, true, version);
    SSL *ours = make_side(l->stream.fd, false, version);
    for (int i = 0; i < 10; i++) {
        SSL_do_handshake(ours);
        if (SSL_do_handshake(peer) == 1 && !said)
            said = SSL_write_ex(peer, greeting, strlen(greeting), &count) == 1;
    }
    assert_true(said && SSL_is_init_finished(ours) && SSL_is_init_finished(peer));
    assert_true(stream_set_tls(&l->stream, ours, &e));
    return peer;
}

static SSL *begin_tls(struct line *l)
{
    return begin_version(l, TLS1_3_VERSION, NULL);
}

/* Takes what is there into got[have..]; how much there is then. */
static size_t take(SSL *peer, char *got, size_t have, size_t room)
{
    size_t more;

    while (have < room && SSL_read_ex(peer, got + have, room - have, &more) == 1)
        have += more;
    return have;
}

enum { LARGE = 100 * 1024 };

static void records_leave_together(void **state)
{
    struct line l;
    struct err e;
    static char sent[LARGE], got[LARGE + 1];

    (void)state;
    SSL *peer = begin_tls(&l);
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (char)(i % 251);
    stream_put(&l.stream, slice_make(sent, 1000));
    assert_true(stream_write(&l.stream, slice_make(sent + 1000, LARGE - 2000), 20000, &e));
    stream_put(&l.stream, slice_make(sent + LARGE - 1000, 1000));
    assert_int_equal(stream_queued(&l.stream), 1000);
    assert_true(stream_pending(&l.stream) > LARGE);
    assert_int_equal(recv(l.peer, got, 1, MSG_PEEK | MSG_DONTWAIT), -1);
    assert_true(stream_flush(&l.stream, 20000, &e));
    assert_int_equal(stream_pending(&l.stream), 0);
    assert_int_equal(take(peer, got, 0, sizeof got), LARGE);
    assert_memory_equal(got, sent, LARGE);
    SSL_free(peer);
    end(&l);
}

/* Nobody waits for an answer to what has not left. */
static void what_was_written_leaves_before_an_answer(void **state)
{
    struct line l;
    struct slice line;
    struct err e;
    char got[16];

    (void)state;
    SSL *peer = begin_tls(&l);
    assert_true(stream_write(&l.stream, SLICE("NOOP\r\n"), 20000, &e));
    assert_int_equal(recv(l.peer, got, 1, MSG_PEEK | MSG_DONTWAIT), -1);
    assert_false(stream_line(&l.stream, deadline_in(10), &line, &e));
    assert_int_equal(e.kind, ERR_TIMEOUT);
    assert_int_equal(take(peer, got, 0, sizeof got), 6);
    SSL_free(peer);
    end(&l);
}

/* What was gathered is no more than what may be, and that it cannot leave is noticed. */
static void a_peer_that_does_not_read_records_is_given_up(void **state)
{
    struct line l;
    struct err e;
    static char block[LARGE];
    bool ok = true;

    (void)state;
    SSL *peer = begin_tls(&l);
    for (int i = 0; ok && i < 40; i++)
        ok = stream_write(&l.stream, slice_make(block, sizeof block), 50, &e);
    assert_false(ok);
    assert_int_equal(e.kind, ERR_TIMEOUT);
    /* It is over: nothing waits for another attempt. */
    assert_int_equal(stream_pending(&l.stream), 0);
    SSL_free(peer);
    end(&l);
}

struct listener {
    SSL *ssl;
    size_t had;
    char *got;
};

enum { MUCH = 1024 * 1024 };

/* Wants new keys after whatever it hears. */
static void *listen_with_new_keys(void *argument)
{
    struct listener *l = argument;
    struct pollfd ready = {.fd = SSL_get_fd(l->ssl), .events = POLLIN};

    do {
        l->had = take(l->ssl, l->got, l->had, MUCH);
        SSL_key_update(l->ssl, SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(l->ssl);
    } while (l->had < MUCH && poll(&ready, 1, 20000) == 1);
    return NULL;
}

/* RFC 8446 4.6.3, while there is no room for an answer: OpenSSL writes it when it reads. */
static void a_slow_peer_may_want_new_keys(void **state)
{
    struct line l;
    struct err e;
    pthread_t peer;
    const int small = 4096;
    char *sent = malloc(MUCH);
    struct listener listener = {.got = malloc(MUCH)};
    bool ok = true;

    (void)state;
    assert_true(sent && listener.got);
    for (size_t i = 0; i < MUCH; i++)
        sent[i] = (char)(i % 253);
    listener.ssl = begin_tls(&l);
    assert_int_equal(setsockopt(l.stream.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    assert_int_equal(SSL_key_update(listener.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(listener.ssl), 1);
    assert_int_equal(pthread_create(&peer, NULL, listen_with_new_keys, &listener), 0);
    for (size_t at = 0; ok && at < MUCH; at += MUCH / 8)
        ok = stream_write(&l.stream, slice_make(sent + at, MUCH / 8), 20000, &e) &&
             !stream_has_input(&l.stream);
    if (!ok || !stream_flush(&l.stream, 20000, &e))
        fail_msg("%s", e.text);
    pthread_join(peer, NULL);
    assert_int_equal(listener.had, MUCH);
    assert_memory_equal(listener.got, sent, MUCH);
    SSL_free(listener.ssl);
    free(listener.got);
    free(sent);
    end(&l);
}

/* In TLS 1.2 the server has the last word of the handshake, and OpenSSL reads ahead. */
static void a_greeting_with_the_last_of_the_handshake_is_heard(void **state)
{
    const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct line l;
        SSL *peer = begin_version(&l, versions[i], "220 mail.test\r\n");
        hear(&l, SLICE("220 mail.test"));
        SSL_free(peer);
        end(&l);
    }
}

/* What a peer has ready to say, and says as fast as it is heard. */
struct flood {
    int fd;
    struct slice octets;
};

static void *say_all(void *argument)
{
    struct flood *f = argument;
    struct pollfd ready = {.fd = f->fd, .events = POLLOUT};
    ssize_t count = 1;

    while (f->octets.len && poll(&ready, 1, 20000) == 1 && (count > 0 || errno == EAGAIN)) {
        count = send(f->fd, f->octets.data, f->octets.len, COMPAT_MSG_NOSIGNAL);
        f->octets = slice_from(f->octets, count > 0 ? (size_t)count : 0);
    }
    return NULL;
}

/* A peer that says nothing but that there are new keys, and never reads. */
struct key_flood {
    struct line line;
    SSL *ssl;
    struct tls_records records;
    struct flood flood;
    pthread_t thread;
};

static void begin_key_flood(struct key_flood *k, int request)
{
    const int small = 4096;
    struct err e;

    k->ssl = begin_tls(&k->line);
    assert_int_equal(setsockopt(k->line.stream.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    assert_true(tls_records_begin(&k->records, k->ssl, 4 * (size_t)MUCH, &e));
    for (int i = 0; i < 40000; i++) {
        SSL_key_update(k->ssl, request);
        SSL_do_handshake(k->ssl);
    }
    k->flood = (struct flood){k->line.peer, tls_records_unsent(&k->records)};
    assert_true(k->flood.octets.len > MUCH / 2);
    assert_int_equal(pthread_create(&k->thread, NULL, say_all, &k->flood), 0);
}

static void end_key_flood(struct key_flood *k)
{
    shutdown(k->line.peer, SHUT_RDWR);
    pthread_join(k->thread, NULL);
    SSL_free(k->ssl);
    tls_records_clear(&k->records);
    end(&k->line);
}

/* New keys take us longer than it takes to say them: there is always something to be read. */
static void input_is_no_progress_of_output(void **state)
{
    struct key_flood k;
    struct err e;
    static char block[LARGE];
    bool ok = true;

    (void)state;
    begin_key_flood(&k, SSL_KEY_UPDATE_NOT_REQUESTED);
    for (int i = 0; ok && i < 40; i++)
        ok = stream_write(&k.line.stream, slice_make(block, sizeof block), 20, &e);
    end_key_flood(&k);
    assert_false(ok);
    assert_int_equal(e.kind, ERR_TIMEOUT);
    assert_int_not_equal(k.flood.octets.len, 0);
}

static void answers_that_nobody_reads_have_an_end(void **state)
{
    struct key_flood k;
    struct slice line;
    struct err e;

    (void)state;
    begin_key_flood(&k, SSL_KEY_UPDATE_REQUESTED);
    bool ok = stream_line(&k.line.stream, deadline_in(20000), &line, &e);
    end_key_flood(&k);
    assert_false(ok);
    assert_int_equal(e.kind, ERR_PROTOCOL);
    assert_string_equal(e.text, "the server asks for more than it takes");
}

static void a_line_that_breaks_off_is_told_as_that(void **state)
{
    struct line l;
    struct slice line;
    struct err e;

    (void)state;
    SSL *peer = begin_tls(&l);
    SSL_free(peer);
    hang_up(&l);
    errno = EAGAIN;
    assert_false(stream_line(&l.stream, deadline_in(20000), &line, &e));
    assert_string_equal(e.text, "the server closed the connection");
    stream_put(&l.stream, SLICE("MAIL\r\n"));
    assert_false(stream_flush(&l.stream, 20000, &e));
    assert_int_equal(e.kind, ERR_CONNECT);
    assert_string_equal(e.text, "the server closed the connection");
    assert_int_equal(stream_pending(&l.stream), 0);
    end(&l);
}

static void close_notify_is_sent(void **state)
{
    struct line l;
    char octet;
    size_t count;

    (void)state;
    SSL *peer = begin_tls(&l);
    stream_close(&l.stream);
    assert_int_not_equal(SSL_read_ex(peer, &octet, 1, &count), 1);
    assert_int_equal(SSL_get_shutdown(peer), SSL_RECEIVED_SHUTDOWN);
    SSL_free(peer);
    close(l.peer);
}

static void a_peer_that_is_gone_is_an_error_and_no_signal(void **state)
{
    struct line l;
    struct err e;

    (void)state;
    begin(&l);
    hang_up(&l);
    stream_put(&l.stream, SLICE("MAIL\r\n"));
    assert_false(stream_flush(&l.stream, 20000, &e));
    assert_int_equal(e.kind, ERR_CONNECT);
    end(&l);
}

enum { FLOOD = 2 * 1024 * 1024, ANSWER = 400 * 1024 };

/* A server that says much before it listens at all. */
static void *talk_first(void *argument)
{
    int fd = *(int *)argument;
    static char block[ANSWER];
    size_t had = 0;

    memset(block, '\n', sizeof block);
    for (size_t at = 0; at < sizeof block; ) {
        ssize_t n = write(fd, block + at, sizeof block - at);
        if (n <= 0)
            return NULL;
        at += (size_t)n;
    }
    while (had < FLOOD) {
        ssize_t n = read(fd, block, sizeof block);
        if (n <= 0)
            return NULL;
        had += (size_t)n;
    }
    return argument;
}

static void two_that_write_at_the_same_time_do_not_block(void **state)
{
    struct line l;
    struct err e;
    pthread_t peer;
    void *heard;
    char block[4096] = {0};

    (void)state;
    begin(&l);
    assert_int_equal(pthread_create(&peer, NULL, talk_first, &l.peer), 0);
    for (size_t i = 0; i < FLOOD / sizeof block; i++)
        stream_put(&l.stream, slice_make(block, sizeof block));
    if (!stream_flush(&l.stream, 20000, &e))
        fail_msg("%s", e.text);
    pthread_join(peer, &heard);
    assert_non_null(heard);
    for (int i = 0; i < ANSWER; i++)
        hear(&l, SLICE(""));
    end(&l);
}

static void input_before_tls_is_no_input_within(void **state)
{
    struct line l;
    struct err e;

    (void)state;
    begin(&l);
    say(&l, SLICE("220 go\r\n250 injected\r\n"));
    hear(&l, SLICE("220 go"));
    /* Refused before the context is looked at. */
    assert_false(stream_start_tls(&l.stream, NULL, deadline_in(20000), &e));
    assert_int_equal(e.kind, ERR_PROTOCOL);
    assert_false(stream_is_encrypted(&l.stream));
    end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_with_lf_or_crlf),
        cmocka_unit_test(a_line_may_come_in_pieces),
        cmocka_unit_test(a_line_has_a_maximum),
        cmocka_unit_test(what_was_said_before_the_end_is_heard),
        cmocka_unit_test(a_stream_that_heard_nothing_ends_as_well),
        cmocka_unit_test(the_overall_deadline_ends_every_wait),
        cmocka_unit_test(output_is_queued_and_flushed),
        cmocka_unit_test(a_peer_that_does_not_read_is_given_up),
        cmocka_unit_test(records_leave_together),
        cmocka_unit_test(a_peer_that_does_not_read_records_is_given_up),
        cmocka_unit_test(what_was_written_leaves_before_an_answer),
        cmocka_unit_test(a_slow_peer_may_want_new_keys),
        cmocka_unit_test(a_greeting_with_the_last_of_the_handshake_is_heard),
        cmocka_unit_test(input_is_no_progress_of_output),
        cmocka_unit_test(answers_that_nobody_reads_have_an_end),
        cmocka_unit_test(a_line_that_breaks_off_is_told_as_that),
        cmocka_unit_test(close_notify_is_sent),
        cmocka_unit_test(a_peer_that_is_gone_is_an_error_and_no_signal),
        cmocka_unit_test(two_that_write_at_the_same_time_do_not_block),
        cmocka_unit_test(input_before_tls_is_no_input_within),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
