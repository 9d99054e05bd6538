/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/mem.h"
#include "base/secret.h"

bool file_secure_standard(bool *stdin_missing, struct err *e)
{
    *stdin_missing = fcntl(STDIN_FILENO, F_GETFD) < 0;
    for (int wanted = STDIN_FILENO; wanted <= STDERR_FILENO; wanted++) {
        if (fcntl(wanted, F_GETFD) >= 0)
            continue;
        /* The lowest that is free; it stays open for the helpers that we start. */
        if (open("/dev/null", O_RDWR) != wanted)
            return err_os(e, ERR_OS, "cannot open /dev/null");
    }
    return true;
}

/* What no system call has refused: the error gets the errno that one would have had for it. */
static bool refuse(bool is_fine, int errnum, struct err *e)
{
    e->errnum = errnum;
    return is_fine;
}

static bool read_all(int fd, const char *path, enum err_kind kind, struct buf *out, struct err *e)
{
    char block[16384];
    ssize_t got;

    while (!out->overflow && (got = read(fd, block, sizeof block)) != 0) {
        if (got > 0)
            buf_put(out, block, (size_t)got);
        else if (errno != EINTR)
            return err_os(e, kind, "cannot read %s", path);
    }
    /* There may be a password in it. */
    secret_wipe_memory(block, sizeof block);
    return !out->overflow ||
           refuse(err_set(e, kind, "%s: larger than the %zu octets that are allowed", path,
                          out->max), EFBIG, e);
}

bool file_open(const char *path, enum err_kind kind, int *fd, struct stat *info, struct err *e)
{
    /* O_NONBLOCK would break FIFOs, and a plain open of one waits for its writer: that is what a
     * caller who names a FIFO wants. */
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (*fd < 0)
        return err_os(e, kind, "cannot open %s", path);
    bool ok = fstat(*fd, info) == 0 || err_os(e, kind, "cannot look at %s", path);
    if (ok && S_ISDIR(info->st_mode))
        ok = refuse(err_set(e, kind, "%s: is a directory, a file is wanted", path), EISDIR, e);
    else if (ok && !S_ISREG(info->st_mode) && !S_ISFIFO(info->st_mode))
        ok = refuse(err_set(e, kind, "%s: neither a regular file nor a FIFO", path), EINVAL, e);
    if (!ok)
        close(*fd);
    return ok;
}

bool file_read(const char *path, enum err_kind kind, size_t max, struct buf *out, struct stat *info,
               struct err *e)
{
    struct stat own;
    int fd;

    buf_init(out, max);
    if (!file_open(path, kind, &fd, info ? info : &own, e))
        return false;
    bool ok = read_all(fd, path, kind, out, e);
    close(fd);
    if (!ok)
        buf_wipe(out);
    return ok;
}

static int unnamed_by_unlink(const char *directory)
{
    struct buf name;

    buf_init(&name, 4096);
    buf_put_format(&name, "%s/smtpost.XXXXXX", directory);
    int fd = name.overflow ? -1 : mkostemp(name.data, O_CLOEXEC);
    if (fd >= 0)
        unlink(name.data);
    buf_clear(&name);
    return fd;
}

bool file_unnamed(const char *directory, int *fd, struct err *e)
{
    *fd = COMPAT_O_TMPFILE ? open(directory, COMPAT_O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (*fd < 0)
        *fd = unnamed_by_unlink(directory);
    return *fd >= 0 || err_os(e, ERR_CREATE, "cannot make a temporary file in %s", directory);
}

void file_enlarge_pipe(int fd)
{
    enum { SIZE = 1024 * 1024 };

    if (COMPAT_SET_PIPE_SIZE)
        fcntl(fd, COMPAT_SET_PIPE_SIZE, SIZE);
}

bool file_write(int fd, struct slice bytes, struct err *e)
{
    while (bytes.len) {
        ssize_t done = write(fd, bytes.data, bytes.len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_os(e, ERR_IO, "cannot write");
        bytes = slice_from(bytes, (size_t)done);
    }
    return true;
}

bool file_begin(const char *path, int *fd, struct err *e)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
    return *fd >= 0 || err_os(e, ERR_CREATE, "cannot make %s", path);
}

/* The name itself is on the disk when the directory is. */
static bool sync_directory_of(const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? mem_strndup(path, (size_t)(slash - path) + 1) : mem_strdup(".");
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = (fd >= 0 && fsync(fd) == 0) || err_os(e, ERR_IO, "cannot sync %s", directory);

    if (fd >= 0)
        close(fd);
    free(directory);
    return ok;
}

bool file_publish(int fd, const char *path, const char *name, struct err *e)
{
    if (fsync(fd) != 0)
        return err_os(e, ERR_IO, "cannot write %s to the disk", path);
    if (rename(path, name) != 0)
        return err_os(e, ERR_CREATE, "cannot make %s", name);
    return sync_directory_of(name, e);
}

void file_remove(const char *path)
{
    unlink(path);
}

bool file_make_directory(const char *path, struct err *e)
{
    struct stat info;

    if (mkdir(path, 0700) == 0)
        return true;
    if (errno != EEXIST)
        return err_os(e, ERR_CREATE, "cannot make the directory %s", path);
    return (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) ||
           err_set(e, ERR_CREATE, "%s: not a directory", path);
}

bool file_set_mode(const char *path, mode_t mode, struct err *e)
{
    return chmod(path, mode) == 0 ||
           err_os(e, ERR_CREATE, "cannot set the mode of %s", path);
}

bool file_append_line(const char *path, struct slice line, struct err *e)
{
    struct stat info;
    struct buf text;

    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
                            O_NOCTTY, 0600);
    if (fd < 0)
        return err_os(e, ERR_IO, "cannot open %s", path);
    buf_init(&text, line.len + 1);
    buf_put_slice(&text, line);
    buf_put_byte(&text, '\n');
    bool ok = (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) ||
              err_set(e, ERR_IO, "%s: not a regular file", path);
    ok = ok && (file_write(fd, buf_slice(&text), e) || err_wrap(e, "%s", path));
    close(fd);
    buf_clear(&text);
    return ok;
}
