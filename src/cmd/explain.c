/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/say.h"
#include "net/tls_binding.h"
#include "net/tls_chain.h"
#include "sasl/sasl.h"

void explain_add(struct strings *out, const char *format, ...)
{
    char text[LIMIT_LOG_LINE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    strings_add_text(out, text);
}

/* --- EHLO --- */

static const struct keyword {
    const char *keyword, *meaning;
} keywords[] = {
    {"STARTTLS", N_("the conversation can be encrypted")},
    {"AUTH", N_("ways to log in")},
    {"PIPELINING", N_("commands travel together, which saves round trips")},
    {"SIZE", N_("the largest message it takes, in octets")},
    {"8BITMIME", N_("text beyond ASCII goes as it is")},
    {"SMTPUTF8", N_("addresses beyond ASCII are possible")},
    {"ENHANCEDSTATUSCODES", N_("refusals tell their kind")},
    {"CHUNKING", N_("messages go in counted chunks, one round trip less")},
    {"BINARYMIME", N_("not used")},
    {"DSN", N_("delivery reports can be asked for: dsn-notify, -N")},
    {"LIMITS", N_("how many recipients and messages it takes at once")},
    {"REQUIRETLS", N_("TLS can be demanded all the way: --require-tls")},
    {"DELIVERBY", N_("used on request: --mail-param")},
    {"FUTURERELEASE", N_("used on request: --mail-param")},
    {"MT-PRIORITY", N_("used on request: --mail-param")},
    {"VRFY", N_("not used")},
    {"HELP", N_("not used")},
    {"ETRN", N_("not used")},
    {"EXPN", N_("not used")},
};

static const char *meaning_of(struct slice keyword)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (slice_eq_nocase(slice_of(keywords[i].keyword), keyword))
            return _(keywords[i].meaning);
    return _("not known here, not used");
}

void explain_capabilities(const struct session *s, struct strings *out)
{
    struct slice text = buf_slice(&s->reply.text);
    size_t at = slice_find(text, '\n', 0) + 1;

    /* The first line is the server's name. */
    while (at < text.len) {
        size_t end = slice_find(text, '\n', at);
        struct slice line = slice_trim(slice_make(text.data + at, end - at));
        size_t word = 0;
        while (word < line.len && line.data[word] != ' ' && line.data[word] != '=')
            word++;
        explain_add(out, "%-30.*s %s", (int)line.len, line.data,
                    meaning_of(slice_make(line.data, word)));
        at = end + 1;
    }
}

/* --- TLS --- */

static void explain_link(const struct tls_link *l, bool is_leaf, struct strings *out)
{
    const char *dates = l->dates.data ? l->dates.data : "";

    if (is_leaf)
        explain_add(out, _("certificate for %s"), l->names.data ? l->names.data : _("nobody"));
    else
        explain_add(out, _("issued by %s"), l->subject.data ? l->subject.data : _("somebody"));
    if (l->days_left < 0)
        explain_add(out, _("  valid %s: EXPIRED"), dates);
    else
        explain_add(out, _("  valid %s, %ld days left"), dates, l->days_left);
}

static void explain_binding(const struct session *s, struct strings *out)
{
    struct buf names, octets;

    buf_init(&names, LIMIT_LOG_LINE);
    buf_init(&octets, LIMIT_LOG_LINE);
    for (size_t i = 0; tls_binding_type(i); i++) {
        buf_reset(&octets);
        if (tls_channel_binding(s->stream.ssl, tls_binding_type(i), &octets))
            buf_put_format(&names, "%s%s", names.len ? ", " : "", tls_binding_type(i));
    }
    explain_add(out, _("channel binding: %s"),
                names.len ? names.data : _("none, so no SCRAM -PLUS"));
    buf_clear(&names);
    buf_clear(&octets);
}

void explain_tls(const struct session *s, struct strings *out)
{
    struct tls_link link;

    if (!s->stream.tls.verified)
        strings_add_text(out, _("the server's identity was NOT verified: tls-verify or tls says "
                                "so"));
    for (size_t i = 0; tls_chain_link(s->stream.ssl, i, &link); i++) {
        explain_link(&link, i == 0, out);
        tls_link_clear(&link);
    }
    explain_binding(s, out);
}

/* --- AUTH --- */

static bool is_wanted(const struct session_params *p, const struct sasl_mech *m)
{
    for (size_t i = 0; i < p->mechanisms->count; i++)
        if (slice_eq_nocase(slice_of(p->mechanisms->items[i]), slice_of(m->name)))
            return true;
    return false;
}

static const char *reason_against(const struct session *s, const struct sasl_mech *m)
{
    const struct session_params *p = s->params;
    bool by_rank = strings_has(p->mechanisms, "auto");

    if (!by_rank && !is_wanted(p, m))
        return _("auth does not name it");
    if (by_rank && m->flags & SASL_NAMED_ONLY)
        return _("taken only when auth names it");
    if (m->flags & SASL_TOKEN && !p->has_token)
        return _("wants a token: token-command or token-file");
    if (m->flags & SASL_PASSWORD && !p->has_password)
        return _("wants a password");
    if (m->flags & SASL_CERTIFICATE && !p->has_certificate)
        return _("wants a client certificate: tls-certificate");
    if (m->flags & SASL_BINDS && !s->stream.ssl)
        return _("wants TLS to bind to");
    return _("ranks lower");
}

void explain_mechanisms(const struct session *s, struct strings *out)
{
    const struct strings *offered = &s->capabilities.auth;
    struct buf absent;

    buf_init(&absent, LIMIT_LOG_LINE);
    for (size_t i = 0; sasl_mechs[i]; i++) {
        const struct sasl_mech *m = sasl_mechs[i];
        if (!sasl_is_offered(offered, m->name))
            buf_put_format(&absent, "%s%s", absent.len ? ", " : "", m->name);
        else if (s->mechanism && strcmp(m->name, s->mechanism) == 0)
            explain_add(out, _("%-20s used"), m->name);
        else
            explain_add(out, "%-20s %s", m->name, reason_against(s, m));
    }
    for (size_t i = 0; i < offered->count; i++)
        if (!sasl_find(slice_of(offered->items[i])))
            explain_add(out, _("%-20s not supported here"), offered->items[i]);
    if (absent.len)
        explain_add(out, _("not offered by the server: %s"), absent.data);
    buf_clear(&absent);
}

/* --- configuration --- */

void explain_account(const struct account *a, struct strings *out)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct origin *origin = &a->origins[i];
        struct buf value;
        if (!origin->file || strcmp(origin->file, ORIGIN_BUILT_IN) == 0)
            continue;
        buf_init(&value, LIMIT_CONFIG_FILE);
        option_format(&options[i], a, &value);
        if (origin->line)
            explain_add(out, "%s = %s  (%s:%u)", options[i].name, value.data ? value.data : "",
                        origin->file, origin->line);
        else
            explain_add(out, "%s = %s  (%s)", options[i].name, value.data ? value.data : "",
                        origin->file);
        buf_clear(&value);
    }
}
