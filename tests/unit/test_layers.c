/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/layers.h"

#include "configs.h"

static void put_option(const struct account *a, const char *name, struct buf *out)
{
    const char *near;
    const struct option *o = option_find(name, &near);

    assert_non_null(o);
    option_format(o, a, out);
}

/* The option of the account as `config show` has it, or the error. */
static void value_of(const struct config *c, const char *account, const char *option,
                     struct buf *out)
{
    struct account a;
    struct err e;

    buf_init(out, 1000);
    if (config_resolve(c, account, &a, &e))
        put_option(&a, option, out);
    else
        buf_put_text(out, e.text);
    account_clear(&a);
}

/* Each layer sets the option that only those above it do not. */
static void the_most_specific_layer_wins(void **state)
{
    static const char *const texts[] = {
        "defaults { hello = \"system\" domain = \"system\" user = \"system\" tls-ca = \"/system\" "
        "port = 1 timeout = 1 }\n"
        "account \"system-only\" { host = h }\n",
        "defaults { domain = \"user\" user = \"user\" tls-ca = \"/user\" port = 2 timeout = 2 }\n"
        "account \"base\" { host = h user = \"base\" tls-ca = \"/base\" port = 3 timeout = 3 }\n"
        "account \"middle\" { like = \"base\" tls-ca = \"/middle\" port = 4 timeout = 4 }\n"
        "account \"mine\" { like = \"middle\" port = 5 timeout = 5 }\n"
    };
    static const struct {
        const char *account, *option, *want, *file;
        unsigned line;
    } rows[] = {
        {"mine", "connect-timeout", "30", "built-in", 0},
        {"mine", "hello", "\"system\"", "system", 1},
        {"mine", "domain", "\"user\"", "user", 1},
        {"mine", "user", "\"base\"", "user", 2},
        {"mine", "tls-ca", "\"/middle\"", "user", 3},
        {"mine", "port", "5", "user", 4},
        {"mine", "timeout", "77", "--set", 0},
        {"mine", "host", "\"h\"", "user", 2},
        {"base", "tls-ca", "\"/base\"", "user", 2},
        {"system-only", "port", "2", "user", 1},
        {"system-only", "hello", "\"system\"", "system", 1},
    };
    struct strings set = {0};
    struct configs c;
    struct config *config;
    struct err e;

    (void)state;
    configs_begin(&c);
    strings_add_text(&set, "timeout=88");
    strings_add_text(&set, "timeout=77");
    if (!configs_read(&c, texts, &set, &config, &e))
        fail_msg("%s", e.text);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct account a;
        struct buf got;

        if (!config_resolve(config, rows[i].account, &a, &e))
            fail_msg("%s", e.text);
        buf_init(&got, 1000);
        put_option(&a, rows[i].option, &got);
        check_text(rows[i].option, buf_slice(&got), rows[i].want);
        struct origin where = account_origin(&a, rows[i].option);
        check_contains(rows[i].option, where.file, rows[i].file);
        assert_int_equal(where.line, rows[i].line);
        buf_clear(&got);
        account_clear(&a);
    }
    config_free(config);
    strings_clear(&set);
    configs_end(&c);
}

/* Order within a file is of no matter. */
static void layers_are_merged_after_reading(void **state)
{
    struct configs c;
    struct config *config;
    struct buf got;

    (void)state;
    configs_begin(&c);
    configs_must_read(&c, "account \"a\" { like = \"b\" }\naccount \"b\" { host = h }\n"
                          "defaults { port = 99 }\n", &config);
    value_of(config, "a", "port", &got);
    check_text("defaults behind", buf_slice(&got), "99");
    buf_clear(&got);
    value_of(config, "a", "host", &got);
    check_text("like forward", buf_slice(&got), "\"h\"");
    buf_clear(&got);
    config_free(config);
    configs_end(&c);
}

static void what_belongs_to_one_account_is_not_taken_over(void **state)
{
    struct configs c;
    struct config *config;
    struct buf got;

    (void)state;
    configs_begin(&c);
    configs_must_read(&c, "account a { like = \"b\" }\n"
                          "account b { host = h from = \"x@y\" keep-bcc = yes }\n", &config);
    value_of(config, "a", "from", &got);
    check_text("from", buf_slice(&got), "");
    buf_clear(&got);
    value_of(config, "a", "keep-bcc", &got);
    check_text("keep-bcc", buf_slice(&got), "yes");
    buf_clear(&got);
    config_free(config);
    configs_end(&c);
}

/* A place or a secret that a layer sets takes the other kinds of the layers below out of force. */
static void alternatives_replace_each_other(void **state)
{
    static const struct {
        const char *text, *option, *want;
    } rows[] = {
        {"defaults { host = h }\naccount a { socket = \"/s\" }", "host", ""},
        {"defaults { host = h }\naccount a { socket = \"/s\" }", "socket", "\"/s\""},
        {"defaults { socket = \"/s\" }\naccount a { host = h }", "socket", ""},
        {"defaults { password = \"x\" user = u }\naccount a { host = h password-file = \"/p\" }",
         "password", ""},
        {"defaults { password-command = { p } user = u }\naccount a { host = h password = \"x\" }",
         "password-command", ""},
        {"account b { host = h password = \"x\" user = u }\n"
         "account a { like = \"b\" password-command = { p } }", "password", ""},
        /* A socket is on this machine: TLS among the defaults is not meant for it. */
        {"defaults { tls = implicit }\naccount a { socket = \"/s\" }", "tls", "none"},
        {"account a { socket = \"/s\" tls = starttls }", "tls", "starttls"},
        {"defaults { socket = \"/s\" }\naccount a { tls = starttls }", "tls", "starttls"},
        {"account a { socket = \"/s\" password = \"x\" password-file = \"/p\" user = u }", "user",
         "password is set as well, on line 1; leave one of them out"},
        {"account a {\nhost = h\nsocket = \"/s\" }", "user", ":3: socket: host is set as well, on "
                                                             "line 2"},
    };
    struct configs c;

    (void)state;
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config *config;
        struct buf got;

        configs_must_read(&c, rows[i].text, &config);
        value_of(config, "a", rows[i].option, &got);
        if (strchr(rows[i].want, ':') || strchr(rows[i].want, ';'))
            check_contains(rows[i].text, got.data, rows[i].want);
        else
            check_text(rows[i].text, buf_slice(&got), rows[i].want);
        buf_clear(&got);
        config_free(config);
    }
    configs_end(&c);
}

static void chains_end(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"account a { like = \"a\" host = h }", ":1: like: a loop: a -> a"},
        {"account a { like = b host = h }\naccount b { like = c }\naccount c { like = a }",
         ":3: like: a loop: a -> b -> c -> a"},
        {"account a { like = b host = h }\naccount b { like = b }", "like: a loop: a -> b -> b"},
        {"account a { like = nobody host = h }",
         ":1: like: there is no account \"nobody\"; there are: a"},
        {"account a { like = bsae host = h }\naccount base { host = h }",
         "did you mean \"base\"? there are: a, base"},
        {"account a { like = n1 host = h }\n"
         "account n1 { like = n2 }\naccount n2 { like = n3 }\naccount n3 { like = n4 }\n"
         "account n4 { like = n5 }\naccount n5 { like = n6 }\naccount n6 { like = n7 }\n"
         "account n7 { like = n8 }\naccount n8 { port = 4 }", "4"},
        {"account a { like = n1 host = h }\n"
         "account n1 { like = n2 }\naccount n2 { like = n3 }\naccount n3 { like = n4 }\n"
         "account n4 { like = n5 }\naccount n5 { like = n6 }\naccount n6 { like = n7 }\n"
         "account n7 { like = n8 }\naccount n8 { like = n9 }\naccount n9 { port = 4 }",
         "like: too many accounts in a row: a -> n1 -> n2 -> n3 -> n4 -> n5 -> n6 -> n7 -> n8 -> "
         "n9"},
    };
    struct configs c;

    (void)state;
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config *config;
        struct buf got;

        configs_must_read(&c, rows[i].text, &config);
        value_of(config, "a", "port", &got);
        check_contains(rows[i].text, got.data, rows[i].want);
        buf_clear(&got);
        config_free(config);
    }
    configs_end(&c);
}

static void the_command_line_sets_options(void **state)
{
    static const struct {
        const char *set, *option, *want;
    } rows[] = {
        {"port=26", "port", "26"},
        {" port =26", "port", "26"},
        {"host=x,y", "host", "{ \"x\", \"y\" }"},
        {"from=x@y", "from", "\"x@y\""},
        {"socket=/s", "host", ""},
        {"like=b", "hello", "\"b.example\""},
        {"like=c", "hello", "--set like: there is no account \"c\""},
        {"like=a", "hello", "--set: like: a loop: a -> a"},
        {"password-file=/p", "password-command", ""},
        {"hello=a=b", "hello", "\"a=b\""},
        {"user=", "user", "--set user: is empty"},
    };
    static const char *const texts[] = {
        NULL, "account a { host = h password-command = { p } user = u }\n"
              "account b { host = h hello = \"b.example\" }\n"};
    struct configs c;

    (void)state;
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct strings set = {0};
        struct config *config;
        struct buf got;
        struct err e;

        strings_add_text(&set, rows[i].set);
        assert_true(configs_read(&c, texts, &set, &config, &e));
        value_of(config, "a", rows[i].option, &got);
        if (strncmp(rows[i].want, "--", 2) == 0)
            check_contains(rows[i].set, got.data, rows[i].want);
        else
            check_text(rows[i].set, buf_slice(&got), rows[i].want);
        buf_clear(&got);
        config_free(config);
        strings_clear(&set);
    }
    configs_end(&c);
}

static void the_command_line_refuses(void **state)
{
    static const struct {
        const char *set, *want;
    } rows[] = {
        {"port", "--set port: has no '='"},
        {"prot=26", "--set prot: there is no such option; did you mean \"port\"?"},
        {"xyzzy=26", "--set xyzzy: there is no such option; smtprc(5) lists them"},
        {"=26", "--set : there is no such option"},
        {"password=s3cret", "--set password: every user of this machine can read a command line"},
    };
    struct layers l = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;

        assert_false(layers_add_set(&l, rows[i].set, &e));
        check_contains(rows[i].set, e.text, rows[i].want);
        assert_null(strstr(e.text, "s3cret"));
        assert_int_equal(e.kind, ERR_USAGE);
    }
    layers_clear(&l);
}

static void without_accounts_the_defaults_are_one(void **state)
{
    struct configs c;
    struct config *config;
    struct buf got;

    (void)state;
    configs_begin(&c);
    configs_must_read(&c, "defaults { host = h port = 26 }", &config);
    assert_int_equal(config_account_count(config), 1);
    assert_string_equal(config_account_name(config, 0), "default");
    value_of(config, "default", "port", &got);
    check_text("default", buf_slice(&got), "26");
    buf_clear(&got);
    config_free(config);
    configs_end(&c);
}

/* The account of the environment: what its options are, and what is wrong with it. */
static void variables_make_an_account(void **state)
{
    static const struct {
        const char *variables[4], *account, *option, *want;
    } rows[] = {
        {{"SMTPOST_HOST=h"}, "environment", "host", "\"h\""},
        {{"SMTPOST_HOST=h"}, "environment", "hello", "\"defaults\""},
        {{"SMTPOST_HOST=h", "SMTPOST_HELLO=mine"}, "environment", "hello", "\"mine\""},
        {{"SMTPOST_HOST=a, b", "SMTPOST_TLS=none"}, "environment", "host", "{ \"a\", \"b\" }"},
        {{"SMTPOST_HOST=h", "SMTPOST_USER=u", "SMTPOST_PASSWORD=p"}, "environment", "password",
         "(set)"},
        {{"SMTPOST_PROVIDER=gmail", "SMTPOST_PORT=465"}, "environment", "port", "465"},
        {{"SMTPOST_PROVIDER=gmail"}, "environment", "host", "\"smtp.gmail.com\""},
        {{"SMTPOST_HOST=h", "SMTPOST_PORT=1"}, "file", "port", "25"},
        /* Nothing says where the server is. */
        {{"SMTPOST_PORT=1", "SMTPOST_USER=u"}, "environment", "port", "there is no account"},
        /* Not one of those that are taken. */
        {{"SMTPOST_HOST=h", "SMTPOST_FILTER=f"}, "environment", "filter", ""},
        {{"SMTPOST_HOST=h", "SMTPOST_PORT=tcp://10.0.0.1:25"}, "environment", "port",
         "SMTPOST_PORT: \"tcp://10.0.0.1:25\" is not understood"},
        {{"SMTPOST_HOST=h", "SMTPOST_USER=u", "SMTPOST_PASSWORD=p", "SMTPOST_PASSWORD_FILE=f"},
         "environment", "user", "SMTPOST_PASSWORD_FILE: SMTPOST_PASSWORD is set as well"},
        {{"SMTPOST_PROVIDER=gmial"}, "environment", "host",
         "SMTPOST_PROVIDER: there is no provider"},
        {{"SMTPOST_HOST=h", "SMTPOST_PASSWORD=p"}, "environment", "user",
         "SMTPOST_PASSWORD: account \"environment\": there is no user"},
        {{"SMTPOST_HOST=h", "SMTPOST_FROM=nobody"}, "environment", "from",
         "SMTPOST_FROM: account \"environment\": \"nobody\" is no address"},
    };
    struct configs c;

    (void)state;
    configs_begin(&c);
    configs_write(&c, "user", SLICE("default-account = file\ndefaults { hello = defaults }\n"
                                    "account file { host = x port = 25 }\n"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_sources sources = {.user_file = configs_path(&c, "user")};
        struct strings variables = {0};
        struct config *config;
        struct buf got;
        struct err e;

        for (size_t k = 0; k < COUNT(rows[i].variables) && rows[i].variables[k]; k++)
            strings_add_text(&variables, rows[i].variables[k]);
        sources.variables = &variables;
        if (!config_read(&sources, &config, &e))
            fail_msg("%s: %s", rows[i].want, e.text);
        value_of(config, rows[i].account, rows[i].option, &got);
        check_contains(rows[i].want, got.data ? got.data : "", rows[i].want);
        buf_clear(&got);
        config_free(config);
        strings_clear(&variables);
    }
    configs_end(&c);
}

static void options_that_disagree_are_errors(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"account a { port = 25 }", ":1: account \"a\": has no host"},
        {"account a { host = h password = \"s3cret\" }",
         ":1: password: account \"a\": there is no user to go with it"},
        {"account a { host = h auth = plain }", ":1: auth: account \"a\": there is no user"},
        {"account a { host = h\nfrom = { \"x@y\", \"ada\" } }",
         ":2: from: account \"a\": \"ada\" is no address"},
        {"account a { host = h from = \"* @y\" }", "is no address"},
        {"account a { host = h from = \"<ada@y>*\" }", "is no address"},
        {"account a { host = h auth = none password = \"s3cret\" }", ""},
        {"account a { host = h from = { \"*\", \"*@y\", \"a?@y\", \"x@y\" } }", ""},
    };
    struct configs c;

    (void)state;
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config *config;
        struct account a;
        struct err e = {.text = ""};

        configs_must_read(&c, rows[i].text, &config);
        check_row(rows[i].text, config_resolve(config, "a", &a, &e) == !*rows[i].want, "agrees");
        check_contains(rows[i].text, e.text, rows[i].want);
        account_clear(&a);
        config_free(config);
    }
    configs_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_specific_layer_wins),
        cmocka_unit_test(layers_are_merged_after_reading),
        cmocka_unit_test(what_belongs_to_one_account_is_not_taken_over),
        cmocka_unit_test(alternatives_replace_each_other),
        cmocka_unit_test(chains_end),
        cmocka_unit_test(the_command_line_sets_options),
        cmocka_unit_test(the_command_line_refuses),
        cmocka_unit_test(without_accounts_the_defaults_are_one),
        cmocka_unit_test(variables_make_an_account),
        cmocka_unit_test(options_that_disagree_are_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
