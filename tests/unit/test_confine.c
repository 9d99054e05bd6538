/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"

static char top[] = "/tmp/smtpost-confine.XXXXXX";
static char inside[64], outside[64], file[64];

static void path(char *out, const char *name)
{
    snprintf(out, sizeof inside, "%s/%s", top, name);
}

static int make(const char *directory)
{
    char name[80];

    snprintf(name, sizeof name, "%s/new", directory);
    int fd = open(name, O_WRONLY | O_CREAT, 0600);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? errno : 0;
}

/* In a child: the number of the first thing that is not as it has to be, 100 without Landlock. */
static int look_around(void)
{
    const char *const places[] = {inside, "/nonexistent/place", file};
    int open_before = open(outside, O_RDONLY | O_DIRECTORY);

    if (strcmp(confine_state(), "Landlock") != 0)
        return confine_writes(places, 3) ? 1 : 100;
    if (!confine_writes(places, 3))
        return 2;
    if (make(inside) != 0)
        return 3;
    if (make(outside) != EACCES)
        return 4;
    if (open(file, O_WRONLY | O_TRUNC) < 0)
        return 5;
    if (open("/etc/passwd", O_RDONLY) < 0)
        return 6;
    if (openat(open_before, "x", O_WRONLY | O_CREAT, 0600) >= 0)
        return 7;
    execl("/bin/true", "true", (char *)NULL);
    return errno == EACCES ? 0 : 8;
}

static void writes_and_programs_are_given_up(void **state)
{
    int status = 0;

    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(look_around());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 100)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
    /* Ours alone is still as it was. */
    assert_int_equal(make(outside), 0);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(top))
        return -1;
    path(inside, "inside");
    path(outside, "outside");
    path(file, "file");
    int fd = open(file, O_WRONLY | O_CREAT, 0600);
    return mkdir(inside, 0700) || mkdir(outside, 0700) || fd < 0 || close(fd);
}

static int tear_down(void **state)
{
    char name[80];

    (void)state;
    snprintf(name, sizeof name, "%s/new", inside);
    unlink(name);
    snprintf(name, sizeof name, "%s/new", outside);
    unlink(name);
    return unlink(file) || rmdir(inside) || rmdir(outside) || rmdir(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes_and_programs_are_given_up)};

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
