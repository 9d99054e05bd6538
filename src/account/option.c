/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/option.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "base/limits.h"
#include "net/socks.h"

const struct option *option_find(const char *name, const char **near)
{
    const char *names[OPTION_MAX];

    *near = NULL;
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    for (size_t i = 0; i < option_count; i++)
        names[i] = options[i].name;
    *near = strings_nearest(name, names, option_count);
    return NULL;
}

void option_quote(struct buf *out, const char *text)
{
    buf_put_byte(out, '"');
    for (; *text; text++) {
        if (strchr("\"\\$", *text))
            buf_put_byte(out, '\\');
        if (ascii_is_control(*text))
            buf_put_format(out, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            buf_put_byte(out, *text);
    }
    buf_put_byte(out, '"');
}

static void put_list(struct buf *out, const struct strings *list, bool quoted, bool braces)
{
    buf_put_text(out, braces ? "{ " : "");
    for (size_t i = 0; i < list->count; i++) {
        buf_put_text(out, i ? ", " : "");
        if (quoted)
            option_quote(out, list->items[i]);
        else
            buf_put_text(out, list->items[i]);
    }
    buf_put_text(out, !braces ? "" : list->count ? " }" : "}");
}

static void put_proxy(const char *text, struct buf *out)
{
    struct buf masked;

    if (!text)
        return;
    buf_init(&masked, LIMIT_SECRET);
    proxy_mask(&masked, slice_of(text));
    option_quote(out, masked.data ? masked.data : "");
    buf_clear(&masked);
}

bool option_is_secret(const struct option *o, const char *value)
{
    return o->type == OPTION_SECRET ||
           (o->type == OPTION_PROXY && proxy_has_password(slice_of(value)));
}

void option_format(const struct option *o, const struct account *account, struct buf *out)
{
    const void *field = (const char *)account + o->field;
    const struct strings *list = field;
    const char *text;
    unsigned long number;

    switch (o->type) {
    case OPTION_TEXT: case OPTION_HOST: case OPTION_PATHNAME:
        memcpy(&text, field, sizeof text);
        if (text)
            option_quote(out, text);
        break;
    case OPTION_PROXY:
        memcpy(&text, field, sizeof text);
        put_proxy(text, out);
        break;
    case OPTION_LIST: case OPTION_HOSTS:
        if (list->count)
            put_list(out, list, true, list->count > 1);
        break;
    case OPTION_CHOICES: case OPTION_MECHANISMS:
        put_list(out, list, false, list->count != 1);
        break;
    case OPTION_COMMAND:
        /* The braces tell it from a line for the shell, also around one word. */
        if (list->count)
            put_list(out, list, true, true);
        break;
    case OPTION_CHOICE:
        buf_put_text(out, o->choices[*(const int *)field]);
        break;
    case OPTION_BOOL:
        buf_put_text(out, *(const bool *)field ? "yes" : "no");
        break;
    case OPTION_NUMBER: case OPTION_DURATION: case OPTION_SIZE:
        number = *(const unsigned long *)field;
        if (number || o->min == 0)
            buf_put_format(out, "%lu", number);
        break;
    case OPTION_SECRET:
        buf_put_text(out, secret_is_empty(field) ? "" : "(set)");
        break;
    }
}

void option_put_variable(const struct option *o, struct buf *out)
{
    buf_put_text(out, "SMTPOST_");
    for (const char *c = o->name; *c; c++)
        buf_put_byte(out, *c == '-' ? '_' : ascii_upper(*c));
}

void option_release(const struct option *o, struct account *account)
{
    void *field = (char *)account + o->field;
    char **text = field;

    switch (o->type) {
    case OPTION_TEXT: case OPTION_HOST: case OPTION_PATHNAME:
        free(*text);
        *text = NULL;
        break;
    case OPTION_PROXY:
        secret_wipe_memory(*text, slice_of(*text).len);
        free(*text);
        *text = NULL;
        break;
    case OPTION_LIST: case OPTION_HOSTS: case OPTION_CHOICES: case OPTION_MECHANISMS:
    case OPTION_COMMAND:
        strings_clear(field);
        break;
    case OPTION_SECRET:
        secret_clear(field);
        break;
    case OPTION_CHOICE: case OPTION_BOOL: case OPTION_NUMBER: case OPTION_DURATION:
    case OPTION_SIZE:
        break;
    }
}

#define FIELD(name) offsetof(struct account, name)

/* The order of the enums of their names in account.h. */
static const char *const protocol_words[] = {"smtp", "lmtp", NULL};
static const char *const version_words[] = {"1.2", "1.3", NULL};
static const char *const tls_words[] = {"starttls", "implicit", "opportunistic", "none", NULL};
static const char *const queue_words[] = {"on-failure", "always", "never", NULL};
static const char *const syslog_words[] = {"auto", "yes", "no", NULL};
/* The order of enum account_dsn_return. */
static const char *const dsn_return_words[] = {"off", "headers", "full", NULL};
static const char *const dsn_notify_words[] = {"off", "never", "success", "failure", "delay", NULL};
static const char *const eight_bit_words[] = {"send", "encode", "reject", NULL};
static const char *const long_lines_words[] = {"send", "encode", NULL};
static const char *const from_header_words[] = {"add", "keep", "replace", NULL};
static const char *const header_words[] = {"date", "message-id", "from", NULL};

enum { DAY = 24 * 60 * 60 };

/* In the order of smtprc(5). */
const struct option options[] = {
    {"like", OPTION_TEXT, FIELD(like), NULL, 0, 0, NULL,
     OPTION_NO_DEFAULTS | OPTION_NO_INHERIT | OPTION_NOT_EMPTY,
     "The account whose settings this one takes over."},

    {"protocol", OPTION_CHOICE, FIELD(protocol), protocol_words, 0, 0, "smtp", 0,
     "How to hand mail over: smtp, or lmtp for a server that delivers at once."},
    {"provider", OPTION_TEXT, FIELD(provider), NULL, 0, 0, NULL, OPTION_NOT_EMPTY | OPTION_VARIABLE,
     "A known mail provider, for its server and port; `smtpost config providers` lists them."},
    {"host", OPTION_HOSTS, FIELD(host), NULL, 0, 0, NULL,
     OPTION_NOT_EMPTY | OPTION_PLACE | OPTION_VARIABLE,
     "The server's name or address, or a list of them that is tried in order."},
    {"port", OPTION_NUMBER, FIELD(port), NULL, 1, 65535, NULL, OPTION_VARIABLE,
     "The server's port; by tls: 587 starttls, 465 implicit, 25 opportunistic and none; lmtp 24."},
    {"socket", OPTION_PATHNAME, FIELD(socket), NULL, 0, 0, NULL, OPTION_NOT_EMPTY | OPTION_PLACE,
     "A Unix socket to connect to instead of a host."},
    {"source-address", OPTION_HOST, FIELD(source_address), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "The address of this machine to connect from."},
    {"proxy", OPTION_PROXY, FIELD(proxy), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "A SOCKS 5 proxy to go through: socks5://host:port, or with user:password@ before host."},
    {"connect-timeout", OPTION_DURATION, FIELD(connect_timeout), NULL, 1, DAY, "30", 0,
     "How long one address of the server may take to accept a connection."},
    {"timeout", OPTION_DURATION, FIELD(timeout), NULL, 0, DAY, "0", 0,
     "How long the server may take for one step; 0: as RFC 5321 has it for each."},
    {"hello", OPTION_HOST, FIELD(hello), NULL, 0, 0, NULL, OPTION_NOT_EMPTY | OPTION_VARIABLE,
     "The name to greet the server with."},

    {"tls", OPTION_CHOICE, FIELD(tls), tls_words, 0, 0, "starttls", OPTION_VARIABLE,
     "How the connection is encrypted; none where a socket is set and this is not."},
    {"tls-ca", OPTION_PATHNAME, FIELD(tls_ca), NULL, 0, 0, NULL, OPTION_NOT_EMPTY | OPTION_VARIABLE,
     "File or directory of the CA certificates to trust instead of the system's."},
    {"tls-certificate", OPTION_PATHNAME, FIELD(tls_certificate), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "Our own certificate: a PEM file with its chain, or PKCS#12."},
    {"tls-key", OPTION_PATHNAME, FIELD(tls_key), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "The key of tls-certificate, where it is not in the same file."},
    {"tls-fingerprint", OPTION_LIST, FIELD(tls_fingerprint), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "The SHA-256 of the server's certificate, or pin-sha256: and its key's; a CA is not asked."},
    {"tls-name", OPTION_HOST, FIELD(tls_name), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "The name that the server's certificate has to be for, instead of the host's."},
    {"tls-min", OPTION_CHOICE, FIELD(tls_min), version_words, 0, 0, "1.2", 0,
     "The lowest version of TLS that will do: 1.2 or 1.3."},
    {"tls-ciphers", OPTION_TEXT, FIELD(tls_ciphers), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "The ciphers that may be used, as OpenSSL writes them."},
    {"tls-crl", OPTION_PATHNAME, FIELD(tls_crl), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "A file of certificate revocation lists to hold the server's certificate against."},
    {"tls-verify", OPTION_BOOL, FIELD(tls_verify), NULL, 0, 0, "yes", 0,
     "Whether the server has to prove its identity."},

    {"auth", OPTION_MECHANISMS, FIELD(auth), NULL, 0, 0, "auto", OPTION_NOT_EMPTY | OPTION_VARIABLE,
     "How to log in: auto, none, or mechanisms in order of preference."},
    {"user", OPTION_TEXT, FIELD(user), NULL, 0, 0, NULL, OPTION_NOT_EMPTY | OPTION_VARIABLE,
     "The name to log in with."},
    {"password", OPTION_SECRET, FIELD(password), NULL, 0, 0, NULL,
     OPTION_NOT_EMPTY | OPTION_SOURCE | OPTION_VARIABLE,
     "The password itself; the file may then be readable by its owner alone."},
    {"password-command", OPTION_COMMAND, FIELD(password_command), NULL, 0, 0, NULL,
     OPTION_NOT_EMPTY | OPTION_SOURCE,
     "A command whose first line of output is the password."},
    {"password-file", OPTION_PATHNAME, FIELD(password_file), NULL, 0, 0, NULL,
     OPTION_NOT_EMPTY | OPTION_SOURCE | OPTION_VARIABLE,
     "A file whose first line is the password."},
    {"token-command", OPTION_COMMAND, FIELD(token_command), NULL, 0, 0, NULL,
     OPTION_NOT_EMPTY | OPTION_SOURCE,
     "A command whose first line of output is an OAuth 2 access token."},
    {"token-file", OPTION_PATHNAME, FIELD(token_file), NULL, 0, 0, NULL,
     OPTION_NOT_EMPTY | OPTION_SOURCE | OPTION_VARIABLE,
     "A file whose first line is an OAuth 2 access token."},
    {"cleartext-auth", OPTION_BOOL, FIELD(cleartext_auth), NULL, 0, 0, "no", 0,
     "Whether a password or token may cross the network without encryption."},

    {"from", OPTION_LIST, FIELD(from), NULL, 0, 0, NULL,
     OPTION_NO_DEFAULTS | OPTION_NO_INHERIT | OPTION_NOT_EMPTY | OPTION_VARIABLE,
     "Sender addresses and patterns that choose this account."},
    {"envelope-from", OPTION_TEXT, FIELD(envelope_from), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "The envelope sender of all mail, whatever the caller says."},
    {"from-header", OPTION_CHOICE, FIELD(from_header), from_header_words, 0, 0, "add", 0,
     "What becomes of the address in From: kept as it is, added or completed, or replaced."},
    {"from-name", OPTION_TEXT, FIELD(from_name), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "The name in a From field that is added, or replaced and without a name."},
    {"domain", OPTION_HOST, FIELD(domain), NULL, 0, 0, NULL, OPTION_NOT_EMPTY | OPTION_VARIABLE,
     "The domain given to addresses that have none."},
    {"aliases", OPTION_PATHNAME, FIELD(aliases), NULL, 0, 0, NULL,
     OPTION_NOT_EMPTY | OPTION_VARIABLE,
     "A file like /etc/aliases that says where mail to local names goes."},
    {"bare-recipient", OPTION_TEXT, FIELD(bare_recipient), NULL, 0, 0, NULL,
     OPTION_NOT_EMPTY | OPTION_VARIABLE,
     "The address that gets the mail to local names without an alias."},
    {"local-domains", OPTION_HOSTS, FIELD(local_domains), NULL, 0, 0, NULL, 0,
     "Domains of this machine: their addresses are local names."},
    {"add-headers", OPTION_CHOICES, FIELD(add_headers), header_words, 0, 0,
     "{ date, message-id, from }", 0,
     "The header fields that are added where they are missing."},
    {"keep-bcc", OPTION_BOOL, FIELD(keep_bcc), NULL, 0, 0, "no", 0,
     "Whether Bcc fields stay in the message."},
    {"undisclosed", OPTION_BOOL, FIELD(undisclosed), NULL, 0, 0, "no", 0,
     "Whether a message that names no recipient says so in a To field."},
    {"eight-bit", OPTION_CHOICE, FIELD(eight_bit), eight_bit_words, 0, 0, "send", 0,
     "What becomes of 8-bit content where the server does not offer 8BITMIME."},
    {"long-lines", OPTION_CHOICE, FIELD(long_lines), long_lines_words, 0, 0, "send", 0,
     "What becomes of lines over 998 octets in a MIME message."},
    {"dsn-notify", OPTION_CHOICES, FIELD(dsn_notify), dsn_notify_words, 0, 0, "off",
     OPTION_NOT_EMPTY, "When the sender is to be told what became of the message."},
    {"dsn-return", OPTION_CHOICE, FIELD(dsn_return), dsn_return_words, 0, 0, "off", 0,
     "How much of the message comes back with what the sender is told."},
    {"max-size", OPTION_SIZE, FIELD(max_size), NULL, 0, ULONG_MAX, "0", 0,
     "The largest message that is sent; 0: any."},
    {"filter", OPTION_COMMAND, FIELD(filter), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "A command that the message goes through before it is sent, such as a DKIM signer."},
    {"save-copy", OPTION_PATHNAME, FIELD(save_copy), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "A Maildir that gets a copy of what was sent."},

    {"queue", OPTION_CHOICE, FIELD(queue), queue_words, 0, 0, "on-failure", OPTION_VARIABLE,
     "When mail goes to the queue: on-failure (when it cannot be sent now), always, or never."},
    {"queue-lifetime", OPTION_DURATION, FIELD(queue_lifetime), NULL, 1, 365 * DAY, "5d", 0,
     "How long a message is tried before it is returned to its sender."},
    {"retry-after", OPTION_DURATION, FIELD(retry_after), NULL, 1, 3600, "1m", 0,
     "The pause after the first failure; it doubles with each further one, up to an hour."},
    {"connections", OPTION_NUMBER, FIELD(connections), NULL, 1, 32, "2", 0,
     "Connections to the server at the same time in a run of the queue, at the most."},
    {"messages-per-connection", OPTION_NUMBER, FIELD(messages_per_connection), NULL, 1, 1000000,
     "100", 0, "Messages that a run of the queue sends through one connection, at the most."},

    {"syslog", OPTION_CHOICE, FIELD(syslog), syslog_words, 0, 0, "auto", 0,
     "Whether to log to syslog; auto: when nobody watches stderr."},
    {"log-file", OPTION_PATHNAME, FIELD(log_file), NULL, 0, 0, NULL, OPTION_NOT_EMPTY,
     "A file to log to."},
};

const size_t option_count = sizeof options / sizeof *options;

_Static_assert(sizeof options / sizeof *options <= OPTION_MAX, "raise OPTION_MAX");
