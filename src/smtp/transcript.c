/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/transcript.h"

#include <stdarg.h>
#include <stdio.h>

void transcript_line(const struct transcript *t, enum speaker speaker, struct slice line)
{
    if (t && t->sink)
        t->sink(t->argument, speaker, line);
}

void transcript_note(const struct transcript *t, const char *format, ...)
{
    char text[512];
    va_list args;

    if (!t || !t->sink)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    t->sink(t->argument, SPEAKER_NOTE, slice_of(text));
}
