/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/dsn.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"
#include "mail/date.h"
#include "mail/msgid.h"
#include "mail/xtext.h"

/* So much of a long header is enough to know the message by. */
#define HEADER_KEPT 65536

static void put_date(struct buf *out, const char *name, time_t when)
{
    buf_put_format(out, "%s: ", name);
    date_format(out, when);
    buf_put_text(out, "\r\n");
}

static bool needs_utf8(const struct envelope *v)
{
    return envelope_has_utf8_local(v) || envelope_has_utf8_domain(v);
}

/* Harmless, and ASCII unless the part may hold UTF-8. */
static void put_clean(struct buf *out, struct slice text, bool utf8)
{
    struct buf clean;

    buf_init(&clean, text.len * 4 + 1);
    log_clean(&clean, text);
    for (size_t i = 0; i < clean.len; i++) {
        bool ascii = (unsigned char)clean.data[i] < 128;
        buf_put_byte(out, ascii || utf8 ? clean.data[i] : '?');
    }
    buf_clear(&clean);
}

static void put_head(struct buf *out, const struct dsn *d, const char *boundary)
{
    buf_put_format(out, "From: Mail Delivery System <MAILER-DAEMON@%s>\r\nTo: ", d->domain);
    path_format(out, &d->envelope->reverse_path);
    buf_put_text(out, "\r\nSubject: Undelivered mail: returned to sender\r\n");
    put_date(out, "Date", d->now);
    buf_put_text(out, "Message-ID: ");
    msgid_format(out, d->now, d->domain);
    buf_put_format(out, "\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
                        "Content-Type: multipart/report; report-type=%s;\r\n"
                        "\tboundary=\"%s\"\r\n\r\n",
                   needs_utf8(d->envelope) ? "global-delivery-status" : "delivery-status",
                   boundary);
}

static void begin_part(struct buf *out, const char *boundary, const char *type, bool is_8bit)
{
    buf_put_format(out, "--%s\r\nContent-Type: %s\r\n%s\r\n", boundary, type,
                   is_8bit ? "Content-Transfer-Encoding: 8bit\r\n" : "");
}

/* For people. */
static void put_text(struct buf *out, const struct dsn *d)
{
    const struct envelope *v = d->envelope;

    buf_put_format(out,
                   "This is the mail program at %s.\r\n\r\n"
                   "Your message could not be delivered to the recipients below. Its\r\n"
                   "header is attached. No further attempt will be made for them.\r\n",
                   d->host);
    for (size_t i = 0; i < v->count; i++) {
        if (!d->failed[i])
            continue;
        buf_put_text(out, "\r\n");
        path_format(out, &v->recipients[i].path);
        buf_put_text(out, ":\r\n    ");
        if (d->remote && v->recipients[i].outcome.by_server)
            buf_put_format(out, "%s said: ", d->remote);
        put_clean(out, slice_of(v->recipients[i].outcome.text), true);
        buf_put_text(out, "\r\n");
    }
    buf_put_text(out, "\r\n");
}

/* A value in xtext (RFC 3461 4) as the field of RFC 3464 has it. */
static void put_xtext(struct buf *out, const char *name, const char *value, bool utf8)
{
    struct buf text;

    if (!value)
        return;
    buf_init(&text, LIMIT_COMMAND);
    if (xtext_decode(&text, slice_of(value))) {
        buf_put_format(out, "%s: ", name);
        put_clean(out, buf_slice(&text), utf8);
        buf_put_text(out, "\r\n");
    }
    buf_clear(&text);
}

/* RFC 3464 2.3. */
static void put_recipient(struct buf *out, const struct dsn *d, const struct recipient *r)
{
    bool utf8 = needs_utf8(d->envelope);
    const struct outcome *o = &r->outcome;
    struct status status = o->status.klass ? o->status : (struct status){.klass = 5};
    struct slice address = path_address(&r->path);

    buf_put_text(out, "\r\n");
    put_xtext(out, "Original-Recipient", r->orcpt, utf8);
    buf_put_format(out, "Final-Recipient: %s; ", slice_has_8bit(address) ? "utf-8" : "rfc822");
    buf_put_slice(out, address);
    buf_put_text(out, "\r\nAction: failed\r\nStatus: ");
    status_format(out, status);
    buf_put_text(out, "\r\n");
    if (d->remote && o->by_server) {
        size_t colon = slice_find(slice_of(d->remote), ':', 0);
        buf_put_format(out, "Remote-MTA: dns; %.*s\r\nDiagnostic-Code: smtp; ", (int)colon,
                       d->remote);
    } else {
        buf_put_text(out, "Diagnostic-Code: x-smtpost; ");
    }
    put_clean(out, slice_of(o->text ? o->text : "none"), utf8);
    buf_put_text(out, "\r\n");
    put_date(out, "Last-Attempt-Date", d->now);
}

static void put_status(struct buf *out, const struct dsn *d)
{
    const struct envelope *v = d->envelope;

    buf_put_format(out, "Reporting-MTA: dns; %s\r\n", d->host);
    put_xtext(out, "Original-Envelope-Id", v->envid, needs_utf8(v));
    put_date(out, "Arrival-Date", d->arrival);
    for (size_t i = 0; i < v->count; i++)
        if (d->failed[i])
            put_recipient(out, d, &v->recipients[i]);
    buf_put_text(out, "\r\n");
}

static bool header_is_8bit(const struct header *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (!h->fields[i].removed && slice_has_8bit(header_raw(h, i)))
            return true;
    return false;
}

static void put_header(struct buf *out, const struct header *h)
{
    size_t begin = out->len;

    for (size_t i = 0; i < h->count; i++)
        if (!h->fields[i].removed && out->len - begin + header_raw(h, i).len < HEADER_KEPT)
            buf_put_slice(out, header_raw(h, i));
    buf_put_text(out, "\r\n");
}

void dsn_write(const struct dsn *d, struct buf *out)
{
    bool utf8 = needs_utf8(d->envelope), header_8bit = header_is_8bit(d->header);
    char boundary[24];
    struct buf text;

    random_name(boundary, sizeof boundary - 1);
    buf_init(&text, LIMIT_ENVELOPE_FILE);
    put_text(&text, d);
    put_head(out, d, boundary);
    begin_part(out, boundary, "text/plain; charset=utf-8", slice_has_8bit(buf_slice(&text)));
    buf_put_slice(out, buf_slice(&text));
    buf_clear(&text);
    begin_part(out, boundary, utf8 ? "message/global-delivery-status" : "message/delivery-status",
               utf8);
    put_status(out, d);
    begin_part(out, boundary, header_8bit ? "message/global-headers" : "text/rfc822-headers",
               header_8bit);
    put_header(out, d->header);
    buf_put_format(out, "--%s--\r\n", boundary);
}
