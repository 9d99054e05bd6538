/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_ARGS_H
#define CMD_ARGS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strings.h"
#include "cmd/quota.h"
#include "mail/envelope.h"

/* The command line, sendmail's and our own, as two tables: one for the letters that sendmail knows,
 * one for long options. The first recipient ends the options, for an address that came out of a web
 * form must never become one. */

enum mode {
    MODE_SUBMIT,             /* a message on stdin (-bm) */
    MODE_SMTP,               /* SMTP on stdin and stdout (-bs) */
    MODE_VERIFY,             /* what would become of the recipients (-bv) */
    MODE_LIST_QUEUE,         /* -bp, mailq */
    MODE_RUN_QUEUE,          /* -q... */
    MODE_ALIASES,            /* -bi, -I, newaliases */
    MODE_NOTHING,            /* -bh, -bH: nothing to do, by sendmail's own lights */
    MODE_HELP,
    MODE_VERSION
};

/* -od and -O DeliveryMode. */
enum delivery_mode {
    DELIVERY_AS_CONFIGURED,  /* by the account's option `queue` */
    DELIVERY_NOW,            /* i, d */
    DELIVERY_BACKGROUND,     /* b */
    DELIVERY_QUEUE           /* q: at the next run */
};

/* -oe, -e and -O ErrorMode. */
enum error_mode {
    ERRORS_PRINT,            /* p: lines on stderr */
    ERRORS_QUIET,            /* q: the exit status alone */
    ERRORS_MAIL              /* m, e, w: who has no terminal to read them wants a bounce */
};

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct args {
    bool as_sendmail;        /* called by one of sendmail's names */
    enum mode mode;

    bool recipients_from_header;   /* -t */
    bool dot_is_text;        /* -i */
    const char *sender;      /* -f, -r; NULL: not given */
    const char *full_name;   /* -F */
    bool verbose;            /* -v */
    bool no_aliases;         /* -n */
    const char *log_tag;     /* -L */
    enum delivery_mode delivery;
    enum error_mode errors;
    const char *queue_choice;      /* what follows -q: "5m", "Rexample.org", ""; NULL without -q */

    unsigned notify;         /* -N: enum notify, or-ed; 0: not given */
    enum ret ret;            /* -R */
    const char *envid;       /* -V, not yet in xtext; NULL: not given */
    enum body body;          /* -B */

    const char *account;     /* -a */
    const char *config_file; /* -C */
    struct strings settings; /* --set, in order */
    bool require_tls;        /* --require-tls */
    struct strings mail_params;    /* --mail-param, --rcpt-param; checked */
    struct strings rcpt_params;
    bool dry_run;
    bool json;
    enum color color;

    const char *command;     /* "check", ...; NULL: none */
    const char *to;          /* check: --to */
    struct strings listen;   /* serve: --listen */
    struct limits limits;    /* serve: --limit; of a command only */
    const char *socket;      /* serve: --socket; NULL: the usual one */
    const char *spool;       /* serve, queue: --spool; NULL: the usual one */
    bool non_interactive;    /* setup: --non-interactive */
    bool no_check;           /* setup: --no-check */
    struct strings words;    /* of a command, less its options; recipients is these then */

    struct strings unheeded; /* asked for and deliberately not done, for the log */

    char *const *recipients; /* borrowed from argv */
    size_t recipient_count;
};

/* Everything borrows from argv. ERR_USAGE for what no sendmail knows. */
bool args_parse(struct args *a, bool as_sendmail, int argc, char *const argv[], struct err *e);
/* The same for a command, argv[1], whose options may stand among its words. */
bool args_parse_command(struct args *a, int argc, char *const argv[], struct err *e);
void args_clear(struct args *a);

/* Is there a --json, also behind what could not be understood? For errors, which are results. */
bool args_say_json(int argc, char *const argv[]);

/* What --help prints, made from the tables; behind a command (NULL: none) with its own options. */
void args_help(struct buf *out, const char *command);

#endif
