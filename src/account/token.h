/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_TOKEN_H
#define ACCOUNT_TOKEN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* The tokens of a configuration file, before libconfuse sees it. libconfuse reads many a slip in
 * silence as something else (config.h lists them); here each is an error that names its remedy. At
 * the same time the text is copied into `clean` as libconfuse is to have it: comments, which it
 * cannot have in lists and counts as three lines, are gone, CR before LF and a byte order mark too,
 * and ${NAME} gets a default that tells that NAME is not set. Every line stays on its line. */

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,              /* without quotes */
    TOKEN_QUOTED,            /* on one line, or on more with a backslash at the end of each */
    TOKEN_MARK               /* one of { } ( ) = , or + for "+=" */
};

struct token {
    enum token_kind kind;
    char mark;
    struct slice text;       /* as written, less its quotes; borrowed from the lexer's text */
    unsigned line;           /* where it begins */
    size_t clean;            /* where it begins in the clean copy */
    bool expanded;           /* holds a ${...} that libconfuse expands */
};

struct lexer {
    struct slice text;
    size_t at;
    unsigned line;           /* counted from 1 */
    struct buf *clean;
};

/* `clean` is the caller's, empty, and has a maximum of lexer_room(text). ERR_CONFIG for text with a
 * NUL; *fault_line is then its line. */
bool lexer_init(struct lexer *l, struct slice text, struct buf *clean, unsigned *fault_line,
                struct err *e);
/* A clean copy is never longer than this. */
size_t lexer_room(struct slice text);

/* False: t->line is the line to blame; the error does not say it. */
bool lexer_next(struct lexer *l, struct token *t, struct err *e);

bool token_is(const struct token *t, char mark);
bool token_is_value(const struct token *t);      /* a word or quoted */

#endif
