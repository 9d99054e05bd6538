/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"

/* msmtprc(5): "command argument" lines under "defaults", "account name" and "account name : other",
 * the argument perhaps in double quotes. Two commands of msmtp make one `tls` of ours, two of them
 * make the proxy: they are remembered as "*..." and put together at the end. */

static void remember(struct import *m, const struct import_key *k)
{
    draft_set(m->section, k->option, m->value);
}

static void take_auth(struct import *m, const struct import_key *k)
{
    static const char *const gone[] = {"gssapi", "ntlm", "digest-md5"};

    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        if (strcmp(m->value, gone[i]) == 0) {
            import_note(m, "this mechanism is not supported; auth = auto takes the best that is");
            return;
        }
    draft_set(m->section, k->option, strcmp(m->value, "off") == 0  ? "none"
                                     : import_is_yes(m->value) || !*m->value ? "auto"
                                                                             : m->value);
}

static void take_trust(struct import *m, const struct import_key *k)
{
    if (strcmp(m->value, "system") != 0 && *m->value)
        draft_set(m->section, k->option, m->value);
}

static void take_timeout(struct import *m, const struct import_key *k)
{
    draft_set(m->section, k->option, strcmp(m->value, "off") == 0 ? "0" : m->value);
}

static void take_syslog(struct import *m, const struct import_key *k)
{
    draft_set(m->section, k->option, strcmp(m->value, "off") == 0 ? "no" : "yes");
}

/* "%U@domain": the login name at a domain. */
static void take_from(struct import *m, const struct import_key *k)
{
    char *at = strchr(m->value, '@');

    if (!strchr(m->value, '%')) {
        draft_set(m->section, k->option, m->value);
    } else if (at && strncmp(m->value, "%U@", 3) == 0 && !strchr(at, '%')) {
        struct buf pattern;
        buf_init(&pattern, LIMIT_PATH);
        buf_put_format(&pattern, "*%s", at);
        draft_set(m->section, k->option, pattern.data ? pattern.data : "*");
        draft_set(m->section, "domain", at + 1);
        buf_clear(&pattern);
    } else {
        import_note(m, "write the address, or set domain for bare names");
    }
}

static void take_set_from(struct import *m, const struct import_key *k)
{
    if (strcmp(m->value, "auto") != 0)
        draft_set(m->section, k->option, import_is_yes(m->value) ? "replace" : "keep");
}

static void take_override(struct import *m, const struct import_key *k)
{
    const char *from = draft_get(m->section, "from");

    if (import_is_yes(m->value))
        return;
    if (from && !strchr(from, '*'))
        draft_set(m->section, k->option, from);
    else
        import_note(m, "set envelope-from to the one address that is to be used");
}

static void take_notify(struct import *m, const struct import_key *k)
{
    struct slice rest = slice_of(m->value);

    draft_unset(m->section, k->option);
    while (rest.len) {
        size_t comma = slice_find(rest, ',', 0);
        char *word = slice_dup(slice_trim(slice_make(rest.data, comma)));
        draft_add(m->section, k->option, word);
        free(word);
        rest = slice_from(rest, comma + 1);
    }
}

static const struct import_key keys[] = {
    {"host", "host", NULL, NULL},
    {"port", "port", NULL, NULL},
    {"socket", "socket", NULL, NULL},
    {"protocol", "protocol", NULL, NULL},
    {"source_ip", "source-address", NULL, NULL},
    {"proxy_host", "*proxy-host", remember, NULL},
    {"proxy_port", "*proxy-port", remember, NULL},
    {"timeout", "timeout", take_timeout, NULL},
    {"domain", "hello", NULL, NULL},
    {"tls", "*tls", remember, NULL},
    {"tls_starttls", "*tls-starttls", remember, NULL},
    {"tls_trust_file", "tls-ca", take_trust, NULL},
    {"tls_crl_file", "tls-crl", NULL, NULL},
    {"tls_fingerprint", "tls-fingerprint", NULL, NULL},
    {"tls_key_file", "tls-key", NULL, NULL},
    {"tls_cert_file", "tls-certificate", NULL, NULL},
    {"tls_certcheck", "tls-verify", import_yes, NULL},
    {"tls_host_override", "tls-name", NULL, NULL},
    {"tls_min_dh_prime_bits", NULL, NULL, "OpenSSL's security level 2 sees to that"},
    {"tls_priorities", NULL, NULL, "a GnuTLS string; see tls-min and tls-ciphers"},
    {"auth", "auth", take_auth, NULL},
    {"user", "user", NULL, NULL},
    {"password", "password", NULL, NULL},
    {"passwordeval", "password-command", NULL, NULL},
    {"ntlmdomain", NULL, NULL, "NTLM is not supported"},
    {"from", "from", take_from, NULL},
    {"auto_from", NULL, NULL, "bare names get `domain`; choose the account by `from`"},
    {"maildomain", "domain", NULL, NULL},
    {"from_full_name", "from-name", NULL, NULL},
    {"allow_from_override", "envelope-from", take_override, NULL},
    {"set_from_header", "from-header", take_set_from, NULL},
    {"set_date_header", NULL, NULL, "a missing Date is added: see add-headers"},
    {"set_msgid_header", NULL, NULL, "a missing Message-ID is added: see add-headers"},
    {"add_missing_from_header", NULL, NULL, "see add-headers"},
    {"add_missing_date_header", NULL, NULL, "see add-headers"},
    {"remove_bcc_headers", "keep-bcc", import_no, NULL},
    {"undisclosed_recipients", "undisclosed", import_yes, NULL},
    {"dsn_notify", "dsn-notify", take_notify, NULL},
    {"dsn_return", "dsn-return", NULL, NULL},
    {"aliases", "aliases", NULL, NULL},
    {"syslog", "syslog", take_syslog, NULL},
    {"logfile", "log-file", NULL, NULL},
    {"logfile_time_format", NULL, NULL, "records have a fixed form"},
    {"keepbcc", "keep-bcc", import_yes, NULL},
    {"eval", NULL, NULL, "a command that makes configuration is not supported"},
    {NULL, NULL, NULL, NULL},
};

/* "name", "name : other", "name : other, another". */
static void begin_account(struct import *m)
{
    char *colon = strchr(m->value, ':');
    struct slice name = slice_trim(colon ? slice_make(m->value, (size_t)(colon - m->value))
                                         : slice_of(m->value));
    struct slice like = slice_trim(slice_of(colon ? colon + 1 : NULL));
    char *name_text = draft_name(name);
    struct slice first_name = slice_trim(slice_make(like.data, slice_find(like, ',', 0)));
    char *first = draft_name(first_name);

    /* "account default : name" only names the one to use. */
    bool chooses = colon && strcmp(name_text, "default") == 0;
    if (chooses) {
        free(m->draft->default_account);
        m->draft->default_account = mem_strdup(first);
    }
    m->section = chooses ? NULL : draft_section(m->draft, name_text);
    if (m->section && colon)
        draft_set(m->section, "like", first);
    if (like.len > first_name.len)
        import_note(m, "only one account can be taken over; copy what the others add");
    free(name_text);
    free(first);
}

static void take_statement(struct import *m)
{
    if (strcmp(m->key, "account") == 0)
        begin_account(m);
    else if (strcmp(m->key, "defaults") == 0)
        m->section = draft_section(m->draft, NULL);
    else if (!m->section)
        import_note(m, "belongs to no account");
    else
        import_apply(m, keys);
}

static void parse_line(struct import *m, struct slice line)
{
    size_t end = 0;

    while (end < line.len && line.data[end] != ' ' && line.data[end] != '\t')
        end++;
    struct slice value = slice_trim(slice_from(line, end));
    if (value.len > 1 && value.data[0] == '"' && value.data[value.len - 1] == '"')
        value = slice_make(value.data + 1, value.len - 2);
    m->key = slice_dup(slice_make(line.data, end));
    m->value = slice_dup(value);
    take_statement(m);
    secret_wipe_memory(m->value, value.len);
    free(m->key);
    free(m->value);
}

/* What is said of `option` for a section: its own, its `like` one's, the defaults'. */
static const char *inherited(const struct draft *d, const struct draft_section *s,
                             const char *option)
{
    for (int depth = 0; s && depth < LIMIT_LIKE_CHAIN; depth++) {
        const char *like = draft_get(s, "like"), *value = draft_get(s, option);
        if (value)
            return value;
        s = like ? draft_find(d, like) : NULL;
    }
    s = draft_find(d, NULL);
    return s ? draft_get(s, option) : NULL;
}

static void settle_tls(struct draft *d, struct draft_section *s)
{
    const char *tls = inherited(d, s, "*tls"), *late = inherited(d, s, "*tls-starttls");
    bool own = draft_get(s, "*tls") || draft_get(s, "*tls-starttls");

    if (!own && (!s->name || draft_get(s, "like") || tls))
        return;
    const char *word = !tls || !import_is_yes(tls)      ? "none"
                       : !late || import_is_yes(late) ? "starttls"
                                                      : "implicit";
    draft_set(s, "tls", word);
    if (strcmp(word, "none") == 0 && inherited(d, s, "user"))
        draft_note(&s->notes,
                   "msmtp logged in without TLS here; tls = starttls protects the password, "
                   "cleartext-auth = yes does as msmtp did");
}

static void settle_proxy(struct draft *d, struct draft_section *s)
{
    const char *host = inherited(d, s, "*proxy-host"), *port = inherited(d, s, "*proxy-port");
    struct buf text;

    if (!host || !*host || !(draft_get(s, "*proxy-host") || draft_get(s, "*proxy-port")))
        return;
    buf_init(&text, LIMIT_DOMAIN * 2);
    buf_put_format(&text, "socks5://%s:%s", host, port && *port ? port : "1080");
    draft_set(s, "proxy", text.data ? text.data : "");
    buf_clear(&text);
}

/* passwordeval gives a token where the mechanism wants one. */
static void settle_token(struct draft *d, struct draft_section *s)
{
    const char *auth = inherited(d, s, "auth"), *command = draft_get(s, "password-command");

    if (!auth || !command || (strcmp(auth, "oauthbearer") != 0 && strcmp(auth, "xoauth2") != 0))
        return;
    draft_set(s, "token-command", command);
    draft_unset(s, "password-command");
}

/* Without a password in the file msmtp asks the keyring, ~/.netrc, and the terminal. */
static void settle_password(struct draft *d, struct draft_section *s)
{
    const char *auth = inherited(d, s, "auth"), *user = inherited(d, s, "user");
    const char *host = inherited(d, s, "host");

    if (!s->name || !auth || strcmp(auth, "none") == 0 || !user || !host ||
        inherited(d, s, "password") || inherited(d, s, "password-command") ||
        inherited(d, s, "token-command"))
        return;
    draft_note(&s->notes,
               "msmtp looked for the password in the keyring, then in ~/.netrc; write "
               "password-command = { \"secret-tool\", \"lookup\", \"host\", \"%s\", "
               "\"service\", \"smtp\", \"user\", \"%s\" }",
               host, user);
}

static bool read_msmtp(struct draft *d, const char *path, struct slice text, struct err *e)
{
    struct import m = {.draft = d};
    struct slice line;

    while (import_line(&text, &line)) {
        m.line++;
        if (line.len && line.data[0] != '#')
            parse_line(&m, line);
    }
    for (size_t i = 0; i < d->count; i++) {
        settle_tls(d, &d->sections[i]);
        settle_proxy(d, &d->sections[i]);
        settle_token(d, &d->sections[i]);
        settle_password(d, &d->sections[i]);
    }
    return d->count || err_set(e, ERR_DATA, "%s: there is no account in it", path);
}

static const char *const names[] = {"msmtprc", ".msmtprc", NULL};
static const char *const marks[] = {"account", "defaults", "passwordeval", "tls_starttls", NULL};

const struct import_format import_msmtp = {"msmtp", names, marks, read_msmtp};
