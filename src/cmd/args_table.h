/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_ARGS_TABLE_H
#define CMD_ARGS_TABLE_H

#include "cmd/args.h"

/* The two tables of the command line, for args.c, which reads by them, and for args_help.c, which
 * prints them. */

/* How a letter takes its value. */
enum arity {
    ARITY_NONE,              /* may stand in a cluster: -ti */
    ARITY_JOINED,            /* the rest of the word, which may be empty: -q5m */
    ARITY_VALUE              /* the rest of the word, else the next one */
};

typedef bool handler(struct args *a, const char *value, struct err *e);

struct letter {
    char letter;
    enum arity arity;
    handler *handle;         /* NULL: sendmail's history, accepted without effect */
    bool ours;               /* not sendmail's: unknown when called as sendmail */
    const char *argument;    /* name of the value in --help */
    const char *doc;         /* for --help; NULL: named with its word, or among the rare ones */
};

struct word {
    const char *name;        /* without the dashes */
    char letter;             /* that does the same, for --help; 0: none */
    bool has_value;
    bool for_sendmail;       /* also when called as sendmail */
    handler *handle;
    const char *argument;
    const char *doc;         /* NULL: shares the row behind it */
    const char *only;        /* the commands that it belongs to, blanks between; NULL: to all, and
                              * to none */
};

/* The handlers of what the service wants to know. */
handler args_listen, args_limit, args_socket, args_spool;

/* May it stand behind this command (NULL: none)? */
bool args_word_is_for(const struct word *w, const char *command);

extern const struct letter args_letters[];
extern const size_t args_letter_count;
extern const struct word args_words[];
extern const size_t args_word_count;

#endif
