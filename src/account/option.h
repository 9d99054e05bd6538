/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_OPTION_H
#define ACCOUNT_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/strings.h"

/* THE table: one row says everything about an account option. The libconfuse array, inheritance,
 * --set, the variables, `config show`, `config options`, and the completions are derived from it; a
 * lint holds the manual against it in both directions. To add one: a field in struct account, a row
 * here, a paragraph in smtprc(5), a dialogue. */

enum option_type {
    OPTION_TEXT,             /* char * */
    OPTION_HOST,             /* char *: as text, no blanks, ';', '/' or control octets */
    OPTION_PATHNAME,         /* char *: "~/" is expanded, relative to the file that sets it */
    OPTION_PROXY,            /* char *: as proxy_parse has it; a password in it is never shown */
    OPTION_LIST,             /* struct strings */
    OPTION_HOSTS,            /* struct strings of hosts */
    OPTION_CHOICES,          /* struct strings, each a word of `choices`; may be empty */
    OPTION_MECHANISMS,       /* struct strings: "auto", "none", or names in sasl_mechs, any case */
    OPTION_CHOICE,           /* int: index into `choices` */
    OPTION_BOOL,             /* bool: yes/no, on/off, true/false */
    OPTION_NUMBER,           /* unsigned long between min and max; decimal only */
    OPTION_DURATION,         /* unsigned long seconds: 30, 30s, 5m, 2h, 5d; min to max */
    OPTION_SIZE,             /* unsigned long octets: 1000, 10k, 25M; min to max */
    OPTION_COMMAND,          /* struct command: a list is an argv, one string goes to sh -c */
    OPTION_SECRET            /* struct secret: never shown, never taken from --set */
};

enum option_flags {
    OPTION_NO_DEFAULTS = 1 << 0,   /* may not stand in defaults {} */
    OPTION_NOT_EMPTY = 1 << 1,     /* an empty value is an error (unset ${VAR}) */
    OPTION_NO_INHERIT = 1 << 2,    /* not taken over by `like` */
    /* Alternatives of each other: a layer that sets one takes the others of the layers below it
     * out of force; two of them in one section are an error. */
    OPTION_PLACE = 1 << 3,         /* where the server is */
    OPTION_SOURCE = 1 << 4,        /* where the secret comes from */
    OPTION_ALTERNATIVES = OPTION_PLACE | OPTION_SOURCE,
    /* SMTPOST_NAME in the environment sets it, in the account that the environment makes. */
    OPTION_VARIABLE = 1 << 5
};

struct command {
    struct strings argv;     /* argv.count == 0: no command */
};

struct option {
    const char *name;
    enum option_type type;
    size_t field;            /* offsetof(struct account, ...) */
    const char *const *choices;    /* NULL-terminated, for CHOICE and CHOICES */
    unsigned long min, max;  /* NUMBER, DURATION, SIZE */
    const char *fallback;    /* built-in value as it would be written; NULL: unset */
    unsigned flags;
    const char *doc;         /* one sentence */
};

extern const struct option options[];
extern const size_t option_count;

/* NULL when there is none; near is then the name it may have meant, or NULL. */
const struct option *option_find(const char *name, const char **near);

struct account;

/* Is this value of the option a secret, or does it hold one? */
bool option_is_secret(const struct option *o, const char *value);
/* The field as one would write it ("yes", "587", "{ ... }"); secrets as "(set)". Empty if unset. */
void option_format(const struct option *o, const struct account *account, struct buf *out);
/* In double quotes, so that a configuration file reads it back as it is. */
void option_quote(struct buf *out, const char *text);
/* The name of its variable: "SMTPOST_PASSWORD_FILE". */
void option_put_variable(const struct option *o, struct buf *out);
void option_release(const struct option *o, struct account *account);

#endif
