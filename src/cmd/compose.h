/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_COMPOSE_H
#define CMD_COMPOSE_H

#include <time.h>

#include "cmd/environ.h"
#include "cmd/letter.h"
#include "mail/html.h"
#include "mail/mime.h"

/* What `smtpost send` makes of a text and files: a tree of parts.
 *
 *     multipart/mixed            only with attachments
 *       multipart/alternative    only with both text and HTML
 *         text/plain
 *         multipart/related      only with images
 *           text/html            the file of --html, else made of the text when there are images
 *           image/...
 *       attachment ...
 */

struct composition {
    const struct letter *letter;
    const char *directory;   /* for unnamed files */
    const char *source_date; /* SOURCE_DATE_EPOCH as written; NULL: not set */
    struct strings type_files;     /* mime.types, the user's first */
    struct text text;
    struct html_images images;
    struct mime_part **image_parts;    /* not yet in the tree */
    struct mime_part *root;
    char unique[21];         /* in boundaries, Content-IDs */
    size_t boundaries;
    bool is_dated;           /* it is set: the same input gives the same message */
    time_t date;
};

void composition_init(struct composition *c, const struct letter *l, const struct host *h);
/* Read the text from stdin (-1: there is none), open the files, and build the tree. */
bool compose(struct composition *c, int stdin_fd, struct err *e);
void composition_clear(struct composition *c);

#endif
