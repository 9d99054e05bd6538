/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_REPORT_H
#define RELAY_REPORT_H

#include "base/strings.h"
#include "relay/relay.h"

/* What is told about a delivery: to a person when it failed, and to the log always. */

/* Append the lines for a person, "account: server: what: server's words", one for each recipient
 * that was refused on its own and one for each reason that several share. A line that is a hint
 * begins with "hint: ". Nothing when everybody was served. */
void report_failures(const struct delivery *d, struct strings *lines);

/* The log record of this attempt (manual: section LOG), without a time. */
void report_record(const struct delivery *d, struct buf *out);

/* Write the record where the account wants it; `quiet_stderr`: nobody watches stderr, so that
 * syslog = auto means yes. False: the log file cannot be written, which is no failure of the
 * delivery. */
bool report_log(const struct delivery *d, bool quiet_stderr, struct err *e);
/* The same for something that a caller asked for and that was deliberately not done. */
void report_note(const struct delivery *d, bool quiet_stderr, const char *note);
/* The same for what went wrong beside the delivery, when nobody watches stderr. A log file that
 * does not take it leaves it to the system log, whatever the account says. */
void report_warning(const struct delivery *d, const char *warning);

#endif
