/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/config.h"

#include "account/select.h"
#include "configs.h"

#define SERVICE "/run/smtpost/submit"

static const char site[] = "account site { host = h }\n";
static const char word[] = "submit = \"/s\"\n";

/* Files, as far as they can be read, and where mail goes. */
struct way {
    const char *title;
    const char *system[2];   /* text, the two one behind the other */
    bool denied;             /* ... which the user may not read */
    const char *user;
    const char *set;
    const char *named;       /* -a */
    const char *account;     /* chosen; NULL: `want` is in the error */
    const char *want;        /* its socket, or host */
    const char *why;
};

static const struct way ways[] = {
    {"a closed file", {site}, true, NULL, NULL, NULL, "submit", SERVICE, "may not read"},
    {"what it says is not known", {site, word}, true, NULL, NULL, NULL, "submit", SERVICE, ""},
    {"root reads submit", {site, word}, false, NULL, NULL, NULL, "submit", "/s", "submit, "},
    {"no submit", {site}, false, NULL, NULL, NULL, "site", "h", "the only account"},
    {"no file at all", {NULL}, false, NULL, NULL, NULL, NULL, "no account is configured", ""},
    {"submit alone", {word}, false, NULL, NULL, NULL, "submit", "/s", "submit, "},
    {"the user's submit", {site}, true, "submit = \"~/s\"\n", NULL, NULL, "submit", "/home/ada/s",
     "submit, "},
    {"the user's wins", {site, word}, false, "submit = \"/u\"\n", NULL, NULL, "submit", "/u", ""},
    {"an own account", {site}, true, "account me { host = m }\n", NULL, NULL, "me", "m", ""},
    {"an own account, submit", {site, word}, false, "account me { host = m from = \"*\" }\n", NULL,
     NULL, NULL, "no account is meant", ""},
    {"an own host", {site}, true, "defaults { host = m }\n", NULL, NULL, "default", "m", ""},
    {"an own provider", {site}, true, "defaults { provider = gmail user = \"a@b\" }\n", NULL, NULL,
     "default", "smtp.gmail.com", ""},
    {"defaults are no way", {site}, true, "defaults { timeout = 1 }\n", NULL, NULL, "submit",
     SERVICE, ""},
    {"--set host", {site}, true, NULL, "host=m", NULL, "default", "m", ""},
    {"--set host, submit", {site, word}, false, NULL, "host=m", NULL, "site", "m", ""},
    {"--set timeout", {site, word}, false, NULL, "timeout=1", NULL, "submit", "/s", ""},
    {"an own default-account", {site, word}, false, "default-account = site\n", NULL, NULL, "site",
     "h", "default-account"},
    {"the system's", {site, "submit = \"/s\" default-account = site\n"}, false, NULL, NULL, NULL,
     "submit", "/s", ""},
    {"-a", {site, word}, false, NULL, NULL, "site", "site", "h", "-a"},
    {"-a submit", {site}, false, "account me { host = m }\n", NULL, "submit", "submit", SERVICE,
     "-a"},
    {"a host of the system's", {word, "defaults { host = d }\n"}, false, NULL, NULL, NULL,
     "submit", "/s", ""},
    {"the name is taken", {word, "account submit { host = h }\n"}, false, NULL, NULL, NULL, NULL,
     "rename the account", ""},
    {"taken, but not needed", {"account submit { host = h }\n"}, false, NULL, NULL, NULL,
     "submit", "h", "the only account"},
    {"an empty word", {"submit = \"\"\n"}, false, NULL, NULL, NULL, NULL, ":1: socket: is empty",
     ""},
};

static bool read_files(struct configs *c, const struct way *w, const char *service,
                       struct config **config, struct err *e)
{
    struct strings set = {0};
    struct config_sources sources = {
        .system_file = configs_path(c, "system"),
        .user_file = configs_path(c, "user"),
        .home = "/home/ada",
        .service = service,
        .settings = &set,
    };
    struct buf text;

    remove(sources.system_file);
    remove(sources.user_file);
    buf_init(&text, 1000);
    for (size_t i = 0; i < COUNT(w->system); i++)
        buf_put_text(&text, w->system[i] ? w->system[i] : "");
    if (w->system[0])
        configs_write(c, "system", buf_slice(&text));
    buf_clear(&text);
    if (w->user)
        configs_write(c, "user", slice_of(w->user));
    assert_int_equal(chmod(sources.user_file, 0644), w->user ? 0 : -1);
    if (w->denied)
        assert_int_equal(chmod(sources.system_file, 0), 0);
    if (w->set)
        strings_add_text(&set, w->set);
    bool ok = config_read(&sources, config, e);
    strings_clear(&set);
    return ok;
}

static void check_account(const struct way *w, const struct config *config,
                          const struct selection *s)
{
    struct account a;
    struct err e = {.text = ""};

    if (!config_resolve(config, s->account, &a, &e)) {
        check_row(w->title, !w->account, e.text);
        check_contains(w->title, e.text, w->want);
        return;
    }
    check_row(w->title, w->account, "is an error");
    check_text(w->title, slice_of(s->account), w->account);
    check_text(w->title, slice_of(a.socket ? a.socket : a.host.items[0]), w->want);
    check_row(w->title, a.hands_over == (a.socket != NULL), "hands over to the socket");
    check_row(w->title, !a.hands_over || (a.tls == ACCOUNT_TLS_NONE && !account_wants_login(&a)),
              "neither TLS nor login");
    check_contains(w->title, s->why, w->why);
    account_clear(&a);
}

static void check_way(struct configs *c, const struct way *w)
{
    struct config *config;
    struct selection selection;
    struct path sender;
    struct err e = {.text = ""};

    assert_true(path_parse(&sender, SLICE("ada"), &e));
    bool ok = read_files(c, w, SERVICE, &config, &e) &&
              select_account(config, w->named, &sender, &selection, &e);
    if (ok) {
        check_account(w, config, &selection);
    } else {
        check_row(w->title, !w->account, e.text);
        check_contains(w->title, e.text, w->want);
    }
    path_clear(&sender);
    config_free(config);
}

/* Root may read everything. */
static void as_nobody(uid_t uid)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(uid), 0);
}

static void mail_goes_where_the_files_say(void **state)
{
    struct configs c;

    (void)state;
    configs_begin(&c);
    assert_int_equal(chmod(c.directory, 0777), 0);
    for (size_t i = 0; i < COUNT(ways); i++)
        if (!ways[i].denied)
            check_way(&c, &ways[i]);
    configs_end(&c);
    as_nobody(65534);
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(ways); i++)
        if (ways[i].denied)
            check_way(&c, &ways[i]);
    configs_end(&c);
    as_nobody(0);
}

/* The service reads the same file, and is not to talk to itself. */
static void the_service_hands_nothing_over(void **state)
{
    static const struct way w = {.title = "service", .system = {site, word}};
    struct configs c;
    struct config *config;
    struct selection s;
    struct origin why;
    struct err e;

    (void)state;
    configs_begin(&c);
    if (!read_files(&c, &w, NULL, &config, &e) || !select_account(config, NULL, NULL, &s, &e))
        fail_msg("%s", e.text);
    assert_string_equal(s.account, "site");
    assert_null(config_hand_over(config, &why));
    assert_false(config_is_hand_over(config, "submit"));
    config_free(config);
    configs_end(&c);
}

/* Of the files, only what the user says for all accounts. */
static void the_systems_defaults_are_not_for_it(void **state)
{
    static const struct way w = {
        .title = "layers",
        .system = {word, "defaults { envelope-from = \"x@y\" timeout = 5 user = u }\n"},
        .user = "defaults { hello = mine tls = implicit }\n",
        .set = "queue=never",
    };
    struct configs c;
    struct config *config;
    struct account a;
    struct err e;

    (void)state;
    configs_begin(&c);
    if (!read_files(&c, &w, SERVICE, &config, &e) || !config_resolve(config, "submit", &a, &e))
        fail_msg("%s", e.text);
    assert_null(a.envelope_from);
    assert_null(a.user);
    assert_int_equal(a.timeout, 0);
    assert_string_equal(a.hello, "mine");
    assert_int_equal(a.tls, ACCOUNT_TLS_NONE);
    assert_int_equal(a.queue, ACCOUNT_QUEUE_NEVER);
    account_clear(&a);
    config_free(config);
    configs_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_goes_where_the_files_say),
        cmocka_unit_test(the_service_hands_nothing_over),
        cmocka_unit_test(the_systems_defaults_are_not_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
