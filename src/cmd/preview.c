/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/preview.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/say.h"

enum { COLUMN = 44 };        /* where what is told about a part begins */

/* Neutralised: a name comes from a file system where anybody may have written it. */
static void print_clean(struct slice text)
{
    struct buf clean;

    buf_init(&clean, 4 * text.len);
    log_clean(&clean, text);
    fputs(clean.len ? clean.data : "", stdout);
    buf_clear(&clean);
}

static void print_size(uint64_t octets)
{
    struct buf size;

    buf_init(&size, 32);
    log_size(&size, octets);
    fputs(size.data, stdout);
    buf_clear(&size);
}

/* "  image/png                  1.2 KiB, base64, inline, "name.png"". */
static void print_part(const struct mime_part *part, int depth)
{
    struct buf type;

    buf_init(&type, LIMIT_TEXT_LINE);
    buf_put_text(&type, part->type);
    if (part->charset)
        buf_put_format(&type, "; charset=%s", part->charset);
    printf("%*s", 2 * depth, "");
    print_clean(buf_slice(&type));
    int column = 2 * depth + (int)type.len;
    printf("%*s", column < COLUMN ? COLUMN - column : 2, "");
    buf_clear(&type);
    print_size(mime_size(part));
    if (!part->boundary)
        printf(", %s", mime_encoding_name(part));
    if (part->name) {
        printf(", %s, \"", part->is_attachment ? "attachment" : "inline");
        print_clean(slice_of(part->name));
        putchar('"');
    }
    putchar('\n');
}

/* Nests three deep at the most. */
static void print_tree(const struct mime_part *part, int depth)
{
    print_part(part, depth);
    for (size_t i = 0; i < part->count; i++)
        print_tree(part->parts[i], depth + 1);
}

/* A field as it will be, on one line. */
static void print_field(const struct header *h, size_t index)
{
    struct slice value = header_value(h, index);
    struct buf line;

    buf_init(&line, value.len);
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] != '\r' && value.data[i] != '\n')
            buf_put_byte(&line, value.data[i]);
    print_clean(header_name(h, index));
    putchar(':');
    print_clean(buf_slice(&line));
    putchar('\n');
    buf_clear(&line);
}

int preview_show(const struct header *h, const struct mime_part *root)
{
    for (size_t i = 0; i < h->count; i++)
        print_field(h, i);
    if (h->count)
        putchar('\n');
    print_tree(root, 0);
    if (fflush(stdout) == 0)
        return EX_OK;
    log_line("%s", _("cannot write to standard output"));
    return EX_IOERR;
}
