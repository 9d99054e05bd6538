/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/supervise.h"

#include <unistd.h>

#include "base/run.h"
#include "queue/lock.h"

/* Milliseconds: before another try after one that failed; and to look after a runner that is not
 * ours, or after mail that came by another way. */
#define PAUSE (5 * 1000)
#define LOOK_AGAIN (60 * 1000)

/* What the child needs. */
struct supervised {
    struct service *service;
    int lock;
};

static int run_queue(void *argument)
{
    struct supervised *c = argument;

    service_leave(c->service);
    runner_loop(&c->service->runner, c->lock);
    return 0;
}

void supervise_want(struct service *s)
{
    s->runner_is_wanted = true;
    if (s->runner_is_there)
        lock_ring(&s->spool);
    else
        s->runner_rest = deadline_in(0);
}

static void start(struct service *s)
{
    struct supervised child = {.service = s};
    struct err e;

    s->runner_rest = deadline_in(LOOK_AGAIN);
    if (!lock_try(&s->spool, &child.lock, &e)) {
        service_say(s, "the queue is not run: %s", e.text);
        return;
    }
    if (child.lock < 0) {
        lock_ring(&s->spool);
        s->runner_is_wanted = false;
        return;
    }
    s->runner_is_there = run_fork(run_queue, &child, &s->runner_pid, &s->runner_end, &e);
    s->runner_is_wanted = !s->runner_is_there;
    close(child.lock);
    if (!s->runner_is_there)
        service_say(s, "the queue is not run: %s", e.text);
}

int supervise_start(struct service *s)
{
    if (s->stop[1] < 0 || s->runner_is_there)
        return -1;
    /* Mail that somebody else put there, or left there. */
    if (deadline_is_past(s->runner_rest)) {
        if (s->runner_is_wanted || !spool_is_empty(&s->spool))
            start(s);
        else
            s->runner_rest = deadline_in(LOOK_AGAIN);
    }
    return s->runner_is_there ? -1 : deadline_poll(s->runner_rest);
}

void supervise_reap(struct service *s)
{
    int status = run_reap(s->runner_pid, s->runner_end);

    s->runner_is_there = false;
    s->runner_end = -1;
    s->runner_rest = deadline_in(s->runner_is_wanted ? 0 : LOOK_AGAIN);
    if (status != 0 && s->stop[1] >= 0) {
        service_say(s, "the runner of the queue has ended badly; another one is started");
        s->runner_is_wanted = true;
        s->runner_rest = deadline_in(PAUSE);
    }
}
