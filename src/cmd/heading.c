/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/heading.h"

#include <string.h>

#include "base/say.h"
#include "mail/address.h"
#include "mail/words.h"
#include "relay/prepare.h"

/* RFC 5322 2.1.1 */
#define LINE 78

/* A display name without what quotes it: as its owner would write it. */
static void put_plain_name(struct buf *out, struct slice name)
{
    bool quoted = false;

    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (c == '"')
            quoted = !quoted;
        else if (c == '\\' && quoted && i + 1 < name.len)
            buf_put_byte(out, name.data[++i]);
        else
            buf_put_byte(out, c);
    }
}

static bool has_encoded_word(struct slice name)
{
    for (size_t i = 0; i + 1 < name.len; i++)
        if (name.data[i] == '=' && name.data[i + 1] == '?')
            return !slice_has_8bit(name);
    return false;
}

/* "Name <a@b>", the name as RFC 5322 wants it; the domain in its ASCII form. */
static bool put_mailbox(struct buf *out, const struct mailbox *m, const char *domain, struct err *e)
{
    struct path path = {0};
    struct buf name;

    path_copy(&path, &m->path);
    if ((domain && !path_qualify(&path, domain, e)) || !path_domain_to_ascii(&path, e)) {
        path_clear(&path);
        return false;
    }
    buf_init(&name, LIMIT_HEADER_BLOCK);
    if (has_encoded_word(m->name)) {
        buf_put_slice(out, m->name);
    } else {
        put_plain_name(&name, m->name);
        if (name.len)
            address_format_name(out, buf_slice(&name));
    }
    if (m->name.len) {
        buf_put_byte(out, ' ');
        path_format(out, &path);
    } else {
        buf_put_slice(out, path_address(&path));
    }
    buf_clear(&name);
    path_clear(&path);
    return true;
}

static size_t column_of(const struct buf *out, size_t column)
{
    for (size_t at = out->len; at > 0; at--)
        if (out->data[at - 1] == '\n')
            return out->len - at;
    return column + out->len;
}

/* A field with addresses that is being written. */
struct field_text {
    struct buf value;
    size_t column;           /* where the value begins */
    const char *domain;      /* for bare names; may be NULL */
};

static void begin_field(struct field_text *f, size_t name_len, const char *domain)
{
    *f = (struct field_text){.column = name_len + 2, .domain = domain};
    buf_init(&f->value, LIMIT_HEADER_BLOCK);
}

/* ", Name <a@b>", on a line of its own when it does not fit. */
static bool put_next(struct field_text *f, const struct mailbox *m, struct err *e)
{
    struct buf *out = &f->value, one;

    buf_init(&one, LIMIT_HEADER_BLOCK);
    bool ok = put_mailbox(&one, m, f->domain, e);
    size_t first_line = ok ? slice_find(buf_slice(&one), '\r', 0) : 0;
    if (out->len) {
        buf_put_text(out, ",");
        buf_put_text(out, column_of(out, f->column) + 2 + first_line > LINE ? "\r\n " : " ");
    }
    buf_put_slice(out, buf_slice(&one));
    buf_clear(&one);
    return ok;
}

/* An address list as people type it. */
static bool put_addresses(struct field_text *f, struct slice text, struct err *e)
{
    struct mailboxes list = {0};
    bool ok = address_parse(&list, text, e);

    for (size_t i = 0; ok && i < list.count; i++)
        ok = put_next(f, &list.items[i], e);
    mailboxes_clear(&list);
    return ok;
}

/* To or Cc. */
static bool add_recipient_field(const struct strings *lists, const char *name, const char *domain,
                                struct header *h, struct err *e)
{
    struct field_text f;
    bool ok = true;

    begin_field(&f, strlen(name), domain);
    for (size_t i = 0; ok && i < lists->count; i++)
        ok = put_addresses(&f, slice_of(lists->items[i]), e);
    ok = ok && (!f.value.len || header_add(h, name, buf_slice(&f.value), e));
    buf_clear(&f.value);
    return ok;
}

static bool add_recipients(const struct strings *lists, struct envelope *v, struct err *e)
{
    for (size_t i = 0; i < lists->count; i++)
        if (!prepare_argument_recipients(v, slice_of(lists->items[i]), e))
            return false;
    return true;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if (ascii_is_control(*text))
            return true;
    return false;
}

static bool add_from(const char *from, struct header *h, struct envelope *v, struct err *e)
{
    struct mailboxes list = {0};
    struct buf value;

    if (has_control(from))
        return err_set(e, ERR_USAGE, "%s", _("-r: the sender holds a control character"));
    buf_init(&value, LIMIT_HEADER_BLOCK);
    bool ok = address_parse(&list, slice_of(from), e) || err_wrap(e, "-r");
    if (ok && list.count != 1)
        ok = err_set(e, ERR_USAGE, _("-r \"%s\": write one address"), from);
    if (ok) {
        path_copy(&v->reverse_path, &list.items[0].path);
        ok = put_mailbox(&value, &list.items[0], NULL, e) &&
             header_add(h, "From", buf_slice(&value), e);
    }
    mailboxes_clear(&list);
    buf_clear(&value);
    return ok;
}

/* Fields that an option of ours makes, or that would say what is not so. */
static const struct {
    const char *name, *instead;
} not_by_header[] = {
    {"From", "use -r"},
    {"To", "name the recipients behind the options"},
    {"Cc", "use -c"},
    {"Bcc", "use -b"},
    {"Subject", "use -s"},
    {"MIME-Version", "smtpost writes it"},
    {"Content-Type", "use --type"},
    {"Content-Transfer-Encoding", "smtpost writes it"},
    {"Content-Disposition", "smtpost writes it"},
    {"Content-ID", "smtpost writes it"},
    {"Return-Path", "the last server writes it"},
    {"Resent-Bcc", "use -b"},
};

static const char *const address_fields[] = {
    "Reply-To", "Sender", "Mail-Followup-To", "Mail-Reply-To", "Errors-To",
    "Disposition-Notification-To", "Return-Receipt-To", "Resent-From", "Resent-To", "Resent-Cc"};

static bool check_name(const char *field, struct slice name, struct err *e)
{
    bool ok = name.len > 0 && slice_find(slice_of(field), ':', 0) == name.len;

    for (size_t i = 0; i < name.len; i++)
        ok = ok && name.data[i] > 32 && name.data[i] < 127;
    if (!ok)
        return err_set(e, ERR_USAGE, _("--header \"%s\": write 'Name: value'"), field);
    for (size_t i = 0; i < sizeof not_by_header / sizeof *not_by_header; i++)
        if (slice_eq_nocase(name, slice_of(not_by_header[i].name)))
            return err_set(e, ERR_USAGE, "--header \"%s\": %s", field, not_by_header[i].instead);
    return true;
}

static bool is_address_field(struct slice name)
{
    for (size_t i = 0; i < sizeof address_fields / sizeof *address_fields; i++)
        if (slice_eq_nocase(name, slice_of(address_fields[i])))
            return true;
    return false;
}

static bool add_field(const char *field, const char *domain, struct header *h, struct err *e)
{
    size_t colon = slice_find(slice_of(field), ':', 0);
    struct slice name = slice_make(field, colon);
    struct slice text = slice_trim(slice_from(slice_of(field), colon + 1));
    char terminated[LIMIT_TEXT_LINE];
    struct field_text f;

    if (!check_name(field, name, e))
        return false;
    if (name.len >= sizeof terminated)
        return err_set(e, ERR_USAGE, "%s", _("--header: the name is too long"));
    memcpy(terminated, name.data, name.len);
    terminated[name.len] = '\0';
    begin_field(&f, name.len, domain);
    bool ok = true;
    if (is_address_field(name))
        ok = put_addresses(&f, text, e) || err_wrap(e, "--header \"%s\"", field);
    else
        words_unstructured(&f.value, text, f.column);
    ok = ok && header_add(h, terminated, buf_slice(&f.value), e);
    buf_clear(&f.value);
    return ok;
}

static bool add_subject(const char *subject, struct header *h, struct err *e)
{
    struct buf value;

    buf_init(&value, LIMIT_HEADER_BLOCK);
    words_unstructured(&value, slice_of(subject), sizeof "Subject: " - 1);
    bool ok = header_add(h, "Subject", buf_slice(&value), e);
    buf_clear(&value);
    return ok;
}

bool heading_write_sender(const struct letter *l, struct header *h, struct envelope *v,
                          struct err *e)
{
    return !l->from || add_from(l->from, h, v, e);
}

bool heading_write(const struct letter *l, const char *domain, struct header *h,
                   struct envelope *v, struct err *e)
{
    bool ok = add_recipients(&l->to, v, e) && add_recipients(&l->cc, v, e) &&
              add_recipients(&l->bcc, v, e) && add_recipient_field(&l->to, "To", domain, h, e) &&
              add_recipient_field(&l->cc, "Cc", domain, h, e) &&
              (!l->subject || add_subject(l->subject, h, e));

    for (size_t i = 0; ok && i < l->headers.count; i++)
        ok = add_field(l->headers.items[i], domain, h, e);
    return ok;
}
