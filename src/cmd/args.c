/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/args.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/say.h"
#include "cmd/args_table.h"
#include "mail/xtext.h"
#include "smtp/needs.h"

static bool has_control(const char *text)
{
    for (; *text; text++)
        if (ascii_is_control(*text))
            return true;
    return false;
}

static bool no_control(const char *option, const char *value, struct err *e)
{
    return !has_control(value) ||
           err_set(e, ERR_USAGE, _("%s: the value holds a control character"), option);
}

static bool set_header_recipients(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->recipients_from_header = true;
    return true;
}

static bool set_dot_is_text(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->dot_is_text = true;
    return true;
}

static bool set_sender(struct args *a, const char *value, struct err *e)
{
    a->sender = value;
    return no_control("-f", value, e);
}

static bool set_full_name(struct args *a, const char *value, struct err *e)
{
    a->full_name = value;
    return no_control("-F", value, e);
}

/* What is asked in vain is no reason to lose a message, but somebody may wonder one day. */
static void leave_unheeded(struct args *a, const char *option, const char *value)
{
    struct buf text;

    buf_init(&text, LIMIT_LOG_LINE);
    buf_put_format(&text, "%s %.500s", option, value);
    strings_add(&a->unheeded, buf_slice(&text));
    buf_clear(&text);
}

static bool set_envelope_id(struct args *a, const char *value, struct err *e)
{
    struct buf encoded;

    if (!no_control("-V", value, e))
        return false;
    buf_init(&encoded, LIMIT_COMMAND);
    xtext_encode(&encoded, slice_of(value));
    if (!encoded.overflow && xtext_is_envid(buf_slice(&encoded)))
        a->envid = value;
    else
        leave_unheeded(a, "-V", value);
    buf_clear(&encoded);
    return true;
}

static bool set_notify(struct args *a, const char *value, struct err *e)
{
    if (!notify_parse(slice_of(value), &a->notify))
        leave_unheeded(a, "-N", value);
    return no_control("-N", value, e);
}

static bool set_return(struct args *a, const char *value, struct err *e)
{
    if (!ret_parse(slice_of(value), &a->ret))
        leave_unheeded(a, "-R", value);
    return no_control("-R", value, e);
}

static bool set_body(struct args *a, const char *value, struct err *e)
{
    if (!body_parse(slice_of(value), &a->body))
        leave_unheeded(a, "-B", value);
    return no_control("-B", value, e);
}

static bool set_no_aliases(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->no_aliases = true;
    return true;
}

static bool set_errors(struct args *a, const char *value, struct err *e)
{
    (void)e;
    if (*value && strchr("mew", *value))
        a->errors = ERRORS_MAIL;
    else
        a->errors = *value == 'q' ? ERRORS_QUIET : ERRORS_PRINT;
    return true;
}

static void set_delivery(struct args *a, char letter)
{
    a->delivery = letter == 'b'   ? DELIVERY_BACKGROUND
                  : letter == 'q' ? DELIVERY_QUEUE
                                  : DELIVERY_NOW;
}

static bool set_verbose(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->verbose = true;
    return true;
}

static bool set_log_tag(struct args *a, const char *value, struct err *e)
{
    a->log_tag = value;
    return no_control("-L", value, e);
}

static bool set_account(struct args *a, const char *value, struct err *e)
{
    (void)e;
    a->account = value;
    return true;
}

/* Web programs hand their users' words to sendmail: under that name nobody chooses our file. */
static bool set_config_file(struct args *a, const char *value, struct err *e)
{
    (void)e;
    if (a->as_sendmail)
        leave_unheeded(a, "-C", value);
    else
        a->config_file = value;
    return true;
}

static bool add_setting(struct args *a, const char *value, struct err *e)
{
    strings_add_text(&a->settings, value);
    return strchr(value, '=') || err_set(e, ERR_USAGE, _("--set %s: write OPTION=VALUE"), value);
}

static bool set_require_tls(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->require_tls = true;
    return true;
}

/* A parameter of MAIL or RCPT that smtpost does not know. */
static bool add_parameter(struct strings *list, const char *option, const char *value,
                          struct err *e)
{
    strings_add_text(list, value);
    if (list->count > LIMIT_PARAMETERS)
        return err_set(e, ERR_USAGE, _("%s: more than %d of them"), option, LIMIT_PARAMETERS);
    return needs_take_parameter(slice_of(value), e) || err_wrap(e, "%s %s", option, value);
}

static bool add_mail_param(struct args *a, const char *value, struct err *e)
{
    return add_parameter(&a->mail_params, "--mail-param", value, e);
}

static bool add_rcpt_param(struct args *a, const char *value, struct err *e)
{
    return add_parameter(&a->rcpt_params, "--rcpt-param", value, e);
}

static bool set_dry_run(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->dry_run = true;
    return true;
}

static bool set_json(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->json = true;
    return true;
}

static bool set_color(struct args *a, const char *value, struct err *e)
{
    static const char *const names[] = {
        [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(value, names[i]) == 0) {
            a->color = (enum color)i;
            return true;
        }
    return err_set(e, ERR_USAGE, _("--color=%s: write auto, always or never"), value);
}

static bool set_run_queue(struct args *a, const char *value, struct err *e)
{
    (void)e;
    a->mode = MODE_RUN_QUEUE;
    a->queue_choice = value;
    return true;
}

static bool set_aliases(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->mode = MODE_ALIASES;
    return true;
}

static bool set_help(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->mode = MODE_HELP;
    return true;
}

static bool set_version(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->mode = MODE_VERSION;
    return true;
}

static bool set_mode(struct args *a, const char *value, struct err *e)
{
    switch (value[0]) {
    case 'm':
        a->mode = MODE_SUBMIT;
        return true;
    case 's':
        a->mode = MODE_SMTP;
        return true;
    case 'v':
        a->mode = MODE_VERIFY;
        return true;
    case 'p':
        a->mode = MODE_LIST_QUEUE;
        return true;
    case 'i':
        a->mode = MODE_ALIASES;
        return true;
    case 'h':
    case 'H':
        a->mode = MODE_NOTHING;
        return true;
    default:
        return err_set(e, ERR_USAGE, _("-b%s: there is no such mode here"), value);
    }
}

/* sendmail's booleans: what begins with one of these letters is true, nothing at all too. */
static bool is_true(const char *value)
{
    return *value == '\0' || strchr("tTyY1", *value);
}

/* -o: sendmail's old one-letter settings. */
static bool set_old_option(struct args *a, const char *value, struct err *e)
{
    switch (value[0]) {
    case 'i':
        a->dot_is_text = is_true(value + 1);
        return true;
    case 'd':
        set_delivery(a, value[1]);
        return true;
    case 'e':
        return set_errors(a, value + 1, e);
    default:
        return true;
    }
}

/* -O: sendmail's long settings, name=value. The two that say how to treat this message count; the
 * others name files and programs, which no argument of a web program may choose. */
static bool set_long_option(struct args *a, const char *value, struct err *e)
{
    struct slice whole = slice_of(value);
    size_t equals = slice_find(whole, '=', 0);
    struct slice name = slice_trim(slice_make(value, equals));
    const char *word = value + (equals < whole.len ? equals + 1 : equals);

    word += strspn(word, " \t");
    if (slice_eq_nocase(name, SLICE("DeliveryMode")))
        set_delivery(a, ascii_lower(*word));
    else if (slice_eq_nocase(name, SLICE("ErrorMode")))
        return set_errors(a, word, e);
    else
        leave_unheeded(a, "-O", value);
    return true;
}

static bool set_probe(struct args *a, const char *value, struct err *e)
{
    (void)e;
    a->to = value;
    return true;
}

static bool set_non_interactive(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->non_interactive = true;
    return true;
}

static bool set_no_check(struct args *a, const char *value, struct err *e)
{
    (void)value, (void)e;
    a->no_check = true;
    return true;
}

const struct letter args_letters[] = {
    {'t', ARITY_NONE, set_header_recipients, false, NULL, N_("recipients from To, Cc and Bcc too")},
    {'i', ARITY_NONE, set_dot_is_text, false, NULL,
     N_("a line with a dot alone is no end (also -oi)")},
    {'f', ARITY_VALUE, set_sender, false, "ADDRESS", N_("envelope sender")},
    {'a', ARITY_VALUE, set_account, true, NULL, NULL},
    {'C', ARITY_VALUE, set_config_file, false, NULL, NULL},
    {'v', ARITY_NONE, set_verbose, false, NULL, NULL},
    {'B', ARITY_VALUE, set_body, false, NULL, NULL},
    {'F', ARITY_VALUE, set_full_name, false, NULL, NULL},
    {'I', ARITY_NONE, set_aliases, false, NULL, NULL},
    {'L', ARITY_VALUE, set_log_tag, false, NULL, NULL},
    {'N', ARITY_VALUE, set_notify, false, NULL, NULL},
    {'O', ARITY_VALUE, set_long_option, false, NULL, NULL},
    {'R', ARITY_VALUE, set_return, false, NULL, NULL},
    {'V', ARITY_VALUE, set_envelope_id, false, NULL, NULL},
    {'b', ARITY_VALUE, set_mode, false, NULL, NULL},
    {'e', ARITY_JOINED, set_errors, false, NULL, NULL},
    {'n', ARITY_NONE, set_no_aliases, false, NULL, NULL},
    {'o', ARITY_VALUE, set_old_option, false, NULL, NULL},
    {'q', ARITY_JOINED, set_run_queue, false, NULL, NULL},
    {'r', ARITY_VALUE, set_sender, false, NULL, NULL},
    {'A', ARITY_VALUE, NULL, false, NULL, NULL},
    {'D', ARITY_VALUE, NULL, false, NULL, NULL},
    {'E', ARITY_JOINED, NULL, false, NULL, NULL},
    {'G', ARITY_NONE, NULL, false, NULL, NULL},
    {'J', ARITY_JOINED, NULL, false, NULL, NULL},
    {'Q', ARITY_JOINED, NULL, false, NULL, NULL},
    {'U', ARITY_NONE, NULL, false, NULL, NULL},
    {'X', ARITY_VALUE, NULL, false, NULL, NULL},
    {'c', ARITY_NONE, NULL, false, NULL, NULL},
    {'d', ARITY_JOINED, NULL, false, NULL, NULL},
    {'h', ARITY_VALUE, NULL, false, NULL, NULL},
    {'m', ARITY_NONE, NULL, false, NULL, NULL},
    {'p', ARITY_VALUE, NULL, false, NULL, NULL},
    {'s', ARITY_NONE, NULL, false, NULL, NULL},
    {'x', ARITY_NONE, NULL, false, NULL, NULL},
};

const struct word args_words[] = {
    {"account", 'a', true, false, set_account, "NAME", N_("use this account"), NULL},
    {"config", 'C', true, false, set_config_file, "FILE", N_("read this configuration file alone"),
     NULL},
    {"set", 0, true, false, add_setting, "OPTION=VALUE", N_("set an account option, over any file"),
     NULL},
    {"verbose", 'v', false, false, set_verbose, NULL,
     N_("show the dialogue on stderr, secrets masked"), NULL},
    {"dry-run", 0, false, false, set_dry_run, NULL, N_("show what would be sent, talk to nobody"),
     NULL},
    {"json", 0, false, false, set_json, NULL, N_("the result as JSON on stdout"), NULL},
    {"color", 0, true, false, set_color, "WHEN",
     N_("auto, always or never, for what people read"), NULL},
    {"require-tls", 0, false, false, set_require_tls, NULL,
     N_("only over servers that promise TLS all the way"), NULL},
    {"mail-param", 0, true, false, add_mail_param, "K=VALUE", NULL, NULL},
    {"rcpt-param", 0, true, false, add_rcpt_param, "K=VALUE",
     N_("parameters of MAIL and RCPT"), NULL},
    {"to", 0, true, false, set_probe, "ADDRESS", N_("check: would the server take this recipient?"),
     "check"},
    {"socket", 0, true, false, args_socket, "PATH", N_("serve: the Unix socket to listen on"),
     "serve"},
    {"listen", 0, true, false, args_listen, "ADDRESS:PORT", N_("serve: and a loopback address"),
     "serve"},
    {"limit", 0, true, false, args_limit, "NAME=NUMBER", N_("serve: what each user may have"),
     "serve"},
    {"spool", 0, true, false, args_spool, "DIRECTORY", N_("serve, queue: the queue's directory"),
     "serve queue"},
    {"non-interactive", 0, false, false, set_non_interactive, NULL, NULL, "setup"},
    {"no-check", 0, false, false, set_no_check, NULL, N_("setup: ask nothing, and try nothing"),
     "setup"},
    {"help", 0, false, true, set_help, NULL, NULL, NULL},
    {"version", 0, false, true, set_version, NULL,
     N_("this text; the version and what is built in"),
     NULL},
};

const size_t args_letter_count = sizeof args_letters / sizeof *args_letters;
const size_t args_word_count = sizeof args_words / sizeof *args_words;

static const struct letter *find_letter(char letter)
{
    for (size_t i = 0; i < args_letter_count; i++)
        if (args_letters[i].letter == letter)
            return &args_letters[i];
    return NULL;
}

/* The word whose name is `name` up to an "=". */
static const struct word *find_word(struct slice name)
{
    for (size_t i = 0; i < args_word_count; i++)
        if (slice_eq(slice_of(args_words[i].name), name))
            return &args_words[i];
    return NULL;
}

/* The command line and how far it is read. */
struct cursor {
    int argc;
    char *const *argv;
    int at;
};

/* Without its value, which may be a secret. */
static bool unknown_word(const struct args *a, const char *text, struct err *e)
{
    char *typed = mem_strndup(text, strcspn(text, "="));
    const char *names[sizeof args_words / sizeof *args_words];
    size_t count = sizeof names / sizeof *names;

    for (size_t i = 0; i < count; i++)
        names[i] = args_words[i].name;
    const char *near = strings_nearest(typed, names, count);
    if (a->as_sendmail)
        err_set(e, ERR_USAGE,
                _("--%s: called as sendmail, only --help and --version are taken of the long "
                  "options"), typed);
    else if (near)
        err_set(e, ERR_USAGE, _("unknown option --%s; did you mean --%s?"), typed, near);
    else
        err_set(e, ERR_USAGE, _("unknown option --%s"), typed);
    free(typed);
    return false;
}

static bool parse_word(struct args *a, struct cursor *c, const char *text, struct err *e)
{
    struct slice whole = slice_of(text);
    size_t equals = slice_find(whole, '=', 0);
    const struct word *w = find_word(slice_make(text, equals));
    const char *value = equals < whole.len ? text + equals + 1 : NULL;

    if (!w || (a->as_sendmail && !w->for_sendmail))
        return unknown_word(a, text, e);
    if (!args_word_is_for(w, a->command))
        return err_set(e, ERR_USAGE, _("--%s belongs to smtpost %s"), w->name, w->only);
    if (!w->has_value && value)
        return err_set(e, ERR_USAGE, _("--%s takes no value"), w->name);
    if (w->has_value && !value && c->at < c->argc)
        value = c->argv[c->at++];
    if (w->has_value && !value)
        return err_set(e, ERR_USAGE, _("--%s wants a value"), w->name);
    return w->handle(a, value, e);
}

/* "-oi" may lead a cluster, -oit or -oitf, unless what follows is its value: -oitrue. */
static bool leads_cluster(const char *text)
{
    static const char *const values[] = {"true", "false", "yes", "no", "y", "1", "0"};

    if (text[0] != 'o' || text[1] != 'i' || !find_letter(text[2]))
        return false;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (slice_eq_nocase(slice_of(text + 2), slice_of(values[i])))
            return false;
    return true;
}

/* One word of letters: "-t", "-ti", "-fa@b", "-f a@b", "-tif a@b". */
static bool parse_letters(struct args *a, struct cursor *c, const char *text, struct err *e)
{
    for (; *text; text++) {
        if (leads_cluster(text))
            text++;
        const struct letter *l = find_letter(*text);
        const char *value = text + 1;
        if (!l || (l->ours && a->as_sendmail))
            return err_set(e, ERR_USAGE, _("unknown option -%c"), *text);
        if (l->arity == ARITY_NONE) {
            if (l->handle && !l->handle(a, NULL, e))
                return false;
            continue;
        }
        if (l->arity == ARITY_VALUE && !*value) {
            if (c->at == c->argc)
                return err_set(e, ERR_USAGE, _("option -%c wants a value"), *text);
            value = c->argv[c->at++];
        }
        return !l->handle || l->handle(a, value, e);
    }
    return true;
}

/* Options up to the first word that is none. False with *ended: "--" was among them. */
static bool parse_options(struct args *a, struct cursor *c, bool *ended, struct err *e)
{
    while (c->at < c->argc && c->argv[c->at][0] == '-' && c->argv[c->at][1] && !*ended) {
        const char *text = c->argv[c->at++];
        *ended = strcmp(text, "--") == 0;
        bool ok = *ended || (text[1] == '-' ? parse_word(a, c, text + 2, e)
                                            : parse_letters(a, c, text + 1, e));
        if (!ok)
            return false;
    }
    return true;
}

bool args_parse(struct args *a, bool as_sendmail, int argc, char *const argv[], struct err *e)
{
    struct cursor c = {.argc = argc, .argv = argv, .at = 1};
    bool ended = false;

    *a = (struct args){.as_sendmail = as_sendmail};
    if (!parse_options(a, &c, &ended, e))
        return false;
    a->recipients = argv + c.at;
    a->recipient_count = (size_t)(argc - c.at);
    return true;
}

bool args_parse_command(struct args *a, int argc, char *const argv[], struct err *e)
{
    struct cursor c = {.argc = argc, .argv = argv, .at = 2};
    bool ended = false;

    *a = (struct args){.command = argv[1]};
    limits_init(&a->limits);
    while (c.at < argc) {
        if (!ended && !parse_options(a, &c, &ended, e))
            return false;
        if (c.at < argc)
            strings_add_text(&a->words, argv[c.at++]);
    }
    a->recipients = a->words.items;
    a->recipient_count = a->words.count;
    return true;
}

bool args_say_json(int argc, char *const argv[])
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

void args_clear(struct args *a)
{
    strings_clear(&a->words);
    strings_clear(&a->unheeded);
    strings_clear(&a->settings);
    strings_clear(&a->mail_params);
    strings_clear(&a->rcpt_params);
    strings_clear(&a->listen);
}
