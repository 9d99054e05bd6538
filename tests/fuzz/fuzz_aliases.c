/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* An alias file and the lists that it includes, parted by NUL: the first is /s/aliases, the others
 * are /s/1, /s/2 and so on. There are no other files: aliases.c is built here with a file_read that
 * knows these alone, so that no input can make us open a file of this machine. */

#include "base/file.h"
#include "base/limits.h"

static bool sandbox_read(const char *path, enum err_kind kind, size_t max, struct buf *out,
                         struct stat *info, struct err *e);
#define file_read sandbox_read
#include "account/aliases.c"
#undef file_read

#include "fuzz.h"

enum { FILES = 10 };

static struct slice files[FILES];
static size_t reads;

static bool sandbox_read(const char *path, enum err_kind kind, size_t max, struct buf *out,
                         struct stat *info, struct err *e)
{
    size_t which = 0;

    PROMISE(path[0] == '/' && !info);
    reads++;
    if (strcmp(path, "/s/aliases") != 0)
        which = strncmp(path, "/s/", 3) == 0 && path[3] && !path[4] ? (size_t)(path[3] - '0') : FILES;
    if (which >= FILES || !files[which].data)
        return err_set(e, kind, "cannot open %s: No such file", path);
    buf_init(out, max);
    buf_put_slice(out, files[which]);
    return true;
}

static void split(struct slice text)
{
    memset(files, 0, sizeof files);
    for (size_t i = 0, at = 0; i < FILES && at <= text.len; i++) {
        size_t end = slice_find(text, '\0', at);
        files[i] = slice_make(text.data + at, end - at);
        at = end + 1;
    }
}

static bool is_printable_line(const char *text)
{
    return *text && !strchr(text, '\n');
}

static void look_at_result(const struct alias_result *result)
{
    PROMISE(result->count <= LIMIT_RECIPIENTS + 1);
    PROMISE(result->faults.count <= LIMIT_ALIAS_FAULTS);
    for (size_t i = 0; i < result->count; i++) {
        struct path again = {0};
        struct err e;
        PROMISE(path_is_set(&result->paths[i]) && !path_is_null(&result->paths[i]));
        PROMISE(path_parse(&again, path_address(&result->paths[i]), &e));
        PROMISE(path_compare(&again, &result->paths[i]) == 0);
        path_clear(&again);
    }
    for (size_t i = 0; i < result->faults.count; i++)
        PROMISE(is_printable_line(result->faults.items[i]));
}

static void same(const struct alias_result *a, const struct alias_result *b)
{
    PROMISE(a->count == b->count && a->faults.count == b->faults.count);
    for (size_t i = 0; i < a->count; i++)
        PROMISE(path_compare(&a->paths[i], &b->paths[i]) == 0);
}

/* Whoever is written to, and twice: a walk leaves nothing behind that changes the next. */
static void expand(struct aliases *a, const char *recipient)
{
    struct alias_result first = {0}, second = {0};
    struct path path = {0};
    struct err e;

    PROMISE(path_parse(&path, slice_of(recipient), &e));
    reads = 0;
    bool found = aliases_expand(a, &path, &first);
    PROMISE(reads <= LIMIT_ALIAS_INCLUDES);
    /* Whoever has an entry comes to somebody, or there is a line that says why not. */
    PROMISE(found == (first.count || first.faults.count));
    look_at_result(&first);
    PROMISE(aliases_expand(a, &path, &second) == found);
    same(&first, &second);
    alias_result_clear(&first);
    alias_result_clear(&second);
    path_clear(&path);
}

static void look_at_file(const struct account *account)
{
    struct strings faults = {0};
    struct aliases *a;
    struct err e;
    size_t refused = 0;

    PROMISE(aliases_read(account, &a, &e));
    expand(a, "root");
    expand(a, "\"a b\"");
    expand(a, "ada@local.test");
    expand(a, "nobody");
    expand(a, "far@example.org");
    aliases_check(a, &faults, &refused);
    PROMISE(faults.count <= LIMIT_ALIAS_FAULTS);
    PROMISE(refused == 0 || faults.count);
    strings_clear(&faults);
    aliases_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char file[] = "/s/aliases", domain[] = "local.test", *domains[] = {domain, NULL};
    const struct account account = {.aliases = file, .local_domains = {domains, 1, 1}};

    split(fuzz_slice(data, size));
    look_at_file(&account);
    return 0;
}
