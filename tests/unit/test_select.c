/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/select.h"

#include "configs.h"

static void parse(struct path *p, const char *text)
{
    struct err e;

    *p = (struct path){0};
    if (text && !path_parse(p, slice_of(text), &e))
        fail_msg("%s", e.text);
}

static void patterns_match(void **state)
{
    static const struct {
        const char *pattern, *sender;
        bool matches;
        size_t literal;
    } rows[] = {
        {"ada@x.org", "ada@x.org", true, 9},
        {"ada@x.org", "ada@X.ORG", true, 9},
        {"ada@X.Org", "ada@x.org", true, 9},
        {"Ada@x.org", "ada@x.org", false, 9},
        {"ada@x.org", "ada@x.or", false, 9},
        {"ada@x.org", "adaa@x.org", false, 9},
        {"*", "ada@x.org", true, 0},
        {"*@x.org", "ada@x.org", true, 6},
        {"*@X.org", "ada@x.org", true, 6},
        {"*@x.org", "ada@sub.x.org", false, 6},
        {"*@*.x.org", "ada@sub.x.org", true, 7},
        {"*@*x.org", "ada@x.org", true, 6},
        {"*x.org", "ada@evilx.org", true, 5},
        {"a?a@x.org", "ada@x.org", true, 8},
        {"a?a@x.org", "aa@x.org", false, 8},
        {"ada+*@x.org", "ada+news@x.org", true, 10},
        {"ada+*@x.org", "ada+@x.org", true, 10},
        {"ada+*@x.org", "ada@x.org", false, 10},
        {"*a*a*@*", "ada@x.org", true, 3},
        {"**@x.org", "ada@x.org", true, 6},
        {"", "ada@x.org", false, 0},
        {"*a*a*a*a*a*a*a*a*a*b@x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@x", false, 12},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct path sender;
        size_t literal;

        parse(&sender, rows[i].sender);
        check_row(rows[i].pattern, select_matches(rows[i].pattern, &sender, &literal) ==
                  rows[i].matches, "matches or not");
        assert_int_equal(literal, rows[i].literal);
        path_clear(&sender);
    }
}

/* Who is chosen, and why. */
struct choice {
    const char *named, *sender, *account, *why;
};

static void check_choices(const char *text, const struct choice *rows, size_t count)
{
    struct configs c;
    struct config *config;

    configs_begin(&c);
    configs_must_read(&c, text, &config);
    for (size_t i = 0; i < count; i++) {
        const char *input = rows[i].sender ? rows[i].sender : rows[i].named ? rows[i].named : "-";
        struct path sender;
        struct selection got;
        struct err e = {.text = ""};

        parse(&sender, rows[i].sender);
        bool ok = select_account(config, rows[i].named, rows[i].sender ? &sender : NULL, &got, &e);
        check_row(input, ok == (rows[i].account != NULL), "chosen or refused");
        if (ok)
            check_text(input, slice_of(got.account), rows[i].account);
        check_contains(input, ok ? got.why : e.text, rows[i].why);
        assert_int_equal(e.kind, ok ? ERR_NONE : ERR_CONFIG);
        path_clear(&sender);
    }
    config_free(config);
    configs_end(&c);
}

static void the_most_exact_sender_wins(void **state)
{
    static const char text[] =
        "account all { host = h from = \"*\" }\n"
        "account corp { host = h from = { \"*@corp.example\", \"*@*.corp.example\" } }\n"
        "account sales { host = h from = \"sales-*@corp.example\" }\n"
        "account sales2 { host = h from = \"*-total@corp.example\" }\n"
        "account ada { host = h from = \"ada@corp.example\" }\n"
        "account adanews { host = h from = \"ada+news@corp.example\" }\n"
        "account adalist { host = h from = \"ada+list*@corp.example\" }\n"
        "account ada2 { host = h from = \"ada@corp.example\" }\n";
    static const struct choice rows[] = {
        {NULL, "x@elsewhere.example", "all", "from \"*\""},
        {NULL, "x@corp.example", "corp", "from \"*@corp.example\""},
        {NULL, "x@CORP.example", "corp", "from \"*@corp.example\""},
        {NULL, "x@a.corp.example", "corp", "from \"*@*.corp.example\""},
        {NULL, "x@acorp.example", "all", "from \"*\""},
        /* A longer literal beats a shorter, whatever the order in the file. */
        {NULL, "sales-eu@corp.example", "sales", "from \"sales-*@corp.example\""},
        /* The same length: the first in the file. */
        {NULL, "sales-total@corp.example", "sales", "from \"sales-*@corp.example\""},
        /* An exact address beats every pattern; of two the first in the file. */
        {NULL, "ada@corp.example", "ada", "from \"ada@corp.example\""},
        {NULL, "Ada@corp.example", "corp", "from \"*@corp.example\""},
        /* user+tag@ is user@, unless something says it more exactly. */
        {NULL, "ada+x@corp.example", "ada", "from \"ada@corp.example\""},
        {NULL, "ada+news@corp.example", "adanews", "from \"ada+news@corp.example\""},
        {NULL, "ada+list7@corp.example", "adalist", "from \"ada+list*@corp.example\""},
        {NULL, "+x@corp.example", "corp", "from \"*@corp.example\""},
        {NULL, "\"ada+x\"@corp.example", "corp", "from \"*@corp.example\""},
        /* -a is the word of the user. */
        {"corp", "ada@corp.example", "corp", "-a"},
        {"all", NULL, "all", "-a"},
        {"copr", NULL, NULL, "-a: there is no account \"copr\"; did you mean \"corp\"?"},
    };

    (void)state;
    check_choices(text, rows, COUNT(rows));
}

static void without_a_match_there_is_a_default(void **state)
{
    static const struct choice named[] = {
        {NULL, NULL, "b", "default-account"},
        {NULL, "x@nowhere.example", "b", "default-account"},
        {NULL, "<>", "b", "default-account"},
        {NULL, "root", "b", "default-account"},
        {NULL, "a@x.example", "a", "from \"a@x.example\""},
    };
    static const struct choice only[] = {
        {NULL, NULL, "a", "the only account"},
        {NULL, "x@nowhere.example", "a", "the only account"},
        {NULL, "<>", "a", "the only account"},
    };
    static const struct choice none[] = {
        {NULL, "x@nowhere.example", NULL, "no account is meant for <x@nowhere.example>: choose "
                                          "one with -a"},
        {NULL, NULL, NULL, "no account is meant for this sender: choose one with -a, name the "
                           "sender in its from, or write default-account; there are: a, b"},
        /* A null or bare sender is nobody's, not even with "*". */
        {NULL, "<>", NULL, "no account is meant"},
        {NULL, "root", NULL, "no account is meant for <root>"},
    };

    (void)state;
    check_choices("default-account = b\naccount a { host = h from = \"a@x.example\" }\n"
                  "account b { host = h }\n", named, COUNT(named));
    check_choices("account a { host = h from = \"a@x.example\" }\n", only, COUNT(only));
    check_choices("account a { host = h from = \"*@a.example\" }\n"
                  "account b { host = h from = \"*@b.example\" }\n", none, COUNT(none));
    check_choices("account a { host = h from = \"*\" }\naccount b { host = h }\n", none + 2, 2);
}

static void it_is_known_whether_the_sender_is_ours(void **state)
{
    static const struct {
        const char *named, *sender;
        bool ours;
    } rows[] = {
        {NULL, "ada@x.example", true}, {NULL, "bob@x.example", false},
        {"a", "ada@x.example", true},  {"b", "ada@x.example", false},
        {"b", NULL, false},            {"a", "ada+t@x.example", true},
    };
    struct configs c;
    struct config *config;

    (void)state;
    configs_begin(&c);
    configs_must_read(&c, "default-account = b\naccount b { host = h }\n"
                          "account a { host = h from = \"ada@x.example\" }\n", &config);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct path sender;
        struct selection got;
        struct err e;

        parse(&sender, rows[i].sender);
        assert_true(select_account(config, rows[i].named, &sender, &got, &e));
        check_row(rows[i].sender ? rows[i].sender : "-", got.by_sender == rows[i].ours, "ours");
        path_clear(&sender);
    }
    config_free(config);
    configs_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match),
        cmocka_unit_test(the_most_exact_sender_wins),
        cmocka_unit_test(without_a_match_there_is_a_default),
        cmocka_unit_test(it_is_known_whether_the_sender_is_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
