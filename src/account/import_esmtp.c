/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"

/* esmtprc(5): "key = value" with or without double quotes, "#" begins a comment outside of them;
 * "identity = address" (or without "=") begins another account, "default" marks it. */

static void take_starttls(struct import *m, const struct import_key *k)
{
    draft_set(m->section, k->option, strcmp(m->value, "required") == 0  ? "starttls"
                                     : strcmp(m->value, "enabled") == 0 ? "opportunistic"
                                                                        : "none");
}

static void begin_identity(struct import *m, const struct import_key *k)
{
    char *name = draft_name(slice_of(m->value));

    (void)k;
    m->section = draft_section(m->draft, name);
    draft_set(m->section, "from", m->value);
    free(name);
}

static void make_default(struct import *m, const struct import_key *k)
{
    (void)k;
    free(m->draft->default_account);
    m->draft->default_account = mem_strdup(m->section->name);
}

static const struct import_key keys[] = {
    {"hostname", "host", import_host_port, NULL},
    {"username", "user", NULL, NULL},
    {"password", "password", NULL, NULL},
    {"starttls", "tls", take_starttls, NULL},
    {"identity", NULL, begin_identity, NULL},
    {"default", NULL, make_default, NULL},
    {"helo", "hello", NULL, NULL},
    {"qualifydomain", "domain", NULL, NULL},
    {"force_reverse_path", "envelope-from", NULL, NULL},
    {"reverse_path", "envelope-from", NULL, NULL},
    {"force_sender", NULL, NULL, "see from-header and from-name"},
    {"certificate_passphrase", NULL, NULL, "see tls-certificate and tls-key"},
    {"preconnect", NULL, NULL, "programs are not run before connecting; see socket and proxy"},
    {"postconnect", NULL, NULL, "programs are not run after the connection"},
    {"mda", NULL, NULL, "there is no local delivery; see aliases and bare-recipient, or lmtp"},
    {"force_mda", NULL, NULL,
     "there is no local delivery; see aliases and bare-recipient, or lmtp"},
    {NULL, NULL, NULL, NULL},
};

/* Without a comment, which cannot begin in quotes. */
static struct slice without_comment(struct slice line)
{
    bool quoted = false;

    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] == '"')
            quoted = !quoted;
        else if (line.data[i] == '#' && !quoted)
            return slice_trim(slice_make(line.data, i));
    }
    return line;
}

static void take_line(struct import *m, struct slice line)
{
    size_t end = 0;

    while (end < line.len && !strchr(" \t=", line.data[end]))
        end++;
    struct slice key = slice_make(line.data, end);
    while (end < line.len && strchr(" \t=", line.data[end]))
        end++;
    struct slice value = slice_trim(slice_from(line, end));
    if (value.len > 1 && value.data[0] == '"' && value.data[value.len - 1] == '"')
        value = slice_make(value.data + 1, value.len - 2);
    m->key = slice_dup(key);
    m->value = slice_dup(value);
    import_apply(m, keys);
    secret_wipe_memory(m->value, value.len);
    free(m->key);
    free(m->value);
}

static void settle(struct draft_section *s)
{
    if (!draft_get(s, "tls"))
        draft_set(s, "tls", "none");
    if (!draft_get(s, "port"))
        draft_set(s, "port", "25");
    if (draft_get(s, "user") && strcmp(draft_get(s, "tls"), "starttls") != 0)
        draft_note(&s->notes, "esmtp could log in without TLS here; tls = starttls protects the "
                              "password, cleartext-auth = yes does as esmtp did");
}

static bool read_esmtp(struct draft *d, const char *path, struct slice text, struct err *e)
{
    struct import m = {.draft = d, .section = draft_section(d, "esmtp")};
    bool any = false;
    struct slice line;

    while (import_line(&text, &line)) {
        m.line++;
        line = without_comment(line);
        if (line.len)
            take_line(&m, line);
    }
    for (size_t i = 0; i < d->count; i++) {
        any = any || draft_get(&d->sections[i], "host");
        settle(&d->sections[i]);
    }
    if (!d->default_account)
        d->default_account = mem_strdup("esmtp");
    return any || err_set(e, ERR_DATA, "%s: there is no hostname in it", path);
}

static const char *const names[] = {"esmtprc", ".esmtprc", "sample.esmtprc", NULL};
static const char *const marks[] = {"hostname", "identity", "force_mda", NULL};

const struct import_format import_esmtp = {"esmtp", names, marks, read_esmtp};
