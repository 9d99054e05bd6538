/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* dma.conf: "KEY value" or "KEY" alone, "#" begins a comment; auth.conf: "user|server:password". */

static void remember(struct import *m, const struct import_key *k)
{
    draft_set(m->section, k->option, *m->value ? m->value : "yes");
}

static void take_queue(struct import *m, const struct import_key *k)
{
    (void)k;
    import_note(m, "call smtpost -odq where mail is to wait for the next run of the queue");
}

/* "user@host", "host" or "user@". */
static void take_masquerade(struct import *m, const struct import_key *k)
{
    char *at = strchr(m->value, '@');

    if (!at)
        draft_set(m->section, "domain", m->value);
    else if (at == m->value)
        draft_set(m->section, "domain", at + 1);
    else if (at[1])
        draft_set(m->section, k->option, m->value);
    else
        import_note(m, "write envelope-from with a domain");
}

static void take_mailname(struct import *m, const struct import_key *k)
{
    if (m->value[0] != '/')
        draft_set(m->section, k->option, m->value);
    else if (strcmp(m->value, "/etc/mailname") != 0)
        import_note(m, "write its first line as domain");
}

static const struct import_key keys[] = {
    {"smarthost", "host", NULL, NULL},
    {"port", "port", NULL, NULL},
    {"aliases", "aliases", NULL, NULL},
    {"authpath", "*authpath", remember, NULL},
    {"securetransfer", "*secure", remember, NULL},
    {"starttls", "*starttls", remember, NULL},
    {"opportunistic_tls", "*opportunistic", remember, NULL},
    {"fingerprint", "tls-fingerprint", NULL, NULL},
    {"certfile", "tls-certificate", NULL, NULL},
    {"verifycert", NULL, NULL, "certificates are always verified"},
    {"secure", NULL, NULL, "passwords cross the network under TLS only, see cleartext-auth"},
    {"insecure", "cleartext-auth", import_yes, NULL},
    {"mailname", "domain", take_mailname, NULL},
    {"masquerade", "envelope-from", take_masquerade, NULL},
    {"spooldir", NULL, NULL, "smtpost has a queue of its own, see smtpost-queue(7)"},
    {"defer", NULL, take_queue, NULL},
    {"fullbounce", NULL, NULL, "bounces hold the header of the message"},
    {"nullclient", NULL, NULL, "everything goes to the smarthost here"},
    {NULL, NULL, NULL, NULL},
};

static void take_line(struct import *m, struct slice line)
{
    size_t end = 0;

    while (end < line.len && line.data[end] != ' ' && line.data[end] != '\t')
        end++;
    m->key = slice_dup(slice_make(line.data, end));
    m->value = slice_dup(slice_trim(slice_from(line, end)));
    if (slice_eq_nocase(slice_of(m->key), SLICE("insecure")))
        draft_set(m->section, "cleartext-auth", "yes");
    else
        import_apply(m, keys);
    free(m->key);
    free(m->value);
}

static void take_login(struct draft_section *s, struct slice line)
{
    size_t bar = slice_find(line, '|', 0), colon = slice_find(line, ':', bar);
    const char *host = draft_get(s, "host");

    if (colon >= line.len || !host ||
        !slice_eq_nocase(slice_make(line.data + bar + 1, colon - bar - 1), slice_of(host)))
        return;
    char *user = slice_dup(slice_make(line.data, bar));
    char *password = slice_dup(slice_from(line, colon + 1));
    draft_set(s, "user", user);
    draft_set(s, "password", password);
    secret_wipe_memory(password, strlen(password));
    free(user);
    free(password);
}

static void read_logins(struct draft *d, struct draft_section *s)
{
    const char *path = draft_get(s, "*authpath");
    struct slice line;
    struct buf text;

    if (!path || !import_beside(d, path, &text))
        return;
    struct slice rest = buf_slice(&text);
    while (import_line(&rest, &line))
        if (line.len && line.data[0] != '#')
            take_login(s, line);
    buf_wipe(&text);
}

static void settle_tls(struct draft_section *s)
{
    bool secure = draft_get(s, "*secure") != NULL;
    const char *word = !secure                           ? "none"
                       : !draft_get(s, "*starttls")      ? "implicit"
                       : draft_get(s, "*opportunistic") ? "opportunistic"
                                                         : "starttls";

    draft_set(s, "tls", word);
    if (!draft_get(s, "port"))
        draft_set(s, "port", "25");
    if (secure)
        draft_note(&s->notes, "dma verified no certificate; this account does: see tls-ca and "
                              "tls-fingerprint if the server has its own");
}

static bool read_dma(struct draft *d, const char *path, struct slice text, struct err *e)
{
    struct import m = {.draft = d, .section = draft_section(d, "dma")};
    struct slice line;

    (void)e;
    while (import_line(&text, &line)) {
        m.line++;
        line = slice_trim(slice_make(line.data, slice_find(line, '#', 0)));
        if (line.len)
            take_line(&m, line);
    }
    if (!draft_get(m.section, "host"))
        draft_note(&m.section->notes,
                   "%s has no SMARTHOST: dma delivered to everybody's server itself, "
                   "smtpost sends all mail to one; write host = \"...\"",
                   path);
    settle_tls(m.section);
    read_logins(d, m.section);
    return true;
}

static const char *const names[] = {"dma.conf", NULL};
static const char *const marks[] = {"SMARTHOST", "SECURETRANSFER", "MAILNAME", NULL};

const struct import_format import_dma = {"dma", names, marks, read_dma};
