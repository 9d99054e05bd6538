/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/queue.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/say.h"
#include "cmd/exitcode.h"
#include "cmd/listing.h"
#include "cmd/result.h"
#include "cmd/spooling.h"
#include "queue/lock.h"

/* How long a command waits for a message that is being sent. */
#define PATIENCE_MS 5000

/* A command and what it works on. */
struct work {
    const struct args *args;
    struct host *host;
    struct spool spool;
    bool json;
    bool verbose;
    struct strings ids;      /* none: all */
    struct err fault;        /* what failed first; kind ERR_NONE: nothing */
    struct runner runner;
    struct spooling_context context;
    struct host of_service;  /* what the service goes by, in place of the caller's */
};

/* The first fault is the command's, for --json. */
static int fail(struct work *w, const struct err *e)
{
    log_line("%s", e->text);
    if (w->fault.kind == ERR_NONE)
        w->fault = *e;
    return exit_status_of_err(e);
}

/* The caller's own queue, if that of the service is the one at hand and this one is not empty. */
static bool open_own(const struct work *w, struct spool *own)
{
    const struct host *h = w->host;
    struct err e;

    if (w->args->spool || !h->queue || strcmp(w->spool.path, h->queue) == 0 ||
        !spool_open(own, h->queue, false, &e))
        return false;
    bool found = !spool_is_empty(own);
    if (!found)
        spool_close(own);
    return found;
}

/* For people, of all that waits; JSON is about one queue, and names it. */
static int list(struct work *w)
{
    struct spool own;
    struct err e;
    bool ok = true;

    bool has_own = !w->json && open_own(w, &own);
    if (has_own && spool_is_empty(&w->spool))
        listing_tell_aside(&w->spool);
    else
        ok = listing_show_all(&w->spool, w->json, &e);
    if (has_own) {
        ok = ok && listing_show_all(&own, false, &e);
        spool_close(&own);
        if (w->host->stderr_is_terminal)
            log_line(_("what is in your own queue, and not in that of the service, was listed "
                       "last: smtpost queue --spool %s"), w->host->queue);
    }
    return ok ? EX_OK : fail(w, &e);
}

/* An entry that is not here: root may have been shown it in his own queue. */
static void look_elsewhere(const struct work *w, const char *id, struct err *e)
{
    struct spool own;
    struct entry en;

    if (!open_own(w, &own))
        return;
    if (spool_look(&own, id, &en, &(struct err){0}) == SPOOL_FOUND) {
        err_set(e, ERR_DATA, "%s: is in your own queue, not in that of the service: smtpost queue "
                             "--spool %s", id, own.path);
        entry_clear(&en);
    }
    spool_close(&own);
}

/* Where none was named: "all", as it is just now. */
static bool name_all(struct work *w, struct err *e)
{
    return w->ids.count || spool_list(&w->spool, &w->ids, NULL, e);
}

static int show(struct work *w)
{
    struct err e;
    bool ok = name_all(w, &e);

    for (size_t i = 0; ok && i < w->ids.count; i++) {
        ok = listing_show_one(&w->spool, w->ids.items[i], w->json, &e);
        if (!ok)
            look_elsewhere(w, w->ids.items[i], &e);
    }
    return ok ? EX_OK : fail(w, &e);
}

static int run_all(struct work *w)
{
    struct err e;

    w->runner.keeper.talks = true;
    if (runner_run_once(&w->runner, &e))
        return EX_OK;
    return fail(w, &e);
}

/* What a person can do with an entry that is held by us. Says whether it is to be written. */
typedef bool change(struct entry *en);

/* Everybody who is not served is tried again from the start: at once, with all time ahead. */
static bool retry(struct entry *en)
{
    struct envelope *v = &en->envelope;

    for (size_t i = 0; i < v->count; i++)
        if (v->recipients[i].outcome.verdict == VERDICT_REFUSED && !*entry_bounce(en, i)) {
            v->recipients[i].outcome.verdict = VERDICT_DEFERRED;
            en->age = 0;
        }
    en->next = 0;
    en->tries = 0;
    en->down = false;
    return true;
}

static bool hold(struct entry *en)
{
    bool changed = !en->held;

    en->held = true;
    return changed;
}

static bool release(struct entry *en)
{
    bool changed = en->held;

    en->held = false;
    en->next = changed ? 0 : en->next;
    return changed;
}

/* Take hold of an entry. SPOOL_GONE is an error only for somebody who named it. */
static enum spool_found take(struct work *w, const char *id, struct taken *t, struct err *e)
{
    enum spool_found found =
        runner_take(&w->spool, id, deadline_in(PATIENCE_MS), t, e);

    if (found == SPOOL_GONE) {
        err_set(e, ERR_DATA, "%s: there is no such message in the queue", id);
        look_elsewhere(w, id, e);
    }
    if (found == SPOOL_BUSY)
        err_set(e, ERR_TIMEOUT, "%s: is being sent just now; try again", id);
    if (found == SPOOL_DAMAGED || found == SPOOL_FAILED)
        err_wrap(e, "%s", id);
    return found;
}

static bool apply(struct work *w, const char *id, change *do_it, struct err *e)
{
    struct taken t;
    bool ok = true;

    if (take(w, id, &t, e) != SPOOL_FOUND)
        return false;
    if (!do_it)
        ok = spool_remove(&w->spool, id, e);
    else if (do_it(&t.entry))
        ok = spool_update(&w->spool, &t, e);
    if (ok && !do_it && t.entry.about)
        settle_bounce_failed(&w->runner.keeper, &t.entry);
    taken_release(&t);
    return ok;
}

/* To each that was named; the first error decides the exit status, and the others are done. */
static int apply_all(struct work *w, change *do_it)
{
    struct err e;
    int status = EX_OK;

    if (!name_all(w, &e))
        return fail(w, &e);
    for (size_t i = 0; i < w->ids.count; i++) {
        if (apply(w, w->ids.items[i], do_it, &e))
            continue;
        int failed = fail(w, &e);
        status = status ? status : failed;
    }
    spool_settle(&w->spool);
    /* A runner that waits for what is no longer there need not. */
    lock_ring(&w->spool);
    return status;
}

/* Somebody has to do now what has become due. */
static int and_run(struct work *w, int status)
{
    struct err e;

    if (!spool_is_empty(&w->spool) && !runner_start(&w->runner, &e))
        return fail(w, &e);
    return status;
}

static int retry_all(struct work *w)
{
    return and_run(w, apply_all(w, retry));
}

static int hold_all(struct work *w)
{
    return apply_all(w, hold);
}

static int release_all(struct work *w)
{
    return and_run(w, apply_all(w, release));
}

static int remove_all(struct work *w)
{
    return apply_all(w, NULL);
}

static const struct verb_row {
    const char *name;
    int (*run)(struct work *w);
    bool wants_ids;
    bool takes_ids;
} verbs_of_queue[] = {
    {"list", list, false, false},       {"show", show, true, true},
    {"run", run_all, false, false},     {"retry", retry_all, false, true},
    {"hold", hold_all, true, true},     {"release", release_all, true, true},
    {"rm", remove_all, true, true},
};

static const struct verb_row *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs_of_queue / sizeof *verbs_of_queue; i++)
        if (strcmp(verbs_of_queue[i].name, name) == 0)
            return &verbs_of_queue[i];
    return NULL;
}

static int unknown_verb(struct work *w, const char *name)
{
    const char *names[sizeof verbs_of_queue / sizeof *verbs_of_queue];
    size_t count = sizeof names / sizeof *names;
    struct err e;

    for (size_t i = 0; i < count; i++)
        names[i] = verbs_of_queue[i].name;
    const char *near = strings_nearest(name, names, count);
    if (near)
        err_set(&e, ERR_USAGE,
                _("queue: \"%s\" is unknown; did you mean \"%s\"? else write list, show, run, "
                  "retry, hold, release or rm"), name, near);
    else
        err_set(&e, ERR_USAGE,
                _("queue: \"%s\" is unknown; write list, show, run, retry, hold, release or rm"),
                name);
    return fail(w, &e);
}

/* With --json a failure is an object too, and so is the end of what has nothing else to show. */
static int finish(const struct work *w, const struct verb_row *v, int status)
{
    bool shows = v && (v->run == list || v->run == show);

    return !w->json || (shows && status == EX_OK)
               ? status
               : result_print_end(w->fault.kind == ERR_NONE ? NULL : w->fault.text, status);
}

/* Options may stand behind the verb too. "all" is every message. */
static bool read_words(struct work *w, const struct args *a, const struct verb_row *v,
                       struct err *e)
{
    bool all = false;

    for (size_t i = 1; i < a->recipient_count; i++) {
        const char *word = a->recipients[i];
        if (strcmp(word, "--json") == 0)
            w->json = true;
        else if (strcmp(word, "-v") == 0 || strcmp(word, "--verbose") == 0)
            w->verbose = true;
        else if (strcmp(word, "all") == 0)
            all = true;
        else if (entry_id_is_valid(slice_of(word)))
            strings_add_text(&w->ids, word);
        else
            return err_set(e, ERR_USAGE, _("queue: \"%s\" is no message's name"), word);
    }
    if (w->ids.count && !v->takes_ids)
        return err_set(e, ERR_USAGE, _("queue %s: takes no message's name"), v->name);
    if (all)
        strings_clear(&w->ids);
    return w->ids.count || all || !v->wants_ids ||
           err_set(e, ERR_USAGE, _("queue %s: which message? give its name, or \"all\""), v->name);
}

/* Without a spool nothing is queued. */
static int without_queue(struct work *w, const struct verb_row *v)
{
    struct err e;

    if (v->run == list)
        return listing_show_empty(w->json) ? EX_OK : EX_IOERR;
    if (!w->ids.count)
        return EX_OK;
    err_set(&e, ERR_DATA, "%s: there is no such message in the queue", w->ids.items[0]);
    return fail(w, &e);
}

/* The output is for scripts, so this is for somebody who looks. */
static void tell_of_service(const struct host *h)
{
    if (h->stderr_is_terminal && spooling_is_hidden(h))
        log_line(_("what the service has taken is in its own queue, %s, which root can list"),
                 h->system_queue);
}

static int do_verb(struct work *w, const struct verb_row *v)
{
    struct err e;

    if (!v)
        return EX_SOFTWARE;
    e.errnum = 0;
    const char *place = spooling_place(w->args, w->host);
    /* The queue of the service goes by the system's file, whoever runs it. */
    host_mail_domain(w->host);
    w->of_service = *w->host;
    w->of_service.user_file = w->of_service.only_file = NULL;
    w->of_service.service = NULL;
    if (place == w->host->system_queue)
        w->context.host = &w->of_service;
    if (v->run == list)
        tell_of_service(w->host);
    if (!place || !spool_open(&w->spool, place, false, &e))
        return !place || e.errnum == ENOENT ? without_queue(w, v) : fail(w, &e);
    spooling_runner(&w->runner, &w->context, &w->spool);
    w->runner.transcript = w->verbose ? spooling_transcript() : NULL;
    int status = v->run(w);
    spool_close(&w->spool);
    return status;
}

int queue_command(const struct args *a, struct host *h)
{
    const char *name = a->recipient_count ? a->recipients[0] : "list";
    const struct verb_row *v = find_verb(name);
    struct work w = {.args = a, .host = h, .json = a->json, .verbose = a->verbose,
                     .context = {a, h}};
    struct err e;

    int status = !v                         ? unknown_verb(&w, name)
                 : read_words(&w, a, v, &e) ? do_verb(&w, v)
                                            : fail(&w, &e);
    strings_clear(&w.ids);
    return finish(&w, v, status);
}

static int simple(const struct args *a, struct host *h, const char *name)
{
    struct work w = {.args = a, .host = h, .json = a->json, .verbose = a->verbose,
                     .context = {a, h}};

    const struct verb_row *v = find_verb(name);
    return finish(&w, v, do_verb(&w, v));
}

int queue_list(const struct args *a, struct host *h)
{
    return simple(a, h, "list");
}

int queue_run(const struct args *a, struct host *h)
{
    return simple(a, h, "run");
}
