/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/hint.h"

#include <string.h>

/* First match wins: specific rows before general ones. Empty: any. */
struct hint {
    const char *server;      /* part of "host:port" */
    unsigned code;           /* reply code, 0: any */
    const char *words;       /* part of the server's words */
    enum err_kind kind;      /* ERR_NONE: any */
    const char *text;
};

static const struct hint hints[] = {
    {"gmail.com", 534, "", ERR_NONE,
     "Gmail wants an app password here: smtprc(5), section GMAIL"},
    {"gmail.com", 535, "", ERR_NONE,
     "Gmail wants an app password here: smtprc(5), section GMAIL"},
    {"", 535, "5.7.139", ERR_NONE,
     "the tenant or mailbox has SMTP AUTH switched off: an administrator must allow it"},
    {"", 550, "5.7.30", ERR_NONE,
     "Microsoft takes no passwords any more here: OAuth is needed"},
    {"", 535, "", ERR_NONE,
     "user or password is wrong, or the provider wants an app password"},
    {"", 530, "", ERR_NONE, "the server wants a login: set user and password-command"},
    {"", 0, "certificate has expired", ERR_TLS,
     "the server's certificate is too old, or this machine's clock is wrong"},
    {"", 0, "not yet valid", ERR_TLS, "this machine's clock may be wrong"},
    {"", 0, "self-signed", ERR_TLS,
     "if the server is yours, name its certificate or CA with tls-ca"},
    {"", 0, "unable to get local issuer", ERR_TLS,
     "if the server's CA is private, name it with tls-ca"},
    {"", 0, "name mismatch", ERR_TLS, "write the name that the certificate is for as host"},
    {"", 0, "not TLS", ERR_PROTOCOL, "port 465 wants tls = implicit, port 587 tls = starttls"},
};

static bool has(const char *text, const char *part)
{
    return strstr(text ? text : "", part) != NULL;
}

const char *hint_find(const char *server, const struct outcome *o)
{
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        const struct hint *h = &hints[i];
        if ((h->code == 0 || h->code == o->code) && (h->kind == ERR_NONE || h->kind == o->kind) &&
            has(server, h->server) && has(o->text, h->words))
            return h->text;
    }
    return NULL;
}
