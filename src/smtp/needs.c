/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/needs.h"

#include <inttypes.h>

#include "base/limits.h"

/* A parameter and the keyword of EHLO that it belongs to, where that has another name. */
struct parameter {
    const char *name;
    const char *keyword;
    bool is_ours;            /* set by ourselves, never by hand */
};

static const struct parameter parameters[] = {
    {"SIZE", "SIZE", true},
    {"BODY", "8BITMIME", true},
    {"SMTPUTF8", "SMTPUTF8", true},
    {"REQUIRETLS", "REQUIRETLS", true},
    {"RET", "DSN", true},
    {"ENVID", "DSN", true},
    {"NOTIFY", "DSN", true},
    {"ORCPT", "DSN", true},
    {"BY", "DELIVERBY", false},   /* RFC 2852 */
    {"HOLDFOR", "FUTURERELEASE", false},   /* RFC 4865 */
    {"HOLDUNTIL", "FUTURERELEASE", false},
    {"TRANSID", "CHECKPOINT", false},   /* RFC 1845 */
};

static const struct parameter *find_parameter(struct slice name)
{
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (slice_eq_nocase(slice_of(parameters[i].name), name))
            return &parameters[i];
    return NULL;
}

static struct slice name_of(struct slice text)
{
    return slice_make(text.data, slice_find(text, '=', 0));
}

bool needs_take_parameter(struct slice text, struct err *e)
{
    if (!command_parameter_is_valid(text))
        return err_set(e, ERR_USAGE,
                       "write KEYWORD or KEYWORD=VALUE, without blanks, at most %d octets",
                       LIMIT_PARAMETER);
    const struct parameter *p = find_parameter(name_of(text));
    return !p || !p->is_ours ||
           err_set(e, ERR_USAGE, "%s is not set by hand: it follows from the message, from other "
                                 "options and from what the server offers", p->name);
}

/* RFC 5321 2.2.1: no parameter that the server has not offered. */
static bool check_parameters(const struct session *s, const struct strings *list, struct err *e)
{
    for (size_t i = 0; i < list->count; i++) {
        struct slice name = name_of(slice_of(list->items[i]));
        const struct parameter *p = find_parameter(name);
        struct slice keyword = p ? slice_of(p->keyword) : name;
        if (!capabilities_has_keyword(&s->capabilities, keyword))
            return err_set(e, ERR_REFUSED, "%s was asked for and the server does not offer %.*s",
                           list->items[i], (int)keyword.len, keyword.data);
    }
    return true;
}

static bool check_size(const struct session *s, uint64_t size, struct err *e)
{
    uint64_t most = s->capabilities.size;

    return !most || size <= most ||
           err_set(e, ERR_REFUSED, "the message has %" PRIu64 " octets, the server takes at most %"
                   PRIu64, size, most);
}

/* RFC 8689 4.2.1: only inside TLS with a peer that is who it should be, and only where offered. */
static bool check_require_tls(const struct session *s, const struct envelope *v, struct err *e)
{
    if (!v->require_tls)
        return true;
    if (!s->stream.tls.verified)
        return err_set(e, ERR_REFUSED,
                       "TLS was required for this message and the connection has no verified TLS");
    return capabilities_has(&s->capabilities, CAPABILITY_REQUIRETLS) ||
           err_set(e, ERR_REFUSED,
                   "TLS was required for this message and the server does not offer REQUIRETLS");
}

static bool check_utf8(const struct session *s, struct envelope *v, struct err *e)
{
    if (capabilities_has(&s->capabilities, CAPABILITY_SMTPUTF8))
        return true;
    if (envelope_has_utf8_local(v))
        return err_set(e, ERR_REFUSED,
                       "an address is not ASCII and the server does not offer SMTPUTF8");
    return envelope_domains_to_ascii(v, e);
}

bool needs_of_mail(const struct session *s, struct envelope *v, const struct message *m,
                   struct mail_params *mail, struct err *e)
{
    const struct capabilities *c = &s->capabilities;
    uint64_t size = message_size(m);

    if (!check_size(s, size, e) || !check_require_tls(s, v, e) || !check_utf8(s, v, e) ||
        !check_parameters(s, &v->mail_params, e) || !check_parameters(s, &v->rcpt_params, e))
        return false;
    bool utf8 = v->smtputf8 || m->has_8bit_header || envelope_has_utf8_local(v) ||
                envelope_has_utf8_domain(v);
    bool dsn = capabilities_has(c, CAPABILITY_DSN);
    *mail = (struct mail_params){
        .has_size = capabilities_has(c, CAPABILITY_SIZE),
        .size = size,
        .body_8bitmime = (m->has_8bit || v->body == BODY_8BITMIME) &&
                         capabilities_has(c, CAPABILITY_8BITMIME),
        .smtputf8 = utf8 && capabilities_has(c, CAPABILITY_SMTPUTF8),
        .require_tls = v->require_tls,
        .ret = dsn ? v->ret : RET_NONE,
        .envid = dsn ? v->envid : NULL,
        .others = &v->mail_params,
    };
    return true;
}

struct rcpt_params needs_of_recipient(const struct session *s, const struct envelope *v,
                                      const struct recipient *r)
{
    bool dsn = capabilities_has(&s->capabilities, CAPABILITY_DSN);

    return (struct rcpt_params){
        .notify = dsn ? r->notify : 0,
        .orcpt = dsn ? r->orcpt : NULL,
        .others = &v->rcpt_params,
    };
}
