/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* A path of the envelope: whatever is taken may be written into a command. */

#include "fuzz.h"
#include "mail/path.h"

/* "<...>" without anything that could end it or the line early. */
static void look_at_command(struct slice text)
{
    bool quoted = false;

    PROMISE(text.len >= 2 && text.data[0] == '<' && text.data[text.len - 1] == '>');
    for (size_t i = 1; i + 1 < text.len; i++) {
        char c = text.data[i];
        PROMISE(!ascii_is_control(c));
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else
            PROMISE(quoted || (c != '<' && c != '>' && c != ' '));
    }
    PROMISE(!quoted);
}

static void look_at(const struct path *p)
{
    struct path again, copy;
    struct buf text;
    struct err e;

    PROMISE(path_is_set(p));
    PROMISE(!path_is_null(p) || !path_is_bare(p));
    PROMISE(path_local(p).len + path_domain(p).len <= path_address(p).len);
    buf_init(&text, 2000);
    path_format(&text, p);
    look_at_command(buf_slice(&text));
    /* What we write we read as the same. */
    PROMISE(path_parse(&again, buf_slice(&text), &e));
    PROMISE(path_compare(p, &again) == 0);
    path_copy(&copy, p);
    PROMISE(path_compare(&copy, p) == 0);
    path_clear(&again);
    path_clear(&copy);
    buf_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct path p;
    struct err e = {.kind = ERR_NONE};

    if (!path_parse(&p, fuzz_slice(data, size), &e)) {
        promise_err(&e);
        PROMISE(e.kind == ERR_DATA && !path_is_set(&p));
        return 0;
    }
    look_at(&p);
    bool was_bare = path_is_bare(&p);
    PROMISE(path_qualify(&p, "example.org", &e));
    PROMISE(!path_is_bare(&p));
    PROMISE(!was_bare || slice_eq(path_domain(&p), SLICE("example.org")));
    look_at(&p);
    if (path_domain_to_ascii(&p, &e)) {
        PROMISE(!path_has_utf8_domain(&p));
        look_at(&p);
    }
    path_clear(&p);
    return 0;
}
