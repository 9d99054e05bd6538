/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_LETTER_H
#define CMD_LETTER_H

#include "cmd/args.h"

/* The command line of `smtpost send`: what a person wants to have written and sent. As with the
 * rest of the program the first recipient ends the options. */

struct enclosure {
    const char *path;
    const char *type;        /* --type before it; NULL: find out */
    bool is_image;           /* --image: shown in the text, not beside it */
};

struct letter {
    struct args args;        /* what all ways of sending share */
    const char *subject;     /* NULL: none */
    const char *from;        /* "Name <a@b>"; NULL: the account's */
    struct strings to, cc, bcc;    /* address lists as written */
    struct strings headers;  /* "Name: value" */
    const char *html;        /* a file; NULL: none */
    const char *html_type;
    struct enclosure *enclosures;
    size_t count, capacity;
    bool preview;
    bool help;
};

/* Everything borrows from argv, argv[0] is "send". ERR_USAGE. */
bool letter_parse(struct letter *l, int argc, char *const argv[], struct err *e);
void letter_clear(struct letter *l);
void letter_help(struct buf *out);

#endif
