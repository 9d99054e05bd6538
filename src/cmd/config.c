/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "account/account.h"
#include "account/config.h"
#include "account/import.h"
#include "account/preset.h"
#include "base/json.h"
#include "base/log.h"
#include "base/say.h"
#include "cmd/exitcode.h"
#include "cmd/result.h"
#include "cmd/sources.h"

/* "    host = "smtp.example.org"          # ~/.smtprc:4" */
static void show_option(const struct account *account, size_t index)
{
    const struct origin *origin = &account->origins[index];
    struct buf value, clean, place;

    if (!origin->file)
        return;
    buf_init(&value, LIMIT_CONFIG_FILE);
    buf_init(&clean, LIMIT_CONFIG_FILE);
    buf_init(&place, LIMIT_LOG_LINE);
    option_format(&options[index], account, &value);
    log_clean(&clean, buf_slice(&value));
    log_clean(&place, slice_of(origin->file));
    if (origin->line)
        buf_put_format(&place, ":%u", origin->line);
    printf("  %-20s = %-30s # %s\n", options[index].name, clean.data ? clean.data : "",
           place.data ? place.data : "");
    buf_clear(&value);
    buf_clear(&clean);
    buf_clear(&place);
}

static bool show_account(const struct config *c, const char *name, struct err *e)
{
    struct account account;
    const char *chosen = config_default_account(c);

    if (!config_resolve(c, name, &account, e))
        return false;
    printf("account \"%s\"%s\n", name,
           account.hands_over                        ? "  # this machine's service"
           : chosen && strcmp(chosen, name) == 0 ? "  # default-account" : "");
    for (size_t i = 0; i < option_count; i++)
        show_option(&account, i);
    account_clear(&account);
    return true;
}

static void put_option(struct json *j, const struct account *account, size_t index)
{
    const struct origin *origin = &account->origins[index];
    struct buf value;

    if (!origin->file)
        return;
    buf_init(&value, LIMIT_CONFIG_FILE);
    option_format(&options[index], account, &value);
    json_begin_object(j, options[index].name);
    json_put_text(j, "value", buf_slice(&value));
    json_put_string(j, "file", origin->file);
    json_put_number(j, "line", origin->line);
    json_end(j);
    buf_clear(&value);
}

static bool put_account(struct json *j, const struct config *c, const char *name, struct err *e)
{
    const char *chosen = config_default_account(c);
    struct account account;

    if (!config_resolve(c, name, &account, e))
        return false;
    json_begin_object(j, NULL);
    json_put_string(j, "name", name);
    json_put_bool(j, "default", chosen && strcmp(chosen, name) == 0);
    json_put_bool(j, "hands-over", account.hands_over);
    json_begin_object(j, "options");
    for (size_t i = 0; i < option_count; i++)
        put_option(j, &account, i);
    json_end(j);
    json_end(j);
    account_clear(&account);
    return true;
}

/* The one, or all of them, that of the hand-over first. */
static void list_names(const struct config *c, const char *only, struct strings *names)
{
    struct origin ignored;
    const char *first = only ? only : config_hand_over(c, &ignored);

    if (first)
        strings_add_text(names, first);
    for (size_t i = 0; !only && i < config_account_count(c); i++)
        strings_add_text(names, config_account_name(c, i));
}

static bool show_json(const struct config *c, const struct strings *names, struct err *e)
{
    struct json j;
    struct buf out;
    bool ok = true;

    buf_init(&out, (size_t)64 * LIMIT_CONFIG_FILE);
    json_init(&j, &out);
    json_begin_object(&j, NULL);
    json_begin_array(&j, "accounts");
    for (size_t i = 0; ok && i < names->count; i++)
        ok = put_account(&j, c, names->items[i], e);
    json_end(&j);
    json_end(&j);
    if (ok)
        fputs(out.data, stdout);
    buf_clear(&out);
    return ok;
}

static bool show_text(const struct config *c, const struct strings *names, struct err *e)
{
    bool ok = true;

    for (size_t i = 0; ok && i < names->count; i++)
        ok = show_account(c, names->items[i], e);
    return ok;
}

static int show(const struct args *a, const struct host *h)
{
    const char *only = a->recipient_count > 1 ? a->recipients[1] : a->account;
    struct config *c = NULL;
    struct err e;
    struct strings names = {0};
    bool ok = sources_read(a, h, &c, &e);

    if (ok) {
        list_names(c, only, &names);
        ok = (a->json ? show_json : show_text)(c, &names, &e);
    }
    strings_clear(&names);
    config_free(c);
    if (!ok)
        log_line("%s", e.text);
    int status = ok ? EX_OK : exit_status_of_err(&e);
    return ok || !a->json ? status : result_print_end(e.text, status);
}

static int list_options(const struct args *a, const struct host *h)
{
    struct buf doc;

    (void)a, (void)h;
    for (size_t i = 0; i < option_count; i++) {
        buf_init(&doc, LIMIT_LOG_LINE);
        buf_put_text(&doc, options[i].doc);
        if (options[i].flags & OPTION_VARIABLE) {
            buf_put_text(&doc, " [");
            option_put_variable(&options[i], &doc);
            buf_put_text(&doc, "]");
        }
        printf("%-20s %-12s %s\n", options[i].name,
               options[i].fallback ? options[i].fallback : "-", doc.data);
        buf_clear(&doc);
    }
    return EX_OK;
}

static void show_preset(const struct preset *p)
{
    static const char *const wants[] = {
        [PRESET_ACCOUNT] = "the account's password",
        [PRESET_APP] = "an app password",
        [PRESET_API] = "a key of the service",
        [PRESET_TOKEN] = "OAuth: token-command",
    };
    const struct setting *host = section_find(&p->options, "host");
    const struct setting *port = section_find(&p->options, "port");
    const struct setting *tls = section_find(&p->options, "tls");

    printf("%-12s %s\n             %s:%s, tls = %s\n             wants %s: %s\n", p->options.name,
           p->title, host->values.items[0], port->values.items[0], tls->values.items[0],
           wants[p->wants], p->url);
    if (p->note)
        printf("             %s\n", p->note);
}

static int list_providers(const struct args *a, const struct host *h)
{
    struct presets presets;
    struct err e;

    (void)a, (void)h;
    if (!presets_read(&presets, &e)) {
        log_line("%s", e.text);
        return exit_status_of_err(&e);
    }
    for (size_t i = 0; i < presets.count; i++)
        show_preset(&presets.items[i]);
    presets_clear(&presets);
    return EX_OK;
}

/* The new file on standard output; what cannot be kept is a comment in it. */
static int import(const struct args *a, const struct host *h)
{
    const char *path = a->recipients[1];
    struct draft draft;
    struct buf text;
    struct err e;

    (void)h;
    if (!import_file(path, &draft, &e)) {
        log_line("config import: %s", e.text);
        return exit_status_of_err(&e);
    }
    buf_init(&text, LIMIT_CONFIG_FILE * 4);
    draft_write(&draft, &text);
    fputs(text.data ? text.data : "", stdout);
    buf_wipe(&text);
    draft_clear(&draft);
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static const struct verb_row {
    const char *name;
    int (*run)(const struct args *a, const struct host *h);
    size_t min, max;         /* words, with its own */
    const char *usage;
} verbs_of_config[] = {
    {"show", show, 0, 2, "show [ACCOUNT]"},
    {"options", list_options, 1, 1, "options"},
    {"providers", list_providers, 1, 1, "providers"},
    {"import", import, 2, 2, "import FILE"},
};

enum { VERBS_OF_CONFIG = sizeof verbs_of_config / sizeof *verbs_of_config };

static int complain(const char *verb, const struct verb_row *known)
{
    const char *names[VERBS_OF_CONFIG];

    for (size_t i = 0; i < VERBS_OF_CONFIG; i++)
        names[i] = verbs_of_config[i].name;
    const char *near = strings_nearest(verb, names, VERBS_OF_CONFIG);
    if (known)
        log_line(_("config %s: write config %s"), verb, known->usage);
    else if (near)
        log_line(_("config: \"%s\" is unknown; did you mean \"%s\"? else write show, options, "
                   "providers or import"), verb, near);
    else
        log_line(_("config: \"%s\" is unknown; write show, options, providers or import"), verb);
    return EX_USAGE;
}

int config_command(const struct args *a, struct host *h)
{
    const char *verb = a->recipient_count ? a->recipients[0] : "show";
    const struct verb_row *v = NULL;

    for (size_t i = 0; i < VERBS_OF_CONFIG && !v; i++)
        if (strcmp(verb, verbs_of_config[i].name) == 0)
            v = &verbs_of_config[i];
    if (!v || a->recipient_count < v->min || a->recipient_count > v->max)
        return complain(verb, v);
    return v->run(a, h);
}
