/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

bool err_set(struct err *e, enum err_kind kind, const char *format, ...)
{
    va_list args;

    e->kind = kind;
    e->errnum = 0;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    return false;
}

bool err_os(struct err *e, enum err_kind kind, const char *format, ...)
{
    int errnum = errno;
    va_list args;

    e->kind = kind;
    e->errnum = errnum;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    size_t len = strlen(e->text);
    snprintf(e->text + len, sizeof e->text - len, ": %s", strerror(errnum));
    return false;
}

bool err_wrap(struct err *e, const char *format, ...)
{
    char text[sizeof e->text];
    va_list args;

    /* Made beside it: an argument may be e->text itself. */
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t len = strlen(text), room = sizeof text - len;
    snprintf(text + len, room, ": %.*s", room > 3 ? (int)room - 3 : 0, e->text);
    memcpy(e->text, text, sizeof text);
    return false;
}

const struct err_class err_classes[ERR_KINDS] = {
    [ERR_NONE] = {"none", EX_OK, false, "0.0"},
    [ERR_USAGE] = {"usage", EX_USAGE, false, "5.4"},
    [ERR_CONFIG] = {"config", EX_CONFIG, false, "3.5"},
    [ERR_DATA] = {"data", EX_DATAERR, false, "6.0"},
    [ERR_OS] = {"os", EX_OSERR, true, "3.0"},
    [ERR_IO] = {"io", EX_IOERR, true, "3.0"},
    [ERR_CREATE] = {"create", EX_CANTCREAT, true, "3.1"},
    [ERR_RESOLVE] = {"resolve", EX_NOHOST, false, "4.4"},
    [ERR_CONNECT] = {"connect", EX_TEMPFAIL, true, "4.1"},
    [ERR_TIMEOUT] = {"timeout", EX_TEMPFAIL, true, "4.2"},
    [ERR_HELPER] = {"helper", EX_TEMPFAIL, true, "3.5"},
    [ERR_TLS] = {"tls", EX_NOPERM, false, "7.5"},
    [ERR_PROTOCOL] = {"protocol", EX_PROTOCOL, false, "5.0"},
    [ERR_AUTH] = {"auth", EX_NOPERM, false, "7.8"},
    [ERR_REFUSED] = {"refused", EX_UNAVAILABLE, false, "3.3"},
};
