/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/serve.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/run.h"
#include "cmd/clients.h"
#include "cmd/exitcode.h"
#include "cmd/manager.h"
#include "cmd/receiver.h"
#include "cmd/signals.h"
#include "cmd/sources.h"
#include "cmd/supervise.h"
#include "relay/narrow.h"

/* Milliseconds: for what is in flight when the service is to end, the sessions' own time and some
 * more; and before clients are let in again when there was no room. */
#define PATIENCE (RECEIVER_GRACE + 10 * 1000)
#define PAUSE 1000

void service_say(const struct service *s, const char *format, ...)
{
    char text[LIMIT_ERROR_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_line("serve: %s", text);
    /* A service manager that wants to hear of us keeps what we write, too. */
    if (!s->host->stderr_is_terminal && !s->host->notify_socket)
        log_syslog(NULL, false, slice_of(text));
}

static void close_end(int fd)
{
    if (fd >= 0)
        close(fd);
}

void service_leave(struct service *s)
{
    signals_leave(s->signals);
    listeners_clear(&s->listeners, false);
    for (size_t i = 0; i < s->client_count; i++) {
        close(s->clients[i].admission);
        close_end(s->clients[i].end);
    }
    close_end(s->runner_is_there ? s->runner_end : -1);
    close_end(s->stop[1]);
}

/* -- beginning */

/* Read the configuration; after a failure the one before stays. */
static bool configure(struct service *s, struct err *e)
{
    struct config *config;

    if (!sources_read(s->args, s->host, &config, e))
        return false;
    config_free(s->config);
    s->config = config;
    strings_clear(&s->places);
    narrow_find_places(config, s->spool.path, &s->places);
    return true;
}

static bool listen_all(struct service *s, struct err *e)
{
    const struct args *a = s->args;

    if (!listeners_adopt(&s->listeners, s->host, e))
        return false;
    if ((a->socket || !s->listeners.count) &&
        !listeners_add_unix(&s->listeners, s->socket, e))
        return false;
    for (size_t i = 0; i < a->listen.count; i++)
        if (!listeners_add_tcp(&s->listeners, a->listen.items[i], e))
            return false;
    return true;
}

static bool open_stop(struct service *s, struct err *e)
{
    return pipe2(s->stop, O_CLOEXEC) == 0 || err_os(e, ERR_OS, "cannot make a pipe");
}

static void tell_ready(const struct service *s)
{
    for (size_t i = 0; i < s->listeners.count; i++)
        service_say(s, "listening on %s", s->listeners.items[i].name);
    manager_tell(s->host, "READY=1\nSTATUS=Waiting for mail");
}

static bool begin(struct service *s, struct err *e)
{
    if (!spool_open(&s->spool, s->host->queue, true, e) || !configure(s, e) ||
        !open_stop(s, e) || !signals_open(&s->signals, e) || !listen_all(s, e))
        return false;
    spooling_runner(&s->runner, &s->context, &s->spool);
    s->runner.stop = s->stop[0];
    s->runner.keeper.talks = s->args->verbose;
    s->runner.transcript = s->args->verbose ? spooling_transcript() : NULL;
    clients_recount(s);
    tell_ready(s);
    return true;
}

/* -- at work */

static void reload(struct service *s)
{
    struct err e;

    manager_tell_reloading(s->host);
    if (configure(s, &e))
        service_say(s, "the configuration was read again");
    else
        service_say(s, "the configuration stays as it was: %s", e.text);
    manager_tell(s->host, "READY=1");
}

/* No more clients; who is here ends what he has begun. */
static void stop(struct service *s)
{
    if (s->stop[1] < 0)
        return;
    service_say(s, "ending");
    manager_tell(s->host, "STOPPING=1\nSTATUS=Ending");
    listeners_clear(&s->listeners, true);
    close(s->stop[1]);
    s->stop[1] = -1;
}

static void heed_signals(struct service *s)
{
    bool end, again;

    if (!signals_take(s->signals, &end, &again))
        return;
    if (again)
        reload(s);
    if (end)
        stop(s);
}

/* What is waited for: the signals, the runner, the clients, then the listeners. */
static nfds_t fill(const struct service *s, struct pollfd *fds, bool full)
{
    nfds_t n = 0;

    fds[n++] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    fds[n++] = (struct pollfd){.fd = s->runner_is_there ? s->runner_end : -1, .events = POLLIN};
    for (size_t i = 0; i < s->client_count; i++)
        fds[n++] = (struct pollfd){.fd = s->clients[i].admission, .events = POLLIN};
    for (size_t i = 0; i < s->listeners.count; i++)
        fds[n++] = (struct pollfd){.fd = full ? -1 : s->listeners.items[i].fd, .events = POLLIN};
    return n;
}

/* False: there is no room for more clients. */
static bool heed(struct service *s, const struct pollfd *fds)
{
    size_t clients = s->client_count, listeners = s->listeners.count;
    bool room = true;

    if (fds[1].revents)
        supervise_reap(s);
    /* The last one may take the place of one that leaves: from the end. */
    for (size_t i = clients; i-- > 0;)
        if (fds[2 + i].revents)
            clients_hear(s, i);
    for (size_t i = 0; i < listeners && room; i++)
        if (fds[2 + clients + i].revents)
            room = clients_admit(s, &s->listeners.items[i]);
    if (fds[0].revents)
        heed_signals(s);
    return room;
}

static int earlier(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static bool is_over(const struct service *s, struct deadline end)
{
    return s->stop[1] < 0 &&
           ((!s->client_count && !s->runner_is_there) || deadline_is_past(end));
}

static void work(struct service *s)
{
    struct deadline end = deadline_never(), full = deadline_in(0);
    struct pollfd *fds = NULL;

    while (!is_over(s, end)) {
        int wait = earlier(supervise_start(s), deadline_poll(end));
        bool is_full = !deadline_is_past(full);
        size_t most = 2 + s->client_count + s->listeners.count;
        fds = mem_resize(fds, most, sizeof *fds);
        nfds_t count = fill(s, fds, is_full);
        if (poll(fds, count, is_full ? earlier(wait, deadline_poll(full)) : wait) > 0 &&
            !heed(s, fds))
            full = deadline_in(PAUSE);
        if (s->stop[1] < 0 && end.at == deadline_never().at)
            end = deadline_in(PATIENCE);
    }
    free(fds);
}

static void finish(struct service *s)
{
    if (s->client_count || s->runner_is_there)
        service_say(s, "some sessions or deliveries still end what they have in hand");
    listeners_clear(&s->listeners, true);
    quota_clear(&s->quota);
    config_free(s->config);
    strings_clear(&s->places);
    free(s->clients);
    spool_close(&s->spool);
}

static void set_text(char **text, const char *value)
{
    char *copy = value ? mem_strdup(value) : NULL;

    free(*text);
    *text = copy;
}

/* The service speaks for the machine: with the system's file, or the one it is given in its place,
 * and nothing of the user that it runs as. What it writes lies in its queue's directory, which may
 * be the only one that it can write to. */
static void become_service(const struct args *a, struct host *h, struct args *own)
{
    const char *file = a->config_file ? a->config_file : h->only_file;
    char *name = file ? realpath(file, NULL) : NULL;

    if (file)
        set_text(&h->system_file, name ? name : file);
    free(name);
    *own = *a;
    own->config_file = file ? h->system_file : NULL;
    own->mode = MODE_SMTP;
    h->service = NULL;
    set_text(&h->user_file, NULL);
    set_text(&h->only_file, NULL);
    set_text(&h->queue, a->spool ? a->spool : h->system_queue);
    set_text(&h->temporary, h->queue);
    host_mail_domain(h);
}

int serve_command(const struct args *a, struct host *h)
{
    struct args own;
    struct service s = {
        .host = h, .args = &own, .context = {&own, h},
        .signals = -1, .stop = {-1, -1}, .runner_end = -1, .spool = {.fd = -1},
    };
    struct err e;

    bool ok = !a->recipient_count ||
              err_set(&e, ERR_USAGE, "%s: only options stand here", a->recipients[0]);
    if (ok) {
        s.socket = a->socket ? a->socket : h->service;
        become_service(a, h, &own);
        quota_init(&s.quota, &a->limits);
        ok = begin(&s, &e);
        if (ok)
            work(&s);
        finish(&s);
    }
    if (!ok)
        log_line("serve: %s", e.text);
    return ok ? EX_OK : exit_status_of_err(&e);
}
