/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/command.h"

#include <inttypes.h>

#include "base/base64.h"

static void end_line(struct buf *out)
{
    buf_put_text(out, "\r\n");
}

void command_simple(struct buf *out, enum verb verb)
{
    buf_put_text(out, verbs[verb].name);
    end_line(out);
}

bool command_hello(struct buf *out, enum verb verb, struct slice name)
{
    if (!path_domain_is_valid(name))
        return false;
    buf_put_text(out, verbs[verb].name);
    buf_put_byte(out, ' ');
    buf_put_slice(out, name);
    end_line(out);
    return true;
}

void command_mail(struct buf *out, const struct path *reverse_path,
                  const struct mail_params *params)
{
    buf_put_text(out, "MAIL FROM:");
    path_format(out, reverse_path);
    if (params->has_size)
        buf_put_format(out, " SIZE=%" PRIu64, params->size);
    if (params->body_8bitmime)
        buf_put_text(out, " BODY=8BITMIME");
    if (params->smtputf8)
        buf_put_text(out, " SMTPUTF8");
    end_line(out);
}

void command_rcpt(struct buf *out, const struct path *forward_path)
{
    buf_put_text(out, "RCPT TO:");
    path_format(out, forward_path);
    end_line(out);
}

void command_auth(struct buf *out, const char *mechanism, const struct slice *initial)
{
    buf_put_format(out, "AUTH %s", mechanism);
    if (initial) {
        buf_put_byte(out, ' ');
        if (initial->len)
            base64_encode(out, *initial);
        else
            buf_put_byte(out, '=');
    }
    end_line(out);
}
