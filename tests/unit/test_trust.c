/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/trust.h"

#include "check.h"

#include <stdio.h>
#include <unistd.h>

enum { MINE, ROOTS, ANOTHERS };

static uid_t owner_of(int who)
{
    switch (who) {
    case MINE: return geteuid();
    case ROOTS: return 0;
    default: return geteuid() + 12345;
    }
}

static void owner_and_mode_decide(void **state)
{
    static const struct {
        mode_t mode;
        int owner;
        unsigned flags;
        const char *fault;       /* a part of the error; NULL: trusted */
    } rows[] = {
        {0600, MINE, TRUST_SECRET, NULL},
        {0400, MINE, TRUST_SECRET, NULL},
        {0700, ROOTS, TRUST_SECRET, NULL},
        {0640, MINE, TRUST_SECRET, "may be read by others than its owner: chmod 600 /x"},
        {0604, MINE, TRUST_SECRET, "may be read by others than its owner: chmod 600 /x"},
        {0644, MINE, 0, NULL},
        {0660, MINE, 0, "may be written by others than its owner: chmod 600 /x"},
        {0602, MINE, 0, "may be written by others"},
        {0602, MINE, TRUST_SECRET, "may be written by others"},
        {0600, ANOTHERS, 0, "belongs to another user"},
        {0600, ANOTHERS, 0, "chown \"$(id -u)\" /x"},
        /* The administrator's: a group may read it, nobody else may write. */
        {0644, ROOTS, TRUST_SYSTEM, NULL},
        {0640, ROOTS, TRUST_SYSTEM | TRUST_SECRET, NULL},
        {0600, MINE, TRUST_SYSTEM | TRUST_SECRET, NULL},
        {0644, ROOTS, TRUST_SYSTEM | TRUST_SECRET, "may be read by everybody: chmod 640 /x"},
        {0664, ROOTS, TRUST_SYSTEM, "may be written by others than its owner: chmod 644 /x"},
        {0646, ROOTS, TRUST_SYSTEM, "may be written by others"},
        {0660, ROOTS, TRUST_SYSTEM | TRUST_SECRET, "chmod 640 /x"},
        {0644, ANOTHERS, TRUST_SYSTEM, "belongs to a user who is not root: chown root /x"},
    };
    char name[80];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stat info = {.st_mode = S_IFREG | rows[i].mode, .st_uid = owner_of(rows[i].owner)};
        struct err e = {.kind = ERR_NONE};

        snprintf(name, sizeof name, "row %zu, mode %o", i, (unsigned)rows[i].mode);
        check_row(name, trust_check("/x", &info, rows[i].flags, &e) == !rows[i].fault,
                  "trusted or not");
        if (rows[i].fault)
            check_contains(name, e.text, rows[i].fault);
        assert_int_equal(e.kind, rows[i].fault ? ERR_CONFIG : ERR_NONE);
    }
}

static void what_has_no_mode_of_its_own_passes(void **state)
{
    struct stat fifo = {.st_mode = S_IFIFO | 0666, .st_uid = owner_of(ANOTHERS)};
    struct err e;

    (void)state;
    assert_true(trust_check("/dev/fd/3", &fifo, TRUST_SECRET, &e));
}

/* The remedy is for copying into a shell. */
static void the_remedy_is_quoted(void **state)
{
    static const struct {
        const char *path, *word;
    } rows[] = {
        {"/home/ada/.smtprc", "chmod 600 /home/ada/.smtprc"},
        {"/home/a b/x", "chmod 600 '/home/a b/x'"},
        {"/x;rm -r y", "chmod 600 '/x;rm -r y'"},
        {"/it's", "chmod 600 '/it'\\''s'"},
        {"/$(id)", "chmod 600 '/$(id)'"},
    };
    struct stat info = {.st_mode = S_IFREG | 0666, .st_uid = geteuid()};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;

        assert_false(trust_check(rows[i].path, &info, 0, &e));
        check_contains(rows[i].path, e.text, rows[i].word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owner_and_mode_decide),
        cmocka_unit_test(what_has_no_mode_of_its_own_passes),
        cmocka_unit_test(the_remedy_is_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
