/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/wayfinder.h"

#include <stdio.h>
#include <string.h>

#include "account/config.h"
#include "base/say.h"
#include "net/srv.h"
#include "relay/probe.h"

bool wayfinder_discover(const char *domain, struct way *out, struct err *e)
{
    struct srv srv;

    if (!srv_find_submission(domain, &srv, e))
        return false;
    snprintf(out->host, sizeof out->host, "%s", srv.host);
    out->port = srv.port;
    out->implicit_tls = srv.implicit_tls;
    return true;
}

bool wayfinder_is_within(const char *host, const char *domain)
{
    struct slice h = slice_of(host), d = slice_of(domain);

    if (h.len == d.len)
        return slice_eq_nocase(h, d);
    return h.len > d.len && h.data[h.len - d.len - 1] == '.' &&
           slice_eq_nocase(slice_from(h, h.len - d.len), d);
}

static void ignore(struct probe *p, enum probe_step step, const struct outcome *why)
{
    (void)p, (void)step, (void)why;
}

/* An account that only --set has made: no file is asked. */
static bool make_account(const struct way *way, struct account *out, struct err *e)
{
    struct strings settings = {0};
    struct config *c;
    char text[LIMIT_DOMAIN + 16];

    snprintf(text, sizeof text, "host=%.*s", LIMIT_DOMAIN, way->host);
    strings_add_text(&settings, text);
    snprintf(text, sizeof text, "port=%u", way->port);
    strings_add_text(&settings, text);
    strings_add_text(&settings, way->implicit_tls ? "tls=implicit" : "tls=starttls");
    strings_add_text(&settings, "auth=none");
    strings_add_text(&settings, "connect-timeout=10");
    strings_add_text(&settings, "timeout=20");
    struct config_sources sources = {.settings = &settings};
    bool ok = config_read(&sources, &c, e);
    if (ok) {
        ok = config_resolve(c, config_account_name(c, 0), out, e);
        config_free(c);
    }
    strings_clear(&settings);
    return ok;
}

/* With a port that was given both ways end alike. */
static void put_fault(struct buf *faults, const char *server, const char *text)
{
    struct buf line;

    buf_init(&line, LIMIT_LOG_LINE);
    buf_put_format(&line, "%s: %s", server, text);
    if (!slice_eq(buf_slice(&line), buf_slice(faults)))
        buf_put_format(faults, "%s%s", faults->len ? "\n" : "", line.data);
    buf_clear(&line);
}

static bool try_way(const struct way *way, struct host *h, struct buf *faults, struct err *e)
{
    struct account account;
    struct outcome why;

    if (!make_account(way, &account, e))
        return false;
    struct probe p = {.account = &account, .hello = host_hello(h), .observe = ignore};
    bool ok = probe_run(&p, &why);
    if (!ok)
        put_fault(faults, p.server, why.text ? why.text : "no answer");
    outcome_clear(&why);
    account_clear(&account);
    return ok;
}

bool wayfinder_try(const char *host, struct host *h, struct way *out, struct err *e)
{
    struct way ways[] = {{.port = 465, .implicit_tls = true}, {.port = 587}};
    const char *colon = strrchr(host, ':');
    bool has_port = colon && strchr(host, ':') == colon;
    unsigned long port = 0;
    struct buf faults;
    bool ok = false;

    if (has_port && !slice_number(slice_of(colon + 1), 65535, &port))
        return err_set(e, ERR_USAGE, _("\"%s\" is no port"), colon + 1);
    size_t len = has_port ? (size_t)(colon - host) : strlen(host);
    buf_init(&faults, LIMIT_LOG_LINE);
    err_set(e, ERR_CONNECT, "no answer");
    for (size_t i = 0; i < 2 && !ok; i++) {
        snprintf(ways[i].host, sizeof ways[i].host, "%.*s", (int)len, host);
        if (port)
            ways[i].port = (unsigned)port;
        ok = try_way(&ways[i], h, &faults, e);
        if (ok)
            *out = ways[i];
    }
    if (!ok && faults.len)
        err_set(e, ERR_CONNECT, "%s", faults.data);
    buf_clear(&faults);
    return ok;
}
