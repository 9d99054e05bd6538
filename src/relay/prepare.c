/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/prepare.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "mail/address.h"
#include "mail/date.h"
#include "mail/msgid.h"
#include "mail/recode.h"
#include "relay/author.h"
#include "relay/notify.h"
#include "relay/recipients.h"

static bool add_all(struct envelope *v, struct mailboxes *list, struct err *e)
{
    for (size_t i = 0; i < list->count; i++) {
        if (path_is_null(&list->items[i].path))
            return err_set(e, ERR_DATA, "<> is no recipient");
        envelope_add(v, &list->items[i].path);
    }
    return v->count <= LIMIT_RECIPIENTS ||
           err_set(e, ERR_DATA, "more than %d recipients", LIMIT_RECIPIENTS);
}

static bool add_list(struct envelope *v, struct slice text, struct err *e)
{
    struct mailboxes list = {0};
    bool ok = address_parse(&list, text, e) && add_all(v, &list, e);

    mailboxes_clear(&list);
    return ok;
}

bool prepare_argument_recipients(struct envelope *v, struct slice argument, struct err *e)
{
    size_t before = v->count;

    /* Folding has no place in an argument: a line end there is an attempt to add a command. */
    for (size_t i = 0; i < argument.len; i++)
        if (ascii_is_control(argument.data[i]))
            return err_set(e, ERR_DATA, "recipient \"%.*s\": holds a control character",
                           (int)(argument.len < 200 ? argument.len : 200), argument.data);
    if (!add_list(v, argument, e))
        return err_wrap(e, "recipient \"%.*s\"", (int)(argument.len < 200 ? argument.len : 200),
                        argument.data);
    return v->count > before || err_set(e, ERR_DATA, "recipient \"%.*s\": no address in it",
                                        (int)(argument.len < 200 ? argument.len : 200),
                                        argument.data);
}

/* Does the field's name stand in the list? */
static bool is_one_of(const struct header *h, size_t index, const char *const names[])
{
    for (size_t i = 0; names[i]; i++)
        if (slice_eq_nocase(header_name(h, index), slice_of(names[i])))
            return true;
    return false;
}

static const char *const recipient_fields[] = {"To", "Cc", "Bcc", NULL};
static const char *const resent_recipient_fields[] = {"Resent-To", "Resent-Cc", "Resent-Bcc", NULL};

/* Resent fields are added on top, a block for each resending; a block ends where a field of a kind
 * that it has already comes again, or where a field stands between. */
static size_t end_of_resent_block(const struct header *h, size_t start)
{
    size_t i = start;

    for (; i < h->count; i++) {
        if (h->fields[i].removed)
            continue;
        if (!slice_has_prefix_nocase(header_name(h, i), SLICE("Resent-")))
            break;
        for (size_t j = start; j < i; j++)
            if (slice_eq_nocase(header_name(h, i), header_name(h, j)))
                return i;
    }
    return i;
}

static bool has_resent_recipients(const struct header *h, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++)
        if (is_one_of(h, i, resent_recipient_fields))
            return true;
    return false;
}

/* The first block of Resent fields that names recipients, as a range of fields; false: none. */
static bool find_resent_block(const struct header *h, size_t *start, size_t *end)
{
    for (size_t i = 0; i < h->count; i = *end) {
        *end = i + 1;
        if (!slice_has_prefix_nocase(header_name(h, i), SLICE("Resent-")))
            continue;
        *start = i;
        *end = end_of_resent_block(h, i);
        if (has_resent_recipients(h, *start, *end))
            return true;
    }
    return false;
}

bool prepare_header_recipients(struct envelope *v, const struct header *h, struct err *e)
{
    size_t start = 0, end = h->count;
    const char *const *names =
        find_resent_block(h, &start, &end) ? resent_recipient_fields : recipient_fields;

    if (names == recipient_fields) {
        start = 0;
        end = h->count;
    }
    for (size_t i = start; i < end; i++) {
        struct slice name = header_name(h, i);
        if (is_one_of(h, i, names) && !add_list(v, header_value(h, i), e))
            return err_wrap(e, "header field %.*s", (int)name.len, name.data);
    }
    return true;
}

bool prepare_sender(struct path *sender, struct slice argument, struct err *e)
{
    struct mailboxes list = {0};

    if (path_parse(sender, argument, e))
        return true;
    /* "Name <a@b>", as a From field would have it. */
    struct err second;
    bool ok = address_parse(&list, argument, &second) && list.count == 1;
    if (ok)
        path_copy(sender, &list.items[0].path);
    mailboxes_clear(&list);
    return ok || err_wrap(e, "sender");
}

bool prepare_parse_from(const struct header *h, const char *name, size_t *index,
                        struct mailboxes *list)
{
    struct err ignored;

    *index = header_find(h, name, 0);
    return *index < h->count && address_parse(list, header_value(h, *index), &ignored) &&
           list->count > 0;
}

bool prepare_header_sender(struct path *sender, const struct header *h)
{
    struct mailboxes list = {0};
    size_t index;
    bool found = prepare_parse_from(h, "From", &index, &list) && list.count == 1 &&
                 !path_is_bare(&list.items[0].path) && !path_is_null(&list.items[0].path);

    if (found)
        path_copy(sender, &list.items[0].path);
    mailboxes_clear(&list);
    return found;
}

const char *prepare_domain(const struct preparation *p)
{
    return p->account->domain ? p->account->domain : p->domain;
}

bool prepare_qualify(const struct preparation *p, struct path *path, struct err *e)
{
    return account_leaves_bare(p->account) || path_qualify(path, prepare_domain(p), e);
}

static bool complete_reverse_path(struct preparation *p, struct err *e)
{
    struct path *sender = &p->envelope->reverse_path;
    const char *wanted = account_default_sender(p->account);

    /* Not the null path: what comes back to it must never cause another message. */
    if (p->account->envelope_from && !path_is_null(sender)) {
        path_clear(sender);
        wanted = p->account->envelope_from;
    }
    if (!path_is_set(sender)) {
        if (!wanted)
            wanted = p->user;
        if (!wanted)
            return err_set(e, ERR_CONFIG, "no sender: write from = \"you@example.org\" into "
                                          "account \"%s\", or give -f", p->account->name);
        if (!path_parse(sender, slice_of(wanted), e))
            return err_wrap(e, "sender");
    }
    return prepare_qualify(p, sender, e);
}

void prepare_note(struct preparation *p, const char *what, const char *name)
{
    struct buf text;

    buf_init(&text, 256);
    buf_put_format(&text, "%s %s", what, name);
    strings_add(&p->notes, buf_slice(&text));
    buf_clear(&text);
}

void prepare_remove_field(struct preparation *p, const char *name)
{
    if (header_has(&p->message->header, name)) {
        header_remove(&p->message->header, name);
        prepare_note(p, "removed", name);
    }
}

bool prepare_add_field(struct preparation *p, const char *name, struct buf *value, struct err *e)
{
    bool ok = header_add(&p->message->header, name, buf_slice(value), e);

    buf_clear(value);
    if (ok)
        prepare_note(p, "added", name);
    return ok;
}

static bool complete_date(struct preparation *p, struct err *e)
{
    struct buf value;

    if (header_has(&p->message->header, "Date") || !account_adds(p->account, "date"))
        return true;
    buf_init(&value, 64);
    date_format(&value, clock_wall());
    return prepare_add_field(p, "Date", &value, e);
}

static bool complete_message_id(struct preparation *p, struct err *e)
{
    struct slice sender = path_domain(&p->envelope->reverse_path);
    struct buf value, domain;

    if (header_has(&p->message->header, "Message-ID") || !account_adds(p->account, "message-id"))
        return true;
    buf_init(&value, LIMIT_PATH + 64);
    buf_init(&domain, LIMIT_DOMAIN);
    if (p->account->domain || sender.len == 0 || sender.data[0] == '[')
        buf_put_text(&domain, prepare_domain(p));
    else
        buf_put_slice(&domain, sender);
    msgid_format(&value, clock_wall(), domain.data);
    buf_clear(&domain);
    return prepare_add_field(p, "Message-ID", &value, e);
}

/* RFC 5322 3.6.3 wants no recipient field, but some who read mail do. */
static bool complete_to(struct preparation *p, struct err *e)
{
    struct buf value;

    if (!p->account->undisclosed || header_has(&p->message->header, "To") ||
        header_has(&p->message->header, "Cc"))
        return true;
    buf_init(&value, 64);
    buf_put_text(&value, "undisclosed-recipients:;");
    return prepare_add_field(p, "To", &value, e);
}

static bool complete_header(struct preparation *p, struct err *e)
{
    if (!p->account->keep_bcc) {
        prepare_remove_field(p, "Bcc");
        prepare_remove_field(p, "Resent-Bcc");
    }
    prepare_remove_field(p, "Return-Path");
    return author_complete(p, e) && complete_to(p, e) && complete_date(p, e) &&
           complete_message_id(p, e);
}

/* The message with what SMTP cannot carry (RFC 5321 4.5.3.1.6), or may not, encoded. */
static bool encode(struct preparation *p, unsigned what, struct err *e)
{
    struct message encoded;
    bool changed;

    if (!recode_message(p->message, what, &encoded, &changed, e))
        return false;
    if (changed) {
        message_clear(p->message);
        *p->message = encoded;
        prepare_note(p, "encoded", "body");
    }
    return true;
}

static bool make_sendable(struct preparation *p, struct err *e)
{
    const struct message *m = p->message;
    bool has_mime = message_has_mime(m);
    unsigned what = 0;

    if (m->has_nul && has_mime)
        return err_set(e, ERR_DATA, "the message has a NUL octet in it, which mail cannot carry: "
                                    "encode that part as base64");
    if (m->has_nul)
        what |= RECODE_NUL;
    if (m->longest_line > LIMIT_TEXT_LINE &&
        (!has_mime || p->account->long_lines == ACCOUNT_LONG_LINES_ENCODE))
        what |= RECODE_LONG_LINES;
    return !what || encode(p, what, e);
}

bool prepare_size_check(const struct account *account, uint64_t size, struct err *e)
{
    struct buf is, allowed;

    if (!account->max_size || size <= account->max_size)
        return true;
    buf_init(&is, 32);
    buf_init(&allowed, 32);
    log_size(&is, size);
    log_size(&allowed, account->max_size);
    err_set(e, ERR_REFUSED, "account \"%s\": the message is too large: %s (%" PRIu64 " octets), "
                            "max-size is %s", account->name, is.data, size, allowed.data);
    buf_clear(&is);
    buf_clear(&allowed);
    return false;
}

bool prepare_all(struct preparation *p, struct err *e)
{
    if (!complete_reverse_path(p, e) || !recipients_complete(p, e) || !make_sendable(p, e) ||
        !complete_header(p, e))
        return false;
    notify_apply(p->account, p->envelope);
    message_measure(p->message);
    return prepare_size_check(p->account, message_size(p->message), e);
}
