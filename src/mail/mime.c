/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/mime.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/mem.h"
#include "mail/content.h"
#include "mail/words.h"

/* RFC 2045 6.8: 57 octets make a line of 76 characters, and CRLF. */
#define LINE_OCTETS 57
#define LINE_ENCODED 78

static struct mime_part *make(const char *type)
{
    struct mime_part *part = mem_alloc(sizeof *part);

    part->type = mem_strdup(type);
    part->fd = -1;
    spill_init(&part->content, 0, NULL);
    return part;
}

struct mime_part *mime_multipart(const char *subtype, const char *boundary)
{
    struct buf type;

    buf_init(&type, 200);
    buf_put_format(&type, "multipart/%s", subtype);
    struct mime_part *part = make(type.data);
    part->boundary = mem_strdup(boundary);
    buf_clear(&type);
    return part;
}

void mime_add(struct mime_part *to, struct mime_part *part)
{
    to->parts = mem_grow(to->parts, to->count, &to->capacity, sizeof(struct mime_part *));
    to->parts[to->count++] = part;
}

static struct mime_part *from_text(const char *type, const struct text *text,
                                   enum text_encoding encoding, struct err *e)
{
    static const enum mime_encoding names[] = {[TEXT_7BIT] = MIME_7BIT,
                                               [TEXT_QUOTED_PRINTABLE] = MIME_QUOTED_PRINTABLE,
                                               [TEXT_BASE64] = MIME_BASE64};
    struct mime_part *part = make(type);

    part->encoding = names[encoding];
    spill_init(&part->content, LIMIT_MESSAGE_MEMORY, text->body.directory);
    if (text_encode(text, encoding, &part->content, e))
        return part;
    mime_free(part);
    return NULL;
}

bool mime_says_charset(const char *type)
{
    struct content_type t;
    struct buf ignored;

    buf_init(&ignored, 0);
    content_type_parse(&t, slice_of(type));
    bool found = content_param(&t, "charset", &ignored);
    buf_clear(&ignored);
    return found;
}

struct mime_part *mime_text(const char *type, const struct text *text, struct err *e)
{
    struct mime_part *part = from_text(type, text, text_choose_encoding(text), e);

    if (part && !mime_says_charset(type))
        part->charset = mem_strdup(text_charset(text));
    return part;
}

struct mime_part *mime_verbatim(const char *type, const struct text *text, struct err *e)
{
    return from_text(type, text, TEXT_7BIT, e);
}

struct mime_part *mime_file(const char *type, const char *path, int fd, uint64_t size)
{
    struct mime_part *part = make(type);

    part->encoding = MIME_BASE64;
    part->path = mem_strdup(path);
    part->fd = fd;
    part->size = size;
    return part;
}

void mime_free(struct mime_part *part)
{
    if (!part)
        return;
    for (size_t i = 0; i < part->count; i++)
        mime_free(part->parts[i]);
    if (part->fd >= 0)
        close(part->fd);
    spill_clear(&part->content);
    free(part->parts);
    free(part->type);
    free(part->charset);
    free(part->name);
    free(part->content_id);
    free(part->path);
    free(part->boundary);
    free(part);
}

const char *mime_encoding_name(const struct mime_part *part)
{
    static const char *const names[] = {[MIME_7BIT] = "7bit",
                                        [MIME_QUOTED_PRINTABLE] = "quoted-printable",
                                        [MIME_BASE64] = "base64"};
    return names[part->encoding];
}

static void put_type(struct buf *out, const struct mime_part *part)
{
    buf_put_text(out, part->type);
    if (part->charset)
        buf_put_format(out, "; charset=%s", part->charset);
    if (!part->boundary)
        return;
    /* RFC 2387 3.1: the type of the part that the others belong to. */
    if (strcmp(part->type, "multipart/related") == 0 && part->count)
        buf_put_format(out, ";\r\n type=\"%.*s\"", (int)strcspn(part->parts[0]->type, "; "),
                       part->parts[0]->type);
    buf_put_format(out, ";\r\n boundary=\"%s\"", part->boundary);
}

/* RFC 2183. Text that is the message needs no word on that. */
static void put_disposition(struct buf *out, const struct mime_part *part)
{
    if (!part->name && !part->is_attachment)
        return;
    buf_put_text(out, part->is_attachment ? "attachment" : "inline");
    if (part->name)
        words_parameter(out, "filename", slice_of(part->name));
}

/* One field after the other, each value into `value` first. */
static bool each_field(const struct mime_part *part,
                       bool take(void *to, const char *name, struct slice value, struct err *e),
                       void *to, struct err *e)
{
    struct buf value;

    buf_init(&value, LIMIT_HEADER_BLOCK);
    put_type(&value, part);
    bool ok = take(to, "Content-Type", buf_slice(&value), e);
    buf_reset(&value);
    if (ok && !part->boundary && part->encoding != MIME_7BIT)
        ok = take(to, "Content-Transfer-Encoding", slice_of(mime_encoding_name(part)), e);
    put_disposition(&value, part);
    if (ok && value.len)
        ok = take(to, "Content-Disposition", buf_slice(&value), e);
    buf_reset(&value);
    buf_put_format(&value, "<%s>", part->content_id ? part->content_id : "");
    if (ok && part->content_id)
        ok = take(to, "Content-ID", buf_slice(&value), e);
    buf_clear(&value);
    return ok;
}

static bool add_to_header(void *to, const char *name, struct slice value, struct err *e)
{
    return header_add(to, name, value, e);
}

static bool add_to_text(void *to, const char *name, struct slice value, struct err *e)
{
    struct buf *out = to;

    (void)e;
    buf_put_text(out, name);
    buf_put_text(out, ": ");
    buf_put_slice(out, value);
    buf_put_text(out, "\r\n");
    return true;
}

/* The delimiter before a part, and its header. */
static void put_head(struct buf *out, const struct mime_part *in, size_t index)
{
    const struct mime_part *part = in->parts[index];
    struct err never;

    buf_put_format(out, "%s--%s\r\n", index ? "\r\n" : "", in->boundary);
    each_field(part, add_to_text, out, &never);
    buf_put_text(out, "\r\n");
}

static void put_tail(struct buf *out, const struct mime_part *part)
{
    buf_put_format(out, "\r\n--%s--\r\n", part->boundary);
}

static uint64_t encoded_size(uint64_t octets)
{
    uint64_t rest = octets % LINE_OCTETS;

    return octets / LINE_OCTETS * LINE_ENCODED + (rest ? (rest + 2) / 3 * 4 + 2 : 0);
}

uint64_t mime_size(const struct mime_part *part)
{
    uint64_t size = part->fd >= 0 ? encoded_size(part->size) : part->content.size;
    struct buf text;

    if (!part->boundary)
        return size;
    buf_init(&text, LIMIT_HEADER_BLOCK);
    for (size_t i = 0; i < part->count; i++) {
        put_head(&text, part, i);
        size += text.len + mime_size(part->parts[i]);
        buf_reset(&text);
    }
    put_tail(&text, part);
    size += text.len;
    buf_clear(&text);
    return size;
}

bool mime_add_fields(const struct mime_part *part, struct header *h, struct err *e)
{
    return header_add(h, "MIME-Version", SLICE("1.0"), e) &&
           each_field(part, add_to_header, h, e);
}

struct writer {
    struct spill *out;
    const struct progress_watch *watch;
    char *block;             /* LIMIT_BLOCK octets */
    struct buf text;
    uint64_t done;
};

/* What is in w->text. */
static bool put(struct writer *w, struct slice bytes, struct err *e)
{
    w->done += bytes.len;
    if (w->watch)
        w->watch->show(w->watch->argument, w->done);
    return spill_put(w->out, bytes, e);
}

static bool write_content(struct writer *w, const struct mime_part *part, struct err *e)
{
    struct slice bytes;
    uint64_t offset = 0;

    do {
        if (!spill_read(&part->content, &offset, w->block, &bytes, e) || !put(w, bytes, e))
            return false;
    } while (bytes.len);
    return true;
}

/* The next octets of the file, none at its end. */
static bool read_file(struct writer *w, const struct mime_part *part, size_t *got, struct err *e)
{
    ssize_t count;

    do
        count = read(part->fd, w->block, LIMIT_BLOCK);
    while (count < 0 && errno == EINTR);
    *got = count < 0 ? 0 : (size_t)count;
    return count >= 0 || err_os(e, ERR_IO, "cannot read %s", part->path);
}

static bool has_changed(const struct mime_part *part, bool has_grown, struct err *e)
{
    return err_set(e, ERR_IO, "%s: became %s while it was read; it had %" PRIu64 " octets",
                   part->path, has_grown ? "larger" : "smaller", part->size);
}

static bool write_file(struct writer *w, const struct mime_part *part, struct err *e)
{
    struct base64_lines lines;
    uint64_t have = 0;
    size_t got;

    base64_lines_init(&lines);
    do {
        if (!read_file(w, part, &got, e))
            return false;
        have += got;
        if (have > part->size || (got == 0 && have < part->size))
            return has_changed(part, have > part->size, e);
        buf_reset(&w->text);
        if (got)
            base64_lines_put(&lines, slice_make(w->block, got), &w->text);
        else
            base64_lines_end(&lines, &w->text);
        if (!put(w, buf_slice(&w->text), e))
            return false;
    } while (got);
    return true;
}

/* Nests three deep at the most. */
static bool write_part(struct writer *w, const struct mime_part *part, struct err *e)
{
    if (!part->boundary)
        return part->fd >= 0 ? write_file(w, part, e) : write_content(w, part, e);
    for (size_t i = 0; i < part->count; i++) {
        buf_reset(&w->text);
        put_head(&w->text, part, i);
        if (!put(w, buf_slice(&w->text), e) || !write_part(w, part->parts[i], e))
            return false;
    }
    buf_reset(&w->text);
    put_tail(&w->text, part);
    return put(w, buf_slice(&w->text), e);
}

bool mime_write(const struct mime_part *part, struct spill *out, const struct progress_watch *watch,
                struct err *e)
{
    struct writer w = {.out = out, .watch = watch, .block = mem_resize(NULL, LIMIT_BLOCK, 1)};

    buf_init(&w.text, LIMIT_HEADER_BLOCK);
    bool ok = write_part(&w, part, e);
    buf_clear(&w.text);
    free(w.block);
    return ok;
}
