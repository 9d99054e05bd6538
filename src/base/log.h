/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"

/* Lines for people: on stderr, to syslog, into a log file. The one place that makes text harmless:
 * control octets (C1 and DEL included) become \xNN, so that nothing from a server, a header or a
 * file can move a cursor or forge a line. UTF-8 that is well formed stays as it is. */

/* Append `text` to `out`, neutralised. */
void log_clean(struct buf *out, struct slice text);

/* A number of octets as people say it: "512 octets", "1.5 KiB", "25 MiB". */
void log_size(struct buf *out, uint64_t octets);

/* "smtpost: <text>\n" on stderr, neutralised, one write; the same name whatever we were called, so
 * that a line in somebody's log tells which sendmail spoke. `note` lines are indented below the
 * line before. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);
void log_note(const char *format, ...) PRINTF_LIKE(1, 2);
/* As it is but neutralised, no name in front: transcripts. */
void log_raw(struct slice text);

/* Syslog, facility mail. `tag` NULL: the program's name. `urgent`: LOG_ERR instead of LOG_INFO. */
void log_syslog(const char *tag, bool urgent, struct slice line);

/* key=value fields of one record (interface: section LOG of the manual): a value is quoted when it
 * is empty or holds blanks, quotes, '=' or anything that had to be neutralised. */
void log_field(struct buf *out, const char *key, struct slice value);

#endif
