/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/letter.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/say.h"
#include "mail/media.h"

/* The command line and how far it is read. */
struct cursor {
    struct letter *letter;
    int argc, at;
    char *const *argv;
    const char *type;        /* --type that waits for its file */
};

typedef bool handler(struct cursor *c, const char *value, struct err *e);

struct flag {
    const char *name;        /* one letter, or a word */
    bool has_value;
    handler *handle;
    const char *argument, *doc;
};

static bool set_subject(struct cursor *c, const char *value, struct err *e)
{
    if (strpbrk(value, "\r\n"))
        return err_set(e, ERR_USAGE, "%s", _("-s: a subject is one line"));
    c->letter->subject = value;
    return true;
}

static bool add_cc(struct cursor *c, const char *value, struct err *e)
{
    (void)e;
    strings_add_text(&c->letter->cc, value);
    return true;
}

static bool add_bcc(struct cursor *c, const char *value, struct err *e)
{
    (void)e;
    strings_add_text(&c->letter->bcc, value);
    return true;
}

static bool set_from(struct cursor *c, const char *value, struct err *e)
{
    (void)e;
    c->letter->from = value;
    return true;
}

static void enclose(struct cursor *c, const char *path, bool is_image)
{
    struct letter *l = c->letter;

    l->enclosures = mem_grow(l->enclosures, l->count, &l->capacity, sizeof *l->enclosures);
    l->enclosures[l->count++] = (struct enclosure){path, c->type, is_image};
    c->type = NULL;
}

static bool add_attachment(struct cursor *c, const char *value, struct err *e)
{
    (void)e;
    enclose(c, value, false);
    return true;
}

static bool add_image(struct cursor *c, const char *value, struct err *e)
{
    (void)e;
    enclose(c, value, true);
    return true;
}

static bool set_html(struct cursor *c, const char *value, struct err *e)
{
    if (c->letter->html)
        return err_set(e, ERR_USAGE, "%s", _("--html: given twice"));
    c->letter->html = value;
    c->letter->html_type = c->type;
    c->type = NULL;
    return true;
}

static bool set_type(struct cursor *c, const char *value, struct err *e)
{
    if (!media_is_type(slice_of(value)))
        return err_set(e, ERR_USAGE, _("--type %s: write TYPE/SUBTYPE, as in image/png"), value);
    if (slice_has_prefix_nocase(slice_of(value), SLICE("multipart/")))
        return err_set(e, ERR_USAGE, _("--type %s: no file is that"), value);
    c->type = value;
    return true;
}

static bool add_header(struct cursor *c, const char *value, struct err *e)
{
    if (strpbrk(value, "\r\n"))
        return err_set(e, ERR_USAGE, "%s", _("--header: a header field is given in one line"));
    strings_add_text(&c->letter->headers, value);
    return true;
}

static bool set_preview(struct cursor *c, const char *value, struct err *e)
{
    (void)value, (void)e;
    c->letter->preview = true;
    return true;
}

static bool set_verbose(struct cursor *c, const char *value, struct err *e)
{
    (void)value, (void)e;
    c->letter->args.verbose = true;
    return true;
}

static bool set_account(struct cursor *c, const char *value, struct err *e)
{
    (void)e;
    c->letter->args.account = value;
    return true;
}

static bool set_config(struct cursor *c, const char *value, struct err *e)
{
    (void)e;
    c->letter->args.config_file = value;
    return true;
}

static bool add_setting(struct cursor *c, const char *value, struct err *e)
{
    strings_add_text(&c->letter->args.settings, value);
    return strchr(value, '=') || err_set(e, ERR_USAGE, _("--set %s: write OPTION=VALUE"), value);
}

static bool set_dry_run(struct cursor *c, const char *value, struct err *e)
{
    (void)value, (void)e;
    c->letter->args.dry_run = true;
    return true;
}

static bool set_json(struct cursor *c, const char *value, struct err *e)
{
    (void)value, (void)e;
    c->letter->args.json = true;
    return true;
}

static bool set_help(struct cursor *c, const char *value, struct err *e)
{
    (void)value, (void)e;
    c->letter->help = true;
    return true;
}

static const struct flag flags[] = {
    {"s", true, set_subject, "SUBJECT", N_("what it is about")},
    {"c", true, add_cc, "ADDRESS", N_("copy to, as often as you like")},
    {"b", true, add_bcc, "ADDRESS", N_("copy to, without a word of it in the message")},
    {"r", true, set_from, "FROM", N_("sender, \"Name <address>\"; it may choose the account")},
    {"a", true, add_attachment, "FILE", N_("attach a file")},
    {"image", true, add_image, "FILE", N_("show an image in the text")},
    {"html", true, set_html, "FILE", N_("HTML beside the plain text")},
    {"type", true, set_type, "TYPE", N_("media type of the file that is named next")},
    {"header", true, add_header, "'N: V'", N_("a header field more")},
    {"preview", false, set_preview, NULL, N_("show the parts, send nothing")},
    {"v", false, set_verbose, NULL, N_("show the dialogue on stderr, secrets masked")},
    {"verbose", false, set_verbose, NULL, N_("the same")},
    {"account", true, set_account, "NAME", N_("use this account")},
    {"C", true, set_config, "FILE", N_("read this configuration file alone")},
    {"config", true, set_config, "FILE", N_("the same")},
    {"set", true, add_setting, "OPTION=VALUE", N_("set an account option, over any file")},
    {"dry-run", false, set_dry_run, NULL, N_("show what would be sent, talk to nobody")},
    {"json", false, set_json, NULL, N_("print the result as JSON")},
    {"help", false, set_help, NULL, N_("this text")},
};

enum { FLAGS = sizeof flags / sizeof *flags };

static const struct flag *find_flag(struct slice name)
{
    for (size_t i = 0; i < FLAGS; i++)
        if (slice_eq(slice_of(flags[i].name), name))
            return &flags[i];
    return NULL;
}

static bool unknown_word(struct slice name, struct err *e)
{
    char *typed = slice_dup(name);
    const char *words[FLAGS];
    size_t count = 0;

    for (size_t i = 0; i < FLAGS; i++)
        if (flags[i].name[1])
            words[count++] = flags[i].name;
    const char *near = strings_nearest(typed, words, count);
    if (near)
        err_set(e, ERR_USAGE, _("send: unknown option --%s; did you mean --%s?"), typed, near);
    else
        err_set(e, ERR_USAGE, _("send: unknown option --%s"), typed);
    free(typed);
    return false;
}

static bool handle(struct cursor *c, const struct flag *f, const char *value, struct err *e)
{
    const char *dashes = f->name[1] ? "--" : "-";

    if (!f->has_value && value)
        return err_set(e, ERR_USAGE, _("send: %s%s takes no value"), dashes, f->name);
    if (f->has_value && !value && c->at < c->argc)
        value = c->argv[c->at++];
    if (f->has_value && !value)
        return err_set(e, ERR_USAGE, _("send: %s%s wants a value"), dashes, f->name);
    return f->handle(c, value, e);
}

static bool parse_word(struct cursor *c, const char *text, struct err *e)
{
    struct slice whole = slice_of(text);
    size_t equals = slice_find(whole, '=', 0);
    struct slice name = slice_make(text, equals);
    const struct flag *f = name.len > 1 ? find_flag(name) : NULL;

    return f ? handle(c, f, equals < whole.len ? text + equals + 1 : NULL, e)
             : unknown_word(name, e);
}

static bool parse_letters(struct cursor *c, const char *text, struct err *e)
{
    for (; *text; text++) {
        const struct flag *f = find_flag(slice_make(text, 1));
        if (!f)
            return err_set(e, ERR_USAGE, _("send: unknown option -%c"), *text);
        if (f->has_value)
            return handle(c, f, text[1] ? text + 1 : NULL, e);
        if (!handle(c, f, NULL, e))
            return false;
    }
    return true;
}

/* An address that begins with a dash is more often an option in the wrong place. */
static bool take_recipients(struct cursor *c, bool ended, struct err *e)
{
    for (; c->at < c->argc; c->at++) {
        const char *text = c->argv[c->at];
        if (!ended && text[0] == '-')
            return err_set(e, ERR_USAGE,
                           _("send: %s behind a recipient: options come first; write -- before "
                             "recipients that begin with a dash"), text);
        strings_add_text(&c->letter->to, text);
    }
    return true;
}

bool letter_parse(struct letter *l, int argc, char *const argv[], struct err *e)
{
    struct cursor c = {.letter = l, .argc = argc, .at = 1, .argv = argv};
    bool ended = false;

    *l = (struct letter){0};
    while (!ended && c.at < argc && argv[c.at][0] == '-' && argv[c.at][1]) {
        const char *text = argv[c.at++];
        ended = strcmp(text, "--") == 0;
        bool ok = ended || (text[1] == '-' ? parse_word(&c, text + 2, e)
                                           : parse_letters(&c, text + 1, e));
        if (!ok)
            return false;
    }
    if (!take_recipients(&c, ended, e))
        return false;
    if (c.type)
        return err_set(e, ERR_USAGE, _("send: --type %s: no file behind it"), c.type);
    return l->help || l->preview || l->to.count || l->cc.count || l->bcc.count ||
           err_set(e, ERR_USAGE, "%s", _("send: no recipients: see smtpost send --help"));
}

void letter_clear(struct letter *l)
{
    args_clear(&l->args);
    strings_clear(&l->to);
    strings_clear(&l->cc);
    strings_clear(&l->bcc);
    strings_clear(&l->headers);
    free(l->enclosures);
}

void letter_help(struct buf *out)
{
    buf_put_text(out, "usage: smtpost send [option ...] [--] recipient ... < text\n\n");
    for (size_t i = 0; i < FLAGS; i++) {
        struct buf left;
        buf_init(&left, 80);
        buf_put_format(&left, "  %s%s%s%s", flags[i].name[1] ? "--" : "-", flags[i].name,
                       flags[i].argument ? " " : "", flags[i].argument ? flags[i].argument : "");
        buf_put_format(out, "%-24s %s\n", left.data, _(flags[i].doc));
        buf_clear(&left);
    }
    buf_put_text(out, _("\nThe text comes on standard input. The manual is smtpost(1).\n"));
}
