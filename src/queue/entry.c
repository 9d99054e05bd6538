/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "queue/entry.h"

#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"

/* "smtpost-envelope 1 0000000210\n" */
#define MAGIC "smtpost-envelope "
#define LENGTH_DIGITS 10
/* What is kept of a server's words. */
#define TEXT_KEPT 400

static const char *const id_letters = "0123456789abcdefghjkmnpqrstvwxyz";

static const char *const verdict_words[] = {
    [VERDICT_NONE] = "none",         [VERDICT_DELIVERED] = "delivered",
    [VERDICT_DEFERRED] = "deferred", [VERDICT_REFUSED] = "refused",
    [VERDICT_IN_DOUBT] = "in-doubt",
};

void entry_clear(struct entry *en)
{
    char id[sizeof en->id];

    memcpy(id, en->id, sizeof id);
    free(en->account);
    free(en->config);
    strings_clear(&en->settings);
    envelope_clear(&en->envelope);
    free(en->bounces);
    free(en->server);
    free(en->about);
    *en = (struct entry){0};
    memcpy(en->id, id, sizeof id);
}

void entry_name(char *id, time_t now)
{
    uint64_t seconds = now > 0 ? (uint64_t)now : 0;

    for (int i = 6; i >= 0; i--, seconds >>= 5)
        id[i] = id_letters[seconds & 31];
    random_name(id + 7, 9);
}

bool entry_bounce_name(char *bounce, const char *id, uint64_t tries)
{
    int len = snprintf(bounce, ENTRY_ID_MAX + 1, "%s-%" PRIu64, id, tries);

    return len > 0 && len <= ENTRY_ID_MAX;
}

bool entry_id_is_valid(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_alpha(text.data[i]) && !ascii_is_digit(text.data[i]) &&
            (text.data[i] != '-' || i == 0))
            return false;
    return text.len > 0 && text.len <= ENTRY_ID_MAX;
}

/* Values stand to the end of the line: controls and '%' as %XX, so that there is one line each. */
static void put_escaped(struct buf *out, struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (ascii_is_control(value.data[i]) || value.data[i] == '%')
            buf_put_format(out, "%%%02X", (unsigned)(unsigned char)value.data[i]);
        else
            buf_put_byte(out, value.data[i]);
    }
}

static void put_text(struct buf *out, const char *word, const char *value)
{
    buf_put_format(out, "%s ", word);
    put_escaped(out, slice_of(value));
    buf_put_byte(out, '\n');
}

static void put_number(struct buf *out, const char *word, uint64_t number)
{
    buf_put_format(out, "%s %" PRIu64 "\n", word, number);
}

static void put_path(struct buf *out, const char *word, const struct path *path)
{
    buf_put_format(out, "%s ", word);
    path_format(out, path);
    buf_put_byte(out, '\n');
}

/* "outcome VERDICT KIND server|local CODE STATUS|- TEXT" */
static void put_outcome(struct buf *out, const struct outcome *o)
{
    struct slice text = slice_of(o->text);

    if (o->verdict == VERDICT_NONE)
        return;
    buf_put_format(out, "outcome %s %s %s %u ", verdict_words[o->verdict],
                   err_classes[o->kind].name, o->by_server ? "server" : "local",
                   (unsigned)o->code);
    if (o->status.klass)
        status_format(out, o->status);
    else
        buf_put_byte(out, '-');
    buf_put_byte(out, ' ');
    text.len = text.len > TEXT_KEPT ? TEXT_KEPT : text.len;
    put_escaped(out, text);
    buf_put_byte(out, '\n');
}

/* A word of the envelope: what it says, of which shape, and where that stands in struct entry. What
 * is not set (NULL, 0, false) is not written. */
enum shape {
    SHAPE_TEXT,              /* char * */
    SHAPE_LIST,              /* struct strings, a line for each */
    SHAPE_NUMBER,            /* uint64_t */
    SHAPE_TIME,              /* time_t */
    SHAPE_FLAG,              /* bool, no value */
    SHAPE_PATH,              /* struct path */
    SHAPE_RET,               /* enum ret */
    SHAPE_BODY               /* enum body */
};

struct word {
    const char *word;
    enum shape shape;
    size_t field;
};

static const struct word words[] = {
    {"account", SHAPE_TEXT, offsetof(struct entry, account)},
    {"config", SHAPE_TEXT, offsetof(struct entry, config)},
    {"set", SHAPE_LIST, offsetof(struct entry, settings)},
    {"size", SHAPE_NUMBER, offsetof(struct entry, size)},
    {"8bit", SHAPE_FLAG, offsetof(struct entry, has_8bit)},
    {"8bit-header", SHAPE_FLAG, offsetof(struct entry, has_8bit_header)},
    {"nul", SHAPE_FLAG, offsetof(struct entry, has_nul)},
    {"longest-line", SHAPE_NUMBER, offsetof(struct entry, longest_line)},
    {"created", SHAPE_TIME, offsetof(struct entry, created)},
    {"last", SHAPE_TIME, offsetof(struct entry, last)},
    {"next", SHAPE_TIME, offsetof(struct entry, next)},
    {"age", SHAPE_NUMBER, offsetof(struct entry, age)},
    {"tries", SHAPE_NUMBER, offsetof(struct entry, tries)},
    {"down", SHAPE_FLAG, offsetof(struct entry, down)},
    {"held", SHAPE_FLAG, offsetof(struct entry, held)},
    {"server", SHAPE_TEXT, offsetof(struct entry, server)},
    {"about", SHAPE_TEXT, offsetof(struct entry, about)},
    {"owned", SHAPE_FLAG, offsetof(struct entry, has_owner)},
    {"owner", SHAPE_NUMBER, offsetof(struct entry, owner)},
    {"from", SHAPE_PATH, offsetof(struct entry, envelope.reverse_path)},
    {"ret", SHAPE_RET, offsetof(struct entry, envelope.ret)},
    {"envid", SHAPE_TEXT, offsetof(struct entry, envelope.envid)},
    {"body", SHAPE_BODY, offsetof(struct entry, envelope.body)},
    {"smtputf8", SHAPE_FLAG, offsetof(struct entry, envelope.smtputf8)},
    {"require-tls", SHAPE_FLAG, offsetof(struct entry, envelope.require_tls)},
    {"mail-param", SHAPE_LIST, offsetof(struct entry, envelope.mail_params)},
    {"rcpt-param", SHAPE_LIST, offsetof(struct entry, envelope.rcpt_params)},
};

static void put_word(struct buf *out, const struct word *w, const void *field)
{
    const struct strings *list = field;
    uint64_t number = 0;

    switch (w->shape) {
    case SHAPE_TEXT:
        if (*(char *const *)field)
            put_text(out, w->word, *(char *const *)field);
        return;
    case SHAPE_LIST:
        for (size_t i = 0; i < list->count; i++)
            put_text(out, w->word, list->items[i]);
        return;
    case SHAPE_FLAG:
        if (*(const bool *)field)
            buf_put_format(out, "%s\n", w->word);
        return;
    case SHAPE_PATH:
        put_path(out, w->word, field);
        return;
    case SHAPE_NUMBER:
        number = *(const uint64_t *)field;
        break;
    case SHAPE_TIME:
        number = *(const time_t *)field > 0 ? (uint64_t)*(const time_t *)field : 0;
        break;
    case SHAPE_RET:
        number = *(const enum ret *)field;
        break;
    case SHAPE_BODY:
        number = *(const enum body *)field;
        break;
    }
    if (number)
        put_number(out, w->word, number);
}

static void put_recipients(struct buf *out, const struct entry *en)
{
    const struct envelope *v = &en->envelope;

    for (size_t i = 0; i < v->count; i++) {
        const struct recipient *r = &v->recipients[i];
        put_path(out, "to", &r->path);
        if (r->notify)
            put_number(out, "notify", r->notify);
        if (r->orcpt)
            put_text(out, "orcpt", r->orcpt);
        put_outcome(out, &r->outcome);
        if (*entry_bounce(en, i))
            put_text(out, "bounce", entry_bounce(en, i));
    }
}

void entry_format(const struct entry *en, struct buf *out)
{
    struct buf text;

    buf_init(&text, LIMIT_ENVELOPE_FILE);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        put_word(&text, &words[i], (const char *)en + words[i].field);
    put_recipients(&text, en);
    buf_put_text(&text, "end\n");
    buf_put_format(out, MAGIC "%d %0*zu\n", ENTRY_VERSION, LENGTH_DIGITS,
                   text.len + strlen(MAGIC "1 ") + LENGTH_DIGITS + 1);
    buf_put_slice(out, buf_slice(&text));
    out->overflow = out->overflow || text.overflow;
    buf_clear(&text);
}

static bool damaged(struct err *e, const char *what)
{
    return err_set(e, ERR_DATA, "the envelope is damaged: %s", what);
}

/* The word up to a blank, and *rest behind it. */
static struct slice take_word(struct slice *rest)
{
    size_t blank = slice_find(*rest, ' ', 0);
    struct slice word = slice_make(rest->data, blank);

    *rest = slice_from(*rest, blank < rest->len ? blank + 1 : blank);
    return word;
}

bool entry_length(struct slice head, size_t *length, struct err *e)
{
    struct slice rest = slice_make(head.data, slice_find(head, '\n', 0));
    unsigned long version, count;

    if (rest.len == head.len || !slice_has_prefix(rest, SLICE(MAGIC)))
        return damaged(e, "it does not begin like one");
    rest = slice_from(rest, strlen(MAGIC));
    if (!slice_number(take_word(&rest), 1000000, &version) || version == 0)
        return damaged(e, "no version");
    if (version > ENTRY_VERSION) {
        err_set(e, ERR_DATA, "written by a later version of smtpost (format %lu)", version);
        e->errnum = ENTRY_NEWER;
        return false;
    }
    if (!slice_number(rest, LIMIT_ENVELOPE_FILE, &count))
        return damaged(e, "no length");
    *length = count;
    return true;
}

static bool unescape(struct slice value, struct buf *out, struct err *e)
{
    for (size_t i = 0; i < value.len; i++) {
        if (ascii_is_control(value.data[i]))
            return damaged(e, "a control character");
        if (value.data[i] != '%') {
            buf_put_byte(out, value.data[i]);
            continue;
        }
        int high = i + 2 < value.len ? ascii_hex_value(value.data[i + 1]) : -1;
        int low = i + 2 < value.len ? ascii_hex_value(value.data[i + 2]) : -1;
        if (high < 0 || low < 0 || high * 16 + low == 0)
            return damaged(e, "an escape that is none");
        buf_put_byte(out, (char)(high * 16 + low));
        i += 2;
    }
    return true;
}

/* A value as owned text. */
static bool read_text(char **field, struct slice value, struct err *e)
{
    struct buf text;

    if (*field)
        return damaged(e, "a word stands twice");
    buf_init(&text, LIMIT_ENVELOPE_FILE);
    bool ok = unescape(value, &text, e);
    *field = ok ? buf_take(&text) : NULL;
    buf_clear(&text);
    return ok;
}

static bool read_list(struct strings *list, struct slice value, struct err *e)
{
    char *text = NULL;

    if (!read_text(&text, value, e))
        return false;
    strings_add_text(list, text);
    free(text);
    return true;
}

static bool read_number(struct slice value, unsigned long max, unsigned long *number, struct err *e)
{
    return slice_number(value, max, number) || damaged(e, "a number that is none");
}

static bool read_path(struct slice value, struct path *path, struct err *e)
{
    if (path_is_set(path))
        return damaged(e, "a word stands twice");
    return path_parse(path, value, e) || damaged(e, "an address that is none");
}

static bool read_word(const struct word *w, struct slice value, void *field, struct err *e)
{
    /* What comes after 9999 has no date. */
    static const unsigned long max[] = {
        [SHAPE_NUMBER] = ULONG_MAX, [SHAPE_TIME] = 253402300799UL,
        [SHAPE_RET] = RET_HDRS, [SHAPE_BODY] = BODY_8BITMIME,
    };
    unsigned long number = 0;

    switch (w->shape) {
    case SHAPE_TEXT:
        return read_text(field, value, e);
    case SHAPE_LIST:
        return read_list(field, value, e);
    case SHAPE_PATH:
        return read_path(value, field, e);
    case SHAPE_FLAG:
        *(bool *)field = true;
        return value.len == 0 || damaged(e, "a value where none belongs");
    case SHAPE_NUMBER:
    case SHAPE_TIME:
    case SHAPE_RET:
    case SHAPE_BODY:
        break;
    }
    if (!read_number(value, max[w->shape], &number, e))
        return false;
    if (w->shape == SHAPE_NUMBER)
        *(uint64_t *)field = number;
    else if (w->shape == SHAPE_TIME)
        *(time_t *)field = (time_t)number;
    else if (w->shape == SHAPE_RET)
        *(enum ret *)field = (enum ret)number;
    else
        *(enum body *)field = (enum body)number;
    return true;
}

static struct recipient *last_recipient(struct entry *en)
{
    return &en->envelope.recipients[en->envelope.count - 1];
}

static bool read_to(struct entry *en, struct slice value, struct err *e)
{
    struct path path;

    if (!path_parse(&path, value, e))
        return damaged(e, "an address that is none");
    envelope_add(&en->envelope, &path);
    return true;
}

static bool read_notify(struct entry *en, struct slice value, struct err *e)
{
    unsigned long number;

    if (!read_number(value, 15, &number, e))
        return false;
    last_recipient(en)->notify = (unsigned)number;
    return true;
}

static bool find_kind(struct slice word, enum err_kind *kind)
{
    for (int i = 0; i < ERR_KINDS; i++)
        if (slice_eq(word, slice_of(err_classes[i].name))) {
            *kind = (enum err_kind)i;
            return true;
        }
    return false;
}

static bool find_verdict(struct slice word, enum verdict *verdict)
{
    for (size_t i = 0; i < sizeof verdict_words / sizeof *verdict_words; i++)
        if (slice_eq(word, slice_of(verdict_words[i]))) {
            *verdict = (enum verdict)i;
            return true;
        }
    return false;
}

static bool read_outcome(struct entry *en, struct slice value, struct err *e)
{
    struct outcome *o = &last_recipient(en)->outcome;
    unsigned long code;
    size_t used;

    if (o->verdict != VERDICT_NONE || !find_verdict(take_word(&value), &o->verdict) ||
        !find_kind(take_word(&value), &o->kind))
        return damaged(e, "an outcome that is none");
    struct slice whose = take_word(&value);
    o->by_server = slice_eq(whose, SLICE("server"));
    if (!o->by_server && !slice_eq(whose, SLICE("local")))
        return damaged(e, "an outcome that is nobody's");
    if (!slice_number(take_word(&value), 999, &code))
        return damaged(e, "a reply code that is none");
    o->code = (unsigned short)code;
    struct slice status = take_word(&value);
    if (!slice_eq(status, SLICE("-")) && !status_parse(status, &o->status, &used))
        return damaged(e, "a status that is none");
    return read_text(&o->text, value, e);
}

static bool read_bounce(struct entry *en, struct slice value, struct err *e)
{
    char id[ENTRY_ID_MAX + 1];

    if (!entry_id_is_valid(value))
        return damaged(e, "the name of a bounce that is none");
    memcpy(id, value.data, value.len);
    id[value.len] = '\0';
    entry_set_bounce(en, en->envelope.count - 1, id);
    return true;
}

static bool read_orcpt(struct entry *en, struct slice value, struct err *e)
{
    return read_text(&last_recipient(en)->orcpt, value, e);
}

/* Words that belong to the recipient before them; "to" begins one. */
static const struct recipient_word {
    const char *word;
    bool (*read)(struct entry *en, struct slice value, struct err *e);
} recipient_words[] = {
    {"to", read_to},           {"notify", read_notify}, {"orcpt", read_orcpt},
    {"outcome", read_outcome}, {"bounce", read_bounce},
};

static bool parse_line(struct entry *en, struct slice line, struct err *e)
{
    struct slice value = line;
    struct slice name = take_word(&value);

    for (size_t i = 0; i < sizeof recipient_words / sizeof *recipient_words; i++)
        if (slice_eq(name, slice_of(recipient_words[i].word)))
            return i > 0 && !en->envelope.count ? damaged(e, "a word that belongs to a recipient")
                                                : recipient_words[i].read(en, value, e);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_eq(name, slice_of(words[i].word)))
            return read_word(&words[i], value, (char *)en + words[i].field, e);
    return damaged(e, "a word that is unknown");
}

/* The lines between the first and "end". */
static bool parse_lines(struct entry *en, struct slice text, struct err *e)
{
    size_t at = slice_find(text, '\n', 0) + 1;

    while (at < text.len) {
        size_t lf = slice_find(text, '\n', at);
        struct slice line = slice_make(text.data + at, lf - at);
        at = lf + 1;
        if (at == text.len && slice_eq(line, SLICE("end")))
            return true;
        if (lf == text.len || !parse_line(en, line, e))
            return lf < text.len ? false : damaged(e, "it is cut");
    }
    return damaged(e, "it has no end");
}

/* What every envelope has. */
static bool is_complete(const struct entry *en, struct err *e)
{
    if (!en->account || !path_is_set(&en->envelope.reverse_path) || !en->envelope.count ||
        !en->size)
        return damaged(e, "account, size, sender or recipients are missing");
    return true;
}

bool entry_parse(struct entry *en, struct slice text, struct err *e)
{
    char id[sizeof en->id];
    size_t length;

    memcpy(id, en->id, sizeof id);
    *en = (struct entry){0};
    memcpy(en->id, id, sizeof id);
    bool ok = entry_length(text, &length, e);
    if (ok && length != text.len)
        ok = damaged(e, "it is cut");
    ok = ok && parse_lines(en, text, e) && is_complete(en, e);
    if (!ok)
        entry_clear(en);
    return ok;
}

bool entry_is_pending(const struct recipient *r)
{
    return r->outcome.verdict != VERDICT_REFUSED && r->outcome.verdict != VERDICT_DELIVERED;
}

enum entry_state entry_state(const struct entry *en)
{
    const struct envelope *v = &en->envelope;
    bool bouncing = false;

    for (size_t i = 0; i < v->count; i++) {
        if (entry_is_pending(&v->recipients[i]))
            return en->held ? ENTRY_HELD : ENTRY_QUEUED;
        bouncing = bouncing || *entry_bounce(en, i);
    }
    return bouncing ? ENTRY_BOUNCING : ENTRY_FAILED;
}

void entry_forget_served(struct entry *en)
{
    struct envelope *v = &en->envelope;
    size_t kept = 0;

    for (size_t i = 0; i < v->count; i++) {
        if (v->recipients[i].outcome.verdict == VERDICT_DELIVERED)
            continue;
        if (kept < i && i < en->bounce_room)
            memcpy(en->bounces[kept], en->bounces[i], sizeof *en->bounces);
        kept++;
    }
    for (size_t i = kept; i < en->bounce_room; i++)
        en->bounces[i][0] = '\0';
    envelope_drop_delivered(v);
}

const char *entry_bounce(const struct entry *en, size_t index)
{
    return index < en->bounce_room ? en->bounces[index] : "";
}

void entry_set_bounce(struct entry *en, size_t index, const char *bounce)
{
    /* Room for as many as the envelope has: recipients may still be added while it is read. */
    if (index >= en->bounce_room) {
        size_t room = en->envelope.capacity;
        en->bounces = mem_resize(en->bounces, room, sizeof *en->bounces);
        memset(en->bounces + en->bounce_room, 0, (room - en->bounce_room) * sizeof *en->bounces);
        en->bounce_room = room;
    }
    snprintf(en->bounces[index], sizeof en->bounces[index], "%s", bounce);
}
