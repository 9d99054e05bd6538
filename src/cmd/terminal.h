/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

/* Questions to a person: asked on standard output, answered on standard input, a line each. Answers
 * that are too long or hold control octets are asked for again. The end of input is ERR_USAGE. */

/* Lines for the person, neutralised: they may be a server's words. */
void terminal_tell(const char *text);

/* `fallback` is taken for an empty answer; NULL: an answer is needed. *answer is for free(). */
bool terminal_ask(const char *question, const char *fallback, char **answer, struct err *e);
bool terminal_confirm(const char *question, bool fallback, bool *yes, struct err *e);
/* One of `choices` (count of them), numbered from 1 on the screen; *chosen counts from 0. */
bool terminal_choose(const char *question, const char *const *choices, size_t count, size_t *chosen,
                     struct err *e);
/* Not echoed where standard input is a terminal; ^C is an error then, as the terminal has to be put
 * right. `question` NULL: a line that nobody is asked for. */
bool terminal_ask_secret(const char *question, struct secret *answer, struct err *e);

#endif
