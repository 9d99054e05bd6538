/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/author.h"

#include <stdlib.h>

#include "base/limits.h"

/* For a From that is missing: the envelope's sender, or, for the null path, whoever the account
 * sends as. */
static bool find_author(const struct preparation *p, struct path *author, struct err *e)
{
    const struct path *sender = &p->envelope->reverse_path;
    const char *wanted = account_default_sender(p->account);

    if (!path_is_null(sender)) {
        path_copy(author, sender);
        return true;
    }
    if (!wanted)
        wanted = p->user ? p->user : "postmaster";
    return path_parse(author, slice_of(wanted), e) && prepare_qualify(p, author, e);
}

/* The address that the account may send as, for certain. */
static bool find_own_address(const struct preparation *p, struct path *own, struct err *e)
{
    const char *wanted = p->account->envelope_from ? p->account->envelope_from
                                                   : account_default_sender(p->account);

    return wanted ? path_parse(own, slice_of(wanted), e) : find_author(p, own, e);
}

/* "Name <address>", or the address alone. */
static void put_mailbox(struct buf *value, const char *name, const struct path *path)
{
    if (name && *name) {
        address_format_name(value, slice_of(name));
        buf_put_byte(value, ' ');
        path_format(value, path);
    } else {
        buf_put_slice(value, path_address(path));
    }
}

static bool add_from(struct preparation *p, struct err *e)
{
    struct path who = {0};
    struct buf value;

    if (!find_author(p, &who, e))
        return false;
    buf_init(&value, LIMIT_PATH * 8);
    put_mailbox(&value, p->full_name, &who);
    path_clear(&who);
    header_remove(&p->message->header, "From");
    return prepare_add_field(p, "From", &value, e);
}

/* Bare addresses get the domain, in place: "root (Cron Daemon)" keeps its comment. */
static bool qualify(struct preparation *p, const char *name, size_t index,
                    const struct mailboxes *list, struct err *e)
{
    struct slice old = header_value(&p->message->header, index);
    struct buf value;
    size_t copied = 0;
    bool changed = false;

    buf_init(&value, LIMIT_HEADER_BLOCK);
    for (size_t i = 0; i < list->count; i++) {
        const struct mailbox *m = &list->items[i];
        if (!path_is_bare(&m->path))
            continue;
        size_t end = m->offset + m->len;
        buf_put(&value, old.data + copied, end - copied);
        buf_put_format(&value, "@%s", prepare_domain(p));
        copied = end;
        changed = true;
    }
    buf_put_slice(&value, slice_from(old, copied));
    bool ok = !changed || header_replace(&p->message->header, index, buf_slice(&value), e);
    buf_clear(&value);
    if (changed)
        prepare_note(p, "qualified", name);
    return ok;
}

static bool qualify_field(struct preparation *p, const char *name, struct err *e)
{
    struct mailboxes list = {0};
    size_t index;
    bool ok = !prepare_parse_from(&p->message->header, name, &index, &list) ||
              qualify(p, name, index, &list, e);

    mailboxes_clear(&list);
    return ok;
}

/* Where the address of a single mailbox stands, that alone is exchanged, and its name and comments
 * stay as they were written; what names several, or nobody, is written anew. */
static bool exchange(struct preparation *p, const char *name, const struct path *own, struct err *e)
{
    struct header *h = &p->message->header;
    struct mailboxes list = {0};
    struct buf value;
    size_t index;

    bool parsed = prepare_parse_from(h, name, &index, &list);
    if (index == h->count)
        return true;
    bool same = parsed && list.count == 1 && path_compare(&list.items[0].path, own) == 0;
    buf_init(&value, LIMIT_HEADER_BLOCK);
    if (parsed && list.count == 1 && list.items[0].name.len) {
        struct slice old = header_value(h, index);
        size_t end = list.items[0].offset + list.items[0].len;
        buf_put(&value, old.data, list.items[0].offset);
        buf_put_slice(&value, path_address(own));
        buf_put_slice(&value, slice_from(old, end));
    } else {
        char *shown = parsed ? slice_dup(list.items[0].name) : NULL;
        put_mailbox(&value, shown && *shown ? shown : p->account->from_name, own);
        free(shown);
    }
    bool ok = same || header_replace(h, index, buf_slice(&value), e);
    if (!same)
        prepare_note(p, "replaced address in", name);
    buf_clear(&value);
    mailboxes_clear(&list);
    return ok;
}

static bool replace(struct preparation *p, struct err *e)
{
    struct path own = {0};
    bool ok = find_own_address(p, &own, e) && exchange(p, "From", &own, e) &&
              exchange(p, "Resent-From", &own, e);

    path_clear(&own);
    prepare_remove_field(p, "Sender");
    prepare_remove_field(p, "Resent-Sender");
    return ok;
}

static bool is_missing(const struct header *h)
{
    size_t index = header_find(h, "From", 0);

    return index == h->count || slice_trim(header_value(h, index)).len == 0;
}

bool author_complete(struct preparation *p, struct err *e)
{
    static const char *const fields[] = {"From", "Sender", "Reply-To", "Resent-From",
                                         "Resent-Sender"};
    bool ok = true;

    if (p->account->from_header == ACCOUNT_FROM_KEEP)
        return true;
    if (is_missing(&p->message->header) && account_adds(p->account, "from"))
        ok = add_from(p, e);
    bool leaves_bare = account_leaves_bare(p->account);
    for (size_t i = 0; ok && !leaves_bare && i < sizeof fields / sizeof *fields; i++)
        ok = qualify_field(p, fields[i], e);
    return ok && (p->account->from_header != ACCOUNT_FROM_REPLACE || replace(p, e));
}
