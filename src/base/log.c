/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/limits.h"

/* Length of the well-formed UTF-8 sequence at s (RFC 3629 4) that is no C1 control; 0 if there is
 * none. */
static size_t utf8_sequence(struct slice s)
{
    unsigned char first = (unsigned char)s.data[0];
    size_t len = first >= 0xf0 && first <= 0xf4 ? 4
                 : first >= 0xe0 && first <= 0xef ? 3
                 : first >= 0xc2 && first <= 0xdf ? 2
                                                  : 0;
    if (len == 0 || s.len < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if (((unsigned char)s.data[i] & 0xc0) != 0x80)
            return 0;
    unsigned char second = (unsigned char)s.data[1];
    bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    bool surrogate = first == 0xed && second > 0x9f;
    bool too_high = first == 0xf4 && second > 0x8f;
    bool c1 = first == 0xc2 && second < 0xa0;
    /* U+200E.., U+202A.. and U+2066..: marks that reorder what a terminal shows. */
    bool bidi = first == 0xe2 && ((second == 0x80 && (unsigned char)s.data[2] >= 0x8e) ||
                                  (second == 0x81 && (unsigned char)s.data[2] >= 0xa6));
    bool quotes = first == 0xe2 && second == 0x80 && (unsigned char)s.data[2] >= 0x90 &&
                  (unsigned char)s.data[2] <= 0xa7;
    return overlong || surrogate || too_high || c1 || (bidi && !quotes) ? 0 : len;
}

void log_clean(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len;) {
        char c = text.data[i];
        size_t len = (unsigned char)c < 128 ? !ascii_is_control(c)
                                            : utf8_sequence(slice_from(text, i));
        if (len)
            buf_put(out, text.data + i, len);
        else
            buf_put_format(out, "\\x%02X", (unsigned)(unsigned char)c);
        i += len ? len : 1;
    }
}

/* One write for a line, so that lines of several processes do not mix; a stderr that is gone is no
 * reason to fail. */
static void write_stderr(struct slice line)
{
    ssize_t ignored = write(STDERR_FILENO, line.data, line.len);
    (void)ignored;
}

static void write_line(const char *prefix, const char *format, va_list args)
{
    char text[LIMIT_LOG_LINE];
    struct buf line;

    vsnprintf(text, sizeof text, format, args);
    buf_init(&line, sizeof text * 4 + 64);
    buf_put_text(&line, prefix);
    log_clean(&line, slice_of(text));
    buf_put_byte(&line, '\n');
    write_stderr(buf_slice(&line));
    buf_clear(&line);
}

void log_line(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line("smtpost: ", format, args);
    va_end(args);
}

void log_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line("         ", format, args);
    va_end(args);
}

void log_raw(struct slice text)
{
    struct buf line;

    buf_init(&line, text.len * 4 + 1);
    log_clean(&line, text);
    buf_put_byte(&line, '\n');
    write_stderr(buf_slice(&line));
    buf_clear(&line);
}

void log_syslog(const char *tag, bool urgent, struct slice line)
{
    openlog(tag ? tag : "smtpost", LOG_PID, LOG_MAIL);
    syslog(urgent ? LOG_ERR : LOG_INFO, "%.*s", (int)line.len, line.data);
    closelog();
}

void log_field(struct buf *out, const char *key, struct slice value)
{
    struct buf clean;

    buf_init(&clean, value.len * 4 + 1);
    log_clean(&clean, value);
    bool quote = value.len == 0 || clean.len != value.len;
    for (size_t i = 0; i < value.len && !quote; i++)
        quote = strchr(" \"=\\", value.data[i]) != NULL;
    buf_put_format(out, "%s%s=", out->len ? " " : "", key);
    if (quote)
        buf_put_byte(out, '"');
    for (size_t i = 0; i < clean.len; i++) {
        if (clean.data[i] == '"')
            buf_put_byte(out, '\\');
        buf_put_byte(out, clean.data[i]);
    }
    if (quote)
        buf_put_byte(out, '"');
    buf_clear(&clean);
}
