/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/compose.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/say.h"
#include "mail/content.h"
#include "mail/media.h"

static const char octets[] = "application/octet-stream";

/* --- what makes this message different from all others */

/* The digest so far and the next bytes give the next digest. */
static void stir(struct digest *d, struct slice bytes)
{
    struct buf both;

    buf_init(&both, sizeof d->bytes + bytes.len);
    buf_put_slice(&both, digest_slice(d));
    buf_put_slice(&both, bytes);
    digest_hash(HASH_SHA256, buf_slice(&both), d);
    buf_clear(&both);
}

static void stir_strings(struct digest *d, const struct strings *list)
{
    stir(d, SLICE("list"));
    for (size_t i = 0; i < list->count; i++)
        stir(d, slice_of(list->items[i]));
}

static bool stir_text(struct digest *d, const struct text *text, struct err *e)
{
    char *block = mem_resize(NULL, LIMIT_BLOCK, 1);
    struct slice bytes;
    uint64_t offset = 0;
    bool ok;

    do {
        ok = spill_read(&text->body, &offset, block, &bytes, e);
        if (ok)
            stir(d, bytes);
    } while (ok && bytes.len);
    free(block);
    return ok;
}

/* A name out of everything that is known of the message before its files are read. */
static bool name_by_content(struct composition *c, const char *date, struct err *e)
{
    const struct letter *l = c->letter;
    struct digest d = {0};

    stir(&d, slice_of(date));
    stir(&d, slice_of(l->from));
    stir(&d, slice_of(l->subject));
    stir(&d, slice_of(l->html));
    stir_strings(&d, &l->to);
    stir_strings(&d, &l->cc);
    stir_strings(&d, &l->bcc);
    stir_strings(&d, &l->headers);
    for (size_t i = 0; i < l->count; i++)
        stir(&d, slice_of(l->enclosures[i].path));
    if (!stir_text(&d, &c->text, e))
        return false;
    for (size_t i = 0; i < (sizeof c->unique - 1) / 2; i++)
        snprintf(c->unique + 2 * i, 3, "%02x", d.bytes[i]);
    return true;
}

static bool choose_name(struct composition *c, struct err *e)
{
    const char *source_date = c->source_date;
    unsigned long seconds;

    if (!source_date) {
        random_name(c->unique, 16);
        return true;
    }
    if (!slice_number(slice_of(source_date), LONG_MAX, &seconds))
        return err_set(e, ERR_USAGE, _("SOURCE_DATE_EPOCH=%s: not a number of seconds"),
                       source_date);
    c->is_dated = true;
    c->date = (time_t)seconds;
    return name_by_content(c, source_date, e);
}

static struct mime_part *multipart(struct composition *c, const char *subtype)
{
    char boundary[64];

    /* "=_" cannot occur in quoted-printable or base64, and 7bit text with it is not sent as such.
     */
    snprintf(boundary, sizeof boundary, "=_%zu.%s", ++c->boundaries, c->unique);
    return mime_multipart(subtype, boundary);
}

/* --- files */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* What the receiver is told. A pipe of the shell's has no name of its own. */
static const char *told_name(const char *path)
{
    return slice_has_prefix(slice_of(path), SLICE("/dev/fd/")) ? "attachment" : base_name(path);
}

/* Everything out of a FIFO, whose size nobody knows before. */
static bool keep_pipe(struct composition *c, const char *path, int *fd, uint64_t *size,
                      struct err *e)
{
    char *block = mem_resize(NULL, LIMIT_BLOCK, 1);
    ssize_t got = 0;
    int kept;

    bool ok = file_unnamed(c->directory, &kept, e);
    while (ok) {
        got = read(*fd, block, LIMIT_BLOCK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        ok = file_write(kept, slice_make(block, (size_t)got), e);
        *size += (size_t)got;
    }
    if (ok && (got < 0 || lseek(kept, 0, SEEK_SET) != 0))
        ok = err_os(e, ERR_IO, "cannot read %s", path);
    free(block);
    close(*fd);
    *fd = kept;
    return ok;
}

static bool open_file(struct composition *c, const char *path, int *fd, uint64_t *size,
                      struct err *e)
{
    struct stat info;

    if (!file_open(path, ERR_IO, fd, &info, e))
        return false;
    *size = S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
    return S_ISREG(info.st_mode) || keep_pipe(c, path, fd, size, e);
}

static bool measure(struct composition *c, const char *path, int fd, struct text *t, struct err *e)
{
    text_init(t, c->directory);
    if (!text_measure(t, fd, path, e))
        return false;
    return lseek(fd, 0, SEEK_SET) == 0 || err_os(e, ERR_IO, "cannot read %s", path);
}

/* By name, by what was said, or else by looking into it. */
static bool find_type(struct composition *c, const struct enclosure *x, int fd, struct buf *type,
                      struct err *e)
{
    struct text t;

    if (x->type)
        buf_put_text(type, x->type);
    if (x->type || media_find(x->path, &c->type_files, type))
        return true;
    bool ok = measure(c, x->path, fd, &t, e);
    bool is_text = !t.has_control && (!t.wire.has_8bit || utf8_check_is_valid(&t.utf8));
    buf_put_text(type, is_text ? "text/plain" : octets);
    text_clear(&t);
    return ok;
}

/* A text file goes as it is, to the octet; its charset is told where it has one. */
static struct mime_part *text_file(struct composition *c, const struct enclosure *x, int fd,
                                   uint64_t size, const char *type, struct err *e)
{
    struct mime_part *part = NULL;
    struct text t;

    if (measure(c, x->path, fd, &t, e)) {
        bool is_text = x->type || !t.wire.has_nul;
        part = mime_file(is_text ? type : octets, x->path, fd, size);
        if (is_text && !t.wire.has_nul && !mime_says_charset(type))
            part->charset = mem_strdup(text_charset(&t));
    } else {
        close(fd);
    }
    text_clear(&t);
    return part;
}

/* A message may not be encoded (RFC 2046 5.2.1): if it is not 7bit it goes as octets. */
static struct mime_part *message_file(struct composition *c, const struct enclosure *x, int fd,
                                      uint64_t size, const char *type, struct err *e)
{
    struct mime_part *part = NULL;
    struct text t;

    text_init(&t, c->directory);
    bool ok = text_read(&t, fd, x->path, e);
    bool is_7bit = ok && !t.wire.has_8bit && !t.wire.has_nul &&
                   t.wire.longest_line <= LIMIT_TEXT_LINE;
    if (is_7bit)
        part = mime_verbatim(type, &t, e);
    else if (ok && lseek(fd, 0, SEEK_SET) != 0)
        err_os(e, ERR_IO, "cannot read %s", x->path);
    else if (ok)
        part = mime_file(octets, x->path, fd, size);
    if (!part || is_7bit)
        close(fd);
    text_clear(&t);
    return part;
}

static bool check_image(const struct enclosure *x, const char *type, struct err *e)
{
    return !x->is_image || slice_has_prefix_nocase(slice_of(type), SLICE("image/")) ||
           err_set(e, ERR_DATA,
                   "--image %s: is no image but %s; give its --type, or attach it with "
                   "-a",
                   x->path, type);
}

static struct mime_part *by_type(struct composition *c, const struct enclosure *x, int fd,
                                 uint64_t size, const char *type, struct err *e)
{
    struct content_type t;

    if (!check_image(x, type, e)) {
        close(fd);
        return NULL;
    }
    content_type_parse(&t, slice_of(type));
    if (content_type_is(&t, "text", NULL))
        return text_file(c, x, fd, size, type, e);
    if (content_type_is(&t, "message", "rfc822"))
        return message_file(c, x, fd, size, type, e);
    bool composite = content_type_is(&t, "message", NULL) || content_type_is(&t, "multipart", NULL);
    return mime_file(composite ? octets : type, x->path, fd, size);
}

static struct mime_part *enclose(struct composition *c, const struct enclosure *x, struct err *e)
{
    struct mime_part *part = NULL;
    struct buf type;
    uint64_t size;
    int fd;

    if (!open_file(c, x->path, &fd, &size, e))
        return NULL;
    buf_init(&type, LIMIT_TEXT_LINE);
    if (find_type(c, x, fd, &type, e))
        part = by_type(c, x, fd, size, type.data, e);
    else
        close(fd);
    if (part) {
        part->name = mem_strdup(told_name(x->path));
        part->is_attachment = !x->is_image;
    }
    buf_clear(&type);
    return part;
}

/* --- text and HTML */

static bool make_images(struct composition *c, struct err *e)
{
    const struct letter *l = c->letter;
    size_t *count = &c->images.count;

    c->images.items = mem_alloc((l->count + 1) * sizeof *c->images.items);
    c->image_parts = mem_alloc((l->count + 1) * sizeof(struct mime_part *));
    for (size_t i = 0; i < l->count; i++) {
        if (!l->enclosures[i].is_image)
            continue;
        struct mime_part *part = enclose(c, &l->enclosures[i], e);
        if (!part)
            return false;
        char id[64];
        snprintf(id, sizeof id, "%zu.%s@smtpost", *count + 1, c->unique);
        part->content_id = mem_strdup(id);
        c->images.items[*count] = (struct html_image){
            .name = part->name, .path = l->enclosures[i].path, .content_id = part->content_id};
        c->image_parts[(*count)++] = part;
    }
    return true;
}

/* The charset that a document says of itself, where it is not to be seen; NULL: it does not. */
static char *declared_charset(struct slice html)
{
    static const size_t near = 1024;
    struct slice word = SLICE("charset=");
    struct content_type t = {0};
    struct buf name;

    for (size_t at = 0; at + word.len < html.len && at < near; at++)
        if (slice_has_prefix_nocase(slice_from(html, at), word)) {
            t.rest = slice_from(html, at);
            break;
        }
    buf_init(&name, 40);
    bool found = t.rest.len && content_param(&t, "charset", &name) && name.len && !name.overflow;
    for (size_t i = 0; i < name.len; i++)
        found = found && (ascii_is_alpha(name.data[i]) || ascii_is_digit(name.data[i]) ||
                          strchr("-_.:", name.data[i]));
    if (found)
        return buf_take(&name);
    buf_clear(&name);
    return NULL;
}

static struct mime_part *html_file(struct composition *c, struct err *e)
{
    const struct letter *l = c->letter;
    struct mime_part *part = NULL;
    struct text out;
    struct buf html;

    if (!file_read(l->html, ERR_IO, LIMIT_HTML, &html, NULL, e))
        return NULL;
    text_init(&out, c->directory);
    if (html_resolve(buf_slice(&html), &c->images, &out, e))
        part = mime_text(l->html_type ? l->html_type : "text/html", &out, e);
    else
        err_wrap(e, "%s", l->html);
    if (part && part->charset && strcmp(part->charset, "unknown-8bit") == 0) {
        char *declared = declared_charset(buf_slice(&html));
        if (declared) {
            free(part->charset);
            part->charset = declared;
        }
    }
    text_clear(&out);
    buf_clear(&html);
    return part;
}

static struct mime_part *html_of_text(struct composition *c, struct err *e)
{
    struct mime_part *part = NULL;
    struct text out;

    text_init(&out, c->directory);
    if (html_from_text(&c->text, &c->images, &out, e))
        part = mime_text("text/html", &out, e);
    text_clear(&out);
    return part;
}

/* multipart/related, or the HTML alone. NULL without an error: no HTML is wanted. */
static bool make_html(struct composition *c, struct mime_part **html, struct err *e)
{
    *html = NULL;
    if (!c->letter->html && !c->images.count)
        return true;
    struct mime_part *part = c->letter->html ? html_file(c, e) : html_of_text(c, e);
    if (!part)
        return false;
    *html = part;
    if (!c->images.count)
        return true;
    *html = multipart(c, "related");
    mime_add(*html, part);
    for (size_t i = 0; i < c->images.count; i++) {
        if (!c->images.items[i].is_used)
            log_line(_("warning: %s does not refer to the image %s"), c->letter->html,
                     c->images.items[i].path);
        mime_add(*html, c->image_parts[i]);
        c->image_parts[i] = NULL;
    }
    return true;
}

/* What is read, as against what is saved; NULL: nothing of that kind. */
static bool make_body(struct composition *c, struct mime_part **body, struct err *e)
{
    struct mime_part *html;

    *body = NULL;
    if (!make_html(c, &html, e))
        return false;
    if (c->text.body.size == 0) {
        *body = html;
        return true;
    }
    struct mime_part *plain = mime_text("text/plain", &c->text, e);
    if (!plain) {
        mime_free(html);
        return false;
    }
    *body = html ? multipart(c, "alternative") : plain;
    if (html) {
        mime_add(*body, plain);
        mime_add(*body, html);
    }
    return true;
}

static bool has_attachments(const struct letter *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (!l->enclosures[i].is_image)
            return true;
    return false;
}

static bool build(struct composition *c, struct err *e)
{
    const struct letter *l = c->letter;
    struct mime_part *body, *part;

    if (!make_body(c, &body, e))
        return false;
    c->root = has_attachments(l) ? multipart(c, "mixed") : body;
    if (c->root != body && body)
        mime_add(c->root, body);
    for (size_t i = 0; i < l->count; i++) {
        if (l->enclosures[i].is_image)
            continue;
        part = enclose(c, &l->enclosures[i], e);
        if (!part)
            return false;
        mime_add(c->root, part);
    }
    return c->root || err_set(e, ERR_DATA,
                              "there is nothing to send: no text on standard input, and "
                              "no file");
}

static void find_type_files(struct composition *c, const struct host *h)
{
    struct buf own;

    buf_init(&own, LIMIT_LOG_LINE);
    buf_put_format(&own, "%s/.mime.types", h->home ? h->home : "");
    if (h->home)
        strings_add(&c->type_files, buf_slice(&own));
    strings_add_text(&c->type_files, "/etc/mime.types");
    buf_clear(&own);
}

void composition_init(struct composition *c, const struct letter *l, const struct host *h)
{
    *c = (struct composition){
        .letter = l, .directory = h->temporary, .source_date = h->source_date};
    text_init(&c->text, h->temporary);
    find_type_files(c, h);
}

bool compose(struct composition *c, int stdin_fd, struct err *e)
{
    return (stdin_fd < 0 || text_read(&c->text, stdin_fd, "the text", e)) && choose_name(c, e) &&
           make_images(c, e) && build(c, e);
}

void composition_clear(struct composition *c)
{
    for (size_t i = 0; i < c->images.count; i++)
        mime_free(c->image_parts[i]);
    mime_free(c->root);
    free(c->image_parts);
    free(c->images.items);
    strings_clear(&c->type_files);
    text_clear(&c->text);
}
