/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/address.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mail/words.h"

/* An addr-spec with comments or blanks in it is put together here; a route may come with it. */
#define LIMIT_SPEC (4 * LIMIT_PATH)

/* A longer name leaves no room for the rest of its line (RFC 5322 2.1.1), so it is folded. */
#define NAME_LINE 500

struct reader {
    struct slice text;
    size_t at;
    bool in_group;
    struct mailboxes *list;
};

/* A run of tokens less the comments and blanks (CFWS) around it: a display name, an addr-spec. */
struct run {
    bool found;
    size_t start, end;
    bool has_gap;            /* CFWS between its tokens */
    struct slice comment;    /* content of the first comment in or around it */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The skippers move *at from an opening character to behind its partner; false without one. */

static bool skip_quoted(struct slice s, size_t *at)
{
    for (size_t i = *at + 1; i < s.len; i++) {
        if (s.data[i] == '\\')
            i++;
        else if (s.data[i] == '"') {
            *at = i + 1;
            return true;
        }
    }
    return false;
}

static bool skip_comment(struct slice s, size_t *at)
{
    size_t depth = 0;

    for (size_t i = *at; i < s.len; i++) {
        if (s.data[i] == '\\') {
            i++;
        } else if (s.data[i] == '(') {
            depth++;
        } else if (s.data[i] == ')' && --depth == 0) {
            *at = i + 1;
            return true;
        }
    }
    return false;
}

static bool skip_literal(struct slice s, size_t *at)
{
    size_t end = slice_find(s, ']', *at);

    if (end == s.len)
        return false;
    *at = end + 1;
    return true;
}

/* What ends a plain token, besides blanks. */
static bool is_structure(char c)
{
    switch (c) {
    case '"': case '(': case ')': case '<': case '>': case '[': case ',': case ';': case ':':
        return true;
    default:
        return false;
    }
}

static void skip_plain(struct slice s, size_t *at)
{
    do
        ++*at;
    while (*at < s.len && !is_structure(s.data[*at]) && !is_space(s.data[*at]));
}

/* One token that is no CFWS; NULL, or what is wrong. */
static const char *skip_token(struct slice s, size_t *at)
{
    switch (s.data[*at]) {
    case '"':
        return skip_quoted(s, at) ? NULL : "a quote that is not closed";
    case '[':
        return skip_literal(s, at) ? NULL : "a \"[\" without its \"]\"";
    case ')':
        return "a \")\" without its \"(\"";
    case '>':
        return "a \">\" without its \"<\"";
    case '<':
        return "a \"<\" too much";
    default:
        skip_plain(s, at);
        return NULL;
    }
}

/* Read tokens up to one of the characters in `stops` or the end. NULL, or what is wrong. */
static const char *read_run(struct slice s, size_t *at, const char *stops, struct run *run)
{
    *run = (struct run){0};
    while (*at < s.len && (s.data[*at] == '\0' || !strchr(stops, s.data[*at]))) {
        size_t begin = *at;
        if (is_space(s.data[begin])) {
            ++*at;
        } else if (s.data[begin] == '(') {
            if (!skip_comment(s, at))
                return "a comment that is not closed";
            if (run->comment.len == 0)
                run->comment = slice_trim(slice_make(s.data + begin + 1, *at - begin - 2));
        } else {
            const char *fault = skip_token(s, at);
            if (fault)
                return fault;
            run->has_gap = run->has_gap || (run->found && begin != run->end);
            run->start = run->found ? run->start : begin;
            run->end = *at;
            run->found = true;
        }
    }
    return NULL;
}

static struct slice run_text(struct slice s, const struct run *run)
{
    return slice_make(s.data + run->start, run->end - run->start);
}

/* May these two stand on both sides of CFWS inside an addr-spec? RFC 5322 4.4: around dots and "@",
 * and in routes. */
static bool is_joint(char left, char right)
{
    return strchr(".@,:", left) || strchr(".@,:", right);
}

/* The addr-spec without the CFWS in it. read_run has been here: nothing is left open. */
static const char *join_tokens(struct slice raw, struct buf *spec)
{
    size_t at = 0;

    while (at < raw.len) {
        if (is_space(raw.data[at])) {
            at++;
            continue;
        }
        size_t begin = at;
        if (raw.data[at] == '(') {
            skip_comment(raw, &at);
            continue;
        }
        skip_token(raw, &at);
        bool apart = begin > 0 && (is_space(raw.data[begin - 1]) || raw.data[begin - 1] == ')');
        if (spec->len && apart && !is_joint(spec->data[spec->len - 1], raw.data[begin]))
            return "a blank or comment inside";
        buf_put(spec, raw.data + begin, at - begin);
    }
    return spec->overflow ? "it is too long" : NULL;
}

/* Where the addr-spec begins that may have a route before it. */
static size_t behind_route(struct slice raw)
{
    struct run run;
    size_t at = 0;

    if (raw.data[0] != '@')
        return 0;
    read_run(raw, &at, ":", &run);
    at++;
    read_run(raw, &at, "", &run);
    return run.start;
}

static bool parse_spec(struct path *path, struct slice raw, bool has_gap, struct err *e)
{
    struct buf spec;

    if (!has_gap)
        return path_parse(path, raw, e);
    buf_init(&spec, LIMIT_SPEC);
    const char *fault = join_tokens(raw, &spec);
    bool ok = fault ? path_fault(e, raw, fault) : path_parse(path, buf_slice(&spec), e);
    buf_clear(&spec);
    return ok;
}

static bool add_mailbox(struct reader *r, const struct run *spec, struct slice name, struct err *e)
{
    struct slice raw = run_text(r->text, spec);
    struct mailboxes *list = r->list;
    struct path path;

    if (list->count >= LIMIT_RECIPIENTS)
        return err_set(e, ERR_DATA, "more than %d addresses", LIMIT_RECIPIENTS);
    if (!parse_spec(&path, raw, spec->has_gap, e))
        return false;
    size_t offset = behind_route(raw);
    list->items = mem_grow(list->items, list->count, &list->capacity, sizeof *list->items);
    list->items[list->count++] = (struct mailbox){
        .name = name,
        .path = path,
        .offset = spec->start + offset,
        .len = raw.len - offset,
    };
    return true;
}

/* For an error: from `start` to where we are, and to the end of that token. */
static bool fault_from(const struct reader *r, size_t start, const char *fault, struct err *e)
{
    size_t end = r->at;

    while (end < r->text.len && r->text.data[end] != ',' && r->text.data[end] != ';')
        end++;
    return path_fault(e, slice_trim(slice_make(r->text.data + start, end - start)), fault);
}

/* "<addr-spec>" and CFWS, up to the next separator. */
static bool read_angle(struct reader *r, size_t start, const struct run *phrase, struct err *e)
{
    struct run spec, tail;
    struct slice name = run_text(r->text, phrase);

    r->at++;
    const char *fault = read_run(r->text, &r->at, ">", &spec);
    if (!fault && r->at == r->text.len)
        fault = "a \"<\" without its \">\"";
    if (!fault && !spec.found)
        fault = "nothing between the angle brackets";
    if (fault)
        return fault_from(r, start, fault, e);
    r->at++;
    fault = read_run(r->text, &r->at, ",;", &tail);
    if (!fault && tail.found)
        fault = "text behind the \">\"";
    if (fault)
        return fault_from(r, start, fault, e);
    if (name.len == 0)
        name = phrase->comment.len ? phrase->comment : tail.comment;
    return add_mailbox(r, &spec, name, e);
}

static bool open_group(struct reader *r, size_t start, const struct run *phrase, struct err *e)
{
    struct slice name = run_text(r->text, phrase);

    if (r->in_group)
        return fault_from(r, start, "a group inside a group", e);
    if (name.len == 0 || (name.data[0] != '"' && slice_has_byte(name, '@')))
        return fault_from(r, start, "a \":\" that ends no group name", e);
    r->in_group = true;
    r->at++;
    return true;
}

/* One member up to its separator, or a group's name, or nothing. */
static bool read_member(struct reader *r, struct err *e)
{
    struct run run;
    size_t start = r->at;
    const char *fault = read_run(r->text, &r->at, ",;:<", &run);

    if (fault)
        return fault_from(r, start, fault, e);
    char stop = r->at < r->text.len ? r->text.data[r->at] : ',';
    if (stop == ':')
        return open_group(r, start, &run, e);
    if (stop == '<') {
        if (!read_angle(r, start, &run, e))
            return false;
    } else if (run.found && !add_mailbox(r, &run, run.comment, e)) {
        return false;
    }
    if (r->at < r->text.len && r->text.data[r->at] == ';')
        r->in_group = false;
    r->at++;
    return true;
}

/* CR and LF only where a blank or the end follows: a header field cannot be hidden in a name. */
static bool has_loose_line_end(struct slice text, char byte)
{
    for (size_t i = slice_find(text, byte, 0); i < text.len; i = slice_find(text, byte, i + 1)) {
        char next = i + 1 < text.len ? text.data[i + 1] : ' ';
        if (next != ' ' && next != '\t' && !(byte == '\r' && next == '\n'))
            return true;
    }
    return false;
}

static void cut_back(struct mailboxes *list, size_t count)
{
    while (list->count > count)
        path_clear(&list->items[--list->count].path);
}

bool address_parse(struct mailboxes *list, struct slice text, struct err *e)
{
    struct reader r = {.text = text, .list = list};
    size_t count = list->count;

    if (has_loose_line_end(text, '\n') || has_loose_line_end(text, '\r'))
        return path_fault(e, text, "a line end that is no folding");
    while (r.at < text.len)
        if (!read_member(&r, e)) {
            cut_back(list, count);
            return false;
        }
    return true;
}

void mailboxes_clear(struct mailboxes *list)
{
    cut_back(list, 0);
    free(list->items);
    *list = (struct mailboxes){0};
}

static bool is_atom(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Atoms with single blanks between them. */
static bool is_bare_phrase(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        bool is_blank_between = name.data[i] == ' ' && i > 0 && name.data[i - 1] != ' ';
        if (!is_atom(name.data[i]) && !is_blank_between)
            return false;
    }
    return true;
}

static void put_quoted(struct buf *out, struct slice name)
{
    buf_put_byte(out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '"' || name.data[i] == '\\')
            buf_put_byte(out, '\\');
        buf_put_byte(out, name.data[i]);
    }
    buf_put_byte(out, '"');
}

void address_format_name(struct buf *out, struct slice name)
{
    struct buf clean;

    buf_init(&clean, name.len);
    for (size_t i = 0; i < name.len; i++)
        buf_put_byte(&clean, ascii_is_control(name.data[i]) ? ' ' : name.data[i]);
    struct slice text = slice_trim(buf_slice(&clean));
    if (slice_has_8bit(text) || text.len > NAME_LINE)
        words_encode(out, text, WORDS_FIELD);
    else if (is_bare_phrase(text))
        buf_put_slice(out, text);
    else
        put_quoted(out, text);
    buf_clear(&clean);
}
