/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* An address list, and a display name written back. */

#include "fuzz.h"
#include "mail/address.h"

/* A field value as header_add wants it: CRLF only before a blank, no NUL. */
static void look_at_folding(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        PROMISE(text.data[i] != '\0');
        if (text.data[i] == '\r')
            PROMISE(i + 2 < text.len && text.data[i + 1] == '\n' &&
                    (text.data[i + 2] == ' ' || text.data[i + 2] == '\t'));
        if (text.data[i] == '\n')
            PROMISE(i && text.data[i - 1] == '\r');
    }
}

/* Whatever a name holds, it stays a name: the mailbox behind it is the only one. */
static void name_stays_a_name(struct slice name)
{
    struct mailboxes list = {0};
    struct buf text;
    struct err e = {.text = ""};

    buf_init(&text, name.len * 8 + 1000);
    address_format_name(&text, name);
    PROMISE(!text.overflow);
    look_at_folding(buf_slice(&text));
    PROMISE(!slice_has_8bit(buf_slice(&text)));
    buf_put_text(&text, " <ada@example.org>");
    PROMISE(address_parse(&list, buf_slice(&text), &e));
    PROMISE(list.count == 1);
    PROMISE(slice_eq(path_address(&list.items[0].path), SLICE("ada@example.org")));
    mailboxes_clear(&list);
    buf_clear(&text);
}

static bool is_within(struct slice part, struct slice whole)
{
    return part.len == 0 ||
           (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static void look_at_list(const struct mailboxes *list, struct slice text)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct mailbox *m = &list->items[i];
        struct mailboxes again = {0};
        struct err e = {.text = ""};

        PROMISE(path_is_set(&m->path) && !path_is_null(&m->path));
        PROMISE(is_within(m->name, text));
        PROMISE(m->offset <= text.len && m->len <= text.len - m->offset);
        PROMISE(address_parse(&again, path_address(&m->path), &e));
        PROMISE(again.count == 1 && path_compare(&again.items[0].path, &m->path) == 0);
        mailboxes_clear(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_slice(data, size);
    struct mailboxes list = {0};
    struct err e = {.kind = ERR_NONE};

    if (address_parse(&list, text, &e)) {
        look_at_list(&list, text);
    } else {
        promise_err(&e);
        PROMISE(e.kind == ERR_DATA && list.count == 0);
    }
    mailboxes_clear(&list);
    name_stays_a_name(text);
    return 0;
}
