/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/base64.h"
#include "base/digest.h"
#include "base/random.h"
#include "sasl/gs2.h"
#include "sasl/sasl.h"

/* SCRAM, RFC 5802 (SHA-1), RFC 7677 (SHA-256) and draft-melnikov-scram-sha-512. Both sides prove
 * that they know the password, or something made from it, and neither says it. Until the server
 * has done its part the login has not succeeded, whatever the server declares.
 *
 * sasl.memory holds the AuthMessage as far as it has come, and, once our proof is out, the
 * signature that the server has to send.
 *
 * User and password are sent as they are: control characters are refused, but the rest of SASLprep
 * (RFC 4013), which is Unicode normalisation for what is not ASCII, is the user's. */

/* RFC 7677 4 wants 4096 at the least; a server may not keep us busy for minutes either. */
enum { COUNT_MIN = 4096, COUNT_MAX = 1000000 };

enum { NONCE_OCTETS = 24 };

/* What the server tells in its first message. */
struct challenge {
    struct slice nonce;
    struct buf salt;
    unsigned long count;
};

struct keys {
    struct digest salted, client, stored, server, signature;
};

static bool refuse_control(struct slice text, const char *what, struct err *e)
{
    for (size_t i = 0; i < text.len; i++)
        if (ascii_is_control(text.data[i]))
            return err_set(e, ERR_CONFIG, "%s holds a control character, which SCRAM forbids",
                           what);
    return true;
}

/* RFC 5802 6: "y" tells a server that could bind after all that somebody took it off the list. */
static void put_header(const struct sasl *s, struct buf *out)
{
    if (s->mech->flags & SASL_BINDS)
        buf_put_format(out, "p=%s,,", s->params.binding.type);
    else
        buf_put_text(out, s->params.may_bind ? "y,," : "n,,");
}

static void put_nonce(const struct sasl *s, struct buf *out)
{
    char fresh[NONCE_OCTETS];

    if (s->params.nonce) {
        buf_put_text(out, s->params.nonce);
        return;
    }
    random_bytes(fresh, sizeof fresh);
    base64_encode(out, slice_make(fresh, sizeof fresh));
}

static bool client_first(struct sasl *s, struct buf *response, struct err *e)
{
    if (!refuse_control(s->params.user, "user", e) ||
        !refuse_control(secret_bytes(s->params.secret), "the password", e))
        return false;
    buf_put_text(&s->memory, "n=");
    gs2_put_name(&s->memory, s->params.user);
    buf_put_text(&s->memory, ",r=");
    put_nonce(s, &s->memory);
    put_header(s, response);
    buf_put_slice(response, buf_slice(&s->memory));
    return true;
}

/* Our nonce, which is the last that is in memory before the server's first message. */
static struct slice our_nonce(const struct sasl *s)
{
    struct slice text = buf_slice(&s->memory);

    return slice_from(text, slice_find(text, ',', 0) + 3);
}

/* The value of attribute `name`, which has to be the next one and not empty; *rest goes behind. */
static bool take_attribute(struct slice *rest, char name, struct slice *value)
{
    size_t end = slice_find(*rest, ',', 0);

    if (end < 3 || rest->data[0] != name || rest->data[1] != '=')
        return false;
    *value = slice_make(rest->data + 2, end - 2);
    *rest = slice_from(*rest, end + 1);
    return true;
}

static bool check_nonce(const struct sasl *s, struct slice nonce, struct err *e)
{
    struct slice ours = our_nonce(s);

    if (!slice_has_prefix(nonce, ours) || nonce.len == ours.len)
        return err_set(e, ERR_AUTH, "the server's nonce does not continue ours; somebody may be "
                                    "replaying an old login");
    for (size_t i = 0; i < nonce.len; i++)
        if (nonce.data[i] <= ' ' || nonce.data[i] > '~')
            return err_set(e, ERR_PROTOCOL, "the server's nonce is not printable");
    return true;
}

static bool check_count(struct slice text, unsigned long *count, struct err *e)
{
    if (text.len == 0 || text.data[0] == '0' || !slice_number(text, COUNT_MAX, count) ||
        *count < COUNT_MIN)
        return err_set(e, ERR_AUTH, "the server asks for %.*s iterations; %d to %d are taken",
                       (int)(text.len < 20 ? text.len : 20), text.data, COUNT_MIN, COUNT_MAX);
    return true;
}

/* server-first-message of RFC 5802 7. What may follow the count is for extensions and not looked
 * at; what may precede the nonce is for extensions that must be understood. */
static bool parse_challenge(const struct sasl *s, struct slice text, struct challenge *c,
                            struct err *e)
{
    struct slice salt, count;

    if (slice_has_prefix(text, SLICE("m=")))
        return err_set(e, ERR_PROTOCOL, "the server demands an extension that is not known here");
    if (!take_attribute(&text, 'r', &c->nonce) || !take_attribute(&text, 's', &salt) ||
        !take_attribute(&text, 'i', &count))
        return err_set(e, ERR_PROTOCOL, "the server's first message is not one of SCRAM");
    if (!base64_decode(&c->salt, salt))
        return err_set(e, ERR_PROTOCOL, "the server's salt is no base64");
    return check_nonce(s, c->nonce, e) && check_count(count, &c->count, e);
}

/* RFC 5802 3; the AuthMessage is complete. */
static bool make_keys(struct sasl *s, const struct challenge *c, struct keys *k)
{
    enum hash hash = (enum hash)s->mech->hash;
    struct slice message = buf_slice(&s->memory);

    return digest_pbkdf2(hash, secret_bytes(s->params.secret), buf_slice(&c->salt), c->count,
                         &k->salted) &&
           digest_hmac(hash, digest_slice(&k->salted), SLICE("Client Key"), &k->client) &&
           digest_hash(hash, digest_slice(&k->client), &k->stored) &&
           digest_hmac(hash, digest_slice(&k->stored), message, &k->signature) &&
           digest_hmac(hash, digest_slice(&k->salted), SLICE("Server Key"), &k->server);
}

static void put_proof(struct keys *k, struct buf *response)
{
    for (size_t i = 0; i < k->client.len; i++)
        k->client.bytes[i] ^= k->signature.bytes[i];
    buf_put_text(response, ",p=");
    base64_encode(response, digest_slice(&k->client));
}

/* client-final-message-without-proof */
static void put_final(const struct sasl *s, const struct challenge *c, struct buf *out)
{
    struct buf binding;

    buf_init(&binding, LIMIT_AUTH_LINE);
    put_header(s, &binding);
    if (s->mech->flags & SASL_BINDS)
        buf_put_slice(&binding, s->params.binding.data);
    buf_put_text(out, "c=");
    base64_encode(out, buf_slice(&binding));
    buf_put_text(out, ",r=");
    buf_put_slice(out, c->nonce);
    buf_clear(&binding);
}

/* Our proof to the response; what the server has to answer into memory. */
static bool prove(struct sasl *s, const struct challenge *c, struct buf *response, struct err *e)
{
    struct keys k;
    struct digest expected;

    bool ok = make_keys(s, c, &k) && digest_hmac((enum hash)s->mech->hash, digest_slice(&k.server),
                                                 buf_slice(&s->memory), &expected);
    if (ok) {
        put_proof(&k, response);
        buf_reset(&s->memory);
        buf_put_slice(&s->memory, digest_slice(&expected));
    } else {
        err_set(e, ERR_CONFIG, "this system's OpenSSL lacks what %s needs", s->mech->name);
    }
    secret_wipe_memory(&k, sizeof k);
    digest_wipe(&expected);
    return ok;
}

static bool client_final(struct sasl *s, struct slice text, struct buf *response, struct err *e)
{
    struct challenge c = {0};

    buf_init(&c.salt, LIMIT_REPLY_LINE);
    bool ok = parse_challenge(s, text, &c, e);
    if (ok) {
        put_final(s, &c, response);
        buf_put_byte(&s->memory, ',');
        buf_put_slice(&s->memory, text);
        buf_put_byte(&s->memory, ',');
        buf_put_slice(&s->memory, buf_slice(response));
        ok = prove(s, &c, response, e);
    }
    buf_clear(&c.salt);
    return ok;
}

/* server-final-message: the server proves that it knows the password, or something made of it. */
static bool check_server(struct sasl *s, struct slice text, struct err *e)
{
    struct slice value;
    struct buf signature;

    buf_init(&signature, LIMIT_REPLY_LINE);
    bool ok = take_attribute(&text, 'v', &value) && base64_decode(&signature, value);
    if (!ok)
        err_set(e, ERR_PROTOCOL, "the server's last message is not one of SCRAM");
    else if (!digest_equal(buf_slice(&signature), buf_slice(&s->memory)))
        ok = err_set(e, ERR_AUTH, "the server could not prove that it knows the password; it may "
                                  "be an impostor");
    s->done = ok;
    buf_clear(&signature);
    return ok;
}

static bool scram_step(struct sasl *s, struct slice text, struct buf *response, struct err *e)
{
    if (s->round == 0)
        return client_first(s, response, e);
    if (s->done || s->memory.len == 0)
        return err_set(e, ERR_PROTOCOL, "the server asks for more than SCRAM has to say");
    if (slice_has_prefix(text, SLICE("e="))) {
        sasl_keep_detail(s, slice_from(text, 2));
        buf_wipe(&s->memory);
        return true;
    }
    return s->round == 1 ? client_final(s, text, response, e) : check_server(s, text, e);
}

#define SCRAM_ROW(variable, text, hash)                                                            \
    const struct sasl_mech variable = {"SCRAM-" text, SASL_PASSWORD, scram_step, hash};            \
    const struct sasl_mech variable##_plus = {"SCRAM-" text "-PLUS", SASL_PASSWORD | SASL_BINDS,   \
                                              scram_step, hash}

SCRAM_ROW(sasl_scram_sha_1, "SHA-1", HASH_SHA1);
SCRAM_ROW(sasl_scram_sha_256, "SHA-256", HASH_SHA256);
SCRAM_ROW(sasl_scram_sha_512, "SHA-512", HASH_SHA512);
