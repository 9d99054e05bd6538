/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/visitors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/run.h"
#include "cmd/desk.h"
#include "cmd/errand.h"
#include "cmd/reception.h"

/* Clients that are taken from one listener before the others have their turn. */
#define TURN 16
/* The spool is not counted more often than this, in milliseconds, nor so that it takes more than a
 * small part of our time. */
#define COUNT_PAUSE 1000
#define COUNT_SHARE 20
/* Milliseconds between two lines about refusals. */
#define QUIET 1000

/* An entry without an owner came over TCP. */
static void count_entry(struct service *s, const char *id)
{
    struct entry en;
    struct err e;

    if (spool_look(&s->spool, id, &en, &e) == SPOOL_FOUND)
        ledger_count(&s->ledger, (struct patron_id){en.has_owner, en.owner}, en.size);
    entry_clear(&en);
}

bool visitors_recount(struct service *s)
{
    struct strings ids = {0};
    struct err e;

    if (!deadline_is_past(s->counted))
        return false;
    int64_t began = clock_monotonic();
    bool ok = spool_list(&s->spool, &ids, NULL, &e);
    if (ok)
        ledger_recount(&s->ledger);
    for (size_t i = 0; ok && i < ids.count; i++)
        count_entry(s, ids.items[i]);
    strings_clear(&ids);
    int64_t took = (clock_monotonic() - began) / 1000000;
    s->counted = deadline_in(COUNT_PAUSE + took * COUNT_SHARE);
    return ok;
}

/* -- coming */

/* One line in a second: who is refused can try again as often as he likes, and the log is not his
 * to fill. */
static void say_refused(struct service *s, struct patron_id who, enum ledger_word word)
{
    char more[48] = "", user[32] = "over TCP";

    if (!deadline_is_past(s->quiet)) {
        s->untold++;
        return;
    }
    if (who.is_known)
        snprintf(user, sizeof user, "uid %lu", (unsigned long)who.uid);
    if (s->untold)
        snprintf(more, sizeof more, " (and %lu more since)", s->untold);
    service_say(s, "%s: %s%s", user, reception_refusal(word), more);
    s->quiet = deadline_in(QUIET);
    s->untold = 0;
}

/* A client that we have no time for. What is said fits into the socket's buffer. */
static void turn_away(int fd, enum ledger_word word)
{
    char line[128];

    snprintf(line, sizeof line, "%s\r\n", reception_refusal(word));
    ssize_t ignored = send(fd, line, strlen(line), MSG_DONTWAIT | COMPAT_MSG_NOSIGNAL);
    (void)ignored;
    shutdown(fd, SHUT_WR);
}

struct arrival {
    struct service *service;
    struct reception reception;
};

static int hold_session(void *argument)
{
    struct arrival *a = argument;

    service_leave(a->service);
    config_veil(a->service->config);
    reception_run(&a->reception);
    return 0;
}

static bool start_session(struct service *s, int client, struct patron_id who, struct err *e)
{
    struct visitor v = {.who = who, .end = -1};
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return err_os(e, ERR_OS, "cannot make a socket");
    struct arrival arrival = {
        .service = s,
        .reception = {
            .args = s->args, .host = s->host, .config = s->config, .places = &s->places,
            .limits = &s->ledger.limits, .who = who,
            .client = client, .desk = ends[1], .stop = s->stop[0],
        },
    };
    /* The child must not hold our end, or it would never see it close. */
    v.desk = ends[0];
    s->visitors = mem_grow(s->visitors, s->visitor_count, &s->visitor_capacity,
                           sizeof *s->visitors);
    s->visitors[s->visitor_count++] = v;
    bool ok = run_fork(hold_session, &arrival, &v.pid, &v.end, e);
    close(ends[1]);
    if (ok) {
        s->visitors[s->visitor_count - 1] = v;
    } else {
        s->visitor_count--;
        close(ends[0]);
    }
    return ok;
}

static bool admit_one(struct service *s, int client, struct patron_id who)
{
    enum ledger_word word = ledger_enter(&s->ledger, who, clock_monotonic());
    struct booking none = {0};
    struct err e;
    bool ok = true;

    if (word == LEDGER_YES && !(ok = start_session(s, client, who, &e))) {
        ledger_leave(&s->ledger, who, &none);
        service_say(s, "a client is turned away: %s", e.text);
        word = LEDGER_CONNECTIONS;
    }
    if (word != LEDGER_YES) {
        turn_away(client, word);
        say_refused(s, who, word);
    }
    close(client);
    return ok;
}

bool visitors_admit(struct service *s, const struct listener *l)
{
    struct patron_id who;

    for (int i = 0; i < TURN; i++) {
        int client = listener_accept(l, &who);
        if (client >= 0) {
            if (!admit_one(s, client, who))
                return false;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            service_say(s, "no client is let in: %s", strerror(errno));
            return false;
        } else if (errno != EACCES && errno != ECONNABORTED && errno != EINTR) {
            return true;
        }
    }
    return true;
}

/* -- asking */

static bool is_about_queue(enum ledger_word word)
{
    return word == LEDGER_MESSAGES || word == LEDGER_OCTETS;
}

static enum ledger_word book(struct service *s, struct visitor *v, uint64_t octets)
{
    int64_t now = clock_monotonic();
    enum ledger_word word = ledger_book(&s->ledger, v->who, &v->booking, octets, now);

    /* Much may have left the queue since it was counted. */
    if (is_about_queue(word) && visitors_recount(s))
        word = ledger_book(&s->ledger, v->who, &v->booking, octets, now);
    return word;
}

static void answer(struct service *s, struct visitor *v, uint64_t octets)
{
    enum ledger_word word = book(s, v, octets);

    desk_answer(v->desk, word);
    if (word != LEDGER_YES)
        say_refused(s, v->who, word);
}

static void heed(struct service *s, struct visitor *v, const struct desk_request *request)
{
    switch (request->kind) {
    case DESK_NEW:
        ledger_cancel(&s->ledger, v->who, &v->booking);
        answer(s, v, request->octets);
        break;
    case DESK_MORE:
        answer(s, v, request->octets);
        break;
    case DESK_KEPT:
        ledger_keep(&s->ledger, v->who, &v->booking, request->octets);
        errand_want(s);
        break;
    default:
        ledger_cancel(&s->ledger, v->who, &v->booking);
    }
}

void visitors_hear(struct service *s, size_t index)
{
    struct visitor *v = &s->visitors[index];
    struct desk_request request;
    bool found;

    while (desk_hear(v->desk, &request, &found)) {
        if (!found)
            return;
        heed(s, v, &request);
    }
    close(v->desk);
    run_reap(v->pid, v->end);
    ledger_leave(&s->ledger, v->who, &v->booking);
    *v = s->visitors[--s->visitor_count];
}
