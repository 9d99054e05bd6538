/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/listing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "mail/date.h"

/* Why an account's mail waits: the message that was tried last knows it for all of them. */
struct trouble {
    char *account;
    char *reason;
    time_t last;
};

struct troubles {
    struct trouble *items;
    size_t count, capacity;
};

static struct trouble *find_trouble(const struct troubles *t, const char *account)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->items[i].account, account) == 0)
            return &t->items[i];
    return NULL;
}

/* "server: words"; empty without an attempt. */
static void put_reason(struct buf *out, const struct entry *en, const struct recipient *r)
{
    const struct outcome *o = &r->outcome;

    if (!o->text)
        return;
    if (o->verdict == VERDICT_REFUSED)
        buf_put_text(out, "failed: ");
    if (o->verdict == VERDICT_IN_DOUBT)
        buf_put_text(out, "it may have been delivered: ");
    if (en->server)
        buf_put_format(out, "%s: ", en->server);
    log_clean(out, slice_of(o->text));
}

static void note_trouble(struct troubles *t, const struct entry *en)
{
    const struct recipient *r = &en->envelope.recipients[0];
    struct trouble *known = find_trouble(t, en->account);
    struct buf reason;

    if (!en->down || !r->outcome.text || (known && known->last > en->last))
        return;
    if (!known) {
        t->items = mem_grow(t->items, t->count, &t->capacity, sizeof *t->items);
        known = &t->items[t->count++];
        *known = (struct trouble){.account = mem_strdup(en->account)};
    }
    buf_init(&reason, LIMIT_LOG_LINE);
    put_reason(&reason, en, r);
    free(known->reason);
    known->reason = buf_take(&reason);
    known->last = en->last;
}

static void troubles_clear(struct troubles *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->items[i].account);
        free(t->items[i].reason);
    }
    free(t->items);
}

static const char *state_name(enum entry_state state)
{
    switch (state) {
    case ENTRY_QUEUED: return "queued";
    case ENTRY_HELD: return "held";
    case ENTRY_BOUNCING: return "bouncing";
    case ENTRY_FAILED: return "failed";
    }
    return "queued";
}

static void reason_of(struct buf *out, const struct troubles *t, const struct entry *en,
                      const struct recipient *r)
{
    const struct trouble *trouble = find_trouble(t, en->account);

    buf_reset(out);
    if (trouble && entry_is_pending(r) && (!r->outcome.text || trouble->last > en->last))
        buf_put_text(out, trouble->reason);
    else
        put_reason(out, en, r);
}

/* "Tue Nov 24 20:10:01". */
static void put_arrival(struct buf *out, time_t when)
{
    char text[32] = "";
    struct tm tm;

    if (localtime_r(&when, &tm))
        strftime(text, sizeof text, "%a %b %e %H:%M:%S", &tm);
    buf_put_text(out, text);
}

static void put_address(struct buf *out, const struct path *path)
{
    if (path_is_null(path))
        buf_put_text(out, "MAILER-DAEMON");
    else
        log_clean(out, path_address(path));
}

/* A line of its own for each reason that is not that of the recipient before. */
static void put_text_entry(struct buf *out, const struct troubles *t, const struct entry *en)
{
    static const char marks[] = {
        [ENTRY_QUEUED] = ' ', [ENTRY_HELD] = '!', [ENTRY_BOUNCING] = '#', [ENTRY_FAILED] = '#'};
    struct buf reason, before;

    buf_init(&reason, LIMIT_LOG_LINE);
    buf_init(&before, LIMIT_LOG_LINE);
    buf_put_format(out, "%s%c %8" PRIu64 " ", en->id, marks[entry_state(en)], en->size);
    put_arrival(out, en->created);
    buf_put_text(out, "  ");
    put_address(out, &en->envelope.reverse_path);
    buf_put_byte(out, '\n');
    for (size_t i = 0; i < en->envelope.count; i++) {
        const struct recipient *r = &en->envelope.recipients[i];
        reason_of(&reason, t, en, r);
        if (reason.len && !slice_eq(buf_slice(&reason), buf_slice(&before)))
            buf_put_format(out, "(%s)\n", reason.data);
        buf_reset(&before);
        buf_put_slice(&before, buf_slice(&reason));
        buf_put_format(out, "%48s", "");
        put_address(out, &r->path);
        buf_put_byte(out, '\n');
    }
    buf_put_byte(out, '\n');
    buf_clear(&reason);
    buf_clear(&before);
}

static void put_json_time(struct json *j, const char *key, time_t when)
{
    struct buf text;

    buf_init(&text, 64);
    date_format_iso(&text, when);
    if (when)
        json_put_text(j, key, buf_slice(&text));
    else
        json_put_null(j, key);
    buf_clear(&text);
}

static void put_json_recipients(struct json *j, const struct troubles *t, const struct entry *en)
{
    struct buf reason;

    buf_init(&reason, LIMIT_LOG_LINE);
    json_begin_array(j, "recipients");
    for (size_t i = 0; i < en->envelope.count; i++) {
        const struct recipient *r = &en->envelope.recipients[i];
        json_begin_object(j, NULL);
        json_put_text(j, "address", path_address(&r->path));
        json_put_string(j, "verdict", r->outcome.verdict == VERDICT_NONE
                                          ? "waiting" : verdict_name(r->outcome.verdict));
        json_put_number(j, "code", r->outcome.code);
        reason_of(&reason, t, en, r);
        json_put_text(j, "reason", buf_slice(&reason));
        json_end(j);
    }
    json_end(j);
    buf_clear(&reason);
}

static void put_json_entry(struct json *j, const struct troubles *t, const struct entry *en)
{
    struct buf reason;

    buf_init(&reason, LIMIT_LOG_LINE);
    reason_of(&reason, t, en, &en->envelope.recipients[0]);
    json_begin_object(j, NULL);
    json_put_string(j, "id", en->id);
    json_put_string(j, "state", state_name(entry_state(en)));
    json_put_string(j, "account", en->account);
    json_put_number(j, "size", (int64_t)en->size);
    put_json_time(j, "arrival", en->created);
    json_put_number(j, "tries", (int64_t)en->tries);
    put_json_time(j, "last", en->tries ? en->last : 0);
    put_json_time(j, "next", en->next);
    json_put_text(j, "sender", path_address(&en->envelope.reverse_path));
    json_put_text(j, "reason", buf_slice(&reason));
    json_put_string(j, "server", en->server);
    json_put_string(j, "about", en->about);
    put_json_recipients(j, t, en);
    json_end(j);
    buf_clear(&reason);
}

/* Write what was collected, so that memory does not depend on how much there is. */
static void flush(struct buf *out)
{
    fwrite(out->data, 1, out->len, stdout);
    buf_reset(out);
}

struct total {
    size_t messages;
    uint64_t octets;
};

static void show_text(const struct spool *s, const struct strings *ids, const struct troubles *t)
{
    struct total total = {0};
    struct entry en;
    struct buf out;
    struct err e;

    buf_init(&out, LIMIT_ENVELOPE_FILE);
    for (size_t i = 0; i < ids->count; i++) {
        if (spool_look(s, ids->items[i], &en, &e) != SPOOL_FOUND)
            continue;
        if (total.messages++ == 0)
            buf_put_text(&out, "----Queue ID----- --Size-- ---Arrival Time---- "
                               "-Sender/Recipient------\n");
        total.octets += en.size;
        put_text_entry(&out, t, &en);
        entry_clear(&en);
        flush(&out);
    }
    if (total.messages)
        buf_put_format(&out, "-- %" PRIu64 " Kbytes in %zu Request%s.\n",
                       (total.octets + 1023) / 1024, total.messages,
                       total.messages == 1 ? "" : "s");
    else
        buf_put_text(&out, "Mail queue is empty\n");
    flush(&out);
    buf_clear(&out);
}

static void show_json(const struct spool *s, const struct strings *ids, const struct troubles *t)
{
    struct entry en;
    struct json j;
    struct buf out;
    struct err e;

    buf_init(&out, LIMIT_ENVELOPE_FILE);
    json_init(&j, &out);
    json_begin_object(&j, NULL);
    json_put_string(&j, "spool", s->path);
    json_put_number(&j, "aside", (int64_t)spool_aside_count(s));
    json_begin_array(&j, "messages");
    for (size_t i = 0; i < ids->count; i++) {
        if (spool_look(s, ids->items[i], &en, &e) != SPOOL_FOUND)
            continue;
        put_json_entry(&j, t, &en);
        entry_clear(&en);
        flush(&out);
    }
    json_end(&j);
    json_end(&j);
    flush(&out);
    buf_clear(&out);
}

/* What cannot be shown is said. */
static void look_for_trouble(const struct spool *s, const struct strings *ids, struct troubles *t)
{
    struct entry en;
    struct err e;

    for (size_t i = 0; i < ids->count; i++) {
        enum spool_found found = spool_look(s, ids->items[i], &en, &e);
        if (found == SPOOL_FOUND)
            note_trouble(t, &en);
        else if (found != SPOOL_GONE)
            log_line("%s: %s", ids->items[i], e.text);
        entry_clear(&en);
    }
}

void listing_tell_aside(const struct spool *s)
{
    size_t aside = spool_aside_count(s);
    if (aside)
        log_line("%zu file%s that smtpost did not make, or that %s damaged: %s/aside", aside,
                 aside == 1 ? "" : "s", aside == 1 ? "is" : "are", s->path);
}

bool listing_show_all(const struct spool *s, bool json, struct err *e)
{
    struct troubles troubles = {0};
    struct strings ids = {0};

    bool ok = spool_list(s, &ids, NULL, e);
    if (ok) {
        look_for_trouble(s, &ids, &troubles);
        listing_tell_aside(s);
        if (json)
            show_json(s, &ids, &troubles);
        else
            show_text(s, &ids, &troubles);
    }
    strings_clear(&ids);
    troubles_clear(&troubles);
    if (ok && fflush(stdout) != 0)
        return err_os(e, ERR_IO, "cannot write to standard output");
    return ok;
}

bool listing_show_empty(bool json)
{
    fputs(json ? "{\n  \"spool\": null,\n  \"aside\": 0,\n  \"messages\": []\n}\n"
               : "Mail queue is empty\n", stdout);
    return fflush(stdout) == 0;
}

/* For people: lines end in LF, and nothing moves a cursor (base/utf8.h). What is no character is a
 * question mark, as is one that lies across two blocks. */
static void show_text_block(struct slice text)
{
    while (text.len) {
        uint32_t point;
        size_t len = utf8_decode(text, &point);
        char c = text.data[0];
        if (c == '\n' || c == '\t')
            putchar(c);
        else if (len && utf8_is_visible(point))
            fwrite(text.data, 1, len, stdout);
        else if (c != '\r')
            putchar('?');
        text = slice_from(text, len ? len : 1);
    }
}

static bool show_message(const struct taken *t, struct err *e)
{
    char *block = mem_resize(NULL, LIMIT_BLOCK, 1);
    uint64_t offset = 0;
    struct slice bytes;
    struct spill file;
    bool ok;

    spill_init(&file, 0, NULL);
    spill_adopt(&file, t->fd, t->offset, t->entry.size);
    while ((ok = spill_read(&file, &offset, block, &bytes, e)) && bytes.len)
        show_text_block(bytes);
    free(block);
    return ok;
}

static bool show_taken(const struct taken *t, bool json, struct err *e)
{
    struct troubles none = {0};
    struct json j;
    struct buf out;

    buf_init(&out, LIMIT_ENVELOPE_FILE);
    if (json) {
        json_init(&j, &out);
        put_json_entry(&j, &none, &t->entry);
    } else {
        put_text_entry(&out, &none, &t->entry);
    }
    flush(&out);
    buf_clear(&out);
    return (json || show_message(t, e)) &&
           (fflush(stdout) == 0 || err_os(e, ERR_IO, "cannot write to standard output"));
}

bool listing_show_one(const struct spool *s, const char *id, bool json, struct err *e)
{
    struct taken t;

    switch (spool_open_entry(s, id, &t, e)) {
    case SPOOL_FOUND: {
        bool ok = show_taken(&t, json, e);
        taken_release(&t);
        return ok;
    }
    case SPOOL_GONE:
        return err_set(e, ERR_DATA, "%s: there is no such message in the queue", id);
    default:
        return err_wrap(e, "%s", id);
    }
}
