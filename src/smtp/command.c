/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/command.h"

#include <inttypes.h>

#include "base/base64.h"
#include "base/limits.h"

static void end_line(struct buf *out)
{
    buf_put_text(out, "\r\n");
}

void command_simple(struct buf *out, enum verb verb)
{
    buf_put_text(out, verbs[verb].name);
    end_line(out);
}

bool command_parameter_is_valid(struct slice text)
{
    size_t equals = slice_find(text, '=', 0);

    for (size_t i = 0; i < equals; i++)
        if (!ascii_is_alpha(text.data[i]) && !ascii_is_digit(text.data[i]) &&
            (text.data[i] != '-' || i == 0))
            return false;
    for (size_t i = equals + 1; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '=')
            return false;
    return equals > 0 && equals + 1 != text.len && text.len <= LIMIT_PARAMETER;
}

static void put_others(struct buf *out, const struct strings *others)
{
    for (size_t i = 0; others && i < others->count; i++)
        buf_put_format(out, " %s", others->items[i]);
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
    if (params->require_tls)
        buf_put_text(out, " REQUIRETLS");
    if (params->ret != RET_NONE)
        buf_put_text(out, params->ret == RET_FULL ? " RET=FULL" : " RET=HDRS");
    if (params->envid)
        buf_put_format(out, " ENVID=%s", params->envid);
    put_others(out, params->others);
    end_line(out);
}

static void put_notify(struct buf *out, unsigned notify)
{
    static const struct {
        enum notify bit;
        const char *word;
    } words[] = {
        {NOTIFY_NEVER, "NEVER"},
        {NOTIFY_SUCCESS, "SUCCESS"},
        {NOTIFY_FAILURE, "FAILURE"},
        {NOTIFY_DELAY, "DELAY"},
    };
    const char *before = " NOTIFY=";

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (notify & words[i].bit) {
            buf_put_format(out, "%s%s", before, words[i].word);
            before = ",";
        }
}

void command_rcpt(struct buf *out, const struct path *forward_path,
                  const struct rcpt_params *params)
{
    buf_put_text(out, "RCPT TO:");
    path_format(out, forward_path);
    put_notify(out, params->notify);
    if (params->orcpt)
        buf_put_format(out, " ORCPT=%s", params->orcpt);
    put_others(out, params->others);
    end_line(out);
}

void command_bdat(struct buf *out, uint64_t octets, bool last)
{
    buf_put_format(out, "BDAT %" PRIu64 "%s", octets, last ? " LAST" : "");
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
