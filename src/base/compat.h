/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_COMPAT_H
#define BASE_COMPAT_H

/* Where systems and compilers differ. The only #if lines of the program stand here. */

#if defined(__GNUC__)
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define FORMAT_ARGUMENT(number) __attribute__((format_arg(number)))
#define NO_RETURN __attribute__((noreturn))
#define ENSURE_USED __attribute__((warn_unused_result))
#else
#define PRINTF_LIKE(fmt, args)
#define FORMAT_ARGUMENT(number)
#define NO_RETURN
#define ENSURE_USED
#endif

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

/* Linux: a file without a name; elsewhere 0, and file_unnamed() makes one and unlinks it. */
#if defined(O_TMPFILE)
#define COMPAT_O_TMPFILE O_TMPFILE
#else
#define COMPAT_O_TMPFILE 0
#endif

#if defined(MSG_NOSIGNAL)
#define COMPAT_MSG_NOSIGNAL MSG_NOSIGNAL
#else
#define COMPAT_MSG_NOSIGNAL 0
#endif

/* Linux: how much a pipe holds can be asked for; elsewhere 0. */
#if defined(F_SETPIPE_SZ)
#define COMPAT_SET_PIPE_SIZE F_SETPIPE_SZ
#else
#define COMPAT_SET_PIPE_SIZE 0
#endif

/* "The name exists but has no address" is an answer of its own only on some systems. */
#if defined(EAI_NODATA)
#define COMPAT_EAI_NODATA EAI_NODATA
#else
#define COMPAT_EAI_NODATA EAI_NONAME
#endif

/* Rights of Landlock that headers older than the kernel do not name. */
#define COMPAT_LANDLOCK_REFER (1ULL << 13)
#define COMPAT_LANDLOCK_TRUNCATE (1ULL << 14)

/* Has the process rights that its caller has not (set-uid, set-gid, file capabilities)? */
#if defined(__linux__)
#include <sys/auxv.h>
#define COMPAT_IS_PRIVILEGED() (getauxval(AT_SECURE) != 0)
#elif defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) || defined(__APPLE__)
#define COMPAT_IS_PRIVILEGED() (issetugid() != 0)
#else
#define COMPAT_IS_PRIVILEGED() (getuid() != geteuid() || getgid() != getegid())
#endif

/* The C library can overwrite what is freed: with this octet, from here on; 0: no more. */
#if defined(__GLIBC__)
#include <malloc.h>
#define COMPAT_WIPE_FREED(octet) ((void)mallopt(M_PERTURB, (octet)))
#else
#define COMPAT_WIPE_FREED(octet) ((void)(octet))
#endif

/* The search for leaks has to look into the process. */
#if defined(__SANITIZE_ADDRESS__)
#define COMPAT_MAY_HIDE 0
#else
#define COMPAT_MAY_HIDE 1
#endif

#endif
