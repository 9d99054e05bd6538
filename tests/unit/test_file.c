/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

/* A directory of our own, and room for the name of a file in it. */
struct place {
    char directory[32], name[64];
};

static void make_place(struct place *p)
{
    snprintf(p->directory, sizeof p->directory, "/tmp/test_file.XXXXXX");
    assert_non_null(mkdtemp(p->directory));
    snprintf(p->name, sizeof p->name, "%s/file", p->directory);
}

static void remove_place(const struct place *p)
{
    unlink(p->name);
    assert_int_equal(rmdir(p->directory), 0);
}

static void write_text(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_file_is_read_whole_or_not_at_all(void **state)
{
    struct place p;
    struct stat info;
    struct buf out;
    struct err e;

    (void)state;
    make_place(&p);
    write_text(p.name, "ten octets");
    assert_true(file_read(p.name, ERR_CONFIG, 10, &out, &info, &e));
    check_text("whole", buf_slice(&out), "ten octets");
    assert_int_equal(info.st_size, 10);
    buf_clear(&out);
    assert_true(file_read(p.name, ERR_CONFIG, 100, &out, NULL, &e));
    buf_clear(&out);
    assert_false(file_read(p.name, ERR_CONFIG, 9, &out, NULL, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
    check_contains("too large", e.text, p.name);
    assert_int_equal(out.len, 0);
    write_text(p.name, "");
    assert_true(file_read(p.name, ERR_CONFIG, 0, &out, NULL, &e));
    assert_int_equal(out.len, 0);
    buf_clear(&out);
    remove_place(&p);
}

static void what_is_no_file_is_an_error_that_tells(void **state)
{
    static const struct {
        const char *name;
        int errnum;
        const char *words;
    } rows[] = {
        {"/tmp/nonexistent/file", ENOENT, "/tmp/nonexistent/file"},
        {"/tmp", EISDIR, "directory"},
        {"/dev/zero", EINVAL, "neither"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0};
        struct err e;
        check_row(rows[i].name, !file_read(rows[i].name, ERR_IO, 10, &out, NULL, &e), "an error");
        assert_int_equal(e.kind, ERR_IO);
        assert_int_equal(e.errnum, rows[i].errnum);
        check_contains(rows[i].name, e.text, rows[i].words);
        buf_clear(&out);
    }
}

static void a_fifo_is_read_to_its_end(void **state)
{
    struct place p;
    struct buf out;
    struct err e;

    (void)state;
    make_place(&p);
    assert_int_equal(mkfifo(p.name, 0600), 0);
    if (fork() == 0) {
        int fd = open(p.name, O_WRONLY);
        if (write(fd, "first ", 6) != 6)
            _exit(1);
        usleep(50000);
        if (write(fd, "second", 6) != 6)
            _exit(1);
        _exit(0);
    }
    assert_true(file_read(p.name, ERR_CONFIG, 100, &out, NULL, &e));
    check_text("fifo", buf_slice(&out), "first second");
    buf_clear(&out);
    wait(NULL);
    remove_place(&p);
}

static void an_unnamed_file_has_no_name(void **state)
{
    struct place p;
    struct stat info;
    struct err e;
    char text[4] = "";
    int fd;

    (void)state;
    make_place(&p);
    assert_true(file_unnamed(p.directory, &fd, &e));
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_nlink, 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_true(file_write(fd, SLICE("abc"), &e));
    assert_int_equal(pread(fd, text, 3, 0), 3);
    assert_string_equal(text, "abc");
    close(fd);
    remove_place(&p);
    assert_false(file_unnamed(p.directory, &fd, &e));
    assert_int_equal(e.kind, ERR_CREATE);
    check_contains("gone", e.text, p.directory);
}

/* Where systems let it be asked for. */
static void a_pipe_holds_more(void **state)
{
    int ends[2], file = open("/dev/null", O_RDONLY);
    static char much[256 * 1024];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    file_enlarge_pipe(ends[0]);
    file_enlarge_pipe(file);
    if (COMPAT_SET_PIPE_SIZE)
        assert_int_equal(write(ends[1], much, sizeof much), sizeof much);
    close(ends[0]);
    close(ends[1]);
    close(file);
}

static void a_write_that_fails_is_an_error(void **state)
{
    struct err e;
    int fd = open("/dev/full", O_WRONLY);

    (void)state;
    if (fd < 0)
        skip();
    assert_true(file_write(fd, SLICE(""), &e));
    assert_false(file_write(fd, SLICE("x"), &e));
    assert_int_equal(e.kind, ERR_IO);
    assert_int_equal(e.errnum, ENOSPC);
    close(fd);
}

static void log_lines_are_appended_to_regular_files_only(void **state)
{
    struct place p;
    struct stat info;
    struct buf out;
    struct err e;
    char link[sizeof p.name + 8];

    (void)state;
    make_place(&p);
    assert_true(file_append_line(p.name, SLICE("one"), &e));
    assert_int_equal(stat(p.name, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_true(file_append_line(p.name, SLICE("two"), &e));
    assert_true(file_read(p.name, ERR_IO, 100, &out, NULL, &e));
    check_text("two lines", buf_slice(&out), "one\ntwo\n");
    buf_clear(&out);
    snprintf(link, sizeof link, "%s.link", p.name);
    assert_int_equal(symlink(p.name, link), 0);
    assert_false(file_append_line(link, SLICE("three"), &e));
    assert_int_equal(e.kind, ERR_IO);
    unlink(link);
    assert_int_equal(mkfifo(link, 0600), 0);
    assert_false(file_append_line(link, SLICE("four"), &e));
    unlink(link);
    assert_false(file_append_line(p.directory, SLICE("five"), &e));
    assert_false(file_append_line("/dev/null", SLICE("six"), &e));
    check_contains("device", e.text, "regular");
    remove_place(&p);
}

/* In a child, with the descriptors of the mask closed: what is wrong, as its exit status. */
static int secured(int mask)
{
    bool missing;
    struct err e;

    for (int fd = 0; fd < 3; fd++)
        if (mask & 1 << fd)
            close(fd);
    if (!file_secure_standard(&missing, &e))
        return 1;
    if (missing != ((mask & 1) != 0))
        return 2;
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) != 0)
            return 3;
    int next = open("/dev/null", O_RDONLY);
    return next > 2 ? 0 : 4;
}

static void standard_descriptors_exist_afterwards(void **state)
{
    (void)state;
    for (int mask = 0; mask < 8; mask++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0)
            _exit(secured(mask));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole_or_not_at_all),
        cmocka_unit_test(what_is_no_file_is_an_error_that_tells),
        cmocka_unit_test(a_fifo_is_read_to_its_end),
        cmocka_unit_test(an_unnamed_file_has_no_name),
        cmocka_unit_test(a_pipe_holds_more),
        cmocka_unit_test(a_write_that_fails_is_an_error),
        cmocka_unit_test(log_lines_are_appended_to_regular_files_only),
        cmocka_unit_test(standard_descriptors_exist_afterwards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
