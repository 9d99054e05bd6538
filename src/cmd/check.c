/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "account/select.h"
#include "base/log.h"
#include "base/say.h"
#include "cmd/exitcode.h"
#include "cmd/explain.h"
#include "cmd/finding.h"
#include "cmd/sources.h"
#include "relay/hint.h"
#include "relay/probe.h"
#include "relay/report.h"

struct check {
    const struct args *args;
    struct host *host;
    struct config *config;
    struct selection selection;
    struct account account;
    struct path sender, recipient;
    struct findings findings;
    enum probe_step failed;
};

/* The steps by name, and what to do when nothing better is known than that one failed. */
static const struct advice {
    const char *step, *next;
} advices[PROBE_STEPS] = {
    [PROBE_NAMES] = {N_("names"), N_("see whether host is spelt right and the network is up")},
    [PROBE_CONNECTION] = {N_("connection"),
                          N_("see whether host and port are right; networks that block port 25 "
                             "mostly let 587 and 465 pass")},
    [PROBE_TLS] = {"TLS", N_("see tls, tls-ca and tls-fingerprint in smtprc(5)")},
    [PROBE_GREETING] = {N_("greeting"), N_("the server will not talk to this address now: try "
                                           "later, or ask who runs it")},
    [PROBE_HELLO] = {"EHLO", N_("set hello to the full name of this host")},
    [PROBE_LOGIN] = {N_("login"), N_("see user and the password's source: smtpost config show")},
    [PROBE_SENDER] = {N_("sender"),
                      N_("set from or envelope-from to an address that this login may use")},
    [PROBE_RECIPIENT] = {N_("recipient"), N_("try another address: smtpost check --to ADDRESS")},
};

static void add(struct check *c, const char *step, bool ok, const char *summary,
                const struct strings *details)
{
    findings_add(&c->findings, &(struct finding){step, ok, summary, details});
}

static void put_address(struct strings *out, const struct address *a)
{
    struct buf text;

    buf_init(&text, LIMIT_PATH);
    address_text(a, &text);
    strings_add(out, buf_slice(&text));
    buf_clear(&text);
}

static void summarize(const struct probe *p, enum probe_step step, char *out, size_t size)
{
    const struct session *s = p->session;
    const struct check *c = p->argument;
    struct strings peer = {0};

    switch (step) {
    case PROBE_NAMES:
        snprintf(out, size, p->addresses.count == 1 ? _("%s: %zu address") : _("%s: %zu addresses"),
                 p->server, p->addresses.count);
        break;
    case PROBE_CONNECTION:
        put_address(&peer, &s->peer);
        snprintf(out, size, _("%s at %s"), p->server, peer.items[0]);
        break;
    case PROBE_TLS:
        snprintf(out, size, "%s, %s", s->stream.tls.version, s->stream.tls.cipher);
        break;
    case PROBE_GREETING: case PROBE_HELLO:
        snprintf(out, size, "%.*s", (int)slice_find(buf_slice(&s->reply.text), '\n', 0),
                 s->reply.text.data);
        break;
    case PROBE_LOGIN:
        snprintf(out, size, _("%s as %s"), s->mechanism,
                 c->account.user ? c->account.user : _("it knows"));
        break;
    case PROBE_SENDER:
        snprintf(out, size, "<%s>", p->sender->text);
        break;
    case PROBE_RECIPIENT:
        snprintf(out, size, "<%s>", p->recipient->text);
        break;
    case PROBE_STEPS:
        break;
    }
    strings_clear(&peer);
}

static void detail(const struct probe *p, enum probe_step step, struct strings *out)
{
    switch (step) {
    case PROBE_NAMES:
        for (size_t i = 0; i < p->addresses.count; i++)
            put_address(out, &p->addresses.items[i]);
        break;
    case PROBE_TLS:
        explain_tls(p->session, out);
        break;
    case PROBE_HELLO:
        explain_capabilities(p->session, out);
        break;
    case PROBE_LOGIN:
        explain_mechanisms(p->session, out);
        break;
    default:
        break;
    }
}

static void observe(struct probe *p, enum probe_step step, const struct outcome *why)
{
    struct check *c = p->argument;
    struct strings details = {0};
    char summary[LIMIT_LOG_LINE] = "";

    if (why) {
        c->failed = step;
        strings_add_text(&details, why->text ? why->text : verdict_name(why->verdict));
        add(c, advices[step].step, false, p->server, &details);
    } else {
        summarize(p, step, summary, sizeof summary);
        detail(p, step, &details);
        add(c, advices[step].step, true, summary, &details);
    }
    strings_clear(&details);
}

static void begin(struct probe *p)
{
    struct check *c = p->argument;

    findings_begin(&c->findings);
}

static int conclude(struct check *c, bool ok, const char *verdict, const char *next, int status)
{
    if (findings_end(&c->findings, ok, verdict, next))
        return status;
    log_line("%s", _("cannot write to standard output"));
    return EX_IOERR;
}

static int fail(struct check *c, const char *step, const struct err *e)
{
    struct strings details = {0};

    strings_add_text(&details, e->text);
    add(c, step, false, NULL, &details);
    strings_clear(&details);
    return conclude(c, false, _("the configuration does not work"),
                    N_("mend what is said above, then check again"), exit_status_of_err(e));
}

/* Who would send, and to whom: --to, or the sender himself. */
static bool choose_addresses(struct check *c, struct err *e)
{
    const char *sender = account_default_sender(&c->account);
    const char *domain = c->account.domain ? c->account.domain : host_mail_domain(c->host);
    const char *user = host_user(c->host);
    bool bare = account_leaves_bare(&c->account);

    if (!sender)
        sender = user ? user : "postmaster";
    if (!path_parse(&c->sender, slice_of(sender), e) ||
        !(bare || path_qualify(&c->sender, domain, e)))
        return err_wrap(e, "the sender");
    if (!c->args->to) {
        path_copy(&c->recipient, &c->sender);
        return true;
    }
    return (path_parse(&c->recipient, slice_of(c->args->to), e) &&
            (bare || path_qualify(&c->recipient, domain, e))) || err_wrap(e, "--to");
}

static bool choose_account(struct check *c, struct err *e)
{
    const char *named = c->args->recipient_count ? c->args->recipients[0] : c->args->account;

    return select_account(c->config, named, NULL, &c->selection, e) &&
           config_resolve(c->config, c->selection.account, &c->account, e) &&
           choose_addresses(c, e);
}

static int judge(struct check *c, const struct probe *p, bool ok, const struct outcome *why)
{
    char verdict[LIMIT_LOG_LINE];
    const char *hint = ok ? NULL : hint_find(c->account.hands_over ? HINT_SERVICE : p->server, why);

    if (ok) {
        snprintf(verdict, sizeof verdict, _("account \"%s\" can send mail"), c->selection.account);
        return conclude(c, true, verdict, N_("nothing: send a message"), EX_OK);
    }
    const char *step = advices[c->failed].step, *words = why->text ? why->text : _("refused");
    /* Some words begin with the step already. */
    bool named = slice_has_prefix(slice_of(words), slice_of(step));
    snprintf(verdict, sizeof verdict, _("account \"%s\" cannot send mail: %s%s%s"),
             c->selection.account, named ? "" : _(step), named ? "" : ": ", words);
    return conclude(c, false, verdict, hint ? hint : advices[c->failed].next,
                    exit_status_of_outcome(why));
}

static int walk(struct check *c)
{
    struct strings details = {0};
    struct outcome why;
    char summary[LIMIT_LOG_LINE];
    struct probe p = {
        .account = &c->account,
        .hello = host_hello(c->host),
        .sender = &c->sender,
        .recipient = &c->recipient,
        .observe = observe,
        .begin = begin,
        .argument = c,
    };

    explain_account(&c->account, &details);
    snprintf(summary, sizeof summary, "\"%s\" (%s)", c->selection.account, c->selection.why);
    add(c, N_("account"), true, summary, &details);
    strings_clear(&details);
    bool ok = probe_run(&p, &why);
    int status = judge(c, &p, ok, &why);
    outcome_clear(&why);
    return status;
}

int check_command(const struct args *a, struct host *h)
{
    struct check c = {.args = a, .host = h};
    struct err e;
    int status;

    if (a->recipient_count > 1) {
        log_line("%s", _("check: one account at a time: check [ACCOUNT] [--to ADDRESS] [--json]"));
        return EX_USAGE;
    }
    bool color = a->color == COLOR_ALWAYS || (a->color == COLOR_AUTO && h->has_color);
    findings_init(&c.findings, a->json, color);
    if (!sources_read(a, h, &c.config, &e) || !choose_account(&c, &e))
        status = fail(&c, N_("configuration"), &e);
    else
        status = walk(&c);
    path_clear(&c.sender);
    path_clear(&c.recipient);
    account_clear(&c.account);
    config_free(c.config);
    return status;
}
