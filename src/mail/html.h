/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_HTML_H
#define MAIL_HTML_H

#include "mail/text.h"

/* HTML that shows images of the same message (RFC 2392: "cid:" and the part's Content-ID). */

struct html_image {
    const char *name;        /* as the HTML refers to it: the file's name, or its path as given */
    const char *path;
    const char *content_id;  /* without angle brackets */
    bool is_used;            /* out: something refers to it */
};

struct html_images {
    struct html_image *items;
    size_t count;
};

/* Plain text as an HTML document with the images below it. */
bool html_from_text(const struct text *text, const struct html_images *images, struct text *out,
                    struct err *e);

/* A document in which src="NAME" and cid:NAME become cid:CONTENT-ID. A cid: that is none of the
 * images is ERR_DATA. */
bool html_resolve(struct slice html, const struct html_images *images, struct text *out,
                  struct err *e);

#endif
