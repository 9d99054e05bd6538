/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/config.h"

#include "configs.h"

#include <errno.h>

#include "base/mem.h"

static void accounts_keep_their_order(void **state)
{
    static const char *const texts[] = {
        "account one { host = s1 port = 1 }\naccount two { host = s2 from = \"x@s\" }\n"
        "default-account = two\n",
        "account three { host = u3 }\naccount one { host = u1 from = { \"a@x\", \"*@x\" } }\n"};
    struct configs c;
    struct config *config;
    struct account a;
    size_t index;
    struct err e;

    (void)state;
    configs_begin(&c);
    if (!configs_read(&c, texts, NULL, &config, &e))
        fail_msg("%s", e.text);
    assert_int_equal(config_account_count(config), 3);
    assert_string_equal(config_account_name(config, 0), "one");
    assert_string_equal(config_account_name(config, 1), "two");
    assert_string_equal(config_account_name(config, 2), "three");
    assert_string_equal(config_default_account(config), "two");
    /* The user's account takes the place of the system's whole, not option by option. */
    assert_int_equal(config_account_from(config, 0)->count, 2);
    assert_string_equal(config_account_from(config, 0)->items[1], "*@x");
    assert_int_equal(config_account_from(config, 2)->count, 0);
    assert_true(config_resolve(config, "one", &a, &e));
    assert_string_equal(a.name, "one");
    assert_string_equal(a.host.items[0], "u1");
    assert_int_equal(account_port(&a), 587);
    account_clear(&a);
    assert_true(config_account_find(config, "three", &index, &e));
    assert_int_equal(index, 2);
    assert_false(config_account_find(config, "thre", &index, &e));
    check_contains("thre", e.text, "did you mean \"three\"? there are: one, two, three");
    config_free(config);
    config_free(NULL);
    configs_end(&c);
}

static void the_users_default_account_wins(void **state)
{
    static const char *const texts[] = {
        "account a { host = h }\naccount b { host = h }\ndefault-account = a\n",
        "default-account = \"b\"\n"};
    struct configs c;
    struct config *config;
    struct err e;

    (void)state;
    configs_begin(&c);
    assert_true(configs_read(&c, texts, NULL, &config, &e));
    assert_string_equal(config_default_account(config), "b");
    config_free(config);
    configs_end(&c);
}

/* Values come out as they were meant, whatever libconfuse makes of the like. */
static void values_are_read_as_written(void **state)
{
    static const struct {
        struct slice text;
        const char *user;
    } rows[] = {
        {TEXT("user = \"ada\""), "ada"},
        {TEXT("user = ada"), "ada"},
        {TEXT("user = 'a#b'"), "a#b"},
        {TEXT("user = 'a+b*c'"), "a+b*c"},
        {TEXT("user = \"a+b@x\""), "a+b@x"},
        {TEXT("user = '${UNIT_SET}'"), "${UNIT_SET}"},
        {TEXT("user = \"${UNIT_SET}\""), "value"},
        {TEXT("user = ${UNIT_SET}"), "value"},
        {TEXT("user = \"x${UNIT_SET}y\""), "xvaluey"},
        {TEXT("user = \"${UNIT_UNSET:-other}\""), "other"},
        {TEXT("user = \"${UNIT_SET:-other}\""), "value"},
        {TEXT("user = \"$UNIT_SET\""), "$UNIT_SET"},
        {TEXT("user = \"\\$\\{x}\""), "${x}"},
        {TEXT("user = 'a\\'b\\\\c\\d'"), "a'b\\c\\d"},
        {TEXT("user = \"a\\\\b\\\"c\\x41\\101\""), "a\\b\"cAA"},
        {TEXT("user = \"a\\\nb\""), "ab"},
        {TEXT("user = ada # the user\n"), "ada"},
        {TEXT("user = ada // the user\n"), "ada"},
        {TEXT("user = /* the */ ada"), "ada"},
        {TEXT("user = 'J\xc3\xb6rg'"), "J\xc3\xb6rg"},
        {TEXT("from = { \"a@x\", # one\n  \"b@x\" /* two */, // three\n }\n user = ada"), "ada"},
        {TEXT("from = { \"a@x\", }\nuser = ada"), "ada"},
    };
    struct configs c;

    (void)state;
    setenv("UNIT_SET", "value", 1);
    unsetenv("UNIT_UNSET");
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config *config;
        struct account a;
        struct buf text;
        struct err e;

        buf_init(&text, 1000);
        buf_put_format(&text, "account a { host = h\n%s\n}\n", rows[i].text.data);
        configs_must_read(&c, text.data, &config);
        if (!config_resolve(config, "a", &a, &e))
            fail_msg("%s\n%s", text.data, e.text);
        check_text(rows[i].text.data, slice_of(a.user), rows[i].user);
        account_clear(&a);
        config_free(config);
        buf_clear(&text);
    }
    configs_end(&c);
}

/* What libconfuse 3.3 takes in silence as something else: each is an error with its line. */
static void traps_are_errors(void **state)
{
    static const struct {
        struct slice text;
        const char *fault;
    } rows[] = {
        {TEXT("account a {\n password = secret#1\n}\n"), "user:2: '#' begins a comment and would"},
        {TEXT("account a {\n user = me+tag@x\n}\n"), "user:2: '+' cannot stand in a value"},
        {TEXT("account a {\n user = *@x\n}\n"), "user:2: '*' cannot stand in a value"},
        {TEXT("account a {\n host = h;\n}\n"), "user:2: host: the ';' would be part of the value"},
        {TEXT("account a {\n host = h\n\n host = i\n}\n"),
         "user:4: host: is set already, at "},
        {TEXT("defaults { port = 1 }\ndefaults { port = 2 }\n"), "user:2: port: is set already"},
        {TEXT("default-account = a\ndefault-account = b\naccount a { host = h }\n"),
         "user:2: default-account: is set already"},
        {TEXT("account a { host = h }\n\naccount a { host = i }\n"),
         "user:3: account \"a\": is defined already, on line 1"},
        {TEXT("account a {\n host = h\n"), "user:1: the '{' of this line is never closed"},
        {TEXT("account a {\n user = \"x\n}\n"), "user:2: the quote (\") that opens here"},
        {TEXT("account a {\n user = \"x\0y\"\n}\n"), "user:2: holds a NUL octet"},
        {TEXT("account a {\n hsot = h\n}\n"), "there is no such option; did you mean \"host\"?"},
        {TEXT("account a {\n xyzzy = h\n}\n"), "xyzzy: there is no such option; smtprc(5) lists"},
        {TEXT("host = h\n"), "host: stands outside of a section; move it into account"},
        {TEXT("defaults {\n from = x\n}\n"), "from: cannot stand in defaults; move it into an"},
        {TEXT("defaults {\n like = x\n}\n"), "like: cannot stand in defaults"},
        {TEXT("account a {\n default-account = a\n}\n"), "stands within a section; move it to the"},
        {TEXT("defualt-account = a\n"), "did you mean \"default-account\"?"},
        {TEXT("acount a {\n}\n"), "user:1: there is no section \"acount\""},
        {TEXT("account|host = h\n"), "is no option's name"},
        {TEXT("default-account = nix\naccount a { host = h }\n"),
         "user:1: default-account: there is no account \"nix\"; there are: a"},
        {TEXT("default-account = { a, b }\naccount a { host = h }\n"), "wants one value, not"},
        {TEXT("# nothing\n"), "no account is configured"},
    };
    struct configs c;

    (void)state;
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_sources sources = {.user_file = configs_path(&c, "user")};
        struct config *config;
        struct err e = {.text = ""};

        configs_write(&c, "user", rows[i].text);
        check_row(rows[i].text.data, !config_read(&sources, &config, &e), "an error");
        check_contains(rows[i].text.data, e.text, rows[i].fault);
        assert_null(config);
        assert_int_equal(e.kind, ERR_CONFIG);
        assert_null(strstr(e.text, "secret"));
    }
    configs_end(&c);
}

/* These are wrong only for who wants the account. */
static void faults_of_values_wait_for_their_account(void **state)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        {"port = 0777", "port: \"0777\" begins with 0"},
        {"port = 0x19", "port: \"0x19\" is not understood"},
        {"user = \"${UNIT_UNSET}\"", "user: ${UNIT_UNSET} is not set in the environment"},
        {"user = \"${UNIT_EMPTY}\"", "user: is empty, because its ${...} is"},
        {"user = u password = \"s3cret${UNIT_UNSET}\"", "password: a variable ${...} in it is not"},
        {"user = u password = \"${UNIT_EMPTY}\"", "password: is empty, because its ${...} is"},
        {"user = u password = \"\"", "password: is empty"},
        {"tls = srarttls", "did you mean \"starttls\"?"},
    };
    struct configs c;

    (void)state;
    unsetenv("UNIT_UNSET");
    setenv("UNIT_EMPTY", "", 1);
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config *config;
        struct account a;
        struct buf text;
        struct err e = {.text = ""};

        buf_init(&text, 1000);
        buf_put_format(&text, "account a {\nhost = h %s\n}\naccount b { host = h }\n",
                       rows[i].text);
        configs_must_read(&c, text.data, &config);
        assert_true(config_resolve(config, "b", &a, &e));
        account_clear(&a);
        check_row(rows[i].text, !config_resolve(config, "a", &a, &e), "an error");
        check_contains(rows[i].text, e.text, "user:2: ");
        check_contains(rows[i].text, e.text, rows[i].fault);
        assert_null(strstr(e.text, "s3cret"));
        config_free(config);
        buf_clear(&text);
    }
    configs_end(&c);
}

/* Behind a comment libconfuse counts three lines for one. */
static void lines_are_right_behind_comments(void **state)
{
    struct configs c;
    struct config *config;
    struct account a;
    struct err e;

    (void)state;
    configs_begin(&c);
    configs_must_read(&c, "# one\n/* two\n * three */\n// four\naccount a {\r\n  # six\r\n"
                          "  host = h\r\n\tfrom = {\n \"x@y\", # nine\n }\n  port = 1\n}\n",
                      &config);
    assert_true(config_resolve(config, "a", &a, &e));
    assert_int_equal(account_origin(&a, "host").line, 7);
    assert_int_equal(account_origin(&a, "from").line, 8);
    assert_int_equal(account_origin(&a, "port").line, 11);
    account_clear(&a);
    config_free(config);
    configs_end(&c);
}

static void includes_belong_to_their_file(void **state)
{
    struct configs c;
    struct config *config;
    struct account a;
    struct err e;

    (void)state;
    configs_begin(&c);
    configs_write(&c, "defs", SLICE("defaults { port = 7 password-file = \"pw\" user = u }\n"));
    configs_write(&c, "accounts", SLICE("include(\"defs\")\naccount a { host = h }\n"));
    configs_must_read(&c, "include(\"accounts\")\naccount b { host = h }\n", &config);
    assert_int_equal(config_account_count(config), 2);
    assert_string_equal(config_account_name(config, 0), "a");
    assert_true(config_resolve(config, "b", &a, &e));
    assert_int_equal(a.port, 7);
    check_contains("defs", account_origin(&a, "port").file, "/defs");
    assert_string_equal(a.password_file, configs_path(&c, "pw"));
    account_clear(&a);
    config_free(config);
    configs_end(&c);
}

static void includes_that_cannot_be_are_errors(void **state)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        {"\ninclude(\"gone\")\n", "user:2: include: "},
        {"include(\".\")\n", "user:1: include: "},
        {"include(\"user\")\n", "user:1: include: "},
        {"include(\"user\")\n", "this file has been read already"},
        {"include(\"x\")\ninclude(\"./x\")\n", "user:2: include: "},
        {"include(\"loop\")\n", "loop:1: include: "},
        {"include(\"n1\")\n", "more than 8 files within each other"},
        {"include(\"bad\")\n", "bad:2: '}' does not belong here"},
        {"include(\"open\")\n", "open:1: password: the file holds a secret and may be read"},
        {"include(\"~bob/x\")\n", "user:1: include: only \"~/\" is understood"},
    };
    struct configs c;
    char name[8], text[32];

    (void)state;
    configs_begin(&c);
    configs_write(&c, "x", SLICE("account x { host = h }\n"));
    configs_write(&c, "loop", SLICE("include(\"user\")\n"));
    configs_write(&c, "bad", SLICE("defaults { }\n}\n"));
    configs_write(&c, "open", SLICE("defaults { password = \"s3cret\" }\n"));
    assert_int_equal(chmod(configs_path(&c, "open"), 0644), 0);
    for (int i = 1; i <= 10; i++) {
        snprintf(name, sizeof name, "n%d", i);
        snprintf(text, sizeof text, "include(\"n%d\")\n", i + 1);
        configs_write(&c, name, slice_of(text));
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const texts[2] = {NULL, rows[i].text};
        struct config *config;
        struct err e = {.text = ""};

        check_row(rows[i].text, !configs_read(&c, texts, NULL, &config, &e), "an error");
        check_contains(rows[i].text, e.text, rows[i].fault);
        assert_int_equal(e.kind, ERR_CONFIG);
    }
    configs_end(&c);
}

/* libconfuse's scanner ends the process at a directory. */
static void only_files_are_read(void **state)
{
    struct configs c;
    struct config *config;
    struct err e;

    (void)state;
    configs_begin(&c);
    struct config_sources sources = {.only_file = c.directory};
    assert_false(config_read(&sources, &config, &e));
    check_contains("directory", e.text, c.directory);
    sources.only_file = configs_path(&c, "gone");
    assert_false(config_read(&sources, &config, &e));
    check_contains("gone", e.text, "/gone");
    sources.only_file = "/dev/zero";
    assert_false(config_read(&sources, &config, &e));
    sources.only_file = NULL;
    sources.user_file = c.directory;
    assert_false(config_read(&sources, &config, &e));
    configs_end(&c);
}

static void missing_files_are_told_when_nothing_is_configured(void **state)
{
    static const char *const texts[] = {NULL, NULL};
    struct configs c;
    struct config *config;
    struct err e;

    (void)state;
    configs_begin(&c);
    assert_false(configs_read(&c, texts, NULL, &config, &e));
    check_contains("none", e.text, "no account is configured, there is no ");
    check_contains("none", e.text, "/system, ");
    check_contains("none", e.text, "/user; \"smtpost setup\" writes one into ");
    assert_int_equal(e.kind, ERR_CONFIG);
    configs_end(&c);
}

static void a_file_of_one_megabyte_is_too_large(void **state)
{
    struct configs c;
    struct config *config;
    struct buf text;
    struct err e;

    (void)state;
    configs_begin(&c);
    buf_init(&text, LIMIT_CONFIG_FILE + 10);
    buf_put_text(&text, "account a { host = h }\n#");
    while (text.len <= LIMIT_CONFIG_FILE)
        buf_put_byte(&text, 'x');
    struct config_sources sources = {.only_file = configs_path(&c, "user")};
    configs_write(&c, "user", buf_slice(&text));
    assert_false(config_read(&sources, &config, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
    configs_write(&c, "user", slice_make(text.data, LIMIT_CONFIG_FILE));
    assert_true(config_read(&sources, &config, &e));
    config_free(config);
    buf_clear(&text);
    configs_end(&c);
}

static void a_file_with_a_secret_is_its_owners_alone(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *fault;
    } rows[] = {
        {"account a { host = h user = u\npassword = \"s3cret\" }\n", 0600, NULL},
        {"account a { host = h user = u\npassword = \"s3cret\" }\n", 0640,
         "user:2: password: the file holds a secret and may be read by others than its owner: "
         "chmod 600 "},
        {"account a { host = h user = u\npassword = \"s3cret\" }\n", 0604, "chmod 600 "},
        {"defaults { password = \"s3cret\" }\naccount a { host = h }\n", 0644, "chmod 600 "},
        {"account a { host = h password-command = { p } }\n", 0644, NULL},
        {"account a { host = h }\n", 0664, "user: the file may be written by others"},
        {"account a { host = h }\n", 0646, "user: the file may be written by others"},
    };
    struct configs c;

    (void)state;
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_sources sources = {.user_file = configs_path(&c, "user")};
        struct config *config;
        struct err e = {.text = ""};

        configs_write(&c, "user", slice_of(rows[i].text));
        assert_int_equal(chmod(sources.user_file, rows[i].mode), 0);
        check_row(rows[i].text, config_read(&sources, &config, &e) == !rows[i].fault, "read");
        check_contains(rows[i].text, e.text, rows[i].fault ? rows[i].fault : "");
        config_free(config);
    }
    configs_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_keep_their_order),
        cmocka_unit_test(the_users_default_account_wins),
        cmocka_unit_test(values_are_read_as_written),
        cmocka_unit_test(traps_are_errors),
        cmocka_unit_test(faults_of_values_wait_for_their_account),
        cmocka_unit_test(lines_are_right_behind_comments),
        cmocka_unit_test(includes_belong_to_their_file),
        cmocka_unit_test(includes_that_cannot_be_are_errors),
        cmocka_unit_test(only_files_are_read),
        cmocka_unit_test(missing_files_are_told_when_nothing_is_configured),
        cmocka_unit_test(a_file_of_one_megabyte_is_too_large),
        cmocka_unit_test(a_file_with_a_secret_is_its_owners_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
