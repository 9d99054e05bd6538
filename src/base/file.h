/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

/* Files, opened and then looked at through the descriptor, never by name twice. Every descriptor is
 * close-on-exec and above 2 (file_secure_standard sees to that). */

/* Descriptors 0, 1 and 2 exist afterwards: a missing one is opened on /dev/null, so that no socket
 * can ever be taken for one. *stdin_missing tells that there was no standard input. */
bool file_secure_standard(bool *stdin_missing, struct err *e);

/* Open a file for reading: a regular one or a FIFO, as file_read has it. */
bool file_open(const char *path, enum err_kind kind, int *fd, struct stat *info, struct err *e);

/* Read a whole file of at most `max` octets into out. A regular file or FIFO only (a directory or
 * device is an error). Errors are of `kind` and have an errnum: ENOENT tells "not there". `info`
 * may be NULL. */
bool file_read(const char *path, enum err_kind kind, size_t max, struct buf *out, struct stat *info,
               struct err *e);

/* A file without a name, for reading and writing, 0600. */
bool file_unnamed(const char *directory, int *fd, struct err *e);

/* A wish, where fd is a pipe: it holds more, so that who writes and who reads much wait for each
 * other less often. */
void file_enlarge_pipe(int fd);

/* Write everything. */
bool file_write(int fd, struct slice bytes, struct err *e);

/* A file that others see when it is whole, and never before: file_begin makes it, under a name that
 * nobody looks for and that must be new, 0600; file_publish brings it to the disk and gives it its
 * real name, in another directory of the same file system. Either may fail; file_remove then. */
bool file_begin(const char *path, int *fd, struct err *e);
bool file_publish(int fd, const char *path, const char *name, struct err *e);
void file_remove(const char *path);
/* The directory exists afterwards; it is made 0700 where it does not. */
bool file_make_directory(const char *path, struct err *e);
bool file_set_mode(const char *path, mode_t mode, struct err *e);

/* Append one line (a LF is added) to a log file: made 0600 when missing, no symbolic link followed,
 * a regular file only, one write. */
bool file_append_line(const char *path, struct slice line, struct err *e);

#endif
