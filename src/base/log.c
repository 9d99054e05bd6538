/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/utf8.h"

void log_clean(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len;) {
        uint32_t point;
        size_t len = utf8_decode(slice_from(text, i), &point);
        /* What is no character is taken octet by octet. */
        bool shown = len && utf8_is_visible(point);
        size_t taken = shown ? len : 1;
        if (shown)
            buf_put(out, text.data + i, taken);
        else
            buf_put_format(out, "\\x%02X", (unsigned)(unsigned char)text.data[i]);
        i += taken;
    }
}

void log_size(struct buf *out, uint64_t octets)
{
    static const char units[] = "KMGTPE";
    uint64_t unit = 1024;
    size_t i = 0;

    if (octets < unit) {
        buf_put_format(out, "%u octet%s", (unsigned)octets, octets == 1 ? "" : "s");
        return;
    }
    for (; octets / unit >= 1024; i++)
        unit *= 1024;
    unsigned tenth = (unsigned)(octets % unit * 10 / unit);
    buf_put_format(out, tenth ? "%u.%u %ciB" : "%u%.0u %ciB", (unsigned)(octets / unit), tenth,
                   units[i]);
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
