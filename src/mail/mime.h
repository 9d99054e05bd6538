/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include <stdint.h>

#include "base/spill.h"
#include "mail/message.h"
#include "mail/text.h"

/* A message body with MIME structure that is being composed (RFC 2045 to 2049): a tree of parts.
 * Its size is known to the octet before anything is encoded, files are read when they are written,
 * in blocks, and only 7bit comes out. */

enum mime_encoding { MIME_7BIT, MIME_QUOTED_PRINTABLE, MIME_BASE64 };

struct mime_part {
    char *type;              /* with parameters, but charset and boundary */
    char *charset;           /* NULL: none is said */
    char *name;              /* a file's name; NULL: none */
    char *content_id;        /* without angle brackets; NULL: none */
    bool is_attachment;      /* else shown where it stands */
    enum mime_encoding encoding;

    struct spill content;    /* encoded already, unless fd is set */
    int fd;                  /* a file, open, of `size` octets, to become base64; or -1 */
    uint64_t size;
    char *path;              /* of that file, for errors */

    char *boundary;          /* a multipart's; NULL: a leaf */
    struct mime_part **parts;
    size_t count, capacity;
};

/* Each part belongs to the one that it was added to; mime_free releases the tree and its files. */
struct mime_part *mime_multipart(const char *subtype, const char *boundary);
void mime_add(struct mime_part *to, struct mime_part *part);
/* Does the type have that parameter? */
bool mime_says_charset(const char *type);
/* Out of text, encoded as it needs; with a charset unless `type` names one. NULL: e. */
struct mime_part *mime_text(const char *type, const struct text *text, struct err *e);
/* Text that may only be 7bit and is (message/rfc822). */
struct mime_part *mime_verbatim(const char *type, const struct text *text, struct err *e);
/* Takes fd over. */
struct mime_part *mime_file(const char *type, const char *path, int fd, uint64_t size);
void mime_free(struct mime_part *part);

const char *mime_encoding_name(const struct mime_part *part);
/* Octets of its content as it will be on the wire; of all parts, what is between them included. */
uint64_t mime_size(const struct mime_part *part);

/* The fields of the whole: MIME-Version, Content-Type and what goes with it. */
bool mime_add_fields(const struct mime_part *part, struct header *h, struct err *e);

/* Write the body. A file that has not the size any more that it had is an error. */
bool mime_write(const struct mime_part *part, struct spill *out, const struct progress_watch *watch,
                struct err *e);

#endif
