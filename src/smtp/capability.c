/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/capability.h"

#include <limits.h>

#include "base/limits.h"

/* Mechanisms that are remembered; a server that offers more has something else in mind. */
#define MECHANISMS_MAX 64
#define KEYWORDS_MAX LIMIT_REPLY_LINES

struct row {
    const char *keyword;
    enum capability capability;
};

static const struct row rows[] = {
    {"STARTTLS", CAPABILITY_STARTTLS},
    {"AUTH", CAPABILITY_AUTH},
    {"PIPELINING", CAPABILITY_PIPELINING},
    {"SIZE", CAPABILITY_SIZE},
    {"8BITMIME", CAPABILITY_8BITMIME},
    {"SMTPUTF8", CAPABILITY_SMTPUTF8},
    {"ENHANCEDSTATUSCODES", CAPABILITY_ENHANCED},
    {"DSN", CAPABILITY_DSN},
    {"CHUNKING", CAPABILITY_CHUNKING},
    {"LIMITS", CAPABILITY_LIMITS},
    {"REQUIRETLS", CAPABILITY_REQUIRETLS},
};

/* The next word at *at, up to a blank; "=" ends one too, for "AUTH=PLAIN". */
static struct slice next_word(struct slice line, size_t *at)
{
    while (*at < line.len && (line.data[*at] == ' ' || line.data[*at] == '\t'))
        ++*at;
    size_t start = *at;
    while (*at < line.len && line.data[*at] != ' ' && line.data[*at] != '\t')
        ++*at;
    return slice_make(line.data + start, *at - start);
}

static unsigned find_capability(struct slice keyword)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (slice_eq_nocase(slice_of(rows[i].keyword), keyword))
            return rows[i].capability;
    return 0;
}

static void add_mechanism(struct capabilities *c, struct slice name)
{
    if (name.len && c->auth.count < MECHANISMS_MAX)
        strings_add(&c->auth, name);
}

/* "RCPTMAX=100"; words that are none of ours, or hold no number, say nothing (RFC 9422 3). */
static void parse_limit(struct session_limits *limits, struct slice word)
{
    const struct {
        struct slice name;
        unsigned long *value;
    } names[] = {
        {SLICE("MAILMAX"), &limits->mail_max},
        {SLICE("RCPTMAX"), &limits->rcpt_max},
        {SLICE("RCPTDOMAINMAX"), &limits->rcpt_domain_max},
    };
    size_t equals = slice_find(word, '=', 0);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_eq_nocase(slice_make(word.data, equals), names[i].name))
            slice_number(slice_from(word, equals + 1), ULONG_MAX, names[i].value);
}

static void parse_line(struct capabilities *c, struct slice line)
{
    size_t at = 0;
    unsigned long size;
    struct slice keyword = next_word(line, &at);
    size_t equals = slice_find(keyword, '=', 0);
    struct slice behind = slice_from(keyword, equals + 1);

    keyword.len = equals;
    unsigned capability = find_capability(keyword);
    c->offered |= capability;
    if (keyword.len && c->keywords.count < KEYWORDS_MAX)
        strings_add(&c->keywords, keyword);
    if (capability == CAPABILITY_SIZE && slice_number(next_word(line, &at), ULONG_MAX, &size))
        c->size = size;
    if (capability == CAPABILITY_AUTH) {
        add_mechanism(c, behind);
        for (struct slice word = next_word(line, &at); word.len; word = next_word(line, &at))
            add_mechanism(c, word);
    }
    if (capability == CAPABILITY_LIMITS)
        for (struct slice word = next_word(line, &at); word.len; word = next_word(line, &at))
            parse_limit(&c->limits, word);
}

void capabilities_parse(struct capabilities *c, const struct reply *ehlo)
{
    struct slice text = buf_slice(&ehlo->text);

    capabilities_clear(c);
    /* The first line holds the server's name and a greeting. */
    for (size_t start = slice_find(text, '\n', 0) + 1; start < text.len;) {
        size_t end = slice_find(text, '\n', start);
        parse_line(c, slice_make(text.data + start, end - start));
        start = end + 1;
    }
}

void capabilities_clear(struct capabilities *c)
{
    strings_clear(&c->keywords);
    strings_clear(&c->auth);
    *c = (struct capabilities){0};
}

bool capabilities_has(const struct capabilities *c, enum capability capability)
{
    return (c->offered & capability) != 0;
}

bool capabilities_has_keyword(const struct capabilities *c, struct slice keyword)
{
    for (size_t i = 0; i < c->keywords.count; i++)
        if (slice_eq_nocase(slice_of(c->keywords.items[i]), keyword))
            return true;
    return false;
}
