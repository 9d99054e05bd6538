/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/strings.h"
#include "mail/message.h"
#include "queue/entry.h"

/* The queue's directory, and every fsync. What is in it, and what that means (smtpost-queue(7)):
 *
 *     tmp/ID  msg/ID  env/ID
 *       +       -       -     arriving; swept when it is old and nobody holds it
 *       -       +       -     not ours yet, or finished; the same
 *       -       +       +     queued: we have taken responsibility
 *
 * One file is written first, envelope in front of the message, and given both names; that is one
 * file and one directory to bring to the disk. From the first change on env/ID is a file of its
 * own, replaced by write, fsync, rename, fsync; the message never changes. What is no entry of ours
 * is moved to aside/.
 *
 * Everything is opened below directory descriptors that were looked at (ours, nobody else may
 * enter) and through no symbolic link. A message belongs to who holds the flock(2) on its file.
 * Nothing here needs what NFS does badly: names are unique by themselves, and a lock that is not
 * seen on another machine costs a duplicate at the worst. */

struct spool {
    char *path;              /* for people */
    int fd, tmp, msg, env;
    uid_t owner;
};

enum {
    SPOOL_STALE = 36 * 3600  /* seconds after which what nobody finished is swept */
};

/* `create`: make what is missing, parents included. Without it e->errnum ENOENT tells that there is
 * no spool, so that nothing is queued. */
bool spool_open(struct spool *s, const char *path, bool create, struct err *e);
void spool_close(struct spool *s);

/* Queue the message: true after everything is on the disk. en->id is made, unless it is set: then
 * an entry of that name that is there already is the same one. en->size and what goes with it is
 * taken from the message. After a failure nothing of it is left. */
bool spool_commit(const struct spool *s, struct entry *en, const struct message *m, struct err *e);

/* The names of all entries, oldest first, and (unless NULL) of what else lies in env/. */
bool spool_list(const struct spool *s, struct strings *ids, struct strings *strangers,
                struct err *e);
/* Any at all? */
bool spool_is_empty(const struct spool *s);

enum spool_found {
    SPOOL_FOUND,
    SPOOL_GONE,              /* served or removed */
    SPOOL_BUSY,              /* somebody else holds it */
    SPOOL_DAMAGED,           /* no entry of ours: spool_set_aside() */
    SPOOL_FAILED             /* cannot be read now; or it is of a later version */
};

/* The envelope alone, to look at. `en` is initialised, and empty unless FOUND. */
enum spool_found spool_look(const struct spool *s, const char *id, struct entry *en, struct err *e);

/* An entry that we hold. */
struct taken {
    struct entry entry;
    int fd;                  /* the message's file, and the lock */
    uint64_t offset;         /* where the message begins */
};
/* Take hold of it and read it. `t` is for taken_release() when FOUND. */
enum spool_found spool_take(const struct spool *s, const char *id, struct taken *t, struct err *e);
/* The same without taking hold of it: to read, while others send. */
enum spool_found spool_open_entry(const struct spool *s, const char *id, struct taken *t,
                                  struct err *e);
void taken_release(struct taken *t);
/* Its message, read through the descriptor of `t`. `m` is initialised and for message_clear(). */
bool taken_message(const struct taken *t, struct message *m, struct err *e);

/* Of an entry that is held: put its envelope as it is now in place of the old one; be done with it.
 * spool_remove does not wait for the disk (what a crash brings back is a duplicate, not a loss):
 * spool_settle does, for all removals before it. */
bool spool_update(const struct spool *s, const struct taken *t, struct err *e);
bool spool_remove(const struct spool *s, const char *id, struct err *e);
void spool_settle(const struct spool *s);

/* Move what env/NAME and msg/NAME are to aside/. */
bool spool_set_aside(const struct spool *s, const char *name, struct err *e);
/* How many lie there. */
size_t spool_aside_count(const struct spool *s);

/* Remove what was begun and not finished, or is finished and was not removed, more than `age`
 * seconds before `now`, and that nobody holds. */
void spool_sweep(const struct spool *s, time_t now, time_t age);

#endif
