/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_RUN_H
#define BASE_RUN_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

/* Start a helper program, without a shell, and take what it prints. stdin is /dev/null unless said
 * otherwise, stderr is ours. The helper is ended (SIGKILL to its process group) when the deadline
 * passes, and its non-zero exit status is an error whatever it printed. Errors are of kind
 * ERR_HELPER, or ERR_CONFIG when the program does not exist; they name argv[0] only, since
 * arguments may hold secrets. */

struct run {
    char *const *argv;       /* NULL-terminated; argv[0] is looked up in PATH */
    const char *setting;     /* NULL, or "NAME=value" added to the environment */
    struct deadline deadline;
    size_t max;              /* octets of output; more is an error */
};

/* out is initialised here; on failure it is empty. buf_wipe it when it held a secret. */
bool run_output(const struct run *r, struct buf *out, struct err *e);

/* For a helper that makes one text, of any size, out of another: it reads the file `input` from its
 * start and writes to the file `output`. With files at both ends nobody waits for the other, and no
 * order of reading and writing can stop both. Errors as above. */
bool run_filter(const struct run *r, int input, int output, struct err *e);

/* Work in a process of its own. It ends with what `work` returns as its exit status, without the
 * parent's atexit and stdio. *fd is the reading end of a pipe that it holds: readable once it has
 * ended. Both are for run_reap, which waits and returns the exit status, or -1 when a signal ended
 * it. ERR_OS. */
bool run_fork(int (*work)(void *argument), void *argument, pid_t *pid, int *fd, struct err *e);
int run_reap(pid_t pid, int fd);

/* Has the other end of this pipe been closed, or written to? So those who work in processes of
 * their own learn that they are to end, however their parent ended. 0: never. */
bool run_is_rung(int fd);

/* Work that outlives us: in a session of its own, adopted by init, descriptors 0 to 2 on /dev/null,
 * all others closed but `keep`, so that nobody waits for it who waits for us. */
bool run_detached(int (*work)(void *argument), void *argument, int keep, struct err *e);

#endif
