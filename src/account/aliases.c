/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/aliases.h"

#include <stdlib.h>
#include <string.h>

#include "account/pathname.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "mail/address.h"

struct alias {
    char *name;              /* lower case, without quotes */
    char *value;             /* the right side, unfolded */
    unsigned line;
    unsigned visit;          /* the last walk that came here */
    bool open;               /* its targets are being looked at */
};

struct aliases {
    const struct account *account;
    struct alias *items;     /* by name; of equal names the first written comes first */
    size_t count, capacity;
    struct strings faults;   /* of lines */
    unsigned walks;
};

/* A list of targets that is being worked through: an entry's, or an included file's. */
struct level {
    struct alias *entry;     /* the one that it belongs to */
    struct buf text;         /* of an included file, owned; else empty */
    struct slice rest;       /* what is not yet looked at */
    size_t line;             /* octets of rest that are in the line begun; looked for once */
    bool in_line;            /* rest does not begin a line */
    bool is_file;
};

/* One recipient on its way through the file. */
struct walk {
    struct aliases *aliases;
    struct alias_result *out;
    struct level levels[LIMIT_ALIAS_DEPTH];
    size_t depth;
    struct strings included;
    size_t refused;          /* programs and files */
};

/* "file:line: name: what", once. */
static void add_fault(const struct aliases *a, struct strings *faults, const struct alias *at,
                      const char *what)
{
    struct buf text;

    buf_init(&text, LIMIT_LOG_LINE);
    buf_put_format(&text, "%s:%u: %s%s%s", a->account->aliases, at->line, at->name ? at->name : "",
                   at->name ? ": " : "", what);
    if (faults->count < LIMIT_ALIAS_FAULTS && !strings_has(faults, text.data))
        strings_add(faults, buf_slice(&text));
    buf_clear(&text);
}

/* Without the quotes around it and the backslashes inside; anything else stays as it is. */
static char *unquote(struct slice text)
{
    struct buf plain;

    if (text.len < 2 || text.data[0] != '"' || text.data[text.len - 1] != '"')
        return slice_dup(text);
    buf_init(&plain, text.len);
    for (size_t i = 1; i + 1 < text.len; i++) {
        if (text.data[i] == '\\' && i + 2 < text.len)
            i++;
        buf_put_byte(&plain, text.data[i]);
    }
    return buf_take(&plain);
}

static void lower(char *text)
{
    for (; *text; text++)
        *text = ascii_lower(*text);
}

/* Offset of `byte` outside quotes, comments and angle brackets; text.len if there is none. */
static size_t find_outside(struct slice text, char byte)
{
    bool quoted = false;
    size_t nested = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!quoted && nested == 0 && c == byte)
            return i;
        if (c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '(' || c == '<'))
            nested++;
        else if (!quoted && (c == ')' || c == '>') && nested)
            nested--;
    }
    return text.len;
}

static void begin_entry(struct aliases *a, struct slice text, unsigned line)
{
    size_t colon = find_outside(text, ':');
    struct slice name = slice_trim(slice_make(text.data, colon));
    struct alias entry = {.line = line};

    if (colon == text.len || name.len == 0) {
        add_fault(a, &a->faults, &entry, "no name and colon; write \"name: address\"");
        return;
    }
    entry.name = unquote(name);
    entry.value = slice_dup(slice_trim(slice_from(text, colon + 1)));
    lower(entry.name);
    a->items = mem_grow(a->items, a->count, &a->capacity, sizeof *a->items);
    a->items[a->count++] = entry;
}

/* A logical line: a first one and those that continue it. */
static void parse_lines(struct aliases *a, struct slice text)
{
    unsigned line = 0, began = 0;
    struct buf logical;

    buf_init(&logical, LIMIT_ALIAS_FILE);
    for (size_t at = 0; at < text.len;) {
        size_t end = slice_find(text, '\n', at);
        struct slice whole = slice_make(text.data + at, end - at), trimmed = slice_trim(whole);
        at = end + 1;
        line++;
        if (trimmed.len == 0 || trimmed.data[0] == '#')
            continue;
        bool continues = whole.data[0] == ' ' || whole.data[0] == '\t';
        if (continues && !began) {
            add_fault(a, &a->faults, &(const struct alias){.line = line},
                      "begins with a blank, but there is no line that it continues");
            continue;
        }
        if (!continues && began)
            begin_entry(a, buf_slice(&logical), began);
        if (!continues) {
            buf_reset(&logical);
            began = line;
        }
        buf_put_byte(&logical, ' ');
        buf_put_slice(&logical, trimmed);
    }
    if (began)
        begin_entry(a, buf_slice(&logical), began);
    buf_clear(&logical);
}

static int compare_entries(const void *left, const void *right)
{
    const struct alias *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    return order ? order : a->line < b->line ? -1 : a->line > b->line;
}

static struct alias *find(const struct aliases *a, const char *name)
{
    size_t low = 0, high = a->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(a->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < a->count && strcmp(a->items[low].name, name) == 0 ? &a->items[low] : NULL;
}

/* --- the walk */

static void put_path(struct walk *w, struct path *path)
{
    struct alias_result *out = w->out;

    if (out->count > LIMIT_RECIPIENTS) {
        path_clear(path);
        return;
    }
    out->paths = mem_grow(out->paths, out->count, &out->capacity, sizeof *out->paths);
    out->paths[out->count++] = *path;
    *path = (struct path){0};
}

static struct level *top(struct walk *w)
{
    return &w->levels[w->depth - 1];
}

static void fault(struct walk *w, const char *what)
{
    add_fault(w->aliases, &w->out->faults, top(w)->entry, what);
}

/* The name stays what it is. */
static void put_local(struct walk *w, struct slice local)
{
    struct path path = {0};
    struct err e;

    if (!path_parse(&path, local, &e))
        fault(w, e.text);
    else if (path_is_null(&path))
        fault(w, "no name; behind a backslash write a local name");
    else
        put_path(w, &path);
    path_clear(&path);
}

static void fault_loop(struct walk *w, const struct alias *back)
{
    struct buf text;
    bool inside = false;

    buf_init(&text, LIMIT_LOG_LINE);
    buf_put_text(&text, "a loop: ");
    for (size_t i = 0; i < w->depth; i++) {
        const struct level *l = &w->levels[i];
        inside = inside || l->entry == back;
        if (inside && !l->is_file)
            buf_put_format(&text, "%s -> ", l->entry->name);
    }
    buf_put_text(&text, back->name);
    fault(w, text.data ? text.data : "a loop");
    buf_clear(&text);
}

/* Its entry, by the whole address or by the name alone, else the one for everybody. */
static struct alias *entry_of(const struct aliases *a, const struct path *path)
{
    char *whole = slice_dup(path_address(path)), *name = unquote(path_local(path));

    lower(whole);
    lower(name);
    struct alias *entry = path_is_bare(path) ? NULL : find(a, whole);
    if (!entry)
        entry = find(a, name);
    if (!entry)
        entry = find(a, "default");
    free(whole);
    free(name);
    return entry;
}

static bool push(struct walk *w, struct alias *entry, struct slice rest)
{
    if (w->depth == LIMIT_ALIAS_DEPTH) {
        fault(w, "aliases of aliases, too many levels of them");
        return false;
    }
    w->levels[w->depth++] = (struct level){.entry = entry, .rest = rest};
    return true;
}

static void begin_entry_targets(struct walk *w, struct alias *entry)
{
    if (entry->visit == w->aliases->walks || !push(w, entry, slice_of(entry->value)))
        return;
    entry->visit = w->aliases->walks;
    entry->open = true;
    if (!entry->value[0])
        fault(w, "no target; write \"name: address\"");
}

static void take_path(struct walk *w, struct path *path)
{
    const struct aliases *a = w->aliases;
    struct alias *entry;

    if (!aliases_is_local(a->account, path)) {
        put_path(w, path);
        return;
    }
    entry = entry_of(a, path);
    /* "root: root, ..." and a default that is one of those without an entry. */
    if (!entry || (entry->open && (entry == top(w)->entry || strcmp(entry->name, "default") == 0)))
        put_local(w, path_local(path));
    else if (entry->open)
        fault_loop(w, entry);
    else
        begin_entry_targets(w, entry);
}

static void take_address(struct walk *w, struct slice text)
{
    struct mailboxes list = {0};
    struct err e;

    if (!address_parse(&list, text, &e))
        fault(w, e.text);
    else if (list.count != 1)
        fault(w, "targets are single addresses with commas between them");
    else
        take_path(w, &list.items[0].path);
    mailboxes_clear(&list);
}

static void include_file(struct walk *w, const char *file)
{
    struct buf text;
    struct err e;

    if (strings_has(&w->included, file))
        return;
    strings_add_text(&w->included, file);
    if (w->included.count > LIMIT_ALIAS_INCLUDES) {
        fault(w, "more included files than one recipient may have");
    } else if (!file_read(file, ERR_CONFIG, LIMIT_ALIAS_FILE, &text, NULL, &e)) {
        fault(w, e.text);
    } else if (push(w, top(w)->entry, buf_slice(&text))) {
        top(w)->text = text;
        top(w)->is_file = true;
    } else {
        buf_clear(&text);
    }
}

static void take_include(struct walk *w, const char *written)
{
    struct err e;
    char *file = pathname_resolve(written, w->aliases->account->aliases, NULL, &e);

    if (file)
        include_file(w, file);
    else
        fault(w, e.text);
    free(file);
}

/* A target in quotes is a whole command, file or list, or else an address that begins with a quoted
 * local part or name. */
static char *command_or_file(struct slice target)
{
    char *plain = unquote(target);

    if (plain[0] == '|' || plain[0] == '/' ||
        slice_has_prefix_nocase(slice_of(plain), SLICE(":include:")))
        return plain;
    free(plain);
    return NULL;
}

static void take_target(struct walk *w, struct slice target)
{
    static const size_t include_len = sizeof ":include:" - 1;
    char *special = command_or_file(target);

    if (target.data[0] == '\\') {
        put_local(w, slice_from(target, 1));
    } else if (!special) {
        take_address(w, target);
    } else if (special[0] == ':') {
        take_include(w, special + include_len + strspn(special + include_len, " \t"));
    } else {
        w->refused++;
        fault(w, special[0] == '|'
                     ? "mail to a program is not possible, there is no local delivery; write an "
                       "address in place of \"|...\""
                     : "mail to a file is not possible, there is no local delivery; write an "
                       "address in place of \"/...\"");
    }
    free(special);
}

/* The next target of the innermost list; empty between two. False: there is none. */
static bool next_target(struct level *l, struct slice *target)
{
    if (!l->in_line)
        l->line = slice_find(l->rest, '\n', 0);
    struct slice line = slice_make(l->rest.data, l->line);
    bool comment = l->is_file && !l->in_line && slice_trim(line).len &&
                   slice_trim(line).data[0] == '#';
    size_t end = comment ? line.len : find_outside(line, ',');

    if (l->rest.len == 0)
        return false;
    *target = comment ? SLICE("") : slice_trim(slice_make(line.data, end));
    l->in_line = end < line.len;
    l->line -= l->in_line ? end + 1 : l->line;
    l->rest = slice_from(l->rest, end + 1);
    return true;
}

/* An entry that comes to nobody is a fault: mail to it must not vanish without a word. */
static void walk_entry(struct walk *w, struct alias *entry)
{
    size_t before = w->out->count + w->out->faults.count;
    struct slice target;

    begin_entry_targets(w, entry);
    while (w->depth) {
        struct level *l = top(w);
        if (!next_target(l, &target)) {
            l->entry->open = l->is_file;
            buf_clear(&l->text);
            w->depth--;
        } else if (target.len) {
            take_target(w, target);
        }
    }
    if (w->out->count + w->out->faults.count == before)
        add_fault(w->aliases, &w->out->faults, entry,
                  "comes to nobody: its lists are empty; write an address");
}

/* --- */

bool aliases_is_local(const struct account *account, const struct path *path)
{
    if (path_is_bare(path))
        return true;
    for (size_t i = 0; i < account->local_domains.count; i++)
        if (slice_eq_nocase(path_domain(path), slice_of(account->local_domains.items[i])))
            return !path_is_null(path);
    return false;
}

bool aliases_read(const struct account *account, struct aliases **out, struct err *e)
{
    struct aliases *a = mem_alloc(sizeof *a);
    struct buf text;

    *out = a;
    a->account = account;
    if (!account->aliases)
        return true;
    if (!file_read(account->aliases, ERR_CONFIG, LIMIT_ALIAS_FILE, &text, NULL, e)) {
        aliases_free(a);
        *out = NULL;
        return err_wrap(e, "aliases");
    }
    parse_lines(a, buf_slice(&text));
    buf_clear(&text);
    if (a->count)
        qsort(a->items, a->count, sizeof *a->items, compare_entries);
    return true;
}

void aliases_free(struct aliases *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->count; i++) {
        free(a->items[i].name);
        free(a->items[i].value);
    }
    free(a->items);
    strings_clear(&a->faults);
    free(a);
}

bool aliases_expand(struct aliases *a, const struct path *recipient, struct alias_result *out)
{
    struct alias *entry = aliases_is_local(a->account, recipient) ? entry_of(a, recipient) : NULL;

    if (!entry)
        return false;
    struct walk w = {.aliases = a, .out = out};
    a->walks++;
    walk_entry(&w, entry);
    strings_clear(&w.included);
    return true;
}

void alias_result_clear(struct alias_result *out)
{
    for (size_t i = 0; i < out->count; i++)
        path_clear(&out->paths[i]);
    free(out->paths);
    strings_clear(&out->faults);
    *out = (struct alias_result){0};
}

static void check_entry(struct aliases *a, size_t index, struct strings *faults, size_t *refused)
{
    struct alias_result result = {0};
    struct walk w = {.aliases = a, .out = &result};
    struct alias *entry = &a->items[index];
    size_t at = slice_find(slice_of(entry->name), '@', 0);

    if (index && strcmp(a->items[index - 1].name, entry->name) == 0)
        add_fault(a, faults, entry, "a second entry for this name: the first one counts");
    if (at < strlen(entry->name)) {
        struct slice domain = slice_from(slice_of(entry->name), at + 1);
        bool known = false;
        for (size_t i = 0; i < a->account->local_domains.count; i++)
            known = known || slice_eq_nocase(domain, slice_of(a->account->local_domains.items[i]));
        if (!known)
            add_fault(a, faults, entry, "never looked at: the domain is not one of local-domains");
    }
    a->walks++;
    walk_entry(&w, entry);
    for (size_t i = 0; i < result.faults.count && faults->count < LIMIT_ALIAS_FAULTS; i++)
        if (!strings_has(faults, result.faults.items[i])) {
            strings_add_text(faults, result.faults.items[i]);
            *refused += w.refused > 0;
        }
    strings_clear(&w.included);
    alias_result_clear(&result);
}

void aliases_check(struct aliases *a, struct strings *faults, size_t *refused)
{
    *refused = 0;
    strings_copy(faults, &a->faults);
    for (size_t i = 0; i < a->count && faults->count < LIMIT_ALIAS_FAULTS; i++)
        check_entry(a, i, faults, refused);
}
