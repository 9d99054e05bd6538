/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#include "base/compat.h"
#include "base/limits.h"

/* "We could not": the failure value. By value, nothing to free. A function that can fail takes
 * `struct err *e` last and returns bool; false means that e was filled exactly once, true that it
 * was not touched. e is never NULL. What a server said is not an err but a struct outcome
 * (mail/status.h). The text is one line without the program's name and without a final stop. */

enum err_kind {
    ERR_NONE = 0,
    ERR_USAGE,     /* the command line */
    ERR_CONFIG,    /* a configuration file or a setting */
    ERR_DATA,      /* the message or an address */
    ERR_OS,        /* a system call that has no business failing */
    ERR_IO,        /* reading or writing a file failed */
    ERR_CREATE,    /* a file could not be made */
    ERR_RESOLVE,   /* the host does not exist */
    ERR_CONNECT,   /* no connection, or it broke */
    ERR_TIMEOUT,   /* a deadline passed */
    ERR_HELPER,    /* a helper program failed */
    ERR_TLS,       /* no TLS, or the peer's identity is not proved */
    ERR_PROTOCOL,  /* the peer does not speak SMTP as RFC 5321 has it */
    ERR_AUTH,      /* no login */
    ERR_REFUSED,   /* we will not send this there, and trying again does not help */
    ERR_KINDS
};

struct err {
    enum err_kind kind;
    int errnum;              /* errno behind it, or 0 */
    char text[LIMIT_ERROR_TEXT];
};

/* What a kind means to others. */
struct err_class {
    const char *name;
    int exit_status;         /* sysexits */
    bool temporary;          /* the same call may succeed later */
    const char *status;      /* RFC 3463, its class digit follows `temporary` */
};

extern const struct err_class err_classes[ERR_KINDS];

/* All three return false, so that `return err_set(e, ...)` is one line. */
bool err_set(struct err *e, enum err_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);
/* With ": strerror(errno)" behind it. */
bool err_os(struct err *e, enum err_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);
/* "context: " before what e already says. */
bool err_wrap(struct err *e, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
