/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/select.h"

#include <stdio.h>
#include <string.h>

/* One `from` entry that matches. More of it is better, in this order. */
struct match {
    bool is_exact;           /* the address itself */
    size_t literal;          /* octets that are no wildcards */
    bool is_address;         /* written without wildcards: user@ for user+tag@ */
    const char *pattern;     /* NULL: none matches */
    size_t account;
};

/* Octets of the domain are the same in any case. */
static bool octet_eq(const struct path *sender, size_t at, char pattern)
{
    char c = path_address(sender).data[at];

    return c == pattern || (at > sender->local_len && ascii_lower(c) == ascii_lower(pattern));
}

bool select_matches(const char *pattern, const struct path *sender, size_t *literal)
{
    size_t len = path_address(sender).len, at = 0, retry_at = 0;
    const char *p = pattern, *retry = NULL;

    *literal = 0;
    for (const char *c = pattern; *c; c++)
        *literal += *c != '*' && *c != '?';
    /* One '*' to go back to is enough: a later one can take over whatever an earlier could. */
    while (at < len) {
        if (*p == '*') {
            retry = ++p;
            retry_at = at;
        } else if (*p && (*p == '?' || octet_eq(sender, at, *p))) {
            p++;
            at++;
        } else if (retry) {
            p = retry;
            at = ++retry_at;
        } else {
            return false;
        }
    }
    while (*p == '*')
        p++;
    return *p == '\0';
}

static bool has_wildcard(const char *pattern)
{
    return strpbrk(pattern, "*?") != NULL;
}

static bool is_better(const struct match *a, const struct match *b)
{
    if (!b->pattern || a->is_exact != b->is_exact)
        return !b->pattern || a->is_exact;
    if (a->literal != b->literal)
        return a->literal > b->literal;
    return a->is_address && !b->is_address;
}

/* The sender, and the same without its +tag (unset if there is none). */
struct wanted {
    const struct path *sender;
    struct path plain;
};

static bool match_one(const struct wanted *w, const char *pattern, struct match *m)
{
    bool is_address = !has_wildcard(pattern);
    bool matches = select_matches(pattern, w->sender, &m->literal);

    m->pattern = pattern;
    m->is_address = is_address;
    m->is_exact = matches && is_address;
    return matches || (is_address && path_is_set(&w->plain) &&
                       select_matches(pattern, &w->plain, &m->literal));
}

/* The best entry of one account, if it is better than what *best has. */
static void match_account(const struct config *c, size_t account, const struct wanted *w,
                          struct match *best)
{
    const struct strings *from = config_account_from(c, account);

    for (size_t i = 0; i < from->count; i++) {
        struct match m = {.account = account};
        if (match_one(w, from->items[i], &m) && is_better(&m, best))
            *best = m;
    }
}

static void strip_tag(const struct path *sender, struct path *plain)
{
    struct slice local = path_local(sender), domain = path_domain(sender);
    size_t plus = slice_find(local, '+', 0);
    struct buf text;
    struct err ignored;

    *plain = (struct path){0};
    if (plus == 0 || plus == local.len || local.data[0] == '"')
        return;
    buf_init(&text, LIMIT_PATH);
    buf_put(&text, local.data, plus);
    buf_put_byte(&text, '@');
    buf_put_slice(&text, domain);
    path_parse(plain, buf_slice(&text), &ignored);
    buf_clear(&text);
}

/* The best entry of all accounts, or of one (only < count). */
static struct match find_match(const struct config *c, const struct path *sender, size_t only)
{
    struct match best = {0};
    struct wanted wanted = {.sender = sender};

    if (!sender || !path_is_set(sender) || path_is_null(sender) || path_is_bare(sender))
        return best;
    strip_tag(sender, &wanted.plain);
    for (size_t i = 0; i < config_account_count(c); i++)
        if (only == i || only >= config_account_count(c))
            match_account(c, i, &wanted, &best);
    path_clear(&wanted.plain);
    return best;
}

static bool refuse(const struct config *c, const struct path *sender, struct err *e)
{
    struct buf names;

    buf_init(&names, LIMIT_ERROR_TEXT / 2);
    for (size_t i = 0; i < config_account_count(c); i++)
        buf_put_format(&names, "%s%s", i ? ", " : "", config_account_name(c, i));
    struct slice address = sender && path_is_set(sender) ? path_address(sender) : SLICE("");
    err_set(e, ERR_CONFIG, "no account is meant for %s%.*s%s: choose one with -a, name the sender "
                           "in its from, or write default-account; there are: %s",
            address.len ? "<" : "this sender", (int)address.len, address.data,
            address.len ? ">" : "", names.data ? names.data : "none");
    buf_clear(&names);
    return false;
}

/* Does the service choose, and not we? */
static bool choose_hand_over(const struct config *c, const char *named, struct selection *out)
{
    struct origin why;

    if (named) {
        out->account = config_is_hand_over(c, named) ? named : NULL;
        snprintf(out->why, sizeof out->why, "-a");
        return out->account != NULL;
    }
    out->account = config_hand_over(c, &why);
    if (out->account && why.line)
        snprintf(out->why, sizeof out->why, "handed over to this machine's service: submit, %s:%u",
                 why.file, why.line);
    else if (out->account)
        snprintf(out->why, sizeof out->why, "handed over to this machine's service: you may not "
                                            "read %s, and have no account of your own", why.file);
    return out->account != NULL;
}

bool select_account(const struct config *c, const char *named, const struct path *sender,
                    struct selection *out, struct err *e)
{
    size_t count = config_account_count(c), index = count;
    const char *fallback = config_default_account(c);

    *out = (struct selection){0};
    if (choose_hand_over(c, named, out))
        return true;
    if (named && !config_account_find(c, named, &index, e))
        return err_wrap(e, "-a");
    struct match match = find_match(c, sender, index);
    out->by_sender = match.pattern != NULL;
    if (named) {
        out->account = config_account_name(c, index);
        snprintf(out->why, sizeof out->why, "-a");
    } else if (match.pattern) {
        out->account = config_account_name(c, match.account);
        snprintf(out->why, sizeof out->why, "from \"%s\"", match.pattern);
    } else if (fallback) {
        out->account = fallback;
        snprintf(out->why, sizeof out->why, "%s", config_default_origin(c));
    } else if (count == 1) {
        out->account = config_account_name(c, 0);
        snprintf(out->why, sizeof out->why, "the only account");
    } else {
        return refuse(c, sender, e);
    }
    return true;
}
