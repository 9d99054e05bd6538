/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* An envelope of the queue, as it might lie damaged on a disk. */

#include "fuzz.h"
#include "queue/entry.h"

enum { ENVELOPE_MAX = 4 * 1024 * 1024 };

static void format(const struct entry *en, struct buf *out)
{
    buf_init(out, ENVELOPE_MAX);
    entry_format(en, out);
    PROMISE(!out->overflow);
}

static void look_at(const struct entry *en)
{
    struct entry again = {0};
    struct buf first, second;
    struct err e = {.text = ""};
    size_t length;

    for (size_t i = 0; i < en->envelope.count; i++)
        PROMISE(path_is_set(&en->envelope.recipients[i].path));
    PROMISE(entry_state(en) <= ENTRY_FAILED);
    format(en, &first);
    /* What we write we read as the same, and know how long it is. */
    PROMISE(entry_length(buf_slice(&first), &length, &e) && length == first.len);
    PROMISE(entry_parse(&again, buf_slice(&first), &e));
    format(&again, &second);
    PROMISE(slice_eq(buf_slice(&first), buf_slice(&second)));
    entry_clear(&again);
    buf_clear(&first);
    buf_clear(&second);
}

/* The length in front is the file's own business; here it is what the text has. */
static void correct_length(struct buf *text)
{
    char digits[24];

    if (!slice_has_prefix(buf_slice(text), SLICE("smtpost-envelope 1 ")) || text->len < 30)
        return;
    snprintf(digits, sizeof digits, "%010zu", text->len);
    memcpy(text->data + 19, digits, 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entry en = {0};
    struct buf text;
    struct err e = {.kind = ERR_NONE};
    size_t length;

    buf_init(&text, ENVELOPE_MAX);
    buf_put(&text, data, size);
    correct_length(&text);
    entry_length(buf_slice(&text), &length, &e);
    if (entry_parse(&en, buf_slice(&text), &e)) {
        look_at(&en);
        entry_forget_served(&en);
        entry_clear(&en);
    } else {
        promise_err(&e);
        PROMISE(e.kind == ERR_DATA && en.envelope.count == 0);
    }
    buf_clear(&text);
    return 0;
}
