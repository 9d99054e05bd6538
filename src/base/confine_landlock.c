/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

#include "base/compat.h"

/* The C library has no functions for these. */
static int create_ruleset(const struct landlock_ruleset_attr *wanted, size_t size, uint32_t flags)
{
    return (int)syscall(SYS_landlock_create_ruleset, wanted, size, flags);
}

static int kernel_version(void)
{
    return create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* The first version forbids every rename from one directory to another, which a queue is made of.
 */
enum { VERSION_WITH_RENAMES = 2, VERSION_WITH_TRUNCATE = 3 };

/* What this version of Landlock can deny; a right that the kernel does not know is an error. */
static uint64_t writes(int version)
{
    uint64_t all = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                   LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                   LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                   LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM |
                   COMPAT_LANDLOCK_REFER;

    if (version >= VERSION_WITH_TRUNCATE)
        all |= COMPAT_LANDLOCK_TRUNCATE;
    return all;
}

/* Of these, what makes sense for a file that is no directory. */
static uint64_t file_writes(uint64_t all)
{
    return all & (LANDLOCK_ACCESS_FS_WRITE_FILE | COMPAT_LANDLOCK_TRUNCATE);
}

static bool allow(int ruleset, const char *place, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    struct stat info;

    rule.parent_fd = open(place, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return errno == ENOENT;
    if (fstat(rule.parent_fd, &info) == 0 && !S_ISDIR(info.st_mode))
        rule.allowed_access = file_writes(rights);
    bool ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(rule.parent_fd);
    return ok;
}

void confine_memory(void)
{
    if (COMPAT_MAY_HIDE)
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

const char *confine_state(void)
{
    int version = kernel_version();

    if (version >= VERSION_WITH_RENAMES)
        return "Landlock";
    if (version > 0)
        return "none: the Landlock of this kernel is too old";
    return errno == EOPNOTSUPP ? "none: Landlock is not switched on in this kernel"
                               : "none: this kernel has no Landlock";
}

bool confine_writes(const char *const *places, size_t count)
{
    int version = kernel_version();
    uint64_t rights = writes(version);
    struct landlock_ruleset_attr wanted = {.handled_access_fs =
                                               rights | LANDLOCK_ACCESS_FS_EXECUTE};

    int ruleset = version >= VERSION_WITH_RENAMES
                      ? create_ruleset(&wanted, sizeof wanted.handled_access_fs, 0)
                      : -1;
    if (ruleset < 0)
        return false;
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++)
        ok = allow(ruleset, places[i], rights);
    ok = ok && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    close(ruleset);
    return ok;
}
