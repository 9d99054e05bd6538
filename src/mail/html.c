/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/html.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void escape(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.data[i]) {
        case '&': buf_put_text(out, "&amp;"); break;
        case '<': buf_put_text(out, "&lt;"); break;
        case '>': buf_put_text(out, "&gt;"); break;
        case '"': buf_put_text(out, "&quot;"); break;
        default: buf_put_byte(out, text.data[i]);
        }
    }
}

static bool put_escaped(const struct text *text, struct text *out, struct err *e)
{
    char *block = mem_resize(NULL, LIMIT_BLOCK, 1);
    struct slice bytes;
    struct buf escaped;
    uint64_t offset = 0;
    bool ok;

    buf_init(&escaped, sizeof "&quot;" * LIMIT_BLOCK);
    do {
        buf_reset(&escaped);
        ok = spill_read(&text->body, &offset, block, &bytes, e);
        if (ok)
            escape(&escaped, bytes);
        ok = ok && text_put(out, buf_slice(&escaped), e);
    } while (ok && bytes.len);
    buf_clear(&escaped);
    free(block);
    return ok;
}

static bool put_images(const struct html_images *images, struct text *out, struct err *e)
{
    bool ok = true;

    for (size_t i = 0; i < images->count && ok; i++) {
        struct html_image *image = &images->items[i];
        struct buf line;
        buf_init(&line, LIMIT_HEADER_BLOCK);
        buf_put_format(&line, "<p><img src=\"cid:%s\" alt=\"", image->content_id);
        escape(&line, slice_of(image->name));
        buf_put_text(&line, "\"></p>\n");
        ok = text_put(out, buf_slice(&line), e);
        image->is_used = true;
        buf_clear(&line);
    }
    return ok;
}

bool html_from_text(const struct text *text, const struct html_images *images, struct text *out,
                    struct err *e)
{
    /* A parser drops one line end behind <pre>. */
    static const struct slice head = {
        "<!DOCTYPE html>\n<html>\n<body>\n"
        "<pre style=\"font-family: inherit; white-space: pre-wrap\">\n",
        sizeof "<!DOCTYPE html>\n<html>\n<body>\n"
               "<pre style=\"font-family: inherit; white-space: pre-wrap\">\n" - 1};

    return (text->body.size == 0
                ? text_put(out, SLICE("<!DOCTYPE html>\n<html>\n<body>\n"), e)
                : text_put(out, head, e) && put_escaped(text, out, e) &&
                      text_put(out, SLICE("</pre>\n"), e)) &&
           put_images(images, out, e) && text_put(out, SLICE("</body>\n</html>\n"), e) &&
           text_end(out, e);
}

/* "%20" is a blank, as anywhere in an address of the web. */
static bool is_name(struct slice written, const char *name)
{
    size_t i = 0;

    for (; *name && i < written.len; name++, i++) {
        int high = i + 2 < written.len ? ascii_hex_value(written.data[i + 1]) : -1;
        int low = high >= 0 ? ascii_hex_value(written.data[i + 2]) : -1;
        bool encoded = written.data[i] == '%' && low >= 0;
        char c = encoded ? (char)(high << 4 | low) : written.data[i];
        if (c != *name)
            return false;
        i += encoded ? 2 : 0;
    }
    return !*name && i == written.len;
}

static struct html_image *find_image(const struct html_images *images, struct slice written)
{
    if (slice_has_prefix(written, SLICE("./")))
        written = slice_from(written, 2);
    for (size_t i = 0; i < images->count; i++)
        if (is_name(written, images->items[i].name) || is_name(written, images->items[i].path))
            return &images->items[i];
    return NULL;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_spaces(struct slice s, size_t at)
{
    while (at < s.len && is_space(s.data[at]))
        at++;
    return at;
}

/* The value that begins at `at`: in quotes, or up to what ends one without. */
static struct slice value_at(struct slice html, size_t at)
{
    if (at < html.len && (html.data[at] == '"' || html.data[at] == '\'')) {
        size_t end = slice_find(html, html.data[at], at + 1);
        return slice_make(html.data + at + 1, end - at - 1);
    }
    size_t end = at;
    while (end < html.len && !is_space(html.data[end]) && !strchr("\"'>)", html.data[end]))
        end++;
    return slice_make(html.data + at, end - at);
}

/* Is there an attribute src at `at`? Its value. */
static bool is_source(struct slice html, size_t at, struct slice *value)
{
    if (at == 0 || !(is_space(html.data[at - 1]) || strchr("\"'/", html.data[at - 1])) ||
        !slice_has_prefix_nocase(slice_from(html, at), SLICE("src")))
        return false;
    size_t equals = skip_spaces(html, at + 3);
    if (equals >= html.len || html.data[equals] != '=')
        return false;
    *value = value_at(html, skip_spaces(html, equals + 1));
    return value->len > 0;
}

/* A reference that begins at `at` or an attribute that has one; `value` is what is to be replaced
 * by the image's cid:. */
static bool find_reference(struct slice html, size_t at, const struct html_images *images,
                           struct slice *value, struct html_image **image)
{
    struct slice cid = SLICE("cid:");

    *image = NULL;
    if (is_source(html, at, value) && !slice_has_prefix_nocase(*value, cid)) {
        *image = find_image(images, *value);
        return *image != NULL;
    }
    bool begins =
        at == 0 || !(ascii_is_alpha(html.data[at - 1]) || ascii_is_digit(html.data[at - 1]));
    if (!begins || !slice_has_prefix_nocase(slice_from(html, at), cid))
        return false;
    /* Within quotes a name may have blanks. */
    bool quoted = at > 0 && (html.data[at - 1] == '"' || html.data[at - 1] == '\'');
    *value = value_at(html, quoted ? at - 1 : at);
    *image = find_image(images, slice_from(*value, cid.len));
    return value->len > cid.len;
}

static bool unknown_cid(struct slice value, struct err *e)
{
    return err_set(e, ERR_DATA, "the HTML refers to \"%.*s\", and there is no --image of that name",
                   (int)(value.len < 200 ? value.len : 200), value.data);
}

static bool put_reference(const struct html_image *image, struct text *out, struct err *e)
{
    return text_put(out, SLICE("cid:"), e) && text_put(out, slice_of(image->content_id), e);
}

bool html_resolve(struct slice html, const struct html_images *images, struct text *out,
                  struct err *e)
{
    size_t done = 0;

    for (size_t at = 0; at < html.len; at++) {
        struct html_image *image;
        struct slice value;
        if (!strchr("sScC", html.data[at]) || !html.data[at] ||
            !find_reference(html, at, images, &value, &image))
            continue;
        if (!image)
            return unknown_cid(value, e);
        size_t start = (size_t)(value.data - html.data);
        if (!text_put(out, slice_make(html.data + done, start - done), e) ||
            !put_reference(image, out, e))
            return false;
        image->is_used = true;
        done = start + value.len;
        at = done - 1;
    }
    return text_put(out, slice_from(html, done), e) && text_end(out, e);
}
