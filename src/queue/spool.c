/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "queue/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

#define FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
/* Behind the name of an envelope on its way. */
#define ENVELOPE_SUFFIX ".env"
/* What an envelope has at the most in nearly every case: one read. */
#define ENVELOPE_USUAL 4096

/* -- the directories */

static bool make_parents(const char *path, struct err *e)
{
    char *copy = mem_strdup(path);
    bool ok = true;

    for (char *slash = strchr(copy + 1, '/'); ok && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        ok = mkdir(copy, 0700) == 0 || errno == EEXIST || access(copy, X_OK) == 0 ||
             err_os(e, ERR_CREATE, "cannot make the directory %s", copy);
        *slash = '/';
    }
    free(copy);
    return ok;
}

/* Nearly always it is there, and nothing has to be made. */
static bool open_directory(int at, const char *name, bool create, int *fd)
{
    *fd = openat(at, name, O_RDONLY | O_DIRECTORY | FLAGS);
    if (*fd < 0 && errno == ENOENT && create &&
        (mkdirat(at, name, 0700) == 0 || errno == EEXIST))
        *fd = openat(at, name, O_RDONLY | O_DIRECTORY | FLAGS);
    return *fd >= 0;
}

static bool open_queue(struct spool *s, bool create, struct err *e)
{
    if (open_directory(AT_FDCWD, s->path, false, &s->fd))
        return true;
    if (create && errno == ENOENT && !make_parents(s->path, e))
        return false;
    return open_directory(AT_FDCWD, s->path, create, &s->fd) ||
           err_os(e, ERR_CREATE, "cannot open the queue %s", s->path);
}

/* Ours, or we are root and look after it; and closed to everybody else. */
static bool check_owner(struct spool *s, struct err *e)
{
    struct stat info;

    if (fstat(s->fd, &info) != 0)
        return err_os(e, ERR_OS, "cannot look at %s", s->path);
    s->owner = info.st_uid;
    if (info.st_uid != geteuid() && geteuid() != 0)
        return err_set(e, ERR_CREATE, "the queue %s belongs to another user", s->path);
    if (info.st_mode & 077)
        return err_set(e, ERR_CREATE, "the queue %s is open to others: chmod 700 %s", s->path,
                       s->path);
    return true;
}

/* Made by root in a service's spool, it is still the service's. */
static void give_to_owner(const struct spool *s, int fd)
{
    if (geteuid() == 0 && s->owner != 0) {
        int ignored = fchown(fd, s->owner, (gid_t)-1);
        (void)ignored;
    }
}

static bool open_rooms(struct spool *s, bool create, struct err *e)
{
    static const char *const names[] = {"tmp", "msg", "env"};
    int *const rooms[] = {&s->tmp, &s->msg, &s->env};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!open_directory(s->fd, names[i], create, rooms[i])) {
            err_os(e, ERR_CREATE, "cannot open the queue %s/%s", s->path, names[i]);
            /* A queue that is not there is empty; one that has lost a part is something else. */
            if (faccessat(s->fd, "env", F_OK, 0) == 0)
                e->errnum = 0;
            return false;
        }
        if (create)
            give_to_owner(s, *rooms[i]);
    }
    return true;
}

bool spool_open(struct spool *s, const char *path, bool create, struct err *e)
{
    *s = (struct spool){.path = mem_strdup(path), .fd = -1, .tmp = -1, .msg = -1, .env = -1};
    bool ok = open_queue(s, create, e) && check_owner(s, e) && open_rooms(s, create, e);
    if (!ok)
        spool_close(s);
    return ok;
}

void spool_close(struct spool *s)
{
    const int fds[] = {s->fd, s->tmp, s->msg, s->env};

    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(s->path);
    *s = (struct spool){.fd = -1, .tmp = -1, .msg = -1, .env = -1};
}

/* -- arriving */

static bool put_body(int fd, const struct message *m, struct buf *first, struct err *e)
{
    struct body_reader reader = {0};
    struct slice bytes;
    bool ok = message_body_next(m, &reader, LIMIT_BLOCK, &bytes, e);

    /* A message that fits leaves in one write. */
    buf_put_slice(first, ok ? bytes : SLICE(""));
    ok = ok && !first->overflow && file_write(fd, buf_slice(first), e);
    while (ok && bytes.len)
        ok = message_body_next(m, &reader, LIMIT_BLOCK, &bytes, e) && file_write(fd, bytes, e);
    body_reader_clear(&reader);
    return ok;
}

/* Envelope, header, body. */
static bool put_all(int fd, const struct entry *en, const struct message *m, struct err *e)
{
    struct buf text;

    buf_init(&text, (size_t)LIMIT_ENVELOPE_FILE + LIMIT_HEADER_BLOCK + LIMIT_BLOCK + 64);
    entry_format(en, &text);
    header_write(&m->header, &text);
    buf_put_text(&text, "\r\n");
    bool ok = text.overflow ? err_set(e, ERR_DATA, "the envelope is too large for the queue")
                            : put_body(fd, m, &text, e);
    buf_clear(&text);
    return ok;
}

/* A new file in tmp/, held. What an earlier process left under a name that is ours alone goes. */
static bool open_new(const struct spool *s, const char *name, int *fd, struct err *e)
{
    const int how = O_RDWR | O_CREAT | O_EXCL | FLAGS;

    *fd = openat(s->tmp, name, how, 0600);
    if (*fd < 0 && errno == EEXIST && unlinkat(s->tmp, name, 0) == 0)
        *fd = openat(s->tmp, name, how, 0600);
    if (*fd < 0)
        return err_os(e, ERR_CREATE, "cannot make a file in %s/tmp", s->path);
    give_to_owner(s, *fd);
    return true;
}

static bool bring_to_disk(const struct spool *s, int fd, struct err *e)
{
    return fsync(fd) == 0 || err_os(e, ERR_IO, "cannot write to the queue %s", s->path);
}

static void envelope_name(char *name, const char *id)
{
    snprintf(name, ENTRY_ID_MAX + 8, "%s" ENVELOPE_SUFFIX, id);
}

/* The envelope in a file of its own, in place of whatever env/ID is. */
static bool put_envelope(const struct spool *s, const struct entry *en, struct err *e)
{
    char name[ENTRY_ID_MAX + 8];
    struct buf text;
    int fd;

    envelope_name(name, en->id);
    if (!open_new(s, name, &fd, e))
        return false;
    buf_init(&text, LIMIT_ENVELOPE_FILE);
    entry_format(en, &text);
    bool ok = !text.overflow || err_set(e, ERR_DATA, "the envelope is too large for the queue");
    ok = ok && (file_write(fd, buf_slice(&text), e) || err_wrap(e, "the queue %s", s->path)) &&
         bring_to_disk(s, fd, e);
    if (ok && renameat(s->tmp, name, s->env, en->id) != 0)
        ok = err_os(e, ERR_IO, "cannot change an entry of the queue %s", s->path);
    if (!ok)
        unlinkat(s->tmp, name, 0);
    buf_clear(&text);
    close(fd);
    return ok;
}

/* The second name; a file system without hard links gets a second file. */
static bool put_in_queue(const struct spool *s, const struct entry *en, struct err *e)
{
    if (linkat(s->msg, en->id, s->env, en->id, 0) == 0)
        return true;
    if (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EROFS)
        return err_os(e, ERR_IO, "cannot write to the queue %s", s->path);
    return bring_to_disk(s, s->msg, e) && put_envelope(s, en, e);
}

/* From Q1 by Q2 to Q3. */
static bool make_queued(const struct spool *s, const struct entry *en, int fd, struct err *e)
{
    if (!bring_to_disk(s, fd, e))
        return false;
    if (renameat(s->tmp, en->id, s->msg, en->id) != 0)
        return err_os(e, ERR_IO, "cannot write to the queue %s", s->path);
    if (put_in_queue(s, en, e) && bring_to_disk(s, s->env, e))
        return true;
    unlinkat(s->env, en->id, 0);
    unlinkat(s->msg, en->id, 0);
    return false;
}

static void measure(struct entry *en, const struct message *m)
{
    en->size = message_size(m);
    en->has_8bit = m->has_8bit;
    en->has_8bit_header = m->has_8bit_header;
    en->has_nul = m->has_nul;
    en->longest_line = m->longest_line;
}

bool spool_commit(const struct spool *s, struct entry *en, const struct message *m, struct err *e)
{
    int fd;

    if (*en->id && faccessat(s->env, en->id, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return true;
    if (!*en->id)
        entry_name(en->id, clock_wall());
    measure(en, m);
    if (!open_new(s, en->id, &fd, e))
        return false;
    /* Where flock is not to be had the sweep goes by age alone. */
    flock(fd, LOCK_EX | LOCK_NB);
    bool ok = (put_all(fd, en, m, e) || err_wrap(e, "the queue %s", s->path)) &&
              make_queued(s, en, fd, e);
    if (!ok)
        unlinkat(s->tmp, en->id, 0);
    close(fd);
    return ok;
}

/* -- looking */

static DIR *open_list(int room)
{
    int fd = openat(room, ".", O_RDONLY | O_DIRECTORY | FLAGS);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);

    if (fd >= 0 && !list)
        close(fd);
    return list;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

bool spool_list(const struct spool *s, struct strings *ids, struct strings *strangers,
                struct err *e)
{
    DIR *list = open_list(s->env);
    const struct dirent *item;

    if (!list)
        return err_os(e, ERR_IO, "cannot read the queue %s", s->path);
    while ((errno = 0, item = readdir(list))) {
        struct slice name = slice_of(item->d_name);
        if (entry_id_is_valid(name))
            strings_add(ids, name);
        else if (strangers && name.data[0] != '.')
            strings_add(strangers, name);
    }
    bool ok = errno == 0 || err_os(e, ERR_IO, "cannot read the queue %s", s->path);
    closedir(list);
    if (ids->count)
        qsort(ids->items, ids->count, sizeof *ids->items, compare_names);
    return ok;
}

static size_t count_names(int room, size_t enough)
{
    DIR *list = room < 0 ? NULL : open_list(room);
    const struct dirent *item;
    size_t count = 0;

    while (list && count < enough && (item = readdir(list)))
        count += item->d_name[0] != '.';
    if (list)
        closedir(list);
    return count;
}

bool spool_is_empty(const struct spool *s)
{
    return count_names(s->env, 1) == 0;
}

/* Exactly `len` octets from the start of the file. */
static bool read_exactly(int fd, char *data, size_t have, size_t len)
{
    while (have < len) {
        ssize_t got = pread(fd, data + have, len - have, (off_t)have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    return true;
}

static bool read_envelope(int fd, struct entry *en, struct err *e)
{
    char usual[ENVELOPE_USUAL];
    char *text = usual;
    size_t length;

    ssize_t got = pread(fd, usual, sizeof usual, 0);
    if (got < 0)
        return err_os(e, ERR_IO, "cannot read the envelope");
    if (!entry_length(slice_make(usual, (size_t)got), &length, e))
        return false;
    if (length > (size_t)got) {
        text = mem_resize(NULL, length, 1);
        memcpy(text, usual, (size_t)got);
    }
    bool ok = read_exactly(fd, text, (size_t)got, length) ||
              err_set(e, ERR_DATA, "the envelope is cut");
    ok = ok && entry_parse(en, slice_make(text, length), e);
    if (text != usual)
        free(text);
    return ok;
}

/* A regular file of the owner's. */
static bool is_ours(const struct spool *s, int fd, struct stat *info, struct err *e)
{
    if (fstat(fd, info) != 0)
        return err_os(e, ERR_IO, "cannot look at a file of the queue");
    if (!S_ISREG(info->st_mode) || info->st_uid != s->owner || info->st_nlink > 2)
        return err_set(e, ERR_DATA, "not a file that smtpost made");
    return true;
}

static enum spool_found fault(const struct err *e)
{
    return e->kind == ERR_DATA && e->errnum != ENTRY_NEWER ? SPOOL_DAMAGED : SPOOL_FAILED;
}

/* A symbolic link, a socket: nothing that we made. */
static enum spool_found cannot_open(const struct spool *s, const char *id, struct err *e)
{
    if (errno == ENOENT)
        return SPOOL_GONE;
    bool foreign = errno == ELOOP || errno == ENXIO || errno == EISDIR;
    err_os(e, foreign ? ERR_DATA : ERR_IO, "cannot open %s of the queue %s", id, s->path);
    return fault(e);
}

enum spool_found spool_look(const struct spool *s, const char *id, struct entry *en, struct err *e)
{
    struct stat info;

    *en = (struct entry){0};
    snprintf(en->id, sizeof en->id, "%s", id);
    e->errnum = 0;
    int fd = openat(s->env, id, O_RDONLY | FLAGS);
    if (fd < 0)
        return cannot_open(s, id, e);
    bool ok = is_ours(s, fd, &info, e) && read_envelope(fd, en, e);
    close(fd);
    return ok ? SPOOL_FOUND : fault(e);
}

/* -- holding */

/* The file system lost the first name and kept the second, which is the same file. */
static bool restore_message(const struct spool *s, const char *id)
{
    return linkat(s->env, id, s->msg, id, 0) == 0;
}

static enum spool_found hold(int *fd)
{
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return SPOOL_FOUND;
    close(*fd);
    *fd = -1;
    return SPOOL_BUSY;
}

static enum spool_found open_message(const struct spool *s, const char *id, int *fd, struct err *e)
{
    *fd = openat(s->msg, id, O_RDWR | FLAGS);
    if (*fd < 0 && errno == ENOENT && restore_message(s, id))
        *fd = openat(s->msg, id, O_RDWR | FLAGS);
    return *fd < 0 ? cannot_open(s, id, e) : SPOOL_FOUND;
}

/* Where the message begins, and that it is all there. */
static bool find_message(const struct spool *s, struct taken *t, struct err *e)
{
    char head[ENTRY_HEAD];
    struct stat info;
    size_t length;

    if (!is_ours(s, t->fd, &info, e))
        return false;
    ssize_t got = pread(t->fd, head, sizeof head, 0);
    if (got < 0)
        return err_os(e, ERR_IO, "cannot read the message");
    if (!entry_length(slice_make(head, (size_t)got), &length, e))
        return false;
    t->offset = length;
    return (uint64_t)info.st_size == t->offset + t->entry.size ||
           err_set(e, ERR_DATA, "the message is not as long as its envelope says");
}

static enum spool_found read_entry(const struct spool *s, const char *id, struct taken *t,
                                   struct err *e)
{
    enum spool_found found = spool_look(s, id, &t->entry, e);
    if (found == SPOOL_FOUND && !find_message(s, t, e))
        found = fault(e);
    if (found != SPOOL_FOUND)
        taken_release(t);
    return found;
}

enum spool_found spool_take(const struct spool *s, const char *id, struct taken *t, struct err *e)
{
    *t = (struct taken){.fd = -1};
    e->errnum = 0;
    enum spool_found found = open_message(s, id, &t->fd, e);
    if (found == SPOOL_FOUND)
        found = hold(&t->fd);
    return found == SPOOL_FOUND ? read_entry(s, id, t, e) : found;
}

enum spool_found spool_open_entry(const struct spool *s, const char *id, struct taken *t,
                                  struct err *e)
{
    *t = (struct taken){.fd = openat(s->msg, id, O_RDONLY | FLAGS)};
    e->errnum = 0;
    return t->fd < 0 ? cannot_open(s, id, e) : read_entry(s, id, t, e);
}

void taken_release(struct taken *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    entry_clear(&t->entry);
}

bool taken_message(const struct taken *t, struct message *m, struct err *e)
{
    const struct entry *en = &t->entry;

    message_init(m, NULL);
    if (!message_adopt(m, t->fd, t->offset, en->size, e))
        return false;
    m->has_8bit = en->has_8bit;
    m->has_8bit_header = en->has_8bit_header;
    m->has_nul = en->has_nul;
    m->longest_line = en->longest_line;
    return true;
}

bool spool_update(const struct spool *s, const struct taken *t, struct err *e)
{
    struct stat info;

    /* The first change takes the second name away: the first must be on the disk. */
    bool is_first = fstat(t->fd, &info) == 0 && info.st_nlink > 1;
    return (!is_first || bring_to_disk(s, s->msg, e)) && put_envelope(s, &t->entry, e) &&
           bring_to_disk(s, s->env, e);
}

bool spool_remove(const struct spool *s, const char *id, struct err *e)
{
    if (unlinkat(s->env, id, 0) != 0 && errno != ENOENT)
        return err_os(e, ERR_IO, "cannot remove %s from the queue %s", id, s->path);
    unlinkat(s->msg, id, 0);
    return true;
}

void spool_settle(const struct spool *s)
{
    int ignored = fsync(s->env);
    (void)ignored;
}

/* -- tidying */

bool spool_set_aside(const struct spool *s, const char *name, struct err *e)
{
    struct buf message;
    int aside = -1;

    if (!open_directory(s->fd, "aside", true, &aside))
        return err_os(e, ERR_CREATE, "cannot make %s/aside", s->path);
    give_to_owner(s, aside);
    buf_init(&message, 512);
    buf_put_format(&message, "%s.message", name);
    bool ok = renameat(s->env, name, aside, name) == 0 || errno == ENOENT ||
              err_os(e, ERR_IO, "cannot move %s to %s/aside", name, s->path);
    if (ok && entry_id_is_valid(slice_of(name)))
        renameat(s->msg, name, aside, message.data);
    buf_clear(&message);
    close(aside);
    return ok;
}

size_t spool_aside_count(const struct spool *s)
{
    int aside = openat(s->fd, "aside", O_RDONLY | O_DIRECTORY | FLAGS);
    size_t count = count_names(aside, SIZE_MAX);

    if (aside >= 0)
        close(aside);
    return count;
}

static void sweep_file(const struct spool *s, int room, const char *name, time_t before)
{
    struct stat info;
    int fd = openat(room, name, O_RDONLY | FLAGS);

    if (fd < 0)
        return;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_mtime < before &&
        (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
        (room == s->tmp || faccessat(s->env, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0))
        unlinkat(room, name, 0);
    close(fd);
}

void spool_sweep(const struct spool *s, time_t now, time_t age)
{
    const int rooms[] = {s->tmp, s->msg};

    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        DIR *list = open_list(rooms[i]);
        const struct dirent *item;
        while (list && (item = readdir(list)))
            if (item->d_name[0] != '.' &&
                (rooms[i] == s->tmp ||
                 faccessat(s->env, item->d_name, F_OK, AT_SYMLINK_NOFOLLOW) != 0))
                sweep_file(s, rooms[i], item->d_name, now - age);
        if (list)
            closedir(list);
    }
}
