/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef UNIT_SPOOLS_H
#define UNIT_SPOOLS_H

/* A spool in a directory of its own, for the tests of what works with one. */

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "queue/spool.h"

struct spools {
    char top[64], path[128];
    struct spool spool;
};

/* The directory; the spool is not made yet. */
static inline void spools_place(struct spools *s)
{
    *s = (struct spools){0};
    snprintf(s->top, sizeof s->top, "/tmp/smtpost-unit.XXXXXX");
    assert_non_null(mkdtemp(s->top));
    snprintf(s->path, sizeof s->path, "%s/queue", s->top);
}

static inline void spools_open(struct spools *s)
{
    struct err e;

    if (!spool_open(&s->spool, s->path, true, &e))
        fail_msg("%s", e.text);
}

static inline void spools_end(struct spools *s)
{
    char line[200];

    spool_close(&s->spool);
    snprintf(line, sizeof line, "rm -rf '%s'", s->top);
    assert_int_equal(system(line), 0);
}

/* An entry from `sender` to each recipient, and a short message; en->id is its name then. */
static inline void spools_commit(const struct spools *s, struct entry *en, const char *sender,
                                 const char *const recipients[])
{
    struct message m;
    struct path to;
    struct err e;

    en->account = strdup("test");
    assert_true(path_parse(&en->envelope.reverse_path, slice_of(sender), &e));
    for (size_t i = 0; recipients[i]; i++) {
        assert_true(path_parse(&to, slice_of(recipients[i]), &e));
        envelope_add(&en->envelope, &to);
    }
    message_init(&m, "/tmp");
    assert_true(message_set(&m, SLICE("Subject: s\r\n\r\nbody\r\n"), &e));
    if (!spool_commit(&s->spool, en, &m, &e))
        fail_msg("%s", e.text);
    message_clear(&m);
}

#endif
