/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_SAY_H
#define BASE_SAY_H

#include "base/compat.h"

/* Sentences for a person, in the person's language (gettext). Marked are advice, questions,
 * explanations and complaints about what was typed, where they are printed. Everything else is the
 * same in every language: what a server said, errors from below cmd/, for those are logged and
 * looked for by relay/hint, key=value, JSON, and what scripts read. The locale of the process stays
 * "C", so that strerror() and the like are the same everywhere, too.
 *
 * A catalog is looked for when there is something to say for the first time. Built without gettext
 * there are two functions that do nothing (configure chooses the .c). */

/* From now on; a locale's name, borrowed, or NULL for the text as it stands. */
void say_in(const char *locale);
/* The translation, or the text itself; never freed. */
const char *say(const char *text) FORMAT_ARGUMENT(1);
/* Where catalogs are looked for; NULL: built without. */
const char *say_catalogs(void);

/* As programs with gettext have it: translated here; translated where it is printed. */
#define _(text) say(text)
#define N_(text) text

#endif
