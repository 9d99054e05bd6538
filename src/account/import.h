/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_IMPORT_H
#define ACCOUNT_IMPORT_H

#include "account/draft.h"
#include "base/err.h"

/* Configuration files of other programs, read into a draft of ours: msmtp (msmtprc), sSMTP
 * (ssmtp.conf, with the revaliases beside it), nullmailer (its control directory), dma (dma.conf,
 * with the auth.conf it names) and esmtp (esmtprc). What has no counterpart becomes a note with the
 * reason. Nothing is run and nothing but these files is read. */

/* A format is known by the file's name, else by what it says. ERR_CONFIG or ERR_DATA names the file
 * and, where it is one, the line. `d` is empty after a failure. */
bool import_file(const char *path, struct draft *d, struct err *e);

/* --- for the readers of the formats --- */

/* One statement of a foreign file on its way into a section. */
struct import {
    struct draft *draft;
    struct draft_section *section;
    unsigned line;
    char *key, *value;       /* the statement; value "" when it has none */
};

/* What to do with a key: `handle`, else set `option` to the value, else a note that says `reason`.
 */
struct import_key {
    const char *key;
    const char *option;
    void (*handle)(struct import *m, const struct import_key *k);
    const char *reason;
};

/* Look the key up, any case, and do what its row says; an unknown one becomes a note. */
void import_apply(struct import *m, const struct import_key *keys);
/* The statement as a note with the reason. */
void import_note(struct import *m, const char *reason);
/* Handlers: "on"/"yes"/"true"/"enabled" as yes, the rest as no; and the other way round. */
void import_yes(struct import *m, const struct import_key *k);
void import_no(struct import *m, const struct import_key *k);
/* Handler: "host", "host:port", "[address]:port". */
void import_host_port(struct import *m, const struct import_key *k);
bool import_is_yes(const char *value);

/* The next line of *text, without its end; false after the last. */
bool import_line(struct slice *text, struct slice *line);
/* Read another file of the same program into `out`; false, and a note at the head, if it is not
 * there or not readable. */
bool import_beside(struct draft *d, const char *path, struct buf *out);

struct import_format {
    const char *program;
    const char *const *names;        /* of its files; NULL-terminated */
    const char *const *marks;        /* words that begin a line of such a file; NULL-terminated */
    bool (*read)(struct draft *d, const char *path, struct slice text, struct err *e);
};

extern const struct import_format import_msmtp, import_ssmtp, import_dma, import_esmtp,
    import_nullmailer;

#endif
