/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/strings.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Words longer than this are not compared. */
#define WORD_MAX 32

void strings_add(struct strings *list, struct slice text)
{
    list->items = mem_grow(list->items, list->count + 1, &list->capacity, sizeof *list->items);
    list->items[list->count++] = slice_dup(text);
    list->items[list->count] = NULL;
}

void strings_add_text(struct strings *list, const char *text)
{
    strings_add(list, slice_of(text));
}

void strings_copy(struct strings *to, const struct strings *from)
{
    for (size_t i = 0; i < from->count; i++)
        strings_add_text(to, from->items[i]);
}

bool strings_has(const struct strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

void strings_clear(struct strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct strings){0};
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) that make one word of the other. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b);
    size_t cost[WORD_MAX + 1][WORD_MAX + 1];

    for (size_t i = 0; i <= rows; i++)
        for (size_t j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            size_t replace = cost[i - 1][j - 1] + (ascii_lower(a[i - 1]) != ascii_lower(b[j - 1]));
            cost[i][j] = smaller(replace, smaller(cost[i - 1][j], cost[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = smaller(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    return cost[rows][columns];
}

const char *strings_nearest(const char *typed, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t best_distance = strlen(typed) <= 4 ? 2 : 3;

    if (strlen(typed) > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) > WORD_MAX)
            continue;
        size_t distance = edit_distance(typed, words[i]);
        if (distance < best_distance) {
            best = words[i];
            best_distance = distance;
        }
    }
    return best;
}
