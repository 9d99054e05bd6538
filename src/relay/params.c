/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/params.h"

#include "account/credential.h"

/* One overall cap, so that a server that answers just in time for ever comes to an end: an hour, or
 * sixty times the account's `timeout`, and a second more for each 1000 octets of message. */
static int64_t overall_time(const struct account *account, uint64_t message_size)
{
    int64_t base = account->timeout ? (int64_t)account->timeout * 60 * 1000 : 3600 * 1000;

    return base + (int64_t)message_size;
}

static bool get_secret(void *argument, bool refresh, struct deadline deadline, struct secret *out,
                       struct err *e)
{
    return credential_get(argument, refresh, deadline, out, e);
}

/* How long whoever knows the passphrase of a key may think. */
#define PASSPHRASE_MS 120000

static bool get_passphrase(void *argument, struct secret *out, struct err *e)
{
    const struct account *account = argument;

    if (!credential_is_password(account))
        return err_set(e, ERR_CONFIG, "the key is encrypted; write password-command, password-file "
                                      "or password");
    return credential_get(account, false, deadline_in(PASSPHRASE_MS), out, e);
}

static bool make_tls_context(struct session_params *params, const struct account *account,
                             struct err *e)
{
    const char *host = params->host ? params->host : "localhost";
    struct tls_params tls = {
        .name = account->tls_name ? account->tls_name : host,
        .trust = account->tls_ca,
        .crl = account->tls_crl,
        .pins = &account->tls_fingerprint,
        .verify = account->tls_verify && params->security != SESSION_OPPORTUNISTIC,
        .least = (enum tls_version)account->tls_min,
        .ciphers = account->tls_ciphers,
        .certificate = account->tls_certificate,
        .key = account->tls_key,
        .passphrase = get_passphrase,
        .passphrase_argument = (void *)account,
    };

    return tls_context_new(&tls, &params->tls, e);
}

static enum session_security security_of(const struct account *account)
{
    static const enum session_security map[] = {
        [ACCOUNT_TLS_STARTTLS] = SESSION_STARTTLS,
        [ACCOUNT_TLS_IMPLICIT] = SESSION_IMPLICIT,
        [ACCOUNT_TLS_OPPORTUNISTIC] = SESSION_OPPORTUNISTIC,
        [ACCOUNT_TLS_NONE] = SESSION_CLEAR,
    };
    return map[account->tls];
}

bool params_init(struct session_params *params, const struct account *account, const char *host,
                 uint64_t message_size, struct err *e)
{
    *params = (struct session_params){
        .host = host,
        .port = account_port(account),
        .socket = account->socket,
        .source = account->source_address,
        .proxy = account->proxy,
        .lmtp = account->protocol == ACCOUNT_LMTP,
        .connect_timeout = (int64_t)account->connect_timeout * 1000,
        .timeout = (int64_t)account->timeout * 1000,
        .overall = overall_time(account, message_size),
        .hello = account->hello,
        .security = security_of(account),
        .login = account_wants_login(account),
        .login_if_offered = !account_demands_login(account),
        .mechanisms = &account->auth,
        .user = account->user,
        .has_certificate = account->tls_certificate,
        .cleartext_auth = account->cleartext_auth,
        /* Without a user it is the passphrase of the key. */
        .has_password = account->user && credential_is_password(account),
        .has_token = credential_is_token(account),
        .secret = get_secret,
        .secret_argument = (void *)account,
    };
    if (!credential_check(account, e))
        return false;
    if (params->security == SESSION_CLEAR)
        return true;
    return make_tls_context(params, account, e);
}

void params_clear(struct session_params *params)
{
    tls_context_free(params->tls);
    params->tls = NULL;
}
