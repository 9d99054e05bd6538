/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_PRESET_H
#define ACCOUNT_PRESET_H

#include "account/section.h"

/* What is known of mail providers: etc/providers, built into the program so that no file has to be
 * found. An account with `provider = "NAME"` begins with the options of that preset, below all
 * other layers; setup and hints read the rest. The text is parsed when it is first wanted and never
 * at the start of a submission that names no provider. */

enum preset_wants {
    PRESET_ACCOUNT,          /* the account's own password */
    PRESET_APP,              /* a password made for this program */
    PRESET_API,              /* a key or credentials of the service */
    PRESET_TOKEN             /* OAuth */
};

struct preset {
    struct section options;  /* .name is the provider's */
    char *title;             /* what people call it */
    struct strings domains;  /* mail domains whose addresses belong here */
    enum preset_wants wants;
    char *url;               /* where to make what it wants */
    char *note;              /* what people stumble over; NULL: nothing */
};

struct presets {
    struct preset *items;
    size_t count, capacity;
};

/* All of them, in file order. A fault of the data is ERR_CONFIG with "providers:line". */
bool presets_read(struct presets *p, struct err *e);
/* The same from another text: for tests. */
bool presets_parse(struct presets *p, struct slice text, struct err *e);
void presets_clear(struct presets *p);

/* By name; NULL with an error ("did you mean"). */
const struct preset *presets_find(const struct presets *p, const char *name, struct err *e);
/* By the domain of an address, any case; NULL: nobody known. */
const struct preset *presets_find_domain(const struct presets *p, struct slice domain);

extern const char preset_data[];           /* etc/providers; made by the build */
extern const char *const preset_wants_words[];   /* NULL-terminated, by enum preset_wants */

#endif
