/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "sasl/sasl.h"

#include <string.h>

const struct sasl_mech *sasl_find(struct slice name)
{
    for (size_t i = 0; sasl_mechs[i]; i++)
        if (slice_eq_nocase(slice_of(sasl_mechs[i]->name), name))
            return sasl_mechs[i];
    return NULL;
}

bool sasl_is_offered(const struct strings *offered, const char *name)
{
    for (size_t i = 0; i < offered->count; i++)
        if (slice_eq_nocase(slice_of(offered->items[i]), slice_of(name)))
            return true;
    return false;
}

/* What keeps a mechanism from being used; NULL: nothing. */
static const char *obstacle(const struct sasl_wish *wish, const struct sasl_mech *mech)
{
    if ((mech->flags & SASL_TOKEN) && !wish->has_token)
        return "wants token-command or token-file";
    if ((mech->flags & SASL_PASSWORD) && !wish->has_password)
        return "wants a password";
    if ((mech->flags & SASL_BINDS) && !wish->can_bind)
        return "wants a channel binding, which this connection does not have";
    return NULL;
}

static bool is_auto(const struct sasl_wish *wish, const struct sasl_mech *mech)
{
    if (mech->flags & SASL_CERTIFICATE)
        return wish->has_certificate && !wish->has_password && !wish->has_token;
    return !(mech->flags & SASL_NAMED_ONLY);
}

static const struct sasl_mech *choose_auto(const struct sasl_wish *wish)
{
    for (size_t i = 0; sasl_mechs[i]; i++) {
        const struct sasl_mech *mech = sasl_mechs[i];
        if (is_auto(wish, mech) && !obstacle(wish, mech) &&
            sasl_is_offered(wish->offered, mech->name))
            return mech;
    }
    return NULL;
}

static void put_words(struct buf *out, const struct strings *words)
{
    for (size_t i = 0; i < words->count; i++)
        buf_put_format(out, "%s%s", i ? " " : "", words->items[i]);
    if (words->count == 0)
        buf_put_text(out, "nothing");
}

static void nothing_fits(const struct sasl_wish *wish, struct err *e)
{
    struct buf ours, theirs;

    buf_init(&ours, LIMIT_ERROR_TEXT / 4);
    buf_init(&theirs, LIMIT_ERROR_TEXT / 4);
    put_words(&ours, wish->wanted);
    put_words(&theirs, wish->offered);
    err_set(e, ERR_AUTH, "no way to log in: the account allows %s%s, the server offers %s",
            ours.data ? ours.data : "much",
            !strings_has(wish->wanted, "auto") ? ""
            : wish->has_token                  ? " with a token"
            : wish->has_password               ? " with a password"
                                               : " without a password or token",
            theirs.data ? theirs.data : "much");
    buf_clear(&ours);
    buf_clear(&theirs);
}

const struct sasl_mech *sasl_choose(const struct sasl_wish *wish, struct err *e)
{
    const struct sasl_mech *hindered = NULL;

    for (size_t i = 0; i < wish->wanted->count; i++) {
        const char *name = wish->wanted->items[i];
        const struct sasl_mech *mech = NULL;
        if (strcmp(name, "auto") == 0)
            mech = choose_auto(wish);
        else if (sasl_is_offered(wish->offered, name))
            mech = sasl_find(slice_of(name));
        if (mech && !obstacle(wish, mech))
            return mech;
        if (mech)
            hindered = mech;
    }
    if (hindered)
        err_set(e, ERR_AUTH, "no way to log in: %s %s", hindered->name, obstacle(wish, hindered));
    else
        nothing_fits(wish, e);
    return NULL;
}

void sasl_start(struct sasl *s, const struct sasl_mech *mech, const struct sasl_params *params)
{
    *s = (struct sasl){.mech = mech, .params = *params};
    buf_init(&s->memory, LIMIT_AUTH_LINE);
}

void sasl_end(struct sasl *s)
{
    buf_wipe(&s->memory);
}

bool sasl_step(struct sasl *s, struct slice challenge, struct buf *response, struct err *e)
{
    if (!s->mech->step(s, challenge, response, e))
        return false;
    s->round++;
    return !(response->overflow || s->memory.overflow) ||
           err_set(e, ERR_AUTH, "the credentials are too long for %s", s->mech->name);
}

void sasl_keep_detail(struct sasl *s, struct slice words)
{
    size_t len = 0;
    bool blank = false;

    for (size_t i = 0; i < words.len && len + 2 < sizeof s->detail; i++) {
        char c = words.data[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            blank = len > 0;
            continue;
        }
        if (blank)
            s->detail[len++] = ' ';
        blank = false;
        s->detail[len++] = c ? c : '?';
    }
    s->detail[len] = '\0';
}

/* The rank for "auto". SCRAM-SHA-256 leads as the one with an RFC of its own that servers really
 * have; SHA-512 adds nothing to it that an attacker would notice, and is served by few. The server
 * cannot take a -PLUS row away unseen: see put_header in scram.c. */
const struct sasl_mech *const sasl_mechs[] = {
    &sasl_oauthbearer,
    &sasl_xoauth2,
    &sasl_external,
    &sasl_scram_sha_256_plus,
    &sasl_scram_sha_256,
    &sasl_scram_sha_512_plus,
    &sasl_scram_sha_512,
    &sasl_scram_sha_1_plus,
    &sasl_scram_sha_1,
    &sasl_plain,
    &sasl_login,
    &sasl_cram_md5,
    NULL,
};
