/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/hint.h"

#include "base/clock.h"
#include "base/say.h"

/* A clock that shows a day before this program was written is wrong: 2025-01-01. */
enum { EPOCH_OF_OURS = 1735689600 };

static const char clock_is_off[] =
    N_("this machine's clock is years behind, so no certificate looks valid: set it (date, "
       "chronyc, timedatectl)");

static bool contains(struct slice text, struct slice part)
{
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (slice_has_prefix_nocase(slice_from(text, i), part))
            return true;
    return false;
}

static bool ends_with(struct slice text, struct slice part)
{
    return text.len >= part.len && slice_eq(slice_from(text, text.len - part.len), part);
}

/* One of the alternatives in `pattern`. */
static bool has(const char *text, const char *pattern)
{
    struct slice whole = slice_of(text), rest = slice_of(pattern);

    for (;;) {
        size_t end = slice_find(rest, '|', 0);
        struct slice part = slice_make(rest.data, end);
        bool is_port = part.len && part.data[0] == ':';
        if (is_port ? ends_with(whole, part) : contains(whole, part))
            return true;
        if (end == rest.len)
            return false;
        rest = slice_from(rest, end + 1);
    }
}

/* Big providers name themselves in their words, which tells through a tunnel or proxy too. */
static bool fits(const struct hint *h, const char *server, const struct outcome *o)
{
    return (h->code == 0 || h->code == o->code) && (h->kind == ERR_NONE || h->kind == o->kind) &&
           (has(server, h->server) || has(o->text, h->server)) && has(o->text, h->words);
}

const char *hint_find(const char *server, const struct outcome *o)
{
    if (o->kind == ERR_TLS && clock_wall() < EPOCH_OF_OURS && has(o->text, "certificate"))
        return clock_is_off;
    for (size_t i = 0; i < hint_count; i++)
        if (fits(&hints[i], server, o))
            return hints[i].text;
    return NULL;
}

#define GMAIL "gmail.com|googlemail.com|google.com"
#define MICROSOFT "office365.|outlook.com|outlook.cn|hotmail."
#define APPLE "mail.me.com|icloud.com"
#define YAHOO "mail.yahoo.|aol.com"
#define GMX "mail.gmx.|smtp.web.de"

const struct hint hints[] = {
    /* What SCRAM gives as its reason. */
    {"", 0, "channel-bindings-dont-match|server-does-support-channel-binding", ERR_NONE,
     N_("somebody stands between us and the server, perhaps a proxy of its own: do not send the "
        "password; if it is known to be so, name the mechanism (auth = scram-sha-256)")},
    {"", 0, "unsupported-channel-binding-type", ERR_NONE,
     N_("the server binds to TLS in no way known here: auth = scram-sha-256 does without")},
    {"", 0, "unknown-user|invalid-proof", ERR_NONE,
     N_("user or password is wrong, or the server has no SCRAM keys for this user: then auth = "
        "plain")},

    /* Logins, by provider. */
    {GMAIL, 534, "5.7.14|web browser", ERR_NONE,
     N_("Google wants to see you once: open https://accounts.google.com/DisplayUnlockCaptcha in a "
        "browser, then try again")},
    {GMAIL, 534, "", ERR_NONE, N_("Gmail wants an app password here: smtprc(5), section GMAIL")},
    {GMAIL, 0, "\"status\":\"400\"|invalid_request|invalid_token|invalid_scope", ERR_AUTH,
     N_("Google does not take this token: it has to be for the scope https://mail.google.com/ and "
        "for the account that user names; authorize the helper again")},
    {GMAIL, 535, "", ERR_NONE, N_("Gmail wants an app password here: smtprc(5), section GMAIL")},
    {GMAIL, 454, "too many login", ERR_NONE,
     N_("Google counts too many logins: wait an hour; a helper that fails again and again is a "
        "cause")},
    {"", 0, "less secure app", ERR_NONE,
     N_("passwords of the account itself are not taken any more: make an app password, or use "
        "OAuth")},
    {MICROSOFT, 535, "disabled for the tenant", ERR_NONE,
     N_("SMTP AUTH is off for the whole organisation: its administrator can allow it for this "
        "mailbox (Set-CASMailbox -SmtpClientAuthenticationDisabled $false)")},
    {MICROSOFT, 535, "disabled for the mailbox", ERR_NONE,
     N_("SMTP AUTH is off for this mailbox: an administrator switches it on under Manage email "
        "apps, Authenticated SMTP")},
    {MICROSOFT, 535, "basic authentication is disabled", ERR_NONE,
     N_("Microsoft takes no passwords any more here: use OAuth, smtprc(5), section OAUTH")},
    {MICROSOFT, 535, "did not meet the criteria|security defaults|conditional access", ERR_NONE,
     N_("a policy of the organisation (security defaults, conditional access) forbids this login: "
        "ask its administrator, or use OAuth")},
    {MICROSOFT, 535, "locked", ERR_NONE,
     N_("the account is locked: log in to it in a browser, then try again")},
    {"", 535, "5.7.139", ERR_NONE,
     N_("the tenant or mailbox has SMTP AUTH switched off, or the password is wrong: an "
        "administrator must allow it, or use OAuth")},
    {"", 550, "5.7.30", ERR_NONE,
     N_("Microsoft takes no passwords any more here: use OAuth, smtprc(5), section OAUTH")},
    {MICROSOFT, 0, "5.7.3|\"status\":\"401\"", ERR_AUTH,
     N_("wrong password, or a token that is not for this: its scope has to be "
        "https://outlook.office.com/SMTP.Send, its mailbox the one that user names, and SMTP AUTH "
        "on")},
    {"", 535, "5.7.3 ", ERR_NONE,
     N_("Exchange says so of a wrong user or password, and of a user it knows by another name: try "
        "the mail address, or DOMAIN\\name")},
    {"", 0, "5.7.57", ERR_NONE,
     N_("the server takes no mail without a login here: set user, and token-command or "
        "password-command")},
    {MICROSOFT, 504, "", ERR_NONE,
     N_("the server has not this mechanism: auth = auto chooses XOAUTH2 with a token-command, else "
        "LOGIN")},
    {"", 0, "5.7.60|5.2.252|SendAsDenied|not allowed to send as", ERR_NONE,
     N_("the sender is not one that this login may use: send from the address of user, or have an "
        "administrator grant Send As")},
    {"", 0, "5.7.708", ERR_NONE,
     N_("Microsoft refuses mail from this network or tenant: an administrator must ask its "
        "support")},
    {"", 432, "", ERR_NONE,
     N_("too many connections of this mailbox at once: wait, and send over one (queue, "
        "connections)")},
    {APPLE, 535, "", ERR_NONE,
     N_("iCloud wants an app-specific password: https://account.apple.com, Sign-In and Security")},
    {YAHOO, 535, "AUTH005|too many", ERR_NONE,
     N_("Yahoo counts too many failed logins: wait some hours, and see that the password is an app "
        "password")},
    {YAHOO, 535, "", ERR_NONE,
     N_("Yahoo and AOL want an app password: Account security, Generate app password")},
    {"fastmail|messagingengine", 535, "", ERR_NONE,
     N_("Fastmail wants an app password: Settings, Privacy and Security, App passwords")},
    {GMX, 535, "", ERR_NONE,
     N_("access by mail programs must be on first (settings, POP3/IMAP), and with two-factor login "
        "an app password is wanted")},
    {"zoho", 535, "", ERR_NONE,
     N_("Zoho wants an app password with two-factor login, and the host of your region "
        "(smtp.zoho.eu, .in, .com.au)")},
    {"amazonaws.com", 535, "", ERR_NONE,
     N_("SES wants its SMTP credentials, which are not the access keys of AWS and belong to one "
        "region")},
    {"sendgrid", 535, "", ERR_NONE,
     N_("at SendGrid user is the word apikey, the password an API key")},
    {"yandex", 535, "", ERR_NONE,
     N_("Yandex wants an app password, and access by mail programs switched on in the settings")},
    {"smtp.mail.ru", 535, "", ERR_NONE, N_("Mail.ru wants a password for external applications")},
    {"smtp.qq.com|smtp.163.com|smtp.126.com|exmail.qq.com", 535, "", ERR_NONE,
     N_("an authorization code is wanted in place of the password: make one in the web mail's "
        "settings, where SMTP must be on too")},
    {"127.0.0.1|localhost|[::1]", 535, "", ERR_NONE,
     N_("user or password is wrong, or the provider wants an app password; a bridge on this "
        "machine has a password of its own, which its window shows")},

    /* Logins, anywhere. */
    {"", 0, "before the login was complete|could not prove that it knows", ERR_AUTH,
     N_("this may not be the server that you think; if it is, its SCRAM is broken: tell its "
        "operator")},
    {"", 0, "iterations", ERR_AUTH,
     N_("the server keeps this password with too little or too much work: set it anew there, or "
        "name another mechanism with auth")},
    {"", 0, "invalid_token|invalid_grant|token expired|token has expired|\"status\":\"40", ERR_AUTH,
     N_("the token is not taken: authorize the helper again, for the scope of this server")},
    {"", 534, "5.7.9", ERR_NONE,
     N_("an app password is wanted in place of the account's password")},
    {"", 534, "", ERR_NONE, N_("this mechanism is too weak for the server: try auth = auto")},
    {"", 535, "application-specific|app password|application password", ERR_NONE,
     N_("an app password is wanted in place of the account's password")},
    {"", 535, "", ERR_NONE, N_("user or password is wrong, or the provider wants an app password")},
    {"", 538, "", ERR_NONE, N_("the server wants TLS before a login: tls = starttls or implicit")},
    {"", 530, "starttls", ERR_NONE, N_("the server wants TLS first: tls = starttls")},
    {"", 530, "", ERR_NONE, N_("the server wants a login: set user and password-command")},
    {"", 0, "with a password, the server offers XOAUTH2|with a password, the server offers OAUTH",
     ERR_AUTH,
     N_("the server takes tokens only: token-command, smtprc(5), section OAUTH")},
    {":25", 0, "the server offers nothing", ERR_AUTH,
     N_("on port 25 servers talk to servers; logins are for port 587 (tls = starttls) or 465 (tls "
        "= implicit)")},
    {"", 0, "the server offers nothing", ERR_AUTH,
     N_("the server has no logins on this port or without TLS: try port 587 or 465, or auth = "
        "none")},

    /* Sender, recipients, amount. */
    {"amazonaws.com", 554, "not verified", ERR_NONE,
     N_("SES sends only from verified addresses, and in its sandbox only to such: verify them, or "
        "ask for production access")},
    {"", 0, "verified sender identity|sender is not allowed to relay|not owned by", ERR_NONE,
     N_("the server does not take this sender from this login: set from or envelope-from to the "
        "account's own address")},
    {GMAIL, 550, "daily|5.4.5", ERR_NONE,
     N_("the day's allowance at Gmail is used up: try again tomorrow")},
    {"", 0, "5.2.2|4.2.2|mailbox full|mailbox is full", ERR_NONE,
     N_("the recipient's mailbox is full: its owner has to make room")},
    {"", 0, "daily limit|daily message quota|quota exceeded|limit exceeded|rate limit|throttl",
     ERR_NONE,
     N_("an allowance of this account is used up: wait, and send less at a time")},
    {"", 0, "greylist|graylist", ERR_NONE,
     N_("this is greylisting: the same message is taken in some minutes")},
    {"", 0, "spamhaus|blocklist|blacklist|dynamic ip|poor reputation", ERR_NONE,
     N_("this machine's address is on a list: do not send to port 25 of others, but through your "
        "provider's submission server with a login")},
    {"", 0, "relay access denied|relaying denied|relay not permitted|unable to relay", ERR_NONE,
     N_("the server does not know you: log in (user, password-command), or send from an address of "
        "its own")},
    {"", 0, "reverse hostname|reverse dns|ptr record", ERR_NONE,
     N_("the server wants a name for this machine's address, as servers have: use port 587 with a "
        "login")},
    {"", 0, "helo command rejected|invalid helo|ehlo argument|helo argument|helo name", ERR_NONE,
     N_("the server does not like the name we greet with: set hello to a full domain name")},
    {"", 552, "", ERR_NONE,
     N_("the message is too large or holds what the server forbids to attach")},
    {"", 421, "too many", ERR_NONE,
     N_("too many connections from here at once: wait a little, and send over fewer")},

    /* Certificates. */
    {"", 0, "avast|avg web|kaspersky|eset ssl|bitdefender|antivirus", ERR_TLS,
     N_("a virus scanner on this machine opens the connection: switch off its mail shield, or name "
        "its CA with tls-ca")},
    {"", 0, "fortinet|fortigate|zscaler|sophos|palo alto|checkpoint|watchguard|netskope|meraki",
     ERR_TLS,
     N_("a firewall of this network opens the connection: ask who runs it, or send elsewhere; its "
        "CA can be named with tls-ca")},
    {"", 0, "captive|portal|hotspot|wifi|wi-fi|unifi|openwrt", ERR_TLS,
     N_("this may be the login page of a network in place of the mail server: log in to the "
        "network first")},
    {"", 0, "which is probably wrong", ERR_TLS,
     N_("set this machine's clock: date, chronyc, timedatectl")},
    {"", 0, "certificate has expired", ERR_TLS,
     N_("if this machine's clock is right, the server's operator has to renew the certificate")},
    {"", 0, "matches no tls-fingerprint", ERR_TLS,
     N_("ask the server's operator whether it has a new certificate: if so, write what is shown; "
        "if not, somebody stands between")},
    {"", 0, "certificate revoked", ERR_TLS,
     N_("the server's key may be in other hands: do not send before its operator has said more")},
    {"", 0, "self-signed|self signed", ERR_TLS,
     N_("if the server is yours, name its certificate or CA with tls-ca, or write the "
        "tls-fingerprint shown once you have compared it")},
    {"", 0, "unable to get local issuer|unable to verify the first certificate", ERR_TLS,
     N_("if the server's CA is private, name it with tls-ca; if not, the server leaves out an "
        "intermediate certificate, which its operator must mend")},
    {"", 0, "mismatch", ERR_TLS,
     N_("write a name that the certificate is for as host, or as tls-name")},
    {"", 0, "key too small|key too weak|md too weak|dh key|sigalg|signature type", ERR_TLS,
     N_("the server's keys or signatures are of a kind that is no longer safe: its operator must "
        "renew them")},
    {"", 0, "unsupported protocol|protocol version|no shared cipher|handshake failure|no protocols",
     ERR_TLS,
     N_("the server has no TLS 1.2 or later in common with us: its operator must update it")},
    {":465", 0, "no answer in time", ERR_TIMEOUT,
     N_("port 465 wants tls = implicit; with starttls both sides wait for the other")},
    {"", 0, "not TLS", ERR_PROTOCOL, N_("port 465 wants tls = implicit, port 587 tls = starttls")},
    {"", 0, "does not offer STARTTLS", ERR_REFUSED,
     N_("is it the right port? 587 and 25 have STARTTLS, 465 wants tls = implicit; a firewall may "
        "also have taken the offer away")},

    /* Sockets of this machine. */
    {HINT_SERVICE, 0, "permission denied", ERR_CONNECT,
     N_("the socket of this machine's mail service is closed to you: it wants mode 0666, and its "
        "directory 0755")},
    {HINT_SERVICE, 0, "connection refused|no such file", ERR_CONNECT,
     N_("the mail service of this machine does not run: whoever administers it types systemctl "
        "enable --now smtpost.socket, or starts smtpost serve; an account in ~/.smtprc does "
        "without it")},
    {HINT_SERVICE, 0, "", ERR_TIMEOUT,
     N_("the mail service of this machine does not answer: journalctl -u smtpost.service")},
    {"/", 0, "connection refused|no such file", ERR_CONNECT,
     N_("nobody listens on that socket: is the path right, and does its program run?")},

    /* The network. */
    {":25", 0, "cannot connect", ERR_TIMEOUT,
     N_("many networks block port 25: use port 587 (tls = starttls) or 465 (tls = implicit) and "
        "log in")},
    {"", 0, "cannot connect", ERR_TIMEOUT,
     N_("nothing answers there: is the host right, and does a firewall let this port out?")},
    {"127.0.0.1|localhost|[::1]", 0, "connection refused", ERR_CONNECT,
     N_("nobody listens on that port of this machine: is the bridge, proxy or tunnel running?")},
    {"", 0, "connection refused", ERR_CONNECT,
     N_("nobody listens there: is the port right? 587 with tls = starttls, 465 with tls = "
        "implicit")},
    {"", 0, "network is unreachable|no route to host", ERR_CONNECT,
     N_("this machine has no way to the network at the moment")},
    {"", 0, "permission denied|operation not permitted", ERR_CONNECT,
     N_("something on this machine forbids the connection: a firewall, AppArmor or SELinux (nft "
        "list ruleset, journalctl -k, ausearch -m avc)")},
    {"", 0, "", ERR_RESOLVE, N_("is host spelt right, and is this machine on the network?")},
    {"", 0, "cannot look up the host now", ERR_CONNECT,
     N_("no name server answers: this machine may be off the network")},

    /* Helpers and files. */
    {"", 0, "permission denied", ERR_CONFIG,
     N_("is it readable for this user? AppArmor or SELinux may forbid it too: journalctl -k, "
        "ausearch -m avc")},
    {"", 0, "-command: |cannot start", ERR_CONFIG,
     N_("the program is not there, or not where PATH leads in this situation (cron has a short "
        "one): write its full path")},
    {"", 0, "permission denied", ERR_HELPER,
     N_("AppArmor or SELinux may forbid to run it: journalctl -k, ausearch -m avc")},
    {"", 0, "pass: ended|gpg: ended|gpg2: ended", ERR_HELPER,
     N_("gpg could not ask for the passphrase: without a terminal its agent must have it already")},
    {"", 0, "secret-tool: |kwallet", ERR_HELPER,
     N_("the key ring is locked or out of reach: outside of a session it wants "
        "DBUS_SESSION_BUS_ADDRESS and to be open")},
    {"", 0, "token-command", ERR_HELPER,
     N_("run the command by hand; if it wants a browser, the grant has to be renewed")},
    {"", 0, "did not end in time", ERR_HELPER,
     N_("run the command by hand: it may wait for somebody to type")},
    {"", 0, "password-command", ERR_HELPER, N_("run the command by hand and see what it prints")},
};

const size_t hint_count = sizeof hints / sizeof *hints;
