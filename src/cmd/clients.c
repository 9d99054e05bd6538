/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/clients.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/run.h"
#include "cmd/admission.h"
#include "cmd/receiver.h"
#include "cmd/supervise.h"

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
        quota_count(&s->quota, (struct quota_id){en.has_owner, en.owner}, en.size);
    entry_clear(&en);
}

bool clients_recount(struct service *s)
{
    struct strings ids = {0};
    struct err e;

    if (!deadline_is_past(s->counted))
        return false;
    int64_t began = clock_monotonic();
    bool ok = spool_list(&s->spool, &ids, NULL, &e);
    if (ok)
        quota_recount(&s->quota);
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
static void say_refused(struct service *s, struct quota_id who, enum quota_verdict verdict)
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
    service_say(s, "%s: %s%s", user, receiver_refusal(verdict), more);
    s->quiet = deadline_in(QUIET);
    s->untold = 0;
}

/* A client that we have no time for. What is said fits into the socket's buffer. */
static void turn_away(int fd, enum quota_verdict verdict)
{
    char line[128];

    snprintf(line, sizeof line, "%s\r\n", receiver_refusal(verdict));
    ssize_t ignored = send(fd, line, strlen(line), MSG_DONTWAIT | COMPAT_MSG_NOSIGNAL);
    (void)ignored;
    shutdown(fd, SHUT_WR);
}

struct arrival {
    struct service *service;
    struct receiver receiver;
};

static int hold_session(void *argument)
{
    struct arrival *a = argument;

    service_leave(a->service);
    config_veil(a->service->config);
    receiver_run(&a->receiver);
    return 0;
}

static bool start_session(struct service *s, int fd, struct quota_id who, struct err *e)
{
    struct client c = {.who = who, .end = -1};
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return err_os(e, ERR_OS, "cannot make a socket");
    struct arrival arrival = {
        .service = s,
        .receiver = {
            .args = s->args, .host = s->host, .config = s->config, .places = &s->places,
            .limits = &s->quota.limits, .who = who,
            .client = fd, .admission = ends[1], .stop = s->stop[0],
        },
    };
    /* The child must not hold our end, or it would never see it close. */
    c.admission = ends[0];
    s->clients = mem_grow(s->clients, s->client_count, &s->client_capacity, sizeof *s->clients);
    s->clients[s->client_count++] = c;
    bool ok = run_fork(hold_session, &arrival, &c.pid, &c.end, e);
    close(ends[1]);
    if (ok) {
        s->clients[s->client_count - 1] = c;
    } else {
        s->client_count--;
        close(ends[0]);
    }
    return ok;
}

static bool admit_one(struct service *s, int fd, struct quota_id who)
{
    enum quota_verdict verdict = quota_enter(&s->quota, who, clock_monotonic());
    struct reservation none = {0};
    struct err e;
    bool ok = true;

    if (verdict == QUOTA_OK && !(ok = start_session(s, fd, who, &e))) {
        quota_leave(&s->quota, who, &none);
        service_say(s, "a client is turned away: %s", e.text);
        verdict = QUOTA_CONNECTIONS;
    }
    if (verdict != QUOTA_OK) {
        turn_away(fd, verdict);
        say_refused(s, who, verdict);
    }
    close(fd);
    return ok;
}

bool clients_admit(struct service *s, const struct listener *l)
{
    struct quota_id who;

    for (int i = 0; i < TURN; i++) {
        int fd = listener_accept(l, &who);
        if (fd >= 0) {
            if (!admit_one(s, fd, who))
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

static bool is_about_queue(enum quota_verdict verdict)
{
    return verdict == QUOTA_MESSAGES || verdict == QUOTA_OCTETS;
}

static enum quota_verdict reserve(struct service *s, struct client *c, uint64_t octets)
{
    int64_t now = clock_monotonic();
    enum quota_verdict verdict = quota_reserve(&s->quota, c->who, &c->reservation, octets, now);

    /* Much may have left the queue since it was counted. */
    if (is_about_queue(verdict) && clients_recount(s))
        verdict = quota_reserve(&s->quota, c->who, &c->reservation, octets, now);
    return verdict;
}

static void answer(struct service *s, struct client *c, uint64_t octets)
{
    enum quota_verdict verdict = reserve(s, c, octets);

    admission_answer(c->admission, verdict);
    if (verdict != QUOTA_OK)
        say_refused(s, c->who, verdict);
}

static void heed(struct service *s, struct client *c, const struct admission_request *request)
{
    switch (request->kind) {
    case ADMISSION_NEW:
        quota_cancel(&s->quota, c->who, &c->reservation);
        answer(s, c, request->octets);
        break;
    case ADMISSION_MORE:
        answer(s, c, request->octets);
        break;
    case ADMISSION_KEPT:
        quota_keep(&s->quota, c->who, &c->reservation, request->octets);
        supervise_want(s);
        break;
    default:
        quota_cancel(&s->quota, c->who, &c->reservation);
    }
}

void clients_hear(struct service *s, size_t index)
{
    struct client *c = &s->clients[index];
    struct admission_request request;
    bool found;

    while (admission_hear(c->admission, &request, &found)) {
        if (!found)
            return;
        heed(s, c, &request);
    }
    close(c->admission);
    run_reap(c->pid, c->end);
    quota_leave(&s->quota, c->who, &c->reservation);
    *c = s->clients[--s->client_count];
}
