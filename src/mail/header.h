/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* The header block of a message (RFC 5322 2.2): a push parser takes bytes that wire_canonical has
 * made (lines end in CRLF) and collects fields; afterwards fields can be looked up, removed,
 * replaced and added. All raw text lies in one buffer of at most LIMIT_HEADER_BLOCK octets.
 *
 * Tolerance: a first line "From " or ">From " (mbox) is dropped when a field or the empty line
 * follows; a block that does not begin with a field is all body; a line inside that is neither
 * field nor continuation ends the block and begins the body, as with sendmail. Blanks before the
 * colon are obsolete but a field (RFC 5322 4.5), and so is a continuation of nothing but blanks
 * (4.2). */

struct field {
    size_t offset;           /* of the name in header.block */
    size_t name_len;
    size_t value;            /* offset of the first octet behind the colon */
    size_t end;              /* behind the field's last CRLF */
    bool removed;
};

struct header {
    struct buf block;
    struct field *fields;
    size_t count, capacity;
    size_t scanned;          /* parser: complete lines up to here are taken */
    bool done;               /* parser: the end was seen */
    size_t rest, rest_len;   /* parser: octets of the block that belong to the body */
};

void header_init(struct header *h);
void header_clear(struct header *h);

/* `to` is initialised here: the fields of `from` that are not removed. */
void header_copy(struct header *to, const struct header *from);

/* Take bytes until the end of the block; *used tells how many (all of them until h->done). When
 * done is set, the body is header_rest() followed by what was not used. Over the limit, or a NUL
 * within: ERR_DATA. */
bool header_feed(struct header *h, struct slice bytes, size_t *used, struct err *e);
/* No more input: what is there is all. */
bool header_end(struct header *h, struct err *e);
struct slice header_rest(const struct header *h);

/* Fields by name, without regard to case, removed ones passed over. `from` is the index to begin
 * at; the index of the hit, or h->count. */
size_t header_find(const struct header *h, const char *name, size_t from);
bool header_has(const struct header *h, const char *name);
struct slice header_name(const struct header *h, size_t index);
/* The value as it stands, folding included, without the last CRLF. */
struct slice header_value(const struct header *h, size_t index);
/* Name, colon, value, CRLF. */
struct slice header_raw(const struct header *h, size_t index);

void header_remove(struct header *h, const char *name);     /* every field of that name */
/* Append a field "name: value"; no blank is put where the value begins with one. CR and LF in the
 * value must be folding (CRLF and a blank), NUL must not be: else ERR_DATA. */
bool header_add(struct header *h, const char *name, struct slice value, struct err *e);
/* The same, before all others: where a trace goes (RFC 5321 4.4). */
bool header_add_first(struct header *h, const char *name, struct slice value, struct err *e);
/* The same in place of field `index`, whose name stays as written. */
bool header_replace(struct header *h, size_t index, struct slice value, struct err *e);

/* The block as it goes out: fields in order, without the empty line. */
size_t header_size(const struct header *h);
void header_write(const struct header *h, struct buf *out);

#endif
