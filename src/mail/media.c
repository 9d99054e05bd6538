/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/media.h"

#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "mail/content.h"

/* What people attach, where the system has no mime.types. */
static const struct {
    const char *extension, *type;
} built_in[] = {
    {"7z", "application/x-7z-compressed"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"c", "text/plain"},
    {"cfg", "text/plain"},
    {"conf", "text/plain"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"diff", "text/x-diff"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", "message/rfc822"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"h", "text/plain"},
    {"heic", "image/heic"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ics", "text/calendar"},
    {"ini", "text/plain"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"log", "text/plain"},
    {"m4a", "audio/mp4"},
    {"md", "text/markdown"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"ogg", "audio/ogg"},
    {"opus", "audio/ogg"},
    {"patch", "text/x-diff"},
    {"pdf", "application/pdf"},
    {"pem", "application/x-pem-file"},
    {"pgp", "application/pgp-encrypted"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"py", "text/x-python"},
    {"rtf", "application/rtf"},
    {"sh", "text/x-sh"},
    {"sig", "application/pgp-signature"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"wav", "audio/x-wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "text/xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};

/* What is behind the last dot of the last component; nothing for ".profile". */
static struct slice extension_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    const char *dot = strrchr(base, '.');

    return slice_of(dot && dot != base ? dot + 1 : "");
}

static struct slice take_word(struct slice *line)
{
    size_t start = 0, end;

    while (start < line->len && strchr(" \t\r", line->data[start]))
        start++;
    for (end = start; end < line->len && !strchr(" \t\r", line->data[end]);)
        end++;
    struct slice word = slice_make(line->data + start, end - start);
    *line = slice_from(*line, end);
    return word;
}

/* A line whose type has this extension; its type is put into out. */
static bool take_line(struct slice line, struct slice extension, struct buf *out)
{
    struct slice type = take_word(&line), word;

    if (type.len == 0 || type.data[0] == '#' || !media_is_type(type))
        return false;
    for (word = take_word(&line); word.len && word.data[0] != '#'; word = take_word(&line))
        if (slice_eq_nocase(word, extension)) {
            buf_put_slice(out, type);
            return true;
        }
    return false;
}

static bool find_in_file(const char *path, struct slice extension, struct buf *out)
{
    struct err ignored;
    struct buf text;
    bool found = false;

    if (!file_read(path, ERR_IO, LIMIT_CONFIG_FILE, &text, NULL, &ignored))
        return false;
    for (struct slice rest = buf_slice(&text); rest.len && !found;) {
        size_t end = slice_find(rest, '\n', 0);
        struct slice line = slice_make(rest.data, end);
        found = !slice_has_byte(line, '\0') && take_line(line, extension, out);
        rest = slice_from(rest, end + 1);
    }
    buf_clear(&text);
    return found;
}

bool media_find(const char *name, const struct strings *files, struct buf *type)
{
    struct slice extension = extension_of(name);

    if (extension.len == 0)
        return false;
    for (size_t i = 0; i < files->count; i++)
        if (find_in_file(files->items[i], extension, type))
            return true;
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
        if (slice_eq_nocase(extension, slice_of(built_in[i].extension))) {
            buf_put_text(type, built_in[i].type);
            return true;
        }
    return false;
}

bool media_is_type(struct slice text)
{
    struct content_type t;

    for (size_t i = 0; i < text.len; i++)
        if (ascii_is_control(text.data[i]) || (unsigned char)text.data[i] > 127)
            return false;
    content_type_parse(&t, text);
    return t.subtype.len && t.type.data == text.data &&
           (t.rest.len == 0 || t.rest.data[0] == ';');
}
