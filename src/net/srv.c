/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/srv.h"

#include <netinet/in.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX = 8192, SRV_FIXED = 6 };

/* The DNS carries any octets (RFC 2181 11), which dn_expand writes with backslashes; the name of a
 * server has letters, digits and hyphens (RFC 1123 2.1), now and then "_". "." is no server. */
static bool is_host(const char *name)
{
    size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789-_.");

    return *name && !name[good] && strcmp(name, ".") != 0;
}

/* RFC 2782: priority, weight, port, target. */
static bool read_record(const ns_msg *message, const ns_rr *record, unsigned *rank, struct srv *out)
{
    const unsigned char *data = ns_rr_rdata(*record);

    if (ns_rr_type(*record) != ns_t_srv || ns_rr_rdlen(*record) <= SRV_FIXED)
        return false;
    unsigned priority = ns_get16(data), weight = ns_get16(data + 2);
    out->port = ns_get16(data + 4);
    if (dn_expand(ns_msg_base(*message), ns_msg_end(*message), data + SRV_FIXED, out->host,
                  (int)sizeof out->host) < 0)
        return false;
    /* Lower is better: priority first, then weight the other way round. */
    *rank = priority << 16 | (0xffffU - weight);
    return is_host(out->host) && out->port;
}

bool srv_choose(const unsigned char *answer, int len, struct srv *out)
{
    unsigned best = 0;
    bool found = false;
    ns_msg message;

    if (ns_initparse(answer, len, &message) != 0)
        return false;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        struct srv one = {.port = 0};
        unsigned rank;
        ns_rr record;
        if (ns_parserr(&message, ns_s_an, i, &record) != 0 ||
            !read_record(&message, &record, &rank, &one) || (found && rank >= best))
            continue;
        found = true;
        best = rank;
        one.implicit_tls = out->implicit_tls;
        *out = one;
    }
    return found;
}

static bool ask(struct __res_state *state, const char *service, const char *domain, struct srv *out)
{
    unsigned char answer[ANSWER_MAX];
    char name[LIMIT_DOMAIN + 32];

    snprintf(name, sizeof name, "%s._tcp.%s", service, domain);
    int len = res_nquery(state, name, ns_c_in, ns_t_srv, answer, sizeof answer);
    return len > 0 && srv_choose(answer, len < ANSWER_MAX ? len : ANSWER_MAX, out);
}

bool srv_find_submission(const char *domain, struct srv *out, struct err *e)
{
    struct __res_state state;

    memset(&state, 0, sizeof state);
    if (res_ninit(&state) != 0)
        return err_set(e, ERR_RESOLVE, "the resolver cannot be used");
    state.retrans = 2;
    state.retry = 2;
    *out = (struct srv){.implicit_tls = true};
    bool found = ask(&state, "_submissions", domain, out);
    if (!found) {
        *out = (struct srv){.implicit_tls = false};
        found = ask(&state, "_submission", domain, out);
    }
    res_nclose(&state);
    return found ||
           err_set(e, ERR_RESOLVE, "%s does not say where its submission server is", domain);
}
