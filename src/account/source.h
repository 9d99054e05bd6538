/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_SOURCE_H
#define ACCOUNT_SOURCE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

/* The text of one configuration file: read, looked at through its descriptor, checked for shape,
 * and cleaned for libconfuse (account/token.h). What the shape check has seen is kept as a list of
 * statements with their lines, in file order; libconfuse knows neither. include() is done here and
 * by the reader of the statements, libconfuse never sees it. */

enum statement_kind {
    STATEMENT_SETTING,       /* name = ..., at the top of the file */
    STATEMENT_DEFAULTS,      /* defaults {; its options follow */
    STATEMENT_ACCOUNT,       /* account "name" {; its options follow */
    STATEMENT_OPTION,        /* name = ..., in the section begun last */
    STATEMENT_INCLUDE        /* include("name") */
};

struct statement {
    enum statement_kind kind;
    char *name;              /* of option, account, or file; NULL for defaults */
    unsigned line;
    bool is_list;            /* the value has braces */
    bool expanded;           /* the value holds ${...} */
};

struct source {
    const char *path;        /* borrowed */
    struct stat info;
    struct buf text;         /* clean; it may hold a secret */
    struct statement *statements;
    size_t count, capacity;
};

/* Read the file. Errors are ERR_CONFIG: "file:line: ...", or with e->errnum set what kept us from
 * reading it at all. `s` is initialised here and empty after a failure. */
bool source_read(struct source *s, const char *path, struct err *e);
/* The same from memory; s->info is then all zero. */
bool source_scan(struct source *s, const char *path, struct slice text, struct err *e);
void source_clear(struct source *s);       /* wipes */

#endif
