/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/environ.h"

#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/option.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/secret.h"
#include "mail/path.h"

/* Room for a path that we put together. */
#define NAME_MAX_LEN 4096

/* Nobody ever gives us rights that a caller has not; if somebody does all the same, the caller's
 * environment must not lead us anywhere: neither us, nor a library, nor a ${NAME} of a file. */
static void forget_environment(void)
{
    static char *nothing[] = {NULL};

    if (COMPAT_IS_PRIVILEGED())
        environ = nothing;
}

/* NULL for unset and for empty. */
static const char *get(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static char *join(const char *directory, const char *name)
{
    struct buf path;

    buf_init(&path, NAME_MAX_LEN);
    buf_put_format(&path, "%s/%s", directory, name);
    return buf_take(&path);
}

/* The real name out of a gecos field: up to the first comma, "&" standing for the login name with a
 * capital. */
static char *name_of_gecos(const char *gecos, const char *user)
{
    struct buf name;

    buf_init(&name, NAME_MAX_LEN);
    for (; gecos && *gecos && *gecos != ','; gecos++) {
        if (*gecos != '&') {
            buf_put_byte(&name, *gecos);
            continue;
        }
        buf_put_byte(&name, ascii_upper(user[0]));
        buf_put_text(&name, user[0] ? user + 1 : "");
    }
    return buf_take(&name);
}

static void read_passwd(struct host *h)
{
    if (h->passwd_read)
        return;
    h->passwd_read = true;
    const struct passwd *entry = getpwuid(h->uid);
    if (!entry)
        return;
    h->user = mem_strdup(entry->pw_name);
    h->full_name = name_of_gecos(entry->pw_gecos, entry->pw_name);
    if (!h->home && entry->pw_dir && *entry->pw_dir)
        h->home = mem_strdup(entry->pw_dir);
}

static bool is_ours(const char *directory, uid_t uid)
{
    struct stat info;

    return directory && stat(directory, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == uid;
}

/* $HOME, unless it is another user's (at and sudo leave us with such): then the user database. */
static void find_home(struct host *h)
{
    const char *home = get("HOME");

    if (is_ours(home, h->uid)) {
        h->home = mem_strdup(home);
        return;
    }
    read_passwd(h);
    h->home_is_foreign = home && h->user && access(home, F_OK) == 0;
    /* Containers: a uid without an entry, and a HOME that belongs to root. */
    if (!h->home && home && !h->user)
        h->home = mem_strdup(home);
}

/* A directory of the XDG specification: absolute, and like HOME not one that su, sudo or at left us
 * of another user. What root has made for us, as containers do, counts when it can be used. */
static const char *find_xdg(struct host *h, const char *name, int how)
{
    const char *directory = get(name);
    struct stat info;

    if (!directory || directory[0] != '/')
        return NULL;
    if (stat(directory, &info) != 0)
        return errno == ENOENT && !h->home_is_foreign ? directory : NULL;
    if (info.st_uid == h->uid)
        return directory;
    read_passwd(h);
    return (info.st_uid == 0 || !h->user) && access(directory, how) == 0 ? directory : NULL;
}

static void find_user_file(struct host *h)
{
    const char *xdg = find_xdg(h, "XDG_CONFIG_HOME", R_OK | X_OK);
    char *config = xdg ? mem_strdup(xdg) : h->home ? join(h->home, ".config") : NULL;
    char *first = h->home ? join(h->home, ".smtprc") : NULL;

    if (config && (!first || access(first, F_OK) != 0)) {
        char *second = join(config, "smtprc");
        bool exists = access(second, F_OK) == 0;
        h->user_file = exists || !first ? second : first;
        free(exists || !first ? first : second);
    } else {
        h->user_file = first;
    }
    h->config_directory = config ? join(config, "smtpost") : NULL;
    free(config);
}

static void find_queue(struct host *h)
{
    const char *xdg = find_xdg(h, "XDG_STATE_HOME", W_OK | X_OK);

    if (xdg)
        h->queue = join(xdg, "smtpost/queue");
    else if (h->home)
        h->queue = join(h->home, ".local/state/smtpost/queue");
}

static char *copy(const char *name)
{
    return get(name) ? mem_strdup(get(name)) : NULL;
}

static void find_service(struct host *h)
{
    char *queue = copy("SMTPSPOOL");

    h->system_queue = queue ? queue : mem_strdup(LOCALSTATEDIR "/spool/smtpost");
    h->listen_pid = copy("LISTEN_PID");
    h->listen_fds = copy("LISTEN_FDS");
    h->listen_names = copy("LISTEN_FDNAMES");
    h->notify_socket = copy("NOTIFY_SOCKET");
}

static bool has_color(void)
{
    const char *term = get("TERM");

    return isatty(STDOUT_FILENO) && !get("NO_COLOR") && term && strcmp(term, "dumb") != 0;
}

static void take_variable(struct host *h, const struct option *o)
{
    struct buf text;

    buf_init(&text, LIMIT_SECRET);
    option_put_variable(o, &text);
    char *name = slice_dup(buf_slice(&text));
    const char *value = get(name);
    if (value) {
        buf_put_format(&text, "=%s", value);
        strings_add(&h->variables, buf_slice(&text));
    }
    if (value && o->type == OPTION_SECRET) {
        secret_wipe_memory(getenv(name), strlen(value));
        unsetenv(name);
    }
    free(name);
    buf_wipe(&text);
}

void host_init(struct host *h)
{
    char name[256] = "";

    forget_environment();
    *h = (struct host){.uid = getuid(), .service = RUNSTATEDIR "/smtpost/submit"};
    find_home(h);
    find_user_file(h);
    find_queue(h);
    find_service(h);
    h->system_file = mem_strdup(SYSCONFDIR "/smtprc");
    h->only_file = copy("SMTPRC");
    h->temporary = mem_strdup(get("TMPDIR") ? get("TMPDIR") : "/var/tmp");
    h->source_date = copy("SOURCE_DATE_EPOCH");
    if (gethostname(name, sizeof name - 1) != 0)
        name[0] = '\0';
    h->name = mem_strdup(name);
    h->path = mem_strdup(get("PATH") ? get("PATH") : "/usr/bin:/bin");
    for (size_t i = 0; i < option_count; i++)
        if (options[i].flags & OPTION_VARIABLE)
            take_variable(h, &options[i]);
    h->stderr_is_terminal = isatty(STDERR_FILENO);
    h->has_color = has_color();
}

const char *host_locale(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *name = NULL;

    for (size_t i = 0; i < sizeof variables / sizeof *variables && !name; i++)
        name = get(variables[i]);
    if (!name || strcmp(name, "POSIX") == 0 || (name[0] == 'C' && (!name[1] || name[1] == '.')))
        return NULL;
    return name;
}

void host_clear(struct host *h)
{
    free(h->home);
    free(h->user);
    free(h->full_name);
    free(h->system_file);
    free(h->user_file);
    free(h->only_file);
    free(h->queue);
    free(h->system_queue);
    free(h->listen_pid);
    free(h->listen_fds);
    free(h->listen_names);
    free(h->notify_socket);
    free(h->config_directory);
    free(h->path);
    free(h->temporary);
    free(h->source_date);
    free(h->name);
    free(h->mail_domain);
    for (size_t i = 0; i < h->variables.count; i++)
        secret_wipe_memory(h->variables.items[i], strlen(h->variables.items[i]));
    strings_clear(&h->variables);
    *h = (struct host){0};
}

void host_become(struct host *h, bool is_known, uid_t uid)
{
    h->uid = uid;
    h->user = h->full_name = NULL;
    h->passwd_read = !is_known;
}

const char *host_user(struct host *h)
{
    read_passwd(h);
    return h->user;
}

const char *host_user_or_number(struct host *h)
{
    snprintf(h->number, sizeof h->number, "%ju", (uintmax_t)h->uid);
    return host_user(h) ? host_user(h) : h->number;
}

const char *host_full_name(struct host *h)
{
    read_passwd(h);
    return h->full_name ? h->full_name : "";
}

const char *host_mail_domain(struct host *h)
{
    struct buf text;
    struct err ignored;

    if (h->mail_domain)
        return h->mail_domain;
    if (file_read("/etc/mailname", ERR_CONFIG, LIMIT_DOMAIN + 2, &text, NULL, &ignored)) {
        struct slice name = slice_trim(buf_slice(&text));
        if (path_domain_is_valid(name))
            h->mail_domain = slice_dup(name);
        buf_clear(&text);
    }
    if (!h->mail_domain)
        h->mail_domain = mem_strdup(path_domain_is_valid(slice_of(h->name)) ? h->name
                                                                            : "localhost");
    return h->mail_domain;
}

const char *host_hello(const struct host *h)
{
    bool qualified = strchr(h->name, '.') && path_domain_is_valid(slice_of(h->name));

    return qualified ? h->name : NULL;
}
