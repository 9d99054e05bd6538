/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/runner.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/run.h"
#include "queue/lock.h"
#include "queue/schedule.h"
#include "relay/narrow.h"
#include "relay/worker.h"

/* The runner looks around by itself after so many seconds: arrivals from another machine, a clock
 * that was set. */
#define LOOK_AROUND 300
/* Seconds before an account is tried again whose worker got nothing done; or could not write. */
#define PAUSE_IDLE 5
#define PAUSE_STUCK 60
/* A worker for each so many messages, up to the account's `connections`. */
#define SHARE 8
/* Seconds that a run in the foreground waits for another one's messages. */
#define PATIENCE 60

/* The messages that share an account, and so its fate. */
struct group {
    char *key;
    char *account, *config;
    struct strings settings;
    size_t eligible;
    time_t down_last, down_next;     /* 0: it is not down */
};

/* What is there. */
struct scan {
    struct job *jobs;
    size_t count, capacity;
    struct group *groups;
    size_t group_count, group_capacity;
    size_t queued;           /* somebody is still to be served, and nobody said: not now */
    size_t unsettled;        /* a bounce has come to its end, and its message is in other hands */
    size_t others;           /* held, failed, waiting for a bounce */
};

/* A process at work, known by the end of a pipe that it holds. */
struct child {
    char *key;
    pid_t pid;
    int fd;
};

/* An account that has to wait, whatever is due. */
struct rest {
    char *key;
    struct deadline until;
};

struct crew {
    const struct runner *r;
    int lock, bell;          /* of a run in the background; -1: none */
    bool stops;              /* the word to stop has come */
    struct child *children;
    size_t count, capacity;
    struct rest *rests;
    size_t rest_count, rest_capacity;
};

/* -- looking */

static void put_key(struct buf *key, const struct entry *en)
{
    buf_put_text(key, en->account);
    buf_put_byte(key, '\n');
    buf_put_text(key, en->config ? en->config : "");
    for (size_t i = 0; i < en->settings.count; i++) {
        buf_put_byte(key, '\n');
        buf_put_text(key, en->settings.items[i]);
    }
}

static size_t find_group(struct scan *s, const struct entry *en)
{
    struct buf key;
    size_t i;

    buf_init(&key, LIMIT_CONFIG_FILE);
    put_key(&key, en);
    /* Mostly the same as the one before. */
    for (i = s->group_count; i > 0 && strcmp(s->groups[i - 1].key, key.data) != 0; i--)
        ;
    if (i == 0) {
        s->groups = mem_grow(s->groups, s->group_count, &s->group_capacity, sizeof *s->groups);
        struct group *g = &s->groups[s->group_count++];
        *g = (struct group){.key = mem_strdup(key.data), .account = mem_strdup(en->account),
                            .config = en->config ? mem_strdup(en->config) : NULL};
        strings_copy(&g->settings, &en->settings);
        i = s->group_count;
    }
    buf_clear(&key);
    return i - 1;
}

static void add_job(struct scan *s, const struct entry *en)
{
    struct job job = {
        .group = find_group(s, en),
        .created = en->created, .last = en->last, .next = en->next,
        .age = en->age, .tries = en->tries, .down = en->down,
    };
    struct group *g = &s->groups[job.group];

    memcpy(job.id, en->id, sizeof job.id);
    s->jobs = mem_grow(s->jobs, s->count, &s->capacity, sizeof *s->jobs);
    s->jobs[s->count++] = job;
    s->queued++;
    if (en->down && en->last >= g->down_last) {
        g->down_last = en->last;
        g->down_next = en->next;
    }
}

static void scan_clear(struct scan *s)
{
    for (size_t i = 0; i < s->group_count; i++) {
        free(s->groups[i].key);
        free(s->groups[i].account);
        free(s->groups[i].config);
        strings_clear(&s->groups[i].settings);
    }
    free(s->groups);
    free(s->jobs);
    *s = (struct scan){0};
}

static void set_aside(const struct keeper *k, const char *name, struct err *e)
{
    struct err why;

    err_wrap(e, "moved to %s/aside", k->spool->path);
    settle_complain(k, name, e);
    if (!spool_set_aside(k->spool, name, &why))
        settle_complain(k, name, &why);
}

static void look_at(const struct keeper *k, struct scan *s, const char *id)
{
    struct entry en;
    struct err e;

    switch (spool_look(k->spool, id, &en, &e)) {
    case SPOOL_FOUND:
        if ((en.bounce_room || en.about) && !settle_bounces(k, &en))
            s->unsettled++;
        if (entry_state(&en) == ENTRY_QUEUED)
            add_job(s, &en);
        else
            s->others++;
        entry_clear(&en);
        return;
    case SPOOL_DAMAGED:
        set_aside(k, id, &e);
        return;
    case SPOOL_FAILED:
        s->others++;
        settle_complain(k, id, &e);
        return;
    case SPOOL_GONE:
    case SPOOL_BUSY:
        return;
    }
}

static bool look_around(const struct keeper *k, struct scan *s, struct err *e)
{
    struct strings ids = {0}, strangers = {0};

    *s = (struct scan){0};
    bool ok = spool_list(k->spool, &ids, &strangers, e);
    for (size_t i = 0; ok && i < ids.count; i++)
        look_at(k, s, ids.items[i]);
    for (size_t i = 0; ok && i < strangers.count; i++) {
        struct err what;
        err_set(&what, ERR_DATA, "not a file that smtpost made");
        set_aside(k, strangers.items[i], &what);
    }
    strings_clear(&ids);
    strings_clear(&strangers);
    return ok;
}

/* -- what is due */

static bool is_down(const struct group *g)
{
    return g->down_next != 0;
}

/* Seconds until this message may be tried; 0: now. */
static unsigned long wait_of(const struct job *job, const struct group *g, time_t now)
{
    struct schedule_times message = {job->last, job->next};
    struct schedule_times account = {g->down_last, g->down_next};
    enum schedule_case which = job->tries == 0 ? SCHEDULE_NEW
                               : job->down     ? SCHEDULE_WITH_ACCOUNT
                                               : SCHEDULE_PUT_OFF;

    return schedule_turn(which, &message, &account, now);
}

/* Mark what is to be tried. Returns the seconds until something is, LOOK_AROUND at the most. */
static unsigned long mark_due(struct scan *s)
{
    time_t now = clock_wall();
    unsigned long least = LOOK_AROUND;

    for (size_t i = 0; i < s->count; i++) {
        struct job *job = &s->jobs[i];
        struct group *g = &s->groups[job->group];
        unsigned long wait = wait_of(job, g, now);
        job->eligible = wait == 0;
        g->eligible += job->eligible;
        if (wait > 0 && wait < least)
            least = wait;
    }
    return least;
}

/* For a run by hand: everything, or in its second round what is new. */
static size_t mark_all(struct scan *s, bool only_new)
{
    size_t marked = 0;

    for (size_t i = 0; i < s->count; i++) {
        s->jobs[i].eligible = !only_new || s->jobs[i].tries == 0;
        s->groups[s->jobs[i].group].eligible += s->jobs[i].eligible;
        marked += s->jobs[i].eligible;
    }
    return marked;
}

/* -- workers */

/* What a child process is to do. */
struct task {
    const struct runner *r;
    const struct account *account;   /* NULL: `e` says why there is none */
    const struct err *e;
    const struct job *jobs;
    size_t count, start;
    int lock, bell;          /* the runner's, not the worker's; -1: none */
};

static int do_task(void *argument)
{
    const struct task *t = argument;

    /* When the runner is ended by force, the lock must end with it. */
    if (t->lock >= 0)
        close(t->lock);
    if (t->bell >= 0)
        close(t->bell);
    if (t->account)
        narrow_process(t->account, t->r->keeper.spool->path, NULL);
    const struct account none = {.queue_lifetime = (unsigned long)-1, .retry_after = 60};
    struct worker w = {
        .keeper = &t->r->keeper, .account = t->account ? t->account : &none,
        .hello = t->r->hello, .transcript = t->r->transcript,
        .jobs = t->jobs, .count = t->count, .start = t->start, .stop = t->r->stop,
    };
    return (int)(t->account ? worker_run(&w) : worker_refuse(&w, t->e));
}

static bool start_child(struct crew *c, const struct group *g, struct task *t)
{
    struct child child = {.key = mem_strdup(g->key)};
    struct err e;

    if (!run_fork(do_task, t, &child.pid, &child.fd, &e)) {
        settle_complain(&c->r->keeper, g->account, &e);
        free(child.key);
        return false;
    }
    c->children = mem_grow(c->children, c->count, &c->capacity, sizeof *c->children);
    c->children[c->count++] = child;
    return true;
}

/* The jobs of one group, side by side. */
static struct job *collect(const struct scan *s, size_t group, size_t *count)
{
    struct job *jobs = mem_resize(NULL, s->count, sizeof *jobs);

    *count = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->jobs[i].group == group)
            jobs[(*count)++] = s->jobs[i];
    return jobs;
}

static size_t worker_count(const struct group *g, const struct account *account)
{
    size_t wanted = (g->eligible + SHARE - 1) / SHARE;

    if (!account || is_down(g))
        return 1;
    return wanted < account->connections ? wanted : account->connections;
}

/* Workers for one account. */
static void serve_group(struct crew *c, const struct scan *s, size_t group)
{
    const struct group *g = &s->groups[group];
    struct config *config = NULL;
    struct account account = {0};
    struct err e;

    bool ok = c->r->configure(c->r->argument, g->config, &g->settings, &config, &e) &&
              config_resolve(config, g->account, &account, &e);
    struct task t = {.r = c->r, .account = ok ? &account : NULL, .e = &e,
                     .lock = c->lock, .bell = c->bell};
    struct job *jobs = collect(s, group, &t.count);
    size_t workers = worker_count(g, t.account);
    t.jobs = jobs;
    for (size_t i = 0; i < workers; i++) {
        t.start = i * t.count / workers;
        if (!start_child(c, g, &t))
            break;
    }
    free(jobs);
    account_clear(&account);
    config_free(config);
}

static bool is_busy(const struct crew *c, const struct group *g)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->children[i].key, g->key) == 0)
            return true;
    for (size_t i = 0; i < c->rest_count; i++)
        if (strcmp(c->rests[i].key, g->key) == 0 && !deadline_is_past(c->rests[i].until))
            return true;
    return false;
}

static void serve(struct crew *c, const struct scan *s)
{
    for (size_t i = 0; i < s->group_count; i++)
        if (s->groups[i].eligible && !is_busy(c, &s->groups[i]))
            serve_group(c, s, i);
}

static void let_rest(struct crew *c, const char *key, int seconds)
{
    size_t i = 0;

    while (i < c->rest_count && strcmp(c->rests[i].key, key) != 0)
        i++;
    if (i == c->rest_count) {
        c->rests = mem_grow(c->rests, c->rest_count, &c->rest_capacity, sizeof *c->rests);
        c->rests[c->rest_count++].key = mem_strdup(key);
    }
    c->rests[i].until = deadline_in((int64_t)seconds * 1000);
}

/* Milliseconds until the first of those that rest may go on; -1: none does. */
static int rest_time(const struct crew *c)
{
    int least = -1;

    for (size_t i = 0; i < c->rest_count; i++) {
        int left = deadline_poll(c->rests[i].until);
        if (left > 0 && (least < 0 || left < least))
            least = left;
    }
    return least;
}

static void reap(struct crew *c, size_t index)
{
    struct child child = c->children[index];
    int end = run_reap(child.pid, child.fd);

    if (end == WORKER_IDLE)
        let_rest(c, child.key, PAUSE_IDLE);
    else if (end != WORKER_DONE)
        let_rest(c, child.key, PAUSE_STUCK);
    free(child.key);
    c->children[index] = c->children[--c->count];
}

/* Wait for the end of a worker, the bell, the time, or the word to stop. */
static void wait_for(struct crew *c, int milliseconds)
{
    struct pollfd *fds = mem_resize(NULL, c->count + 2, sizeof *fds);

    for (size_t i = 0; i < c->count; i++)
        fds[i] = (struct pollfd){.fd = c->children[i].fd, .events = POLLIN};
    fds[c->count] = (struct pollfd){.fd = c->bell, .events = POLLIN};
    int stop = c->stops || !c->r->stop ? -1 : c->r->stop;
    fds[c->count + 1] = (struct pollfd){.fd = stop, .events = POLLIN};
    int ready = poll(fds, (nfds_t)(c->count + 2), milliseconds);
    c->stops = c->stops || (ready > 0 && fds[c->count + 1].revents);
    if (ready > 0 && c->bell >= 0 && fds[c->count].revents)
        lock_hush(c->bell);
    for (size_t i = c->count; ready > 0 && i-- > 0;)
        if (fds[i].revents)
            reap(c, i);
    free(fds);
}

static void crew_clear(struct crew *c)
{
    while (c->count)
        wait_for(c, -1);
    for (size_t i = 0; i < c->rest_count; i++)
        free(c->rests[i].key);
    free(c->children);
    free(c->rests);
}

/* -- a run by hand */

enum spool_found runner_take(const struct spool *s, const char *id, struct deadline deadline,
                             struct taken *t, struct err *e)
{
    for (;;) {
        enum spool_found found = spool_take(s, id, t, e);
        if (found != SPOOL_BUSY || deadline_is_past(deadline))
            return found;
        poll(NULL, 0, 50);
    }
}

/* Until nobody else has a message in hand. */
static void wait_for_others(const struct spool *s)
{
    struct deadline deadline = deadline_in((int64_t)PATIENCE * 1000);
    struct strings ids = {0};
    struct taken t;
    struct err e;

    bool ok = spool_list(s, &ids, NULL, &e);
    for (size_t i = 0; ok && i < ids.count; i++)
        if (runner_take(s, ids.items[i], deadline, &t, &e) == SPOOL_FOUND)
            taken_release(&t);
    strings_clear(&ids);
}

bool runner_run_once(const struct runner *r, struct err *e)
{
    const struct spool *spool = r->keeper.spool;
    bool again = true;

    spool_sweep(spool, clock_wall(), SPOOL_STALE);
    /* Bounces that the first round made leave in the second. */
    for (int round = 0; round < 3 && again; round++) {
        struct crew crew = {.r = r, .lock = -1, .bell = -1};
        struct scan scan;
        if (!look_around(&r->keeper, &scan, e))
            return false;
        again = mark_all(&scan, round > 0) > 0;
        serve(&crew, &scan);
        crew_clear(&crew);
        scan_clear(&scan);
        wait_for_others(spool);
    }
    return spool_is_empty(spool) ||
           err_set(e, ERR_TIMEOUT, "mail is still in the queue: see `smtpost queue list`");
}

/* -- in the background */

/* One look, and the wait behind it. False: nothing is left to wait for. */
static bool turn(struct crew *c)
{
    struct scan scan;
    struct err e;

    if (!look_around(&c->r->keeper, &scan, &e)) {
        settle_complain(&c->r->keeper, "queue", &e);
        wait_for(c, PAUSE_STUCK * 1000);
        return c->count > 0;
    }
    unsigned long seconds = mark_due(&scan);
    bool waits = scan.queued > 0 || scan.unsettled > 0;
    if (scan.unsettled)
        seconds = 1;
    serve(c, &scan);
    scan_clear(&scan);
    if (!waits && c->count == 0)
        return false;
    int rest = rest_time(c);
    int milliseconds = (int)seconds * 1000;
    wait_for(c, rest > 0 && rest < milliseconds ? rest : milliseconds);
    return true;
}

static bool has_work(const struct keeper *k)
{
    struct scan scan;
    struct err e;

    bool work = look_around(k, &scan, &e) && (scan.queued > 0 || scan.unsettled > 0);
    scan_clear(&scan);
    return work;
}

void runner_loop(const struct runner *r, int lock)
{
    const struct spool *spool = r->keeper.spool;
    struct crew crew = {.r = r, .lock = lock, .bell = lock_bell(spool)};
    struct err e;

    spool_sweep(spool, clock_wall(), SPOOL_STALE);
    do {
        while (!crew.stops && turn(&crew))
            ;
        /* Let go, and look once more: see queue/lock.h. */
        close(crew.lock);
        crew.lock = -1;
    } while (!crew.stops && has_work(&r->keeper) && lock_try(spool, &crew.lock, &e) &&
             crew.lock >= 0);
    if (crew.bell >= 0)
        close(crew.bell);
    crew.bell = -1;
    crew_clear(&crew);
}

/* What the process in the background begins with: everything open was closed but the lock. */
struct background {
    const struct runner *r;
    int lock;
};

static int run_background(void *argument)
{
    const struct background *b = argument;
    struct runner r = *b->r;
    struct spool spool;
    struct err e;

    if (!spool_open(&spool, b->r->keeper.spool->path, false, &e))
        return 1;
    r.keeper.spool = &spool;
    r.keeper.quiet = true;
    r.keeper.talks = false;
    r.transcript = NULL;
    r.stop = 0;
    runner_loop(&r, b->lock);
    spool_close(&spool);
    return 0;
}

bool runner_start(const struct runner *r, struct err *e)
{
    struct background b = {.r = r};

    if (!lock_try(r->keeper.spool, &b.lock, e))
        return false;
    if (b.lock < 0) {
        lock_ring(r->keeper.spool);
        return true;
    }
    bool ok = run_detached(run_background, &b, b.lock, e);
    close(b.lock);
    return ok;
}
