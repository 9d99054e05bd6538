/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_FINDING_H
#define CMD_FINDING_H

#include "base/json.h"
#include "base/strings.h"

/* What `check` tells: steps with their time and details, one verdict, one next action; for a person
 * as it happens, or as one JSON object at the end. */

struct findings {
    bool as_json, color;
    unsigned count;
    int64_t since;           /* clock_monotonic when the step at hand began */
    struct buf text;         /* the JSON so far */
    struct json json;
};

/* One step. `summary` is NULL or a few words. */
struct finding {
    const char *step;        /* to be translated here, as `next` below */
    bool ok;
    const char *summary;
    const struct strings *details;   /* may be NULL */
};

void findings_init(struct findings *f, bool as_json, bool color);
/* The next step begins now; else it began when the one before was added. */
void findings_begin(struct findings *f);
void findings_add(struct findings *f, const struct finding *finding);
/* Prints the end. False: standard output does not take it. */
bool findings_end(struct findings *f, bool ok, const char *verdict, const char *next);

#endif
