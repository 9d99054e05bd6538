/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_ENVIRON_H
#define CMD_ENVIRON_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/strings.h"

/* Who and where we are: the environment, the user database and the host's names. Read in one place
 * and handed down, so that tests can fake it. What costs a look-up is done when it is first asked
 * for. Under raised privileges the environment counts for nothing. */

struct host {
    uid_t uid;
    char *home;              /* NULL: nobody knows one */
    char *user;              /* login name; NULL: no entry for this uid */
    char number[24];         /* see host_user_or_number */
    char *full_name;         /* from the user database, may be empty */
    char *system_file;       /* /etc/smtprc */
    char *user_file;         /* ~/.smtprc or $XDG_CONFIG_HOME/smtprc; NULL without home */
    const char *service;     /* socket of the machine's service; NULL: this is the service */
    char *only_file;         /* $SMTPRC; NULL: not set */
    char *queue;             /* directory of this user's queue; NULL without home */
    char *system_queue;      /* that of the service: $SMTPSPOOL, or /var/spool/smtpost */
    char *config_directory;  /* for files of ours beside the configuration; NULL without home */
    char *path;              /* where programs are looked for, as $PATH has it */
    char *temporary;         /* directory for unnamed files */
    struct strings variables;      /* $SMTPOST_HOST and the like, as "NAME=value"; wiped */
    char *source_date;       /* $SOURCE_DATE_EPOCH; NULL: not set */
    /* What a service manager says: sd_listen_fds(3), sd_notify(3); NULL: nothing. */
    char *listen_pid, *listen_fds, *listen_names, *notify_socket;
    char *name;              /* the host's name as the kernel knows it */
    char *mail_domain;       /* see host_mail_domain */
    bool passwd_read;
    bool home_is_foreign;    /* $HOME is another user's, and so is what lies below it */
    bool stderr_is_terminal;
    bool has_color;          /* stdout is a terminal that shows it, and nobody set NO_COLOR */
};

/* Takes the password out of the environment, where every program started from here, and whoever may
 * look at the process, would find it. */
void host_init(struct host *h);
/* The locale of messages, or NULL where that is plain "C" or one that says no more. */
const char *host_locale(void);
void host_clear(struct host *h);

/* Speak of another user from here on; `is_known` false: of nobody. For a process of its own. */
void host_become(struct host *h, bool is_known, uid_t uid);

/* Look-ups: the user database, once. */
const char *host_user(struct host *h);        /* NULL: unknown */
/* The user's name, or the uid in digits where nobody knows one. */
const char *host_user_or_number(struct host *h);
const char *host_full_name(struct host *h);   /* never NULL */
/* For bare names: /etc/mailname, else the host's name, else "localhost". */
const char *host_mail_domain(struct host *h);
/* For EHLO: the host's name if it is fully qualified, else NULL. */
const char *host_hello(const struct host *h);

#endif
