/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/import.h"

#include <stdlib.h>
#include <string.h>

#include "account/pathname.h"
#include "base/secret.h"

/* ssmtp.conf(5): "Key=value", "Key value" or "Key: value" in any case, "#" at the start of a line;
 * revaliases: "login:address" or "login:address:server". */

static void take_tls(struct import *m, const struct import_key *k)
{
    draft_set(m->section, k->option, m->value);
}

static void take_method(struct import *m, const struct import_key *k)
{
    draft_set(m->section, k->option, slice_eq_nocase(slice_of(m->value), SLICE("cram-md5"))
                                         ? "cram-md5"
                                         : "login");
}

/* FromLineOverride=NO: what the caller writes into From does not count. */
static void take_override(struct import *m, const struct import_key *k)
{
    if (!import_is_yes(m->value))
        draft_set(m->section, k->option, "replace");
}

static const struct import_key keys[] = {
    {"mailhub", "host", import_host_port, NULL},
    {"root", "bare-recipient", NULL, NULL},
    {"rewritedomain", "domain", NULL, NULL},
    {"hostname", "hello", NULL, NULL},
    {"fromlineoverride", "from-header", take_override, NULL},
    {"usetls", "*tls", take_tls, NULL},
    {"usestarttls", "*starttls", take_tls, NULL},
    {"tlscert", "tls-certificate", NULL, NULL},
    {"tlskey", "tls-key", NULL, NULL},
    {"tls_ca_file", "tls-ca", NULL, NULL},
    {"tls_ca_dir", "tls-ca", NULL, NULL},
    {"authuser", "user", NULL, NULL},
    {"authpass", "password", NULL, NULL},
    {"authmethod", "auth", take_method, NULL},
    {"debug", NULL, NULL, "smtpost -v shows the dialogue"},
    {"minuserid", NULL, NULL, "bare-recipient is for every local name"},
    {NULL, NULL, NULL, NULL},
};

static void take_line(struct import *m, struct slice line)
{
    size_t end = 0;

    while (end < line.len && !strchr(" \t=:", line.data[end]))
        end++;
    struct slice key = slice_make(line.data, end);
    while (end < line.len && strchr(" \t=:", line.data[end]))
        end++;
    struct slice value = slice_from(line, end);
    m->key = slice_dup(key);
    m->value = slice_dup(value);
    import_apply(m, keys);
    secret_wipe_memory(m->value, value.len);
    free(m->key);
    free(m->value);
}

static void settle_tls(struct draft_section *s)
{
    const char *tls = draft_get(s, "*tls"), *starttls = draft_get(s, "*starttls");
    bool late = starttls && import_is_yes(starttls);
    bool on = late || (tls && import_is_yes(tls));

    draft_set(s, "tls", late ? "starttls" : on ? "implicit" : "none");
    if (!draft_get(s, "port"))
        draft_set(s, "port", "25");
    if (on)
        draft_note(&s->notes, "sSMTP verified no certificate; this account does: see tls-ca and "
                              "tls-fingerprint if the server has its own");
    else if (draft_get(s, "user"))
        draft_note(&s->notes,
                   "sSMTP logged in without TLS here; tls = starttls protects the password, "
                   "cleartext-auth = yes does as sSMTP did");
}

static void read_revaliases(struct draft *d, struct draft_section *s, const char *path)
{
    struct err ignored;
    struct buf text;
    struct slice line;
    char *name = pathname_resolve("revaliases", path, NULL, &ignored);

    if (name && import_beside(d, name, &text)) {
        struct slice rest = buf_slice(&text);
        while (import_line(&rest, &line)) {
            struct slice address = slice_from(line, slice_find(line, ':', 0) + 1);
            if (line.len == 0 || line.data[0] == '#')
                continue;
            address = slice_make(address.data, slice_find(address, ':', 0));
            draft_note(&s->notes, "revaliases: %.*s: a file ~/.smtprc of that user may say "
                                  "defaults { envelope-from = \"%.*s\" }",
                       (int)line.len, line.data, (int)address.len, address.data);
        }
        buf_clear(&text);
    }
    free(name);
}

static bool read_ssmtp(struct draft *d, const char *path, struct slice text, struct err *e)
{
    struct import m = {.draft = d, .section = draft_section(d, "ssmtp")};
    struct slice line;

    while (import_line(&text, &line)) {
        m.line++;
        if (line.len && line.data[0] != '#')
            take_line(&m, line);
    }
    if (!draft_get(m.section, "host"))
        return err_set(e, ERR_DATA, "%s: there is no mailhub in it", path);
    settle_tls(m.section);
    read_revaliases(d, m.section, path);
    return true;
}

static const char *const names[] = {"ssmtp.conf", NULL};
static const char *const marks[] = {"mailhub", "rewritedomain", "fromlineoverride", NULL};

const struct import_format import_ssmtp = {"sSMTP", names, marks, read_ssmtp};
