/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include "base/clock.h"
#include "relay/hint.h"

/* What was said where, and part of the hint. */
struct example {
    const char *server;
    unsigned short code;
    enum err_kind kind;
    const char *text;
    const char *hint;        /* NULL: none */
};

#define EXPECTED "TLS: the server is not proved to be smtp.example.net: "

static const struct example examples[] = {
    {"smtp.gmail.com:587", 534, ERR_AUTH,
     "534 5.7.9 Application-specific password required. For more information, go to "
     "https://support.google.com/mail/?p=InvalidSecondFactor - gsmtp", "section GMAIL"},
    {"smtp.gmail.com:587", 535, ERR_AUTH,
     "535 5.7.8 Username and Password not accepted. For more information, go to "
     "https://support.google.com/mail/?p=BadCredentials - gsmtp", "section GMAIL"},
    {"127.0.0.1:2587", 535, ERR_AUTH,
     "535 5.7.8 Username and Password not accepted. For more information, go to "
     "https://support.google.com/mail/?p=BadCredentials - gsmtp", "section GMAIL"},
    {"smtp.gmail.com:465", 534, ERR_AUTH, "534 5.7.14 Please log in via your web browser",
     "DisplayUnlockCaptcha"},
    {"smtp.gmail.com:587", 535, ERR_AUTH,
     "535 5.7.8 Username and Password not accepted (its reason: {\"status\":\"400\","
     "\"schemes\":\"Bearer\",\"scope\":\"https://mail.google.com/\"})", "https://mail.google.com/"},
    {"smtp.gmail.com:587", 454, ERR_NONE, "454 4.7.0 Too many login attempts, please try again",
     "wait an hour"},
    {"smtp.gmail.com:587", 550, ERR_NONE, "550 5.4.5 Daily user sending limit exceeded.",
     "allowance at Gmail"},
    {"/run/lmtp", 552, ERR_NONE, "552 5.2.2 <bob@example.org> Quota exceeded (mailbox is full)",
     "mailbox is full"},
    {"smtp.example.net:587", 534, ERR_AUTH, "534 5.7.9 Application-specific password required",
     "app password"},
    {"smtp.example.net:587", 535, ERR_AUTH,
     "535 Access for less secure apps has been disabled", "OAuth"},
    {"smtp.office365.com:587", 535, ERR_AUTH,
     "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the "
     "Tenant. Visit https://aka.ms/smtp_auth_disabled", "whole organisation"},
    {"smtp.office365.com:587", 535, ERR_AUTH,
     "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the "
     "Mailbox.",
     "off for this mailbox"},
    {"smtp-mail.outlook.com:587", 535, ERR_AUTH,
     "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
     "section OAUTH"},
    {"smtp.office365.com:587", 535, ERR_AUTH,
     "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be "
     "authenticated successfully. Contact your administrator.", "policy of the organisation"},
    {"smtp.office365.com:587", 535, ERR_AUTH,
     "535 5.7.139 Authentication unsuccessful, user is locked by your organization's policy",
     "in a browser"},
    {"smtp.example.net:587", 535, ERR_AUTH, "535 5.7.139 Authentication unsuccessful",
     "an administrator must allow it"},
    {"smtp.office365.com:587", 550, ERR_AUTH,
     "550 5.7.30 Basic authentication is not supported for Client Submission.", "section OAUTH"},
    {"smtp.office365.com:587", 535, ERR_AUTH,
     "535 5.7.3 Authentication unsuccessful [AM0PR02CA0001.eurprd02.prod.outlook.com]",
     "SMTP.Send"},
    {"exchange.example.net:587", 535, ERR_AUTH, "535 5.7.3 Authentication unsuccessful",
     "DOMAIN\\name"},
    {"smtp.office365.com:587", 530, ERR_NONE,
     "530 5.7.57 Client was not authenticated to send anonymous mail during MAIL FROM",
     "without a login"},
    {"smtp.office365.com:587", 504, ERR_AUTH, "504 5.7.4 Unrecognized authentication type",
     "XOAUTH2"},
    {"smtp.office365.com:587", 550, ERR_NONE,
     "550 5.7.60 SMTP; Client does not have permissions to send as this sender", "Send As"},
    {"smtp.office365.com:587", 554, ERR_NONE,
     "554 5.2.252 SendAsDenied; ada@example.org not allowed to send as eve@example.org", "Send As"},
    {"smtp.office365.com:587", 550, ERR_NONE,
     "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.",
     "ask its support"},
    {"smtp.office365.com:587", 432, ERR_NONE,
     "432 4.3.2 Concurrent connections limit exceeded.", "over one"},
    {"smtp.mail.me.com:587", 535, ERR_AUTH, "535 5.7.8 Error: authentication failed", "iCloud"},
    {"smtp.mail.yahoo.com:465", 535, ERR_AUTH, "535 5.7.0 (#AUTH005) Too many bad auth attempts.",
     "wait some hours"},
    {"smtp.aol.com:465", 535, ERR_AUTH, "535 5.7.0 (#MBR1212) Incorrect username or password.",
     "Generate app password"},
    {"smtp.fastmail.com:465", 535, ERR_AUTH, "535 5.7.0 Incorrect username or password",
     "Fastmail"},
    {"mail.gmx.net:587", 535, ERR_AUTH, "535 Authentication credentials invalid", "POP3/IMAP"},
    {"smtp.zoho.com:587", 535, ERR_AUTH, "535 Authentication Failed", "Zoho"},
    {"email-smtp.eu-west-1.amazonaws.com:587", 535, ERR_AUTH,
     "535 Authentication Credentials Invalid", "SES"},
    {"smtp.sendgrid.net:587", 535, ERR_AUTH, "535 Authentication failed: Bad username / password",
     "apikey"},
    {"smtp.yandex.ru:465", 535, ERR_AUTH, "535 5.7.8 Error: authentication failed: Invalid user",
     "Yandex"},
    {"smtp.mail.ru:465", 535, ERR_AUTH, "535 5.7.0 NEOBHODIM parol prilozheniya",
     "external applications"},
    {"smtp.qq.com:465", 535, ERR_AUTH, "535 Error: authentication failed, system busy",
     "authorization code"},
    {"127.0.0.1:1025", 535, ERR_AUTH, "535 5.7.8 Bad credentials", "bridge"},

    {"smtp.example.net:587", 535, ERR_AUTH,
     "535 5.7.8 Failed (its reason: channel-bindings-dont-match)", "stands between us"},
    {"smtp.example.net:587", 535, ERR_AUTH,
     "535 5.7.8 Failed (its reason: server-does-support-channel-binding)", "stands between us"},
    {"smtp.example.net:587", 535, ERR_AUTH,
     "535 5.7.8 Failed (its reason: unsupported-channel-binding-type)", "auth = scram-sha-256"},
    {"smtp.example.net:587", 535, ERR_AUTH, "535 5.7.8 Failed (its reason: invalid-proof)",
     "auth = plain"},
    {"smtp.example.net:587", 0, ERR_AUTH,
     "AUTH SCRAM-SHA-256: the server declared success before the login was complete",
     "may not be the server"},
    {"smtp.example.net:587", 0, ERR_AUTH,
     "AUTH SCRAM-SHA-256: the server asks for 1000 iterations; 4096 to 1000000 are taken",
     "set it anew"},
    {"smtp.example.net:587", 535, ERR_AUTH,
     "535 5.7.8 No (its reason: {\"status\":\"invalid_token\"})", "authorize the helper again"},
    {"smtp.example.net:587", 534, ERR_AUTH, "534 5.7.1 Mechanism is too weak", "auth = auto"},
    {"smtp.example.net:587", 535, ERR_AUTH, "535 5.7.8 Please use an application password",
     "an app password is wanted"},
    {"smtp.example.net:587", 535, ERR_AUTH, "535 5.7.8 Authentication credentials invalid",
     "user or password is wrong"},
    {"smtp.example.net:587", 538, ERR_AUTH, "538 5.7.11 Encryption required", "TLS before a login"},
    {"smtp.example.net:25", 530, ERR_NONE, "530 5.7.0 Must issue a STARTTLS command first",
     "tls = starttls"},
    {"smtp.example.net:587", 530, ERR_NONE, "530 5.7.0 Authentication required",
     "set user and password-command"},
    {"smtp.office365.com:587", 0, ERR_AUTH,
     "no way to log in: the account allows auto with a password, the server offers XOAUTH2",
     "takes tokens only"},
    {"smtp.example.net:25", 0, ERR_AUTH,
     "no way to log in: the account allows auto with a password, the server offers nothing",
     "on port 25"},
    {"smtp.example.net:2525", 0, ERR_AUTH,
     "no way to log in: the account allows auto with a password, the server offers nothing",
     "no logins on this port"},

    {"email-smtp.us-east-1.amazonaws.com:587", 554, ERR_NONE,
     "554 Message rejected: Email address is not verified.", "production access"},
    {"smtp.sendgrid.net:587", 550, ERR_NONE,
     "550 The from address does not match a verified Sender Identity.", "envelope-from"},
    {"smtp.example.net:587", 553, ERR_NONE,
     "553 5.7.1 <eve@example.org>: Sender address rejected: not owned by user ada",
     "envelope-from"},
    {"smtp.example.net:587", 454, ERR_NONE, "454 Throttling failure: Maximum sending rate exceeded",
     "allowance of this account"},
    {"mx.example.net:25", 450, ERR_NONE, "450 4.2.0 Greylisted, see http://postgrey.example",
     "some minutes"},
    {"mx.example.net:25", 554, ERR_NONE, "554 5.7.1 blocked using zen.spamhaus.org",
     "is on a list"},
    {"mx.example.net:25", 554, ERR_NONE, "554 5.7.1 <bob@example.com>: Relay access denied",
     "does not know you"},
    {"mx.example.net:25", 450, ERR_NONE,
     "450 4.7.25 Client host rejected: cannot find your reverse hostname", "port 587"},
    {"mx.example.net:25", 504, ERR_NONE,
     "504 5.5.2 <laptop>: Helo command rejected: need fully-qualified hostname", "set hello"},
    {"smtp.example.net:587", 552, ERR_NONE, "552 5.3.4 Message size exceeds fixed limit",
     "too large"},
    {"smtp.example.net:587", 421, ERR_NONE, "421 4.7.0 Too many connections from your host",
     "over fewer"},

    {"smtp.example.net:465", 0, ERR_TLS,
     EXPECTED "unable to get local issuer certificate; the certificate is for smtp.example.net, "
     "issued by /O=AVAST Software/CN=Avast Web/Mail Shield Root", "virus scanner"},
    {"smtp.example.net:465", 0, ERR_TLS,
     EXPECTED "self-signed certificate in certificate chain; the certificate is for "
     "smtp.example.net, issued by /O=Fortinet/CN=FG100E", "firewall of this network"},
    {"smtp.example.net:465", 0, ERR_TLS,
     EXPECTED "hostname mismatch; the certificate is for captive.airport.example, issued by "
     "/CN=Airport", "login page of a network"},
    {"smtp.example.net:465", 0, ERR_TLS, EXPECTED "certificate has expired", "has to renew"},
    {"smtp.example.net:465", 0, ERR_TLS,
     EXPECTED "certificate is not yet valid; by this machine's clock it is 2026-01-01, which is "
     "probably wrong", "set this machine's clock"},
    {"smtp.example.net:465", 0, ERR_TLS,
     "TLS: the certificate of smtp.example.net matches no tls-fingerprint; what it shows is "
     "tls-fingerprint = \"AA:BB\"", "stands between"},
    {"smtp.example.net:465", 0, ERR_TLS, EXPECTED "certificate revoked", "other hands"},
    {"smtp.example.net:465", 0, ERR_TLS, EXPECTED "self-signed certificate", "tls-ca"},
    {"smtp.example.net:465", 0, ERR_TLS, EXPECTED "unable to get local issuer certificate",
     "intermediate"},
    {"smtp.example.net:465", 0, ERR_TLS,
     EXPECTED "hostname mismatch; the certificate is for mail.example.net, issued by /CN=R11",
     "tls-name"},
    {"smtp.example.net:465", 0, ERR_TLS, EXPECTED "EE certificate key too weak", "no longer safe"},
    {"smtp.example.net:465", 0, ERR_TLS, "TLS handshake failed: unsupported protocol",
     "no TLS 1.2"},
    {"smtp.example.net:465", 0, ERR_TIMEOUT, "greeting: no answer in time", "tls = implicit"},
    {"smtp.example.net:587", 0, ERR_PROTOCOL, "TLS: what the server sent is not TLS",
     "port 465 wants"},
    {"smtp.example.net:465", 0, ERR_REFUSED,
     "STARTTLS: the server does not offer STARTTLS, which the account demands; nothing was sent",
     "right port"},

    {"smtp.example.net:25", 0, ERR_TIMEOUT, "cannot connect: 192.0.2.1: Connection timed out",
     "block port 25"},
    {"smtp.example.net:587", 0, ERR_TIMEOUT, "cannot connect: 192.0.2.1: Connection timed out",
     "firewall"},
    {HINT_SERVICE, 0, ERR_CONNECT, "cannot connect: /run/smtpost/submit: No such file or directory",
     "systemctl enable --now smtpost.socket"},
    {HINT_SERVICE, 0, ERR_CONNECT, "cannot connect: /run/smtpost/submit: Permission denied",
     "wants mode 0666"},
    {HINT_SERVICE, 0, ERR_TIMEOUT, "greeting: no answer in time", "journalctl -u smtpost.service"},
    {"/run/dovecot/lmtp", 0, ERR_CONNECT, "cannot connect: /run/dovecot/lmtp: Connection refused",
     "nobody listens on that socket"},
    {"127.0.0.1:1025", 0, ERR_CONNECT, "cannot connect: 127.0.0.1: Connection refused",
     "tunnel running"},
    {"smtp.example.net:587", 0, ERR_CONNECT, "cannot connect: 192.0.2.1: Connection refused",
     "port right"},
    {"smtp.example.net:587", 0, ERR_CONNECT, "cannot connect: 192.0.2.1: Network is unreachable",
     "no way to the network"},
    {"smtp.example.net:587", 0, ERR_CONNECT, "cannot connect: 192.0.2.1: Permission denied",
     "SELinux"},
    {"smtp.example.net:587", 0, ERR_CONNECT, "cannot connect: 192.0.2.1: Operation not permitted",
     "firewall"},
    {"smtp.exmaple.net:587", 0, ERR_RESOLVE, "host not found", "spelt right"},
    {"smtp.example.net:587", 0, ERR_CONNECT,
     "cannot look up the host now: Temporary failure in name resolution", "name server"},

    {"smtp.example.net:587", 0, ERR_CONFIG,
     "rc:3: password-command: account \"a\": cannot start pass: No such file or directory",
     "full path"},
    {"smtp.example.net:587", 0, ERR_CONFIG,
     "rc:3: password-command: account \"a\": cannot start /home/a/pw: Permission denied",
     "ausearch"},
    {"smtp.example.net:587", 0, ERR_HELPER,
     "rc:3: password-command: account \"a\": cannot start /bin/pw: Permission denied", "AppArmor"},
    {"smtp.example.net:587", 0, ERR_HELPER,
     "rc:3: password-command: account \"a\": gpg: ended with status 2", "passphrase"},
    {"smtp.example.net:587", 0, ERR_HELPER,
     "rc:3: password-command: account \"a\": secret-tool: ended with status 1", "key ring"},
    {"smtp.example.net:587", 0, ERR_HELPER,
     "rc:3: token-command: account \"a\": oama: ended with status 1", "renewed"},
    {"smtp.example.net:587", 0, ERR_HELPER,
     "rc:3: password-command: account \"a\": askpass: did not end in time", "somebody to type"},
    {"smtp.example.net:587", 0, ERR_HELPER,
     "rc:3: password-command: account \"a\": mypw: ended with status 1", "by hand"},

    /* Nothing better is known. */
    {"smtp.example.net:587", 550, ERR_NONE, "550 5.1.1 <bob@example.com>: User unknown", NULL},
    {"smtp.example.net:587", 451, ERR_NONE, "451 4.3.0 Local error", NULL},
    {"smtp.example.net:587", 0, ERR_CONNECT, "RCPT TO: the server closed the connection", NULL},
    {"smtp.example.net:587", 0, ERR_NONE, NULL, NULL},
};

static const char *hint_for(const struct example *example)
{
    struct outcome o = {
        .kind = example->kind,
        .by_server = example->code,
        .code = example->code,
        .text = (char *)example->text,
    };

    return hint_find(example->server, &o);
}

static void each_refusal_gets_its_hint(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(examples); i++) {
        const char *hint = hint_for(&examples[i]);
        if (!examples[i].hint)
            assert_null(hint);
        else
            check_contains(examples[i].text, hint ? hint : "(nothing)", examples[i].hint);
    }
}

static void each_hint_has_its_refusal(void **state)
{
    (void)state;
    assert_true(hint_count >= 30);
    for (size_t i = 0; i < hint_count; i++) {
        bool found = false;
        for (size_t j = 0; j < COUNT(examples); j++)
            found = found || hint_for(&examples[j]) == hints[i].text;
        check_row(hints[i].text, found, "given for one of the examples");
    }
}

static void hints_are_one_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < hint_count; i++) {
        size_t len = strlen(hints[i].text);
        check_row(hints[i].text, len < 240 && hints[i].text[len - 1] != '.', "short, no full stop");
    }
}

/* A clock that never was set: the certificate is not to blame. */
static void a_clock_that_is_years_off_is_named(void **state)
{
    static const struct example young = {"smtp.example.net:465", 0, ERR_TLS,
                                         EXPECTED "certificate is not yet valid", NULL};

    (void)state;
    clock_fix(86400);
    const char *hint = hint_for(&young);
    clock_fix(0);
    check_contains(young.text, hint ? hint : "(nothing)", "years behind");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_refusal_gets_its_hint),
        cmocka_unit_test(each_hint_has_its_refusal),
        cmocka_unit_test(hints_are_one_sentence),
        cmocka_unit_test(a_clock_that_is_years_off_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
