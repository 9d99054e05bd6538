/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/import.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"

static const struct import_format *const formats[] = {
    &import_msmtp, &import_ssmtp, &import_dma, &import_esmtp, &import_nullmailer,
};

bool import_line(struct slice *text, struct slice *line)
{
    if (text->len == 0)
        return false;
    size_t end = slice_find(*text, '\n', 0);
    *line = slice_trim(slice_make(text->data, end));
    *text = slice_from(*text, end + 1);
    return true;
}

bool import_is_yes(const char *value)
{
    static const char *const words[] = {"on", "yes", "true", "1", "enabled", "required"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_eq_nocase(slice_of(words[i]), slice_of(value)))
            return true;
    return false;
}

void import_note(struct import *m, const char *reason)
{
    struct strings *notes = m->section ? &m->section->notes : &m->draft->notes;

    draft_note(notes, "line %u: %s%s%s: %s", m->line, m->key, *m->value ? " " : "", m->value,
               reason);
}

void import_yes(struct import *m, const struct import_key *k)
{
    draft_set(m->section, k->option, import_is_yes(m->value) ? "yes" : "no");
}

void import_no(struct import *m, const struct import_key *k)
{
    draft_set(m->section, k->option, import_is_yes(m->value) ? "no" : "yes");
}

void import_host_port(struct import *m, const struct import_key *k)
{
    struct slice text = slice_of(m->value);
    size_t bracket = slice_find(text, ']', 0);
    bool literal = text.len && text.data[0] == '[' && bracket < text.len;
    size_t colon = slice_find(text, ':', literal ? bracket : 0);
    struct slice host = literal ? slice_make(text.data + 1, bracket - 1)
                                : slice_make(text.data, colon);
    struct slice port = slice_trim(slice_from(text, colon + 1));
    char *copy = slice_dup(slice_trim(host));

    draft_set(m->section, k->option, copy);
    free(copy);
    if (port.len) {
        copy = slice_dup(port);
        draft_set(m->section, "port", copy);
        free(copy);
    }
}

void import_apply(struct import *m, const struct import_key *keys)
{
    const struct import_key *k = keys;

    while (k->key && !slice_eq_nocase(slice_of(k->key), slice_of(m->key)))
        k++;
    if (!k->key)
        import_note(m, "is not known here");
    else if (k->handle)
        k->handle(m, k);
    else if (k->option && *m->value)
        draft_set(m->section, k->option, m->value);
    else if (k->reason)
        import_note(m, k->reason);
}

/* None of these programs knows a NUL in its files, and it would cut whatever it stands in. */
static bool read_text(const char *path, struct buf *out, struct err *e)
{
    if (!file_read(path, ERR_CONFIG, LIMIT_CONFIG_FILE, out, NULL, e))
        return false;
    if (!slice_has_byte(buf_slice(out), '\0'))
        return true;
    buf_wipe(out);
    return err_set(e, ERR_DATA, "%s: there is a NUL in it: is it a text file?", path);
}

bool import_beside(struct draft *d, const char *path, struct buf *out)
{
    struct err e;

    if (read_text(path, out, &e))
        return true;
    draft_note(&d->notes, "%s", e.text);
    return false;
}

static bool is_named(const struct import_format *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;

    for (size_t i = 0; f->names[i]; i++)
        if (strcmp(base, f->names[i]) == 0)
            return true;
    return false;
}

static bool is_marked(const struct import_format *f, struct slice text)
{
    struct slice line;

    while (import_line(&text, &line))
        for (size_t i = 0; f->marks[i]; i++) {
            struct slice mark = slice_of(f->marks[i]);
            if (slice_has_prefix_nocase(line, mark) &&
                (line.len == mark.len || strchr(" \t=", line.data[mark.len])))
                return true;
        }
    return false;
}

static const struct import_format *find_format(const char *path, struct slice text)
{
    size_t count = sizeof formats / sizeof *formats;

    for (size_t i = 0; i < count; i++)
        if (is_named(formats[i], path))
            return formats[i];
    for (size_t i = 0; i < count; i++)
        if (is_marked(formats[i], text))
            return formats[i];
    return NULL;
}

static bool is_directory(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool read_format(const struct import_format *f, const char *path, struct slice text,
                        struct draft *d, struct err *e)
{
    draft_note(&d->notes, "Made from %s, the configuration of %s.", path, f->program);
    draft_note(&d->notes, "Keep it readable for its owner alone: it may hold a password.");
    if (f->read(d, path, text, e))
        return true;
    draft_clear(d);
    return false;
}

bool import_file(const char *path, struct draft *d, struct err *e)
{
    struct buf text;

    *d = (struct draft){0};
    if (is_directory(path))
        return read_format(&import_nullmailer, path, SLICE(""), d, e);
    if (!read_text(path, &text, e))
        return false;
    const struct import_format *f = find_format(path, buf_slice(&text));
    bool ok = f ? read_format(f, path, buf_slice(&text), d, e)
                : err_set(e, ERR_DATA,
                          "%s: is no configuration of msmtp, sSMTP, nullmailer, dma or "
                          "esmtp that could be recognised",
                          path);
    buf_wipe(&text);
    return ok;
}
