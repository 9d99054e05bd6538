/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/pathname.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"

/* nullmailer-send(8), nullmailer-inject(1): a directory of files; "remotes" has a server on each
 * line, "host [protocol] [--]option[=value]...", with the quotes of a shell. */

static void set_word(struct import *m, const struct import_key *k, const char *word)
{
    draft_set(m->section, k->option, word);
}

static void take_tls(struct import *m, const struct import_key *k)
{
    set_word(m, k, "implicit");
}

static void take_starttls(struct import *m, const struct import_key *k)
{
    set_word(m, k, "starttls");
}

static void take_login(struct import *m, const struct import_key *k)
{
    set_word(m, k, "login");
}

static void take_insecure(struct import *m, const struct import_key *k)
{
    set_word(m, k, "no");
}

static const struct import_key options_of_remotes[] = {
    {"port", "port", NULL, NULL},
    {"user", "user", NULL, NULL},
    {"pass", "password", NULL, NULL},
    {"source", "source-address", NULL, NULL},
    {"auth-login", "auth", take_login, NULL},
    {"tls", "tls", take_tls, NULL},
    {"ssl", "tls", take_tls, NULL},
    {"starttls", "tls", take_starttls, NULL},
    {"x509certfile", "tls-certificate", NULL, NULL},
    {"x509keyfile", "tls-key", NULL, NULL},
    {"x509cafile", "tls-ca", NULL, NULL},
    {"x509crlfile", "tls-crl", NULL, NULL},
    {"x509fmtder", NULL, NULL, "write the certificates as PEM"},
    {"insecure", "tls-verify", take_insecure, NULL},
    {"tls-anon-auth", NULL, NULL, "a server without a certificate is not supported"},
    {NULL, NULL, NULL, NULL},
};

/* The files that hold one value for all. */
static const struct import_key files[] = {
    {"me", "hello", NULL, NULL},
    {"helohost", "hello", NULL, NULL},
    {"defaultdomain", "domain", NULL, NULL},
    {"defaulthost", "domain", NULL, NULL},
    {"adminaddr", "bare-recipient", NULL, NULL},
    {"allmailfrom", "envelope-from", NULL, NULL},
    {"queuelifetime", "queue-lifetime", NULL, NULL},
    {"idhost", NULL, NULL, "Message-IDs get `domain`"},
    {"pausetime", NULL, NULL, "the queue has a schedule of its own, see smtpost-queue(7)"},
    {"maxpause", NULL, NULL, "the queue has a schedule of its own, see smtpost-queue(7)"},
    {"sendtimeout", NULL, NULL, "see timeout, which counts without progress"},
    {"doublebounceto", NULL, NULL, "a bounce that bounces stays in the queue as failed"},
    {NULL, NULL, NULL, NULL},
};

/* The next word of a line as a shell has it; false at the end. `word` is the caller's to clear. */
static bool next_word(struct slice *line, struct buf *word)
{
    char quote = '\0';
    size_t i = 0;

    buf_wipe(word);
    *line = slice_trim(*line);
    if (line->len == 0)
        return false;
    for (; i < line->len && (quote || !strchr(" \t", line->data[i])); i++) {
        char c = line->data[i];
        if (quote ? c == quote : c == '"' || c == '\'')
            quote = quote ? '\0' : c;
        else if (c == '\\' && quote != '\'' && i + 1 < line->len)
            buf_put_byte(word, line->data[++i]);
        else
            buf_put_byte(word, c);
    }
    *line = slice_from(*line, i);
    return true;
}

static void take_option(struct import *m, struct slice word)
{
    if (slice_has_prefix(word, SLICE("--")))
        word = slice_from(word, 2);
    size_t equals = slice_find(word, '=', 0);
    m->key = slice_dup(slice_make(word.data, equals));
    m->value = slice_dup(slice_from(word, equals + 1));
    import_apply(m, options_of_remotes);
    secret_wipe_memory(m->value, strlen(m->value));
    free(m->key);
    free(m->value);
}

static void take_remote(struct import *m, struct slice line, unsigned number)
{
    char name[40];
    struct buf word;

    snprintf(name, sizeof name, number ? "nullmailer%u" : "nullmailer", number + 1);
    m->section = draft_section(m->draft, name);
    buf_init(&word, LIMIT_SECRET);
    next_word(&line, &word);
    draft_set(m->section, "host", word.data ? word.data : "");
    if (next_word(&line, &word) && strcmp(word.data ? word.data : "", "smtp") != 0)
        draft_note(&m->section->notes, "protocol %s: only smtp is supported here", word.data);
    while (next_word(&line, &word))
        take_option(m, buf_slice(&word));
    buf_wipe(&word);
    if (!draft_get(m->section, "tls"))
        draft_set(m->section, "tls", "none");
    if (!draft_get(m->section, "port") && strcmp(draft_get(m->section, "tls"), "starttls") == 0)
        draft_set(m->section, "port", "25");
    if (number)
        draft_note(&m->section->notes,
                   "nullmailer tried this server after the first one; a list as "
                   "host does that where port and login are the same");
}

static unsigned read_remotes(struct draft *d, const char *path, struct slice text)
{
    struct import m = {.draft = d};
    unsigned count = 0;
    struct slice line;

    (void)path;
    while (import_line(&text, &line)) {
        m.line++;
        if (line.len && line.data[0] != '#')
            take_remote(&m, line, count++);
    }
    return count;
}

/* What all servers share is a default. */
static void read_values(struct draft *d, const char *directory)
{
    for (size_t i = 0; files[i].key; i++) {
        struct err ignored;
        struct slice line = SLICE(""), rest;
        struct buf text;
        struct strings none = {0};
        struct draft scratch = {.notes = none};
        char *path = pathname_resolve(files[i].key, directory, NULL, &ignored);
        if (path && import_beside(&scratch, path, &text)) {
            rest = buf_slice(&text);
            import_line(&rest, &line);
            struct import m = {
                .draft = d,
                .section = draft_section(d, NULL),
                .line = 1,
                .key = mem_strdup(files[i].key),
                .value = slice_dup(line),
            };
            if (line.len)
                import_apply(&m, files);
            free(m.key);
            free(m.value);
            buf_clear(&text);
        }
        draft_clear(&scratch);
        free(path);
    }
}

static bool read_nullmailer(struct draft *d, const char *path, struct slice text, struct err *e)
{
    struct buf remotes, inside;
    unsigned count;

    /* pathname_resolve wants a file of the directory. */
    buf_init(&inside, LIMIT_CONFIG_FILE);
    buf_put_text(&inside, path);
    if (text.len) {
        count = read_remotes(d, path, text);
    } else {
        buf_put_text(&inside, "/remotes");
        if (!import_beside(d, inside.data, &remotes)) {
            buf_clear(&inside);
            return err_set(e, ERR_DATA, "%s: there is no file \"remotes\" in it", path);
        }
        count = read_remotes(d, inside.data, buf_slice(&remotes));
        buf_wipe(&remotes);
    }
    read_values(d, inside.data);
    buf_clear(&inside);
    return count || err_set(e, ERR_DATA, "%s: there is no server in it", path);
}

static const char *const names[] = {"remotes", NULL};
static const char *const marks[] = {NULL};

const struct import_format import_nullmailer = {"nullmailer", names, marks, read_nullmailer};
