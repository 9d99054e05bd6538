/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/envelope.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

/* A recipient as it is sorted: most comparisons end at the hash, the others look at the paths. */
struct key {
    uint64_t hash;
    const struct path *path;
    size_t index;
};

/* FNV-1a; the domain in lower case, as path_compare sees it. */
static uint64_t hash_path(const struct path *path)
{
    struct slice address = path_address(path);
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < address.len; i++) {
        char c = i < path->local_len ? address.data[i] : ascii_lower(address.data[i]);
        hash = (hash ^ (unsigned char)c) * UINT64_C(1099511628211);
    }
    return hash;
}

/* Equal paths lie side by side, the first given first. */
static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left, *b = right;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    int order = path_compare(a->path, b->path);
    if (order != 0)
        return order;
    return a->index < b->index ? -1 : a->index > b->index;
}

static void recipient_clear(struct recipient *r)
{
    path_clear(&r->path);
    free(r->orcpt);
    outcome_clear(&r->outcome);
}

/* Close the gaps that cleared recipients left. */
static void compact(struct envelope *v)
{
    size_t kept = 0;

    for (size_t i = 0; i < v->count; i++)
        if (path_is_set(&v->recipients[i].path))
            v->recipients[kept++] = v->recipients[i];
    v->count = kept;
}

struct word {
    const char *word;
    unsigned value;
};

/* The value of a word of the table, which ends with 0; 0: it is not there. */
static unsigned find_word(const struct word *table, struct slice text)
{
    for (; table->value; table++)
        if (slice_eq_nocase(text, slice_of(table->word)))
            return table->value;
    return 0;
}

bool notify_parse(struct slice text, unsigned *notify)
{
    static const struct word words[] = {{"NEVER", NOTIFY_NEVER},
                                        {"SUCCESS", NOTIFY_SUCCESS},
                                        {"FAILURE", NOTIFY_FAILURE},
                                        {"DELAY", NOTIFY_DELAY},
                                        {NULL, 0}};
    unsigned all = 0;

    for (size_t at = 0; at <= text.len;) {
        size_t comma = slice_find(text, ',', at);
        unsigned value = find_word(words, slice_make(text.data + at, comma - at));
        if (!value)
            return false;
        all |= value;
        at = comma + 1;
    }
    if ((all & NOTIFY_NEVER) && all != NOTIFY_NEVER)
        return false;
    *notify = all;
    return true;
}

bool ret_parse(struct slice text, enum ret *ret)
{
    static const struct word words[] = {{"FULL", RET_FULL}, {"HDRS", RET_HDRS}, {NULL, 0}};
    unsigned value = find_word(words, text);

    if (value)
        *ret = (enum ret)value;
    return value != 0;
}

bool body_parse(struct slice text, enum body *body)
{
    static const struct word words[] = {
        {"7BIT", BODY_7BIT}, {"8BITMIME", BODY_8BITMIME}, {NULL, 0}};
    unsigned value = find_word(words, text);

    if (value)
        *body = (enum body)value;
    return value != 0;
}

void envelope_clear(struct envelope *v)
{
    for (size_t i = 0; i < v->count; i++)
        recipient_clear(&v->recipients[i]);
    free(v->recipients);
    path_clear(&v->reverse_path);
    free(v->envid);
    strings_clear(&v->mail_params);
    strings_clear(&v->rcpt_params);
    *v = (struct envelope){0};
}

void envelope_add(struct envelope *v, struct path *path)
{
    v->recipients = mem_grow(v->recipients, v->count, &v->capacity, sizeof *v->recipients);
    v->recipients[v->count++] = (struct recipient){.path = *path};
    *path = (struct path){0};
}

static void copy_recipient(struct envelope *to, const struct recipient *from)
{
    struct path path;

    path_copy(&path, &from->path);
    envelope_add(to, &path);
    struct recipient *r = &to->recipients[to->count - 1];
    r->notify = from->notify;
    r->orcpt = from->orcpt ? mem_strdup(from->orcpt) : NULL;
    outcome_copy(&r->outcome, &from->outcome);
}

void envelope_copy_open(struct envelope *to, const struct envelope *from, bool refused)
{
    *to = (struct envelope){
        .ret = from->ret,
        .envid = from->envid ? mem_strdup(from->envid) : NULL,
        .body = from->body,
        .smtputf8 = from->smtputf8,
        .require_tls = from->require_tls,
    };
    path_copy(&to->reverse_path, &from->reverse_path);
    strings_copy(&to->mail_params, &from->mail_params);
    strings_copy(&to->rcpt_params, &from->rcpt_params);
    for (size_t i = 0; i < from->count; i++) {
        enum verdict verdict = from->recipients[i].outcome.verdict;
        if (verdict != VERDICT_DELIVERED && (refused || verdict != VERDICT_REFUSED))
            copy_recipient(to, &from->recipients[i]);
    }
}

void envelope_drop_delivered(struct envelope *v)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->recipients[i].outcome.verdict == VERDICT_DELIVERED)
            recipient_clear(&v->recipients[i]);
    compact(v);
}

void envelope_swap_recipients(struct envelope *a, struct envelope *b)
{
    struct envelope old = *a;

    a->recipients = b->recipients;
    a->count = b->count;
    a->capacity = b->capacity;
    b->recipients = old.recipients;
    b->count = old.count;
    b->capacity = old.capacity;
}

/* By sorting, whatever the hashes are. */
static void drop_by_order(struct envelope *v)
{
    if (v->count < 2)
        return;
    struct key *keys = mem_resize(NULL, v->count, sizeof *keys);
    for (size_t i = 0; i < v->count; i++) {
        const struct path *path = &v->recipients[i].path;
        keys[i] = (struct key){hash_path(path), path, i};
    }
    qsort(keys, v->count, sizeof *keys, compare_keys);
    size_t first = 0;
    for (size_t i = 1; i < v->count; i++) {
        if (keys[i].hash == keys[first].hash && path_compare(keys[i].path, keys[first].path) == 0)
            recipient_clear(&v->recipients[keys[i].index]);
        else
            first = i;
    }
    free(keys);
    compact(v);
}

/* Seen so far, by hash: table has room for twice as many, and the number of a recipient, from 1 on,
 * at the first free place from his hash on. */
struct seen {
    const struct envelope *envelope;
    uint64_t *hashes;
    size_t *table;
    size_t mask;
    size_t steps;            /* that may still be made */
};

/* Is there one before him with the same path? */
static bool is_seen(struct seen *s, size_t index)
{
    const struct path *path = &s->envelope->recipients[index].path;
    uint64_t hash = hash_path(path);
    size_t at = (size_t)(hash ^ hash >> 32) & s->mask;

    s->hashes[index] = hash;
    for (; s->table[at] && s->steps; at = (at + 1) & s->mask) {
        size_t other = s->table[at] - 1;
        if (s->hashes[other] == hash &&
            path_compare(&s->envelope->recipients[other].path, path) == 0)
            return true;
        s->steps--;
    }
    s->table[at] = index + 1;
    return false;
}

/* False: there are so many steps from place to place that somebody wants it so. Then some may be
 * left. */
static bool drop_by_hash(struct envelope *v)
{
    size_t room = 16;

    while (room < 2 * v->count)
        room *= 2;
    struct seen s = {.envelope = v, .mask = room - 1, .steps = 16 * room};
    s.hashes = mem_resize(NULL, v->count ? v->count : 1, sizeof *s.hashes);
    s.table = mem_alloc(room * sizeof *s.table);
    for (size_t i = 0; i < v->count && s.steps; i++)
        if (is_seen(&s, i))
            recipient_clear(&v->recipients[i]);
    free(s.hashes);
    free(s.table);
    compact(v);
    return s.steps > 0;
}

void envelope_drop_duplicates(struct envelope *v)
{
    if (!drop_by_hash(v))
        drop_by_order(v);
}

bool envelope_has_utf8_local(const struct envelope *v)
{
    bool found = path_has_utf8_local(&v->reverse_path);

    for (size_t i = 0; i < v->count && !found; i++)
        found = path_has_utf8_local(&v->recipients[i].path);
    return found;
}

bool envelope_has_utf8_domain(const struct envelope *v)
{
    bool found = path_has_utf8_domain(&v->reverse_path);

    for (size_t i = 0; i < v->count && !found; i++)
        found = path_has_utf8_domain(&v->recipients[i].path);
    return found;
}

bool envelope_domains_to_ascii(struct envelope *v, struct err *e)
{
    for (size_t i = 0; i < v->count; i++)
        if (!path_domain_to_ascii(&v->recipients[i].path, e))
            return false;
    return path_domain_to_ascii(&v->reverse_path, e);
}

bool envelope_is_decided(const struct envelope *v)
{
    size_t i = 0;

    while (i < v->count && v->recipients[i].outcome.verdict != VERDICT_NONE)
        i++;
    return i == v->count;
}

void envelope_decide(struct envelope *v, const struct outcome *o)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->recipients[i].outcome.verdict == VERDICT_NONE) {
            outcome_clear(&v->recipients[i].outcome);
            outcome_copy(&v->recipients[i].outcome, o);
        }
}

const struct recipient *envelope_worst(const struct envelope *v)
{
    const struct recipient *worst = NULL;

    for (size_t i = 0; i < v->count; i++)
        if (!worst || outcome_is_worse(&v->recipients[i].outcome, &worst->outcome))
            worst = &v->recipients[i];
    return worst;
}
