/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/argument.h"

#include <limits.h>

#include "mail/xtext.h"

struct keyword {
    const char *name;
    bool (*take)(struct argument *a, struct slice value);
};

static bool take_size(struct argument *a, struct slice value)
{
    unsigned long size;

    if (!slice_number(value, ULONG_MAX, &size))
        return false;
    a->size = size;
    return true;
}

static bool take_body(struct argument *a, struct slice value)
{
    return body_parse(value, &a->envelope->body);
}

static bool take_smtputf8(struct argument *a, struct slice value)
{
    a->envelope->smtputf8 = true;
    return value.len == 0;
}

static bool take_ret(struct argument *a, struct slice value)
{
    return !a->envelope->ret && ret_parse(value, &a->envelope->ret);
}

static bool take_envid(struct argument *a, struct slice value)
{
    if (a->envelope->envid || !xtext_is_envid(value))
        return false;
    a->envelope->envid = slice_dup(value);
    return true;
}

static bool take_notify(struct argument *a, struct slice value)
{
    return !a->recipient->notify && notify_parse(value, &a->recipient->notify);
}

static bool take_orcpt(struct argument *a, struct slice value)
{
    if (a->recipient->orcpt || !xtext_is_orcpt(value))
        return false;
    a->recipient->orcpt = slice_dup(value);
    return true;
}

static const struct keyword mail_keywords[] = {
    {"SIZE", take_size}, {"BODY", take_body},   {"SMTPUTF8", take_smtputf8},
    {"RET", take_ret},   {"ENVID", take_envid}, {NULL, NULL}};
static const struct keyword rcpt_keywords[] = {
    {"NOTIFY", take_notify}, {"ORCPT", take_orcpt}, {NULL, NULL}};

struct slice argument_word(struct slice *rest)
{
    size_t start = 0, end;

    while (start < rest->len && rest->data[start] == ' ')
        start++;
    for (end = start; end < rest->len && rest->data[end] != ' '; end++)
        ;
    struct slice word = slice_make(rest->data + start, end - start);
    *rest = slice_from(*rest, end);
    return word;
}

bool argument_path(struct slice *rest, struct slice keyword, struct slice *path)
{
    bool quoted = false;
    size_t end = 1;

    if (!slice_has_prefix_nocase(*rest, keyword))
        return false;
    *rest = slice_from(*rest, keyword.len);
    while (rest->len && rest->data[0] == ' ')
        *rest = slice_from(*rest, 1);
    if (!rest->len || rest->data[0] != '<')
        return false;
    for (; end < rest->len && (quoted || rest->data[end] != '>'); end++) {
        if (rest->data[end] == '\\')
            end++;
        else if (rest->data[end] == '"')
            quoted = !quoted;
    }
    if (end >= rest->len)
        return false;
    *path = slice_make(rest->data, end + 1);
    *rest = slice_from(*rest, end + 1);
    return !rest->len || rest->data[0] == ' ';
}

static const char *take_all(struct argument *a, const struct keyword *table, struct slice rest)
{
    for (struct slice word = argument_word(&rest); word.len; word = argument_word(&rest)) {
        size_t equals = slice_find(word, '=', 0);
        const struct keyword *k = table;
        while (k->name && !slice_eq_nocase(slice_make(word.data, equals), slice_of(k->name)))
            k++;
        if (!k->name)
            return "555 5.5.4 Unknown parameter";
        if (!k->take(a, slice_from(word, equals + 1)))
            return "501 5.5.4 Bad value of a parameter";
    }
    return NULL;
}

const char *argument_of_mail(struct argument *a, struct slice rest)
{
    return take_all(a, mail_keywords, rest);
}

const char *argument_of_rcpt(struct argument *a, struct slice rest)
{
    return take_all(a, rcpt_keywords, rest);
}
