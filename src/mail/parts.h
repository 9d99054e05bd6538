/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_PARTS_H
#define MAIL_PARTS_H

#include "mail/message.h"
#include "mail/transfer.h"

/* The MIME structure of a message (RFC 2045, RFC 2046): where the header and the body of each part
 * lie, and what its octets ask of the transport. Found in one pass over the body; nothing is
 * changed. What is broken, or nested deeper than LIMIT_PART_DEPTH, is opaque. */

enum part_kind {
    PART_LEAF,               /* text, an image...: its transfer encoding is ours to choose */
    PART_MULTIPART,
    PART_MESSAGE,            /* holds a message, has no encoding of its own (RFC 2046 5.2.1) */
    PART_OPAQUE              /* must stay as it is to the octet: signed (RFC 1847 2.1), encrypted, a
                              * piece of a message, an encoding nobody knows */
};

enum part_encoding {
    PART_IDENTITY,           /* 7bit, 8bit, binary, or not said */
    PART_QUOTED_PRINTABLE,
    PART_BASE64
};

struct part {
    enum part_kind kind;
    enum part_encoding encoding;
    size_t parent;           /* its index; the root is its own */
    bool is_text;            /* text/..., or a type not given */
    bool is_message;         /* the header is that of a message: MIME-Version belongs there */
    bool has_type;           /* Content-Type is there */
    bool is_8bit_labelled;   /* Content-Transfer-Encoding says 8bit or binary */
    uint64_t header;         /* offsets in the message's body; for the root 0, 0, and the size */
    uint64_t body;
    uint64_t end;
    /* Measures of what lies in no other part. */
    bool has_8bit_header;
    bool has_nul;
    uint64_t octets, octets_8bit;
    uint64_t longest_line;   /* without CRLF */
    struct utf8_check utf8;
};

struct parts {
    struct part *items;      /* in the order of their headers: parents before children */
    size_t count, capacity;
};

/* parts is initialised here, and to be cleared in any case. ERR_DATA: more than LIMIT_PARTS, or a
 * part's header that none can be. */
bool parts_scan(struct parts *parts, const struct message *m, struct err *e);
void parts_clear(struct parts *parts);

#endif
