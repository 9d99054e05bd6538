/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/recipients.h"

#include <stdlib.h>

#include "account/aliases.h"
#include "base/limits.h"
#include "base/mem.h"
#include "mail/xtext.h"

/* The envelope as it was, and the same again with everybody in his place. */
struct resolution {
    struct preparation *p;
    struct aliases *aliases;
    struct envelope *to;
};

static bool wants_notification(const struct envelope *v, const struct recipient *r)
{
    return v->ret || v->envid || r->notify;
}

/* "rfc822;address", unless somebody gave one. An address beyond ASCII has no such form without
 * SMTPUTF8 (RFC 6533 3). */
static bool set_orcpt(struct preparation *p, struct recipient *r, struct err *e)
{
    struct path original = {0};
    struct buf text;

    if (r->orcpt || !wants_notification(p->envelope, r))
        return true;
    path_copy(&original, &r->path);
    if (!path_qualify(&original, prepare_domain(p), e)) {
        path_clear(&original);
        return false;
    }
    buf_init(&text, LIMIT_COMMAND);
    buf_put_text(&text, "rfc822;");
    xtext_encode(&text, path_address(&original));
    if (!slice_has_8bit(path_address(&original)) && xtext_is_orcpt(buf_slice(&text)))
        r->orcpt = buf_take(&text);
    buf_clear(&text);
    path_clear(&original);
    return true;
}

/* One more recipient, with what was asked for the one that it comes from. */
static void add(struct resolution *s, const struct recipient *from, struct path *path)
{
    envelope_add(s->to, path);
    struct recipient *r = &s->to->recipients[s->to->count - 1];
    r->notify = from->notify;
    r->orcpt = from->orcpt ? mem_strdup(from->orcpt) : NULL;
}

static bool add_bare_recipient(struct resolution *s, const struct recipient *from, struct err *e)
{
    struct mailboxes list = {0};
    bool ok = address_parse(&list, slice_of(s->p->account->bare_recipient), e);

    for (size_t i = 0; ok && i < list.count; i++)
        add(s, from, &list.items[i].path);
    mailboxes_clear(&list);
    return ok || err_wrap(e, "bare-recipient");
}

/* The end of the way for an address: a local name gets a domain, here or from the service. */
static bool add_final(struct resolution *s, const struct recipient *from, const struct path *path,
                      struct err *e)
{
    const struct account *account = s->p->account;
    bool is_local = aliases_is_local(account, path);
    struct path copy = {0};

    if (is_local && account->bare_recipient)
        return add_bare_recipient(s, from, e);
    bool ok = true;
    if (is_local && !account_leaves_bare(account))
        ok = path_parse(&copy, path_local(path), e) && path_qualify(&copy, prepare_domain(s->p), e);
    else
        path_copy(&copy, path);
    if (ok)
        add(s, from, &copy);
    path_clear(&copy);
    return ok;
}

/* The alias leads nowhere: that is this recipient's verdict. */
static bool add_failed(struct resolution *s, const struct recipient *from, const char *text,
                       struct err *e)
{
    struct path path = {0};
    struct err why;

    path_copy(&path, &from->path);
    if (!path_qualify(&path, prepare_domain(s->p), e)) {
        path_clear(&path);
        return false;
    }
    add(s, from, &path);
    err_set(&why, ERR_CONFIG, "%s", text);
    outcome_from_err(&s->to->recipients[s->to->count - 1].outcome, &why, "alias");
    return true;
}

static bool resolve(struct resolution *s, const struct recipient *r, struct err *e)
{
    struct alias_result result = {0};
    bool ok = true;

    if (s->p->no_aliases || !aliases_expand(s->aliases, &r->path, &result))
        return add_final(s, r, &r->path, e);
    for (size_t i = 0; ok && i < result.count; i++)
        ok = add_final(s, r, &result.paths[i], e);
    for (size_t i = 0; ok && i < result.faults.count; i++)
        ok = add_failed(s, r, result.faults.items[i], e);
    alias_result_clear(&result);
    return ok;
}

static bool resolve_all(struct resolution *s, struct err *e)
{
    struct envelope *v = s->p->envelope;

    for (size_t i = 0; i < v->count; i++) {
        if (!set_orcpt(s->p, &v->recipients[i], e) || !resolve(s, &v->recipients[i], e))
            return false;
        if (s->to->count > LIMIT_RECIPIENTS)
            return err_set(e, ERR_DATA, "more than %d recipients", LIMIT_RECIPIENTS);
    }
    return true;
}

/* Whoever has a domain that is not ours is in his place already, without a copy. An alias file that
 * cannot be read is an error even so. */
static bool is_in_place(const struct preparation *p)
{
    if (p->account->aliases)
        return false;
    for (size_t i = 0; i < p->envelope->count; i++)
        if (aliases_is_local(p->account, &p->envelope->recipients[i].path))
            return false;
    return p->envelope->count <= LIMIT_RECIPIENTS;
}

static bool resolve_in_place(struct preparation *p, struct err *e)
{
    for (size_t i = 0; i < p->envelope->count; i++)
        if (!set_orcpt(p, &p->envelope->recipients[i], e))
            return false;
    envelope_drop_duplicates(p->envelope);
    return true;
}

static bool anybody_left(const struct envelope *v, struct err *e)
{
    if (v->count == 0)
        return err_set(e, ERR_USAGE, "no recipients");
    for (size_t i = 0; i < v->count; i++)
        if (v->recipients[i].outcome.verdict == VERDICT_NONE)
            return true;
    return err_set(e, ERR_CONFIG, "%s", v->recipients[0].outcome.text);
}

bool recipients_complete(struct preparation *p, struct err *e)
{
    struct envelope resolved = {0};
    struct resolution s = {.p = p, .to = &resolved};

    if (is_in_place(p))
        return resolve_in_place(p, e) && anybody_left(p->envelope, e);
    bool ok = aliases_read(p->account, &s.aliases, e) && resolve_all(&s, e);
    if (ok) {
        envelope_swap_recipients(p->envelope, &resolved);
        envelope_drop_duplicates(p->envelope);
    }
    envelope_clear(&resolved);
    aliases_free(s.aliases);
    return ok && anybody_left(p->envelope, e);
}
