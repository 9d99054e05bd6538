/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/secret.h"


extern char **environ;

/* Our environment with `setting` in place of an older value of the same name. */
static char **make_environment(const char *setting)
{
    size_t count = 0, kept = 0;
    size_t name = setting ? (size_t)(strchr(setting, '=') - setting) + 1 : 0;

    while (environ[count])
        count++;
    char **copy = mem_resize(NULL, count + 2, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        if (!setting || strncmp(environ[i], setting, name) != 0)
            copy[kept++] = environ[i];
    if (setting)
        copy[kept++] = mem_strdup(setting);
    copy[kept] = NULL;
    return copy;
}

static void free_environment(char **copy, const char *setting)
{
    size_t count = 0;

    while (copy[count])
        count++;
    if (setting)
        free(copy[count - 1]);
    free(copy);
}

/* `input` -1: nothing to read. */
static bool start(const struct run *r, int input, int output, pid_t *pid, struct err *e)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    char **env = make_environment(r->setting);

    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    sigaddset(&defaults, SIGTERM);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGHUP);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if (input < 0)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    else
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    int failed = posix_spawnp(pid, r->argv[0], &actions, &attributes, r->argv, env);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free_environment(env, r->setting);
    errno = failed;
    return !failed || err_os(e, failed == ENOENT || failed == EACCES ? ERR_CONFIG : ERR_HELPER,
                             "cannot start %s", r->argv[0]);
}

static bool too_much(const struct run *r, struct err *e)
{
    return err_set(e, ERR_HELPER, "%s: printed more than %zu octets", r->argv[0], r->max);
}

/* Read until the helper closes its output. */
static bool collect(const struct run *r, int fd, struct buf *out, struct err *e)
{
    char block[4096];
    bool ok = true;

    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int n = poll(&ready, 1, deadline_poll(r->deadline));
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0) {
            ok = err_set(e, ERR_HELPER, "%s: did not end in time", r->argv[0]);
            break;
        }
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        buf_put(out, block, (size_t)got);
        if (out->overflow) {
            ok = too_much(r, e);
            break;
        }
    }
    secret_wipe_memory(block, sizeof block);
    return ok;
}

/* Is there more in the file than the helper may print? */
static bool is_too_much(const struct run *r, int output)
{
    struct stat info;

    return output >= 0 && fstat(output, &info) == 0 && (uintmax_t)info.st_size > r->max;
}

/* Wait for the end of the process until the deadline, or until `output` (-1: no file) is too large,
 * then make it end. */
static bool reap(const struct run *r, pid_t pid, int output, int *status)
{
    int pause = 1;

    while (!deadline_is_past(r->deadline) && !is_too_much(r, output)) {
        pid_t done = waitpid(pid, status, WNOHANG);
        if (done == pid || (done < 0 && errno != EINTR))
            return true;
        poll(NULL, 0, pause);
        pause = pause < 50 ? pause * 2 : pause;
    }
    kill(-pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    return false;
}

static bool judge(const char *program, int status, struct err *e)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return err_set(e, ERR_CONFIG, "%s: ended with status 127, the command was not found",
                       program);
    if (WIFEXITED(status))
        return err_set(e, ERR_HELPER, "%s: ended with status %d", program, WEXITSTATUS(status));
    return err_set(e, ERR_HELPER, "%s: ended by signal %d", program, WTERMSIG(status));
}

bool run_output(const struct run *r, struct buf *out, struct err *e)
{
    int ends[2];
    pid_t pid;
    int status = 0;

    buf_init(out, r->max);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_os(e, ERR_OS, "cannot make a pipe");
    bool ok = start(r, -1, ends[1], &pid, e);
    close(ends[1]);
    if (ok) {
        ok = collect(r, ends[0], out, e);
        if (!ok)
            kill(-pid, SIGKILL);
        bool ended = reap(r, pid, -1, &status);
        if (ok && !ended)
            ok = err_set(e, ERR_HELPER, "%s: did not end in time", r->argv[0]);
        ok = ok && judge(r->argv[0], status, e);
    }
    close(ends[0]);
    if (!ok)
        buf_wipe(out);
    return ok;
}

bool run_filter(const struct run *r, int input, int output, struct err *e)
{
    pid_t pid;
    int status = 0;

    if (lseek(input, 0, SEEK_SET) != 0)
        return err_os(e, ERR_OS, "%s: cannot go to the start of its input", r->argv[0]);
    if (!start(r, input, output, &pid, e))
        return false;
    bool ended = reap(r, pid, output, &status);
    if (is_too_much(r, output))
        return too_much(r, e);
    if (!ended)
        return err_set(e, ERR_HELPER, "%s: did not end in time", r->argv[0]);
    return judge(r->argv[0], status, e);
}

bool run_fork(int (*work)(void *argument), void *argument, pid_t *pid, int *fd, struct err *e)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_os(e, ERR_OS, "cannot make a pipe");
    *pid = fork();
    if (*pid == 0) {
        close(ends[0]);
        _exit(work(argument));
    }
    bool ok = *pid > 0 || err_os(e, ERR_OS, "cannot start a process");
    close(ends[1]);
    if (ok)
        *fd = ends[0];
    else
        close(ends[0]);
    return ok;
}

int run_reap(pid_t pid, int fd)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    close(fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool run_is_rung(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    return fd > 0 && poll(&ready, 1, 0) > 0;
}

/* All descriptors but one. */
static void close_others(int keep)
{
    long most = sysconf(_SC_OPEN_MAX);

    /* Where the limit is beyond reason, what a program opens is far below it. */
    most = most < 0 || most > 65536 ? 65536 : most;
    for (int fd = 0; fd < (int)most; fd++)
        if (fd != keep)
            close(fd);
}

bool run_detached(int (*work)(void *argument), void *argument, int keep, struct err *e)
{
    bool ignored;
    int status;
    pid_t pid = fork();

    if (pid < 0)
        return err_os(e, ERR_OS, "cannot start a process");
    if (pid == 0) {
        setsid();
        /* A second time: it is no session's leader, and nobody has to wait for it. */
        pid = fork();
        if (pid != 0)
            _exit(pid > 0 ? 0 : 1);
        close_others(keep);
        _exit(file_secure_standard(&ignored, e) ? work(argument) : 1);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
           err_set(e, ERR_OS, "cannot start a process");
}
