/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "account/draft.h"
#include "account/preset.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/say.h"
#include "cmd/check.h"
#include "cmd/exitcode.h"
#include "cmd/keeper.h"
#include "cmd/rcfile.h"
#include "cmd/sources.h"
#include "cmd/submission.h"
#include "cmd/terminal.h"
#include "cmd/wayfinder.h"

struct setup {
    const struct args *args;
    struct host *host;
    bool asks;               /* there is somebody to ask */
    const char *file;        /* the one to write */
    struct path address;
    struct presets presets;
    const struct preset *preset;     /* NULL: the domain is not known */
    struct draft draft;
    struct draft_section *section;
    char *name;              /* of the account */
};

static bool ask_address(struct setup *s, struct err *e)
{
    const char *given = s->args->recipient_count ? s->args->recipients[0] : NULL;
    char *answer = NULL;

    for (;;) {
        if (!given && !s->asks)
            return err_set(e, ERR_USAGE, "%s", _("setup: name the mail address: setup ADDRESS"));
        if (!given && !terminal_ask(_("Your mail address"), NULL, &answer, e))
            return false;
        bool ok = path_parse(&s->address, slice_of(given ? given : answer), e) &&
                  (path_domain(&s->address).len || path_fault(e, slice_of(given ? given : answer),
                                                              "there is no domain in it"));
        free(answer);
        answer = NULL;
        if (ok || given || !s->asks)
            return ok;
        terminal_tell(e->text);
        path_clear(&s->address);
    }
}

static bool refuse_option(const char *name, const char *near, struct err *e)
{
    if (near)
        return err_set(e, ERR_USAGE,
                       _("setup: --set %s: there is no such option; did you mean \"%s\"?"), name,
                       near);
    return err_set(e, ERR_USAGE, _("setup: --set %s: there is no such option"), name);
}

/* --set goes into the file as it is: it says more than any preset. */
static bool take_settings(struct setup *s, struct err *e)
{
    for (size_t i = 0; i < s->args->settings.count; i++) {
        const char *text = s->args->settings.items[i], *equals = strchr(text, '='), *near;
        char *name = slice_dup(slice_make(text, (size_t)(equals - text)));
        bool known = option_find(name, &near);
        if (known)
            draft_set(s->section, name, equals + 1);
        else
            refuse_option(name, near, e);
        free(name);
        if (!known)
            return false;
    }
    return true;
}

/* "mail.example.org" for ada@mail.example.org: gmail, example, ... */
static char *propose_name(const struct setup *s)
{
    struct slice domain = path_domain(&s->address);

    if (s->preset)
        return mem_strdup(s->preset->options.name);
    return slice_dup(slice_make(domain.data, slice_find(domain, '.', 0)));
}

/* A name that is free in the file. */
static bool choose_name(struct setup *s, struct err *e)
{
    char *proposed = propose_name(s);

    for (unsigned n = 1;; n++) {
        bool taken;
        char name[LIMIT_DOMAIN + 16];
        snprintf(name, sizeof name, n > 1 ? "%.200s-%u" : "%.200s", s->args->account
                 ? s->args->account : proposed, n);
        if (!rcfile_has_account(s->file, s->host->home, name, &taken, e)) {
            free(proposed);
            return false;
        }
        if (taken && s->args->account) {
            free(proposed);
            return err_set(e, ERR_CONFIG,
                           "%s: account \"%s\" is there already; choose another name "
                           "with --account",
                           s->file, name);
        }
        if (!taken) {
            s->name = mem_strdup(name);
            free(proposed);
            return true;
        }
    }
}

/* --- the server --- */

static bool use_preset(struct setup *s)
{
    const struct preset *p = s->preset;
    const struct setting *user = section_find(&p->options, "user");

    draft_set(s->section, "provider", p->options.name);
    if (user)
        draft_set(s->section, "user", user->values.items[0]);
    printf("%s\n", p->title);
    if (p->note)
        printf("  %s\n", p->note);
    return true;
}

static void use_way(struct setup *s, const struct way *way)
{
    char port[16];

    snprintf(port, sizeof port, "%u", way->port);
    draft_set(s->section, "host", way->host);
    draft_set(s->section, "port", port);
    draft_set(s->section, "tls", way->implicit_tls ? "implicit" : "starttls");
}

/* What the mail domain says of itself counts only when a person agrees: nobody has signed it. */
static bool use_discovered(struct setup *s, bool *found, struct err *e)
{
    char *domain = slice_dup(path_domain(&s->address));
    char question[LIMIT_DOMAIN * 2 + 100];
    struct way way;
    struct err ignored;

    *found = false;
    bool ok = true;
    if (s->asks && wayfinder_discover(domain, &way, &ignored)) {
        snprintf(question, sizeof question,
                 _("%s says that its server is %s:%u (unsigned, so please look). Use it?"), domain,
                 way.host, way.port);
        ok = terminal_confirm(question, wayfinder_is_within(way.host, domain), found, e);
        if (ok && *found)
            use_way(s, &way);
    }
    free(domain);
    return ok;
}

static bool ask_server(struct setup *s, struct err *e)
{
    char fallback[LIMIT_DOMAIN + 16], *host;
    struct slice domain = path_domain(&s->address);
    struct way way;

    snprintf(fallback, sizeof fallback, "smtp.%.*s", (int)domain.len, domain.data);
    for (;;) {
        if (!terminal_ask(_("Mail server (SMTP)"), fallback, &host, e))
            return false;
        bool ok = wayfinder_try(host, s->host, &way, e);
        free(host);
        if (ok)
            break;
        terminal_tell(e->text);
    }
    printf(_("%s answers on port %u and proves its name.\n"), way.host, way.port);
    use_way(s, &way);
    return true;
}

static bool find_server(struct setup *s, struct err *e)
{
    const char *provider = draft_get(s->section, "provider");
    bool found = false;

    if (draft_get(s->section, "host") || draft_get(s->section, "socket"))
        return true;
    if (provider) {
        s->preset = presets_find(&s->presets, provider, e);
        return s->preset || err_wrap(e, "setup: --set provider");
    }
    s->preset = presets_find_domain(&s->presets, path_domain(&s->address));
    if (s->preset)
        return use_preset(s);
    if (!use_discovered(s, &found, e))
        return false;
    if (found)
        return true;
    if (!s->asks)
        return err_set(e, ERR_USAGE,
                       _("setup: the server of %s is not known; write --set host=..."),
                       s->address.text);
    printf(_("No provider of %.*s is known here; its documentation names the server.\n"),
           (int)path_domain(&s->address).len, path_domain(&s->address).data);
    return ask_server(s, e);
}

/* --- the login --- */

static bool is_secret_known(const struct setup *s)
{
    static const char *const sources[] = {"password-command", "password-file", "token-command",
                                          "token-file", "tls-certificate"};
    const char *auth = draft_get(s->section, "auth");

    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (draft_get(s->section, sources[i]))
            return true;
    return auth && strcmp(auth, "none") == 0;
}

static bool choose_keeper(const struct setup *s, const struct keeper **out, struct err *e)
{
    const struct keeper *here[8] = {NULL};
    const char *titles[8];
    size_t count = 0, chosen = 0;

    for (size_t i = 0; i < keeper_count; i++)
        if (keeper_is_here(&keepers[i], s->host->path, s->host->uid)) {
            titles[count] = keepers[i].title;
            here[count++] = &keepers[i];
        }
    *out = here[count - 1];
    if (!s->asks || count == 1)
        return true;
    printf("%s\n", _("Where shall the password be kept?"));
    if (!terminal_choose(_("Choose"), titles, count, &chosen, e))
        return false;
    *out = here[chosen];
    return true;
}

static void tell_wants(const struct preset *p)
{
    static const char *const wants[] = {
        [PRESET_ACCOUNT] = N_("%s wants the password of the account"),
        [PRESET_APP] = N_("%s wants an app password, made at"),
        [PRESET_API] = N_("%s wants a key of the service, made at"),
        [PRESET_TOKEN] = N_("%s wants OAuth, see")};

    printf(_(wants[p->wants]), p->title);
    if (p->wants != PRESET_ACCOUNT)
        printf(" %s", p->url);
    printf("\n");
}

static bool keep_password(struct setup *s, struct err *e)
{
    struct keeping what = {s->name, draft_get(s->section, "user"), s->host->config_directory,
                           s->host->temporary};
    struct secret secret = {0};
    const struct keeper *keeper;
    bool kept = false;

    if (s->asks && s->preset)
        tell_wants(s->preset);
    bool ok = terminal_ask_secret(s->asks ? _("Password") : NULL, &secret, e);
    if (!ok && !s->asks)
        err_set(e, ERR_USAGE, "%s",
                _("setup: no password on standard input; write it there, or "
                  "--set password-command=..., or --set auth=none"));
    while (ok && choose_keeper(s, &keeper, e)) {
        kept = keeper_store(keeper, &what, &secret, s->section, e);
        /* The program may want to be set up itself; there is another way. */
        if (kept || !s->asks || !keeper->program)
            break;
        terminal_tell(e->text);
    }
    secret_clear(&secret);
    return kept;
}

static bool ask_token(struct setup *s, struct err *e)
{
    char *command;

    if (!s->asks)
        return err_set(e, ERR_USAGE,
                       _("setup: %s takes OAuth tokens; write --set token-command=..."),
                       s->preset->title);
    printf("%s\n", _("A helper such as oama has to fetch the tokens: smtprc(5), section OAUTH."));
    if (!terminal_ask(_("Command that prints a token"), NULL, &command, e))
        return false;
    draft_set(s->section, "token-command", command);
    free(command);
    return true;
}

static bool find_login(struct setup *s, struct err *e)
{
    const char *auth = draft_get(s->section, "auth");
    char *user;

    if (auth && strcmp(auth, "none") == 0)
        return true;
    if (!draft_get(s->section, "user")) {
        if (!s->asks) {
            draft_set(s->section, "user", s->address.text);
        } else {
            if (!terminal_ask(_("Name to log in with"), s->address.text, &user, e))
                return false;
            draft_set(s->section, "user", user);
            free(user);
        }
    }
    if (is_secret_known(s))
        return true;
    return s->preset && s->preset->wants == PRESET_TOKEN ? ask_token(s, e) : keep_password(s, e);
}

/* --- the end --- */

static int run_check(const struct setup *s)
{
    char *words[] = {s->name, NULL};
    struct args check = {.config_file = s->args->config_file, .recipients = words,
                         .recipient_count = 1, .color = s->args->color};

    printf("\n");
    return check_command(&check, s->host);
}

static bool make_test_message(struct submission *m, const char *directory, struct err *e)
{
    static const char text[] = "Subject: smtpost works\n\nThis account of smtpost can send mail.\n";
    int fd;

    if (!file_unnamed(directory, &fd, e))
        return false;
    bool ok = file_write(fd, slice_of(text), e) && lseek(fd, 0, SEEK_SET) == 0 &&
              message_read(&m->message, fd, false, e);
    close(fd);
    return ok;
}

static int send_test(const struct setup *s)
{
    char *words[] = {s->address.text, NULL};
    struct args mail = {.config_file = s->args->config_file, .account = s->name,
                        .recipients = words, .recipient_count = 1};
    struct submission m;
    struct config *config;
    struct err e;
    int status;

    const char *near;
    /* Whoever sets up wants to see it arrive or fail. */
    if (option_find("queue", &near))
        strings_add_text(&mail.settings, "queue=never");
    if (!sources_read(&mail, s->host, &config, &e)) {
        log_line("%s", e.text);
        status = exit_status_of_err(&e);
    } else {
        submission_init(&m, &mail, s->host, config);
        bool ok = make_test_message(&m, s->host->temporary, &e) && submission_address(&m, &e) &&
                  submission_prepare(&m, &e);
        status = ok ? submission_dispatch(&m) : submission_fail(&m, &e);
        submission_clear(&m);
        config_free(config);
    }
    strings_clear(&mail.settings);
    if (status == EX_OK)
        printf("%s\n", _("Sent."));
    return status;
}

static int finish(const struct setup *s)
{
    char question[LIMIT_PATH + 64];
    bool yes = false;
    struct err e;

    printf(_("\nAccount \"%s\" is in %s\n"), s->name, s->file);
    if (s->args->no_check)
        return EX_OK;
    int status = run_check(s);
    if (status != EX_OK || !s->asks)
        return status;
    snprintf(question, sizeof question, _("\nSend a test message to %.*s?"),
             (int)path_address(&s->address).len, path_address(&s->address).data);
    if (!terminal_confirm(question, true, &yes, &e))
        return EX_OK;
    return yes ? send_test(s) : EX_OK;
}

static bool fill_in(struct setup *s, struct err *e)
{
    if (!s->file)
        return err_set(e, ERR_CONFIG, "%s",
                       _("setup: there is no home directory to write a file to"));
    if (!presets_read(&s->presets, e) || !ask_address(s, e))
        return false;
    s->section = draft_section(&s->draft, "");
    if (!take_settings(s, e))
        return false;
    if (!find_server(s, e) || !choose_name(s, e) || !find_login(s, e))
        return false;
    if (!draft_get(s->section, "from"))
        draft_set(s->section, "from", s->address.text);
    free(s->section->name);
    s->section->name = mem_strdup(s->name);
    return rcfile_append(s->file, &s->draft, e);
}

int setup_command(const struct args *a, struct host *h)
{
    struct setup s = {
        .args = a,
        .host = h,
        .asks = !a->non_interactive,
        .file = a->config_file ? a->config_file : h->only_file ? h->only_file : h->user_file,
    };
    struct err e;
    int status;

    if (a->recipient_count > 1) {
        log_line("%s", _("setup: one address at a time: setup [ADDRESS]"));
        return EX_USAGE;
    }
    if (fill_in(&s, &e)) {
        status = finish(&s);
    } else {
        log_line("%s", e.text);
        status = exit_status_of_err(&e);
    }
    free(s.name);
    draft_clear(&s.draft);
    presets_clear(&s.presets);
    path_clear(&s.address);
    return status;
}
