/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/credential.h"

#include "configs.h"

#include "base/mem.h"

/* Resolve account "a" with these options more. */
static void resolve(struct configs *c, const char *text, struct account *a)
{
    char whole[600];
    struct config *config;
    struct err e;

    snprintf(whole, sizeof whole, "account a { host = h user = u\n%s\n}\n", text);
    configs_must_read(c, whole, &config);
    if (!config_resolve(config, "a", a, &e))
        fail_msg("%s\n%s", whole, e.text);
    /* Origins borrow from the config; only whether there is a line matters behind it. */
    for (size_t i = 0; i < option_count; i++)
        if (a->origins[i].line)
            a->origins[i].file = "rc";
    config_free(config);
}

static bool password(const struct account *a, struct secret *out, struct err *e)
{
    return credential_get(a, false, deadline_in(20000), out, e);
}

static void a_source_gives_its_first_line(void **state)
{
    static const struct {
        const char *text;
        struct slice want;
    } rows[] = {
        {"password = \"s3cret pass\"", TEXT("s3cret pass")},
        {"password = 'a#b\"${C}\\\\d'", TEXT("a#b\"${C}\\d")},
        {"password = \"\xc3\xa4\\x41\"", TEXT("\xc3\xa4\x41")},
        {"password-command = { \"printf\", \"s3cret\" }", TEXT("s3cret")},
        {"password-command = { \"printf\", \"s3cret\\\\nuser: ada\\\\n\" }", TEXT("s3cret")},
        {"password-command = { \"printf\", \"s3cret\\\\r\\\\n\" }", TEXT("s3cret")},
        {"password-command = { \"printf\", \" s3cret \\\\n\" }", TEXT(" s3cret ")},
        {"password-command = \"echo s3cret; echo more\"", TEXT("s3cret")},
        {"password-command = { \"echo\", \"a; b $HOME\" }", TEXT("a; b $HOME")},
    };
    struct configs c;

    (void)state;
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct account a;
        struct secret got = {0};
        struct err e;

        resolve(&c, rows[i].text, &a);
        assert_true(credential_is_password(&a) && !credential_is_token(&a));
        if (!password(&a, &got, &e))
            fail_msg("%s: %s", rows[i].text, e.text);
        check_slice(slice_of(rows[i].text), secret_bytes(&got), rows[i].want);
        secret_clear(&got);
        account_clear(&a);
    }
    configs_end(&c);
}

static void a_command_that_gives_nothing_says_so(void **state)
{
    static const struct {
        const char *text;
        enum err_kind kind;
        const char *fault;
    } rows[] = {
        {"password-command = { \"true\" }", ERR_HELPER, "true: gives nothing"},
        {"password-command = { \"echo\" }", ERR_HELPER, "its first line is empty"},
        {"password-command = { \"false\" }", ERR_HELPER, "false"},
        {"password-command = \"echo s3cret; exit 3\"", ERR_HELPER, "3"},
        {"password-command = \"echo s3cret; kill -9 $$\"", ERR_HELPER, "9"},
        {"password-command = { \"printf\", \"a\\\\0b\" }", ERR_HELPER, "holds a NUL or CR"},
        {"password-command = { \"printf\", \"a\\\\rb\" }", ERR_HELPER, "holds a NUL or CR"},
        {"password-command = { \"/nonexistent/helper\" }", ERR_CONFIG, "/nonexistent/helper"},
        {"password-command = \"yes s3cret | head -c 100000\"", ERR_HELPER, ""},
        {"auth = none", ERR_CONFIG, "account \"a\": has no password"},
    };
    struct configs c;

    (void)state;
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct account a;
        struct secret got = {0};
        struct err e = {.text = ""};

        resolve(&c, rows[i].text, &a);
        check_row(rows[i].text, !password(&a, &got, &e), "refused");
        check_contains(rows[i].text, e.text, rows[i].fault);
        check_row(e.text, e.kind == rows[i].kind, "its kind");
        if (credential_is_password(&a))
            check_contains(rows[i].text, e.text, "rc:2: password-command: account \"a\"");
        assert_null(strstr(e.text, "s3cret"));
        assert_true(secret_is_empty(&got));
        account_clear(&a);
    }
    configs_end(&c);
}

static void a_command_has_until_the_deadline(void **state)
{
    struct configs c;
    struct account a;
    struct secret got = {0};
    struct err e;

    (void)state;
    configs_begin(&c);
    resolve(&c, "password-command = { \"sleep\", \"1000\" }", &a);
    assert_false(credential_get(&a, false, deadline_in(50), &got, &e));
    assert_int_equal(e.kind, ERR_HELPER);
    account_clear(&a);
    configs_end(&c);
}

static void a_file_is_read_if_it_is_ours_alone(void **state)
{
    static const struct {
        struct slice text;
        mode_t mode;
        const char *want, *fault;
    } rows[] = {
        {TEXT("s3cret\n"), 0600, "s3cret", NULL},
        {TEXT("s3cret"), 0400, "s3cret", NULL},
        {TEXT("s3cret\r\nmore\n"), 0600, "s3cret", NULL},
        {TEXT("s3cret\n"), 0640, NULL, "may be read by others than its owner: chmod 600 "},
        {TEXT("s3cret\n"), 0604, NULL, "may be read by others than its owner: chmod 600 "},
        {TEXT("s3cret\n"), 0620, NULL, "may be written by others than its owner"},
        {TEXT(""), 0600, NULL, "gives nothing"},
        {TEXT("\ns3cret\n"), 0600, NULL, "its first line is empty"},
        {TEXT("s3c\0ret\n"), 0600, NULL, "holds a NUL or CR"},
    };
    struct configs c;

    (void)state;
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct account a;
        struct secret got = {0};
        struct err e = {.text = ""};

        resolve(&c, "password-file = \"pw\"", &a);
        remove(configs_path(&c, "pw"));
        configs_write(&c, "pw", rows[i].text);
        assert_int_equal(chmod(configs_path(&c, "pw"), rows[i].mode), 0);
        bool ok = password(&a, &got, &e);
        check_row(rows[i].text.data, ok == (rows[i].want != NULL), "taken or refused");
        if (ok)
            check_text(rows[i].text.data, secret_bytes(&got), rows[i].want);
        else
            check_contains(rows[i].text.data, e.text, rows[i].fault);
        assert_int_equal(e.kind, ok ? ERR_NONE : ERR_CONFIG);
        assert_null(strstr(e.text, "s3c"));
        secret_clear(&got);
        account_clear(&a);
    }
    configs_end(&c);
}

static void a_file_that_is_none_is_an_error(void **state)
{
    static const char *const names[] = {"gone", "."};
    struct configs c;

    (void)state;
    configs_begin(&c);
    for (size_t i = 0; i < COUNT(names); i++) {
        char text[100];
        struct account a;
        struct secret got = {0};
        struct err e;

        snprintf(text, sizeof text, "password-file = \"%s\"", names[i]);
        resolve(&c, text, &a);
        check_row(text, !password(&a, &got, &e), "refused");
        check_contains(text, e.text, "rc:2: password-file: account \"a\"");
        assert_int_equal(e.kind, ERR_CONFIG);
        account_clear(&a);
    }
    configs_end(&c);
}

/* A pipe of the shell's, as in password-file=<(...), has no mode that means anything. */
static void a_fifo_is_read(void **state)
{
    struct configs c;
    struct account a;
    struct secret got = {0};
    struct err e;
    char name[32];
    int ends[2];

    (void)state;
    configs_begin(&c);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "s3cret\n", 7), 7);
    close(ends[1]);
    resolve(&c, "password-file = \"/dev/fd/0\"", &a);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    free(a.password_file);
    a.password_file = mem_strdup(name);
    if (!password(&a, &got, &e))
        fail_msg("%s", e.text);
    check_text("fifo", secret_bytes(&got), "s3cret");
    close(ends[0]);
    secret_clear(&got);
    account_clear(&a);
    configs_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_gives_its_first_line),
        cmocka_unit_test(a_command_that_gives_nothing_says_so),
        cmocka_unit_test(a_command_has_until_the_deadline),
        cmocka_unit_test(a_file_is_read_if_it_is_ours_alone),
        cmocka_unit_test(a_file_that_is_none_is_an_error),
        cmocka_unit_test(a_fifo_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
