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

/* Octets of a DNS header, of what follows the name of a question and of a record (RFC 1035 4.1),
 * and of an SRV record before its target. */
enum { ANSWER_MAX = 8192, HEADER_SIZE = 12, QUESTION_SIZE = 4, RECORD_SIZE = 10, SRV_FIXED = 6 };

/* What is left to read. The C library's parser, ns_parserr, would bring in a library that does
 * nothing else for us and is loaded at each start. */
struct reader {
    const unsigned char *start, *at, *end;
};

static unsigned number_at(const unsigned char *octets)
{
    return (unsigned)octets[0] << 8 | octets[1];
}

/* A name and `more` octets behind it, of which *rest is the first. */
static bool pass_name(struct reader *r, size_t more, const unsigned char **rest)
{
    int name = dn_skipname(r->at, r->end);

    if (name < 0 || (size_t)(r->end - r->at - name) < more)
        return false;
    *rest = r->at + name;
    r->at = *rest + more;
    return true;
}

/* The DNS carries any octets (RFC 2181 11), which dn_expand writes with backslashes; the name of a
 * server has letters, digits and hyphens (RFC 1123 2.1), now and then "_". "." is no server. */
static bool is_host(const char *name)
{
    size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789-_.");

    return *name && !name[good] && strcmp(name, ".") != 0;
}

/* RFC 2782: priority, weight, port, target. */
static bool read_data(const struct reader *r, const unsigned char *data, unsigned *rank,
                      struct srv *out)
{
    unsigned priority = number_at(data), weight = number_at(data + 2);

    out->port = number_at(data + 4);
    if (dn_expand(r->start, r->end, data + SRV_FIXED, out->host, (int)sizeof out->host) < 0)
        return false;
    /* Lower is better: priority first, then weight the other way round. */
    *rank = priority << 16 | (0xffffU - weight);
    return is_host(out->host) && out->port;
}

/* The next record; false: there is none. *is_ours: it is a service that can be used. */
static bool read_record(struct reader *r, bool *is_ours, unsigned *rank, struct srv *out)
{
    const unsigned char *fields;

    if (!pass_name(r, RECORD_SIZE, &fields))
        return false;
    unsigned type = number_at(fields), len = number_at(fields + 8);
    if (len > (size_t)(r->end - r->at))
        return false;
    *is_ours = type == ns_t_srv && len > SRV_FIXED && read_data(r, r->at, rank, out);
    r->at += len;
    return true;
}

bool srv_choose(const unsigned char *answer, int len, struct srv *out)
{
    struct reader r = {answer, answer + HEADER_SIZE, answer + len};
    const unsigned char *ignored;
    unsigned best = 0;
    bool found = false;

    if (len < HEADER_SIZE)
        return false;
    unsigned questions = number_at(answer + 4), records = number_at(answer + 6);
    while (questions-- > 0)
        if (!pass_name(&r, QUESTION_SIZE, &ignored))
            return false;
    while (records-- > 0) {
        struct srv one = {.implicit_tls = out->implicit_tls};
        bool is_ours;
        unsigned rank = 0;
        if (!read_record(&r, &is_ours, &rank, &one))
            break;
        if (!is_ours || (found && rank >= best))
            continue;
        found = true;
        best = rank;
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
