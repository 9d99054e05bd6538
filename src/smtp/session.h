/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "base/secret.h"
#include "net/dial.h"
#include "net/stream.h"
#include "smtp/capability.h"
#include "smtp/transcript.h"
#include "smtp/verb.h"

/* A conversation up to the point where mail can be handed over: connection, greeting, EHLO,
 * STARTTLS, EHLO again, AUTH. What was wished for is reached or the session does not open: there is
 * no way from a demanded TLS or login to a conversation without it. */

enum session_security {
    SESSION_STARTTLS,        /* demanded, RFC 3207 */
    SESSION_IMPLICIT,        /* TLS from the first octet, RFC 8314 3.3 */
    SESSION_OPPORTUNISTIC,   /* STARTTLS if offered, whoever the peer is */
    SESSION_CLEAR
};

/* How far the opening has come. Greetings, capabilities and certificates can be looked at in the
 * session when its event is told; they do not last. */
enum session_event {
    SESSION_CONNECTED,
    SESSION_ENCRYPTED,
    SESSION_GREETED,
    SESSION_HELLO_DONE,      /* in clear, and once more under STARTTLS */
    SESSION_LOGGED_IN        /* not told where no login is wanted */
};

struct session;

/* Wishes. Everything is borrowed and must outlive the session. */
struct session_params {
    const char *host;
    unsigned port;
    const char *socket;      /* Unix socket in place of host and port, or NULL */
    bool without_chunking;   /* do not use BDAT though it is offered */
    const char *source;      /* our own address to connect from, or NULL */
    const char *proxy;       /* "socks5://...", or NULL */
    bool lmtp;               /* RFC 2033: LHLO, and a verdict for each recipient */
    int64_t connect_timeout; /* milliseconds for each address */
    int64_t timeout;         /* milliseconds for each step; 0: RFC 5321 4.5.3.2 */
    int64_t overall;         /* milliseconds for the whole conversation */
    const char *hello;       /* name for EHLO; NULL: the address literal of our end */
    enum session_security security;
    struct tls_context *tls; /* not NULL unless security is SESSION_CLEAR */

    bool login;
    bool login_if_offered;   /* a server that offers no way to log in is taken without */
    const struct strings *mechanisms;    /* names in order of preference, or "auto" */
    const char *user;        /* NULL with a certificate only */
    bool has_password, has_token, has_certificate;
    bool cleartext_auth;     /* a reusable secret may be sent where others can read it */
    /* The password or token. Called when the mechanism is chosen and the peer is known, and once
     * more with `refresh` when a token was refused. */
    bool (*secret)(void *argument, bool refresh, struct deadline deadline, struct secret *out,
                   struct err *e);
    void *secret_argument;

    const struct transcript *transcript;
    void (*observe)(void *argument, enum session_event event, const struct session *s);
    void *observer;          /* its argument; observe may be NULL */
};

struct session {
    const struct session_params *params;
    struct stream stream;
    struct address peer;
    struct capabilities capabilities;
    struct reply reply;      /* the last one that was read */
    const char *mechanism;   /* the login that succeeded; NULL: none */
    bool is_open;
    bool chunking_failed;    /* BDAT was offered and is not known */
    struct strings domains;  /* of the recipients so far, for RFC 9422 4.3 */
};

/* False: `why` says what failed, for every recipient alike; the session is closed. */
bool session_open(struct session *s, const struct session_params *params, struct outcome *why);
/* Give the conversation the whole of its overall time again, and a millisecond for each of `octets`
 * that are to be sent: a message that comes late in a session has what the first one had. */
void session_extend(struct session *s, uint64_t octets);
/* QUIT without waiting for its answer, if the session is still in order; then close. */
void session_close(struct session *s);
/* Close at once; what was begun is not ended (RFC 5321 4.1.1.4: no end of data, no message). */
void session_abort(struct session *s);

/* For smtp/: the deadline for the answer to a step; the time without progress while writing. */
struct deadline session_deadline(const struct session *s, enum verb verb);
int64_t session_idle(const struct session *s);
/* Queue a command line and note it in the transcript. */
void session_say(struct session *s, const struct buf *line);
/* Write what is queued. Unless answers are due, input that is here already is a fault: nobody was
 * asked anything. */
bool session_send(struct session *s, enum verb verb, bool answers_due, struct outcome *why);
/* Read the next answer into s->reply. False, `why` filled and the session closed: it did not come,
 * made no sense, or was 421 (RFC 5321 3.8), which may come at any time. */
bool session_hear(struct session *s, enum verb verb, struct outcome *why);
/* Both: one command and its answer. */
bool session_ask(struct session *s, enum verb verb, struct outcome *why);

/* The server's word on `verb` from s->reply: 2xx DELIVERED, 4xx DEFERRED, 5xx REFUSED; other codes
 * are a breach of the protocol. */
void session_judge(const struct session *s, enum verb verb, struct outcome *o);
/* The server refused a step of the opening: its word decides for everybody. `kind` is for a 5xx.
 * Closes the session. Returns false. */
bool session_refuse(struct session *s, enum verb verb, enum err_kind kind, struct outcome *why);
/* A failure of ours; closes the session. Returns false. */
bool session_fail(struct session *s, enum verb verb, const struct err *e, struct outcome *why);

#endif
