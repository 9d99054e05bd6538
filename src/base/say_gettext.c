/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/say.h"

#include <libintl.h>
#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

/* The language is the state of the whole process, as its level of logging is. */
static const char *wanted;
static locale_t found;

static bool find(void)
{
    if (!found) {
        found = newlocale(LC_MESSAGES_MASK, wanted, (locale_t)0);
        bindtextdomain(PACKAGE, LOCALEDIR);
        bind_textdomain_codeset(PACKAGE, "UTF-8");
    }
    /* A locale that is not installed; asked for once. */
    if (!found)
        wanted = NULL;
    return found != (locale_t)0;
}

void say_in(const char *locale)
{
    if (found)
        freelocale(found);
    found = (locale_t)0;
    wanted = locale;
}

const char *say(const char *text)
{
    if (!*text || !wanted || !find())
        return text;
    locale_t before = uselocale(found);
    const char *translated = dgettext(PACKAGE, text);
    uselocale(before);
    return translated;
}

const char *say_catalogs(void)
{
    return LOCALEDIR;
}
