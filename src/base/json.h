/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* JSON (RFC 8259), written as it goes, two blanks a level, so that a person can read it too.
 *
 *     json_init(&j, &out);
 *     json_begin_object(&j, NULL);
 *     json_put_text(&j, "name", SLICE("value"));
 *     json_begin_array(&j, "list"); ... json_end(&j);
 *     json_end(&j);
 *
 * `key` is NULL inside arrays and for the outermost value. What is no UTF-8 becomes U+FFFD, and
 * what a terminal should not see is escaped. A number beyond 2^53 may lose digits at the reader. */

enum { JSON_DEPTH = 30 };

struct json {
    struct buf *out;         /* borrowed */
    unsigned depth;
    uint32_t arrays;         /* bit n: level n is an array */
    uint32_t filled;         /* bit n: level n has a member already */
};

void json_init(struct json *j, struct buf *out);
void json_begin_object(struct json *j, const char *key);
void json_begin_array(struct json *j, const char *key);
/* Ends the innermost one; a line end follows the outermost. */
void json_end(struct json *j);

void json_put_text(struct json *j, const char *key, struct slice text);
/* NULL gives null. */
void json_put_string(struct json *j, const char *key, const char *text);
void json_put_number(struct json *j, const char *key, int64_t number);
void json_put_bool(struct json *j, const char *key, bool value);
void json_put_null(struct json *j, const char *key);

#endif
