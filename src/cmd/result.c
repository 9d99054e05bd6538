/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/result.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/json.h"

static void put_recipient(struct json *j, const struct recipient *r)
{
    const struct outcome *o = &r->outcome;
    struct buf status;

    buf_init(&status, 32);
    status_format(&status, o->status);
    json_begin_object(j, NULL);
    json_put_text(j, "address", path_address(&r->path));
    json_put_string(j, "verdict", o->verdict == VERDICT_NONE ? NULL : verdict_name(o->verdict));
    json_put_number(j, "code", o->code);
    json_put_string(j, "status", status.len ? status.data : NULL);
    json_put_string(j, "step", o->step);
    json_put_string(j, "text", o->text);
    json_end(j);
    buf_clear(&status);
}

static void put_servers(struct json *j, const struct account *a)
{
    struct buf text;

    buf_init(&text, LIMIT_LOG_LINE);
    json_begin_array(j, "servers");
    if (a->socket)
        json_put_string(j, NULL, a->socket);
    for (size_t i = 0; i < a->host.count; i++) {
        buf_reset(&text);
        buf_put_format(&text, "%s:%u", a->host.items[i], account_port(a));
        json_put_text(j, NULL, buf_slice(&text));
    }
    json_end(j);
    buf_clear(&text);
}

static void put_plan(struct json *j, const struct submission *s)
{
    const struct message *m = &s->message;
    bool utf8 = m->has_8bit_header || envelope_has_utf8_local(&s->envelope) ||
                envelope_has_utf8_domain(&s->envelope);

    json_put_string(j, "account", s->selection.account);
    json_put_string(j, "why", s->selection.account ? s->selection.why : NULL);
    put_servers(j, &s->account);
    json_put_string(j, "server", s->delivery.server[0] ? s->delivery.server : NULL);
    json_put_text(j, "from", path_address(&s->envelope.reverse_path));
    json_begin_array(j, "recipients");
    for (size_t i = 0; i < s->envelope.count; i++)
        put_recipient(j, &s->envelope.recipients[i]);
    json_end(j);
    json_begin_array(j, "changes");
    for (size_t i = 0; i < s->notes.count; i++)
        json_put_string(j, NULL, s->notes.items[i]);
    json_end(j);
    json_put_number(j, "size", (int64_t)message_size(m));
    json_put_string(j, "content", utf8 ? "utf8" : m->has_8bit ? "8bit" : "7bit");
}

int result_print(const struct submission *s, const struct err *e, int status)
{
    struct json j;
    struct buf out;

    buf_init(&out, LIMIT_JSON);
    json_init(&j, &out);
    json_begin_object(&j, NULL);
    put_plan(&j, s);
    json_put_bool(&j, "dry_run", s->args->dry_run);
    json_put_bool(&j, "queued", s->delivery.queued);
    json_put_string(&j, "error", e ? e->text : NULL);
    json_put_number(&j, "exit", status);
    json_end(&j);
    fwrite(out.data, 1, out.len, stdout);
    buf_clear(&out);
    bool written = fflush(stdout) == 0;
    return written || !s->args->dry_run ? status : EX_IOERR;
}

int result_print_end(const char *error, int status)
{
    struct json j;
    struct buf out;

    buf_init(&out, LIMIT_JSON);
    json_init(&j, &out);
    json_begin_object(&j, NULL);
    json_put_string(&j, "error", error);
    json_put_number(&j, "exit", status);
    json_end(&j);
    fwrite(out.data, 1, out.len, stdout);
    buf_clear(&out);
    return fflush(stdout) == 0 || status != EX_OK ? status : EX_IOERR;
}
