/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/recode.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mail/parts.h"

struct recoder {
    const struct message *from;
    struct message *to;
    struct parts parts;
    enum part_encoding *encodings;    /* what each part is given */
    bool *has_8bit;          /* by part: what is left of it, parts within included */
    uint64_t at;             /* everything of from's body before here is in to's */
    struct body_reader reader;
    struct buf text;
    unsigned what;
};

static bool is_in_need(const struct part *part, unsigned what)
{
    return (what & RECODE_LONG_LINES && part->longest_line > LIMIT_TEXT_LINE) ||
           (what & RECODE_8BIT && part->octets_8bit) || (what & RECODE_NUL && part->has_nul);
}

static bool is_recoded(const struct recoder *r, size_t index)
{
    const struct part *part = &r->parts.items[index];

    return part->kind == PART_LEAF && is_in_need(part, r->what);
}

/* What is encoded stays so, in shorter lines. */
static enum part_encoding choose(const struct part *part)
{
    if (part->encoding != PART_IDENTITY)
        return part->encoding;
    return part->is_text && part->octets_8bit <= part->octets / 2 ? PART_QUOTED_PRINTABLE
                                                                   : PART_BASE64;
}

/* Decide for each part; true when there is anything to do. */
static bool decide(struct recoder *r)
{
    struct parts *p = &r->parts;
    bool any = false;

    r->encodings = mem_alloc(p->count * sizeof *r->encodings);
    r->has_8bit = mem_alloc(p->count * sizeof *r->has_8bit);
    for (size_t i = p->count; i-- > 0;) {
        bool recoded = is_recoded(r, i);
        any = any || recoded;
        r->encodings[i] = recoded ? choose(&p->items[i]) : p->items[i].encoding;
        r->has_8bit[i] = r->has_8bit[i] || p->items[i].has_8bit_header ||
                         (p->items[i].octets_8bit && !recoded);
        if (r->has_8bit[i])
            r->has_8bit[p->items[i].parent] = true;
    }
    return any;
}

static bool set_field(struct header *h, const char *name, const char *value, struct err *e)
{
    size_t index = header_find(h, name, 0);

    return index < h->count ? header_replace(h, index, slice_of(value), e)
                            : header_add(h, name, slice_of(value), e);
}

/* A message's header, without which a transfer encoding would mean nothing (RFC 2045 4). */
static bool complete_mime_fields(struct header *h, const struct part *part, struct err *e)
{
    const char *charset = !part->octets_8bit                  ? "us-ascii"
                          : utf8_check_is_valid(&part->utf8) ? "utf-8"
                                                              : "unknown-8bit";
    char type[64];

    snprintf(type, sizeof type, "text/plain; charset=%s", charset);
    return (header_has(h, "MIME-Version") || header_add(h, "MIME-Version", SLICE("1.0"), e)) &&
           (part->has_type || header_add(h, "Content-Type", slice_of(type), e));
}

/* A composite part that is labelled 8bit and has become 7bit says so. */
static bool is_relabelled(const struct recoder *r, size_t index)
{
    const struct part *part = &r->parts.items[index];

    return r->what & RECODE_8BIT && part->is_8bit_labelled && !r->has_8bit[index] &&
           (part->kind == PART_MULTIPART || part->kind == PART_MESSAGE);
}

static bool edit_header(const struct recoder *r, size_t index, struct header *h, struct err *e)
{
    static const char *const names[] = {[PART_IDENTITY] = "7bit",
                                        [PART_QUOTED_PRINTABLE] = "quoted-printable",
                                        [PART_BASE64] = "base64"};
    const struct part *part = &r->parts.items[index];

    if (is_recoded(r, index) && part->is_message && !complete_mime_fields(h, part, e))
        return false;
    return set_field(h, "Content-Transfer-Encoding", names[r->encodings[index]], e);
}

/* Octets of the body up to `end`, in blocks; an empty one at the end. */
static bool next_block(struct recoder *r, uint64_t end, struct slice *bytes, struct err *e)
{
    uint64_t left = end - r->at;

    *bytes = SLICE("");
    if (left == 0)
        return true;
    if (!message_body_next(r->from, &r->reader, left < LIMIT_BLOCK ? (size_t)left : LIMIT_BLOCK,
                           bytes, e))
        return false;
    r->at += bytes->len;
    return true;
}

static bool copy_to(struct recoder *r, uint64_t end, struct err *e)
{
    struct slice bytes;

    do {
        if (!next_block(r, end, &bytes, e) || !spill_put(&r->to->body, bytes, e))
            return false;
    } while (bytes.len);
    return true;
}

/* One encoder behind three; the empty slice is the end. */
struct encoder {
    enum part_encoding from, to;
    struct quoted_printable quoted_printable;
    struct base64_lines base64;
    unsigned column;
};

static void encode(struct encoder *c, struct slice bytes, bool is_end, struct buf *out)
{
    if (c->to == PART_QUOTED_PRINTABLE && !is_end)
        quoted_printable_put(&c->quoted_printable, bytes, out);
    else if (c->to == PART_QUOTED_PRINTABLE)
        quoted_printable_end_open(&c->quoted_printable, out);
    else if (c->from == PART_BASE64 && !is_end)
        base64_rewrap(&c->column, bytes, out);
    else if (c->from == PART_BASE64)
        base64_rewrap_end(&c->column, out);
    else if (!is_end)
        base64_lines_put(&c->base64, bytes, out);
    else
        base64_lines_end(&c->base64, out);
}

static bool encode_to(struct recoder *r, size_t index, struct err *e)
{
    struct encoder c = {.from = r->parts.items[index].encoding, .to = r->encodings[index]};
    struct slice bytes;

    quoted_printable_init(&c.quoted_printable);
    c.quoted_printable.is_encoded = c.from == PART_QUOTED_PRINTABLE;
    base64_lines_init(&c.base64);
    do {
        buf_reset(&r->text);
        if (!next_block(r, r->parts.items[index].end, &bytes, e))
            return false;
        encode(&c, bytes, bytes.len == 0, &r->text);
        if (!spill_put(&r->to->body, buf_slice(&r->text), e))
            return false;
    } while (bytes.len);
    return true;
}

/* A part's header, out of from's body, is changed and written. */
static bool rewrite_header(struct recoder *r, size_t index, struct err *e)
{
    const struct part *part = &r->parts.items[index];
    struct header h;
    struct slice bytes = {0};
    size_t used;
    bool ok = true;

    header_init(&h);
    do
        ok = next_block(r, part->body, &bytes, e) && header_feed(&h, bytes, &used, e);
    while (ok && bytes.len && !h.done);
    ok = ok && header_end(&h, e) && edit_header(r, index, &h, e);
    for (size_t i = 0; ok && i < h.count; i++)
        ok = h.fields[i].removed || spill_put(&r->to->body, header_raw(&h, i), e);
    ok = ok && spill_put(&r->to->body, SLICE("\r\n"), e);
    header_clear(&h);
    /* Nothing of it is left, unless it ended early. */
    while (ok && r->at < part->body)
        ok = next_block(r, part->body, &bytes, e);
    return ok;
}

static bool rewrite_part(struct recoder *r, size_t index, struct err *e)
{
    const struct part *part = &r->parts.items[index];
    bool recoded = is_recoded(r, index);

    if (!recoded && !is_relabelled(r, index))
        return true;
    if (index == 0 && !edit_header(r, 0, &r->to->header, e))
        return false;
    if (index > 0 && (!copy_to(r, part->header, e) || !rewrite_header(r, index, e)))
        return false;
    return !recoded || encode_to(r, index, e);
}

static bool rewrite(struct recoder *r, struct err *e)
{
    for (size_t i = 0; i < r->parts.count; i++)
        if (!rewrite_part(r, i, e))
            return false;
    return copy_to(r, message_body_size(r->from), e) && message_measure_body(r->to, e);
}

bool recode_message(const struct message *from, unsigned what, struct message *to, bool *changed,
                    struct err *e)
{
    struct recoder r = {.from = from, .to = to, .what = what};

    message_init(to, from->body.directory);
    bool ok = parts_scan(&r.parts, from, e);
    *changed = ok && decide(&r);
    if (*changed) {
        header_copy(&to->header, &from->header);
        buf_init(&r.text, 4 * LIMIT_BLOCK);
        ok = rewrite(&r, e);
        buf_clear(&r.text);
        body_reader_clear(&r.reader);
    }
    if (!ok)
        message_clear(to);
    free(r.encodings);
    free(r.has_8bit);
    parts_clear(&r.parts);
    return ok;
}
