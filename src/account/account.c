/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/address.h"
#include "mail/path.h"
#include "net/pin.h"
#include "net/resolve.h"
#include "sasl/sasl.h"

enum { PORT_LMTP = 24, PORT_SMTP = 25, PORT_SUBMISSIONS = 465, PORT_SUBMISSION = 587 };

void account_clear(struct account *a)
{
    for (size_t i = 0; i < option_count; i++)
        option_release(&options[i], a);
    free(a->name);
    *a = (struct account){0};
}

unsigned account_port(const struct account *a)
{
    if (a->port)
        return (unsigned)a->port;
    /* RFC 2033 5 forbids 25 and gives no other; 24, "private mail system", is what servers use. */
    if (a->protocol == ACCOUNT_LMTP)
        return PORT_LMTP;
    /* RFC 6409 3.1, RFC 8314 3.3; without TLS it is a relay that takes mail as any MTA does. */
    switch ((enum account_tls)a->tls) {
    case ACCOUNT_TLS_STARTTLS: return PORT_SUBMISSION;
    case ACCOUNT_TLS_IMPLICIT: return PORT_SUBMISSIONS;
    case ACCOUNT_TLS_OPPORTUNISTIC: case ACCOUNT_TLS_NONE: break;
    }
    return PORT_SMTP;
}

static bool is_address(const char *text)
{
    struct path path = {0};
    struct err ignored;

    bool ok = path_parse(&path, slice_of(text), &ignored) && !path_is_null(&path) &&
              !path_is_bare(&path);
    path_clear(&path);
    return ok;
}

const char *account_default_sender(const struct account *a)
{
    for (size_t i = 0; i < a->from.count; i++)
        if (!strpbrk(a->from.items[i], "*?"))
            return a->from.items[i];
    return a->user && is_address(a->user) ? a->user : NULL;
}

bool account_leaves_bare(const struct account *a)
{
    return a->hands_over && !a->domain;
}

bool account_adds(const struct account *a, const char *header)
{
    return strings_has(&a->add_headers, header);
}

/* Does the account name a mechanism with one of the flags? */
static bool names_mechanism(const struct account *a, unsigned flags)
{
    for (size_t i = 0; i < a->auth.count; i++) {
        const struct sasl_mech *mech = sasl_find(slice_of(a->auth.items[i]));
        if (mech && (mech->flags & flags))
            return true;
    }
    return false;
}

bool account_can_certify(const struct account *a)
{
    return a->tls_certificate || names_mechanism(a, SASL_CERTIFICATE);
}

bool account_wants_login(const struct account *a)
{
    return !strings_has(&a->auth, "none") && (a->user || account_can_certify(a));
}

bool account_demands_login(const struct account *a)
{
    return account_wants_login(a) && (a->user || names_mechanism(a, SASL_CERTIFICATE));
}

struct origin account_origin(const struct account *a, const char *option)
{
    const char *near;
    const struct option *o = option_find(option, &near);

    return o ? a->origins[o - options] : (struct origin){0};
}

/* Where the option was written, or what stands for it where nobody wrote it. */
static bool wrong(const struct account *a, const char *option, const char *what, struct err *e)
{
    struct origin origin = account_origin(a, option);

    if (!origin.file)
        return err_set(e, ERR_CONFIG, "account \"%s\": %s: %s", a->name, option, what);
    err_set(e, origin_kind(origin), "account \"%s\": %s", a->name, what);
    return origin_blame(origin, option, e);
}

static const char *secret_option(const struct account *a)
{
    if (!secret_is_empty(&a->password))
        return "password";
    if (a->password_command.argv.count)
        return "password-command";
    if (a->password_file)
        return "password-file";
    if (a->token_command.argv.count)
        return "token-command";
    return a->token_file ? "token-file" : NULL;
}

static bool check_user(const struct account *a, const char *secret, struct err *e)
{
    if (a->user || strings_has(&a->auth, "none"))
        return true;
    /* The passphrase of a key needs no user. */
    if (secret && !a->tls_certificate)
        return wrong(a, secret, "there is no user to go with it; write user = \"...\", or auth = "
                                "none", e);
    /* Who names a mechanism does not want the mail to leave without a login. */
    return strings_has(&a->auth, "auto") || names_mechanism(a, SASL_CERTIFICATE) ||
           wrong(a, "auth", "there is no user to log in; write user = \"...\", or auth = none", e);
}

/* Can one of the mechanisms do something with the secret? */
static bool check_mechanisms(const struct account *a, const char *secret, struct err *e)
{
    bool is_token = a->token_command.argv.count || a->token_file;

    if (!secret || strings_has(&a->auth, "auto") || strings_has(&a->auth, "none") ||
        names_mechanism(a, SASL_CERTIFICATE | (is_token ? SASL_TOKEN : SASL_PASSWORD)))
        return true;
    return wrong(a, secret, is_token ? "auth names no mechanism that takes a token; write auth = "
                                       "auto, oauthbearer or xoauth2, or a password"
                                     : "auth names only mechanisms that take a token; write "
                                       "token-command or token-file instead", e);
}

static bool check_login(const struct account *a, struct err *e)
{
    const char *secret = secret_option(a);

    return check_user(a, secret, e) && check_mechanisms(a, secret, e);
}

static bool check_tls(const struct account *a, struct err *e)
{
    struct err fault;
    struct pin pin;

    if (a->tls_key && !a->tls_certificate)
        return wrong(a, "tls-key", "there is no tls-certificate that it is the key of", e);
    for (size_t i = 0; i < a->tls_fingerprint.count; i++)
        if (!pin_parse(slice_of(a->tls_fingerprint.items[i]), &pin, &fault))
            return wrong(a, "tls-fingerprint", fault.text, e);
    return true;
}

/* Names beyond ASCII that cannot be turned into what DNS knows. */
static bool check_names(const struct account *a, struct err *e)
{
    struct err fault;

    for (size_t i = 0; i < a->host.count; i++) {
        char *name = host_to_ascii(a->host.items[i], &fault);
        free(name);
        if (!name)
            return wrong(a, "host", fault.text, e);
    }
    if (a->source_address && !host_is_literal(a->source_address))
        return wrong(a, "source-address", "write an IPv4 or IPv6 address of this machine", e);
    char *name = a->tls_name ? host_to_ascii(a->tls_name, &fault) : NULL;
    free(name);
    return !a->tls_name || name || wrong(a, "tls-name", fault.text, e);
}

static bool check_from(const struct account *a, struct err *e)
{
    char what[LIMIT_ERROR_TEXT / 2];

    for (size_t i = 0; i < a->from.count; i++) {
        const char *text = a->from.items[i];
        if (strpbrk(text, "*?") ? !strpbrk(text, " <>") : is_address(text))
            continue;
        snprintf(what, sizeof what, "\"%s\" is no address; write \"user@domain\", or a pattern "
                                    "with '*' in it", text);
        return wrong(a, "from", what, e);
    }
    return true;
}

static bool are_addresses(const char *text)
{
    struct mailboxes list = {0};
    struct err ignored;
    bool ok = address_parse(&list, slice_of(text), &ignored) && list.count > 0;

    for (size_t i = 0; i < list.count; i++)
        ok = ok && !path_is_bare(&list.items[i].path);
    mailboxes_clear(&list);
    return ok;
}

static bool check_addresses(const struct account *a, struct err *e)
{
    if (a->envelope_from && !is_address(a->envelope_from))
        return wrong(a, "envelope-from", "this is no address; write \"user@domain\"", e);
    return !a->bare_recipient || are_addresses(a->bare_recipient) ||
           wrong(a, "bare-recipient", "this is no address; write \"user@domain\"", e);
}

/* RFC 3461 4.1: "never" stands alone, and so does our "off". */
static bool check_notify(const struct account *a, struct err *e)
{
    if (a->dsn_notify.count < 2 ||
        (!strings_has(&a->dsn_notify, "off") && !strings_has(&a->dsn_notify, "never")))
        return true;
    return wrong(a, "dsn-notify", "off and never stand alone; write one of them, or a list of "
                                  "success, failure and delay", e);
}

bool account_check(const struct account *a, struct err *e)
{
    return check_names(a, e) && check_tls(a, e) && check_login(a, e) && check_from(a, e) &&
           check_addresses(a, e) && check_notify(a, e);
}
