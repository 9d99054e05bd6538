/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_ACCOUNT_H
#define ACCOUNT_ACCOUNT_H

#include <stdbool.h>

#include "account/option.h"
#include "account/origin.h"
#include "base/err.h"
#include "base/secret.h"

/* The resolved values of one account, all layers merged. account_clear wipes and releases. */

enum account_protocol { ACCOUNT_SMTP, ACCOUNT_LMTP };
enum account_tls {
    ACCOUNT_TLS_STARTTLS,
    ACCOUNT_TLS_IMPLICIT,
    ACCOUNT_TLS_OPPORTUNISTIC,
    ACCOUNT_TLS_NONE
};
enum account_dsn_return {
    ACCOUNT_DSN_RETURN_OFF,
    ACCOUNT_DSN_RETURN_HEADERS,
    ACCOUNT_DSN_RETURN_FULL
};
enum account_eight_bit {
    ACCOUNT_EIGHT_BIT_SEND,
    ACCOUNT_EIGHT_BIT_ENCODE,
    ACCOUNT_EIGHT_BIT_REJECT
};
enum account_long_lines { ACCOUNT_LONG_LINES_SEND, ACCOUNT_LONG_LINES_ENCODE };
enum account_queue { ACCOUNT_QUEUE_ON_FAILURE, ACCOUNT_QUEUE_ALWAYS, ACCOUNT_QUEUE_NEVER };
enum account_syslog { ACCOUNT_SYSLOG_AUTO, ACCOUNT_SYSLOG_YES, ACCOUNT_SYSLOG_NO };

enum account_from_header {
    ACCOUNT_FROM_ADD,        /* made valid, added where it is missing */
    ACCOUNT_FROM_KEEP,       /* as it came, even if it is missing */
    ACCOUNT_FROM_REPLACE     /* its address is always the account's */
};

enum { OPTION_MAX = 96 };    /* rows of the table, at the most */

struct account {
    char *name;
    char *like;              /* the account whose settings it takes over; NULL: none */
    char *provider;          /* the preset it begins with; NULL: none */

    int protocol;            /* enum account_protocol */
    struct strings host;     /* this or socket, never both */
    unsigned long port;      /* 0: by `tls`; see account_port */
    char *socket;
    char *source_address;    /* a literal */
    char *proxy;             /* net/socks.h; may hold a password, so it is wiped */
    unsigned long connect_timeout;   /* seconds for each address */
    unsigned long timeout;   /* seconds; 0: the values of RFC 5321 4.5.3.2 */
    char *hello;

    int tls;                 /* enum account_tls */
    char *tls_ca;
    char *tls_certificate;   /* ours */
    char *tls_key;
    struct strings tls_fingerprint;  /* net/pin.h, valid after account_check */
    char *tls_name;          /* in place of the host's; NULL: that */
    int tls_min;             /* enum tls_version */
    char *tls_ciphers;
    char *tls_crl;
    bool tls_verify;

    struct strings auth;     /* "auto", "none", or mechanisms in order of preference */
    char *user;
    struct secret password;
    struct command password_command;
    char *password_file;
    struct command token_command;
    char *token_file;
    bool cleartext_auth;

    struct strings from;
    char *envelope_from;     /* an address; NULL: whatever the caller says */
    int from_header;         /* enum account_from_header */
    char *from_name;
    char *domain;
    char *aliases;
    char *bare_recipient;    /* an address list */
    struct strings local_domains;
    struct strings add_headers;
    bool keep_bcc;
    bool undisclosed;
    struct strings dsn_notify;       /* "off", "never", or of "success", "failure", "delay" */
    int dsn_return;          /* enum account_dsn_return */
    int eight_bit;           /* enum account_eight_bit */
    int long_lines;          /* enum account_long_lines */
    unsigned long max_size;  /* octets; 0: no limit */
    struct command filter;
    char *save_copy;

    int queue;               /* enum account_queue */
    unsigned long queue_lifetime;    /* seconds */
    unsigned long retry_after;       /* seconds; the first pause, doubled with each try */
    unsigned long connections;       /* of a queue run, at the same time */
    unsigned long messages_per_connection;

    int syslog;              /* enum account_syslog */
    char *log_file;

    bool hands_over;         /* made of `submit`: the machine's service completes what is local */
    struct origin origins[OPTION_MAX];   /* by index in options[] */
};

void account_clear(struct account *a);

/* Port in force: `port`, else 24 for LMTP, 587, 465 (implicit) or 25 (none, opportunistic). */
unsigned account_port(const struct account *a);
/* The envelope sender when none is given: the first `from` without a wildcard, else `user` if it
 * is an address, else NULL. */
const char *account_default_sender(const struct account *a);
/* Do bare names leave as they are? The service knows what they mean, unless `domain` is set. */
bool account_leaves_bare(const struct account *a);
/* Is the word in add-headers? "date", "message-id", "from". */
bool account_adds(const struct account *a, const char *header);
/* Is a login wanted? auth is not "none", and there is somebody or something to log in with. */
bool account_wants_login(const struct account *a);
/* Is a server that offers no such login a failure? Not with a certificate alone, which many servers
 * take as it is. */
bool account_demands_login(const struct account *a);

/* Can it log in without a secret, by a certificate or what else the server knows of us? */
bool account_can_certify(const struct account *a);

/* Do the options agree with each other? A user where a secret or a mechanism is, and senders that
 * are addresses or patterns. ERR_CONFIG (of --set: ERR_USAGE). */
bool account_check(const struct account *a, struct err *e);

/* The origin of the option named so; file "built-in" when it has its fallback. */
struct origin account_origin(const struct account *a, const char *option);

#endif
