/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* The value of a Content-Type field. */

#include "fuzz.h"
#include "mail/content.h"

static bool is_within(struct slice part, struct slice whole)
{
    return part.len == 0 ||
           (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice value = fuzz_slice(data, size);
    struct content_type t;
    struct buf boundary;

    content_type_parse(&t, value);
    PROMISE(is_within(t.type, value) && is_within(t.subtype, value) && is_within(t.rest, value));
    PROMISE(t.type.len || !content_type_is(&t, "multipart", NULL));
    PROMISE(is_within(content_token(value), value));
    buf_init(&boundary, size + 1);
    content_param(&t, "boundary", &boundary);
    PROMISE(!boundary.overflow);
    buf_clear(&boundary);
    return 0;
}
