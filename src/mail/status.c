/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/status.h"

#include <stdlib.h>

#include "base/mem.h"

/* One to three digits at *used; moves it behind them. */
static bool take_number(struct slice text, size_t *used, unsigned short *value)
{
    unsigned n = 0;
    size_t begin = *used;

    while (*used < text.len && *used - begin < 3 && ascii_is_digit(text.data[*used]))
        n = n * 10 + (unsigned)(text.data[(*used)++] - '0');
    *value = (unsigned short)n;
    return *used > begin;
}

static bool take_dot(struct slice text, size_t *used)
{
    return *used < text.len && text.data[(*used)++] == '.';
}

bool status_parse(struct slice text, struct status *status, size_t *used)
{
    struct status found = {0};
    unsigned short klass;
    size_t at = 0;

    if (!take_number(text, &at, &klass) || (klass != 2 && klass != 4 && klass != 5) || at != 1)
        return false;
    if (!take_dot(text, &at) || !take_number(text, &at, &found.subject) || !take_dot(text, &at) ||
        !take_number(text, &at, &found.detail))
        return false;
    if (at < text.len && text.data[at] != ' ' && text.data[at] != '\t')
        return false;
    found.klass = (unsigned char)klass;
    *status = found;
    *used = at;
    return true;
}

void status_format(struct buf *out, struct status status)
{
    if (status.klass)
        buf_put_format(out, "%u.%u.%u", (unsigned)status.klass, (unsigned)status.subject,
                       (unsigned)status.detail);
}

const char *verdict_name(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_NONE: return "undecided";
    case VERDICT_DELIVERED: return "delivered";
    case VERDICT_DEFERRED: return "deferred";
    case VERDICT_REFUSED: return "refused";
    case VERDICT_IN_DOUBT: return "in doubt";
    }
    return "undecided";
}

void outcome_clear(struct outcome *o)
{
    free(o->text);
    *o = (struct outcome){0};
}

void outcome_copy(struct outcome *to, const struct outcome *from)
{
    struct outcome copy = *from;

    copy.text = from->text ? mem_strdup(from->text) : NULL;
    *to = copy;
}

void outcome_from_err(struct outcome *o, const struct err *e, const char *step)
{
    const struct err_class *class = &err_classes[e->kind];
    struct status status = {.klass = class->temporary ? 4 : 5};
    struct slice numbers = slice_of(class->status);
    size_t used = 0;

    take_number(numbers, &used, &status.subject);
    take_dot(numbers, &used);
    take_number(numbers, &used, &status.detail);
    *o = (struct outcome){
        .verdict = class->temporary ? VERDICT_DEFERRED : VERDICT_REFUSED,
        .kind = e->kind,
        .status = status,
        .step = step,
        .text = mem_strdup(e->text),
    };
}

/* Undecided is worse than delivered: nobody took responsibility. */
static int badness(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_DELIVERED: return 0;
    case VERDICT_NONE: return 1;
    case VERDICT_DEFERRED: return 2;
    case VERDICT_IN_DOUBT: return 3;
    case VERDICT_REFUSED: return 4;
    }
    return 1;
}

bool outcome_is_worse(const struct outcome *a, const struct outcome *b)
{
    return badness(a->verdict) > badness(b->verdict);
}
