/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mail/envelope.h"

static void add(struct envelope *v, const char *text)
{
    struct path path;
    struct err e;

    assert_true(path_parse(&path, slice_of(text), &e));
    envelope_add(v, &path);
    assert_false(path_is_set(&path));
}

/* The recipients with blanks between them. */
static void describe(const struct envelope *v, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < v->count; i++) {
        if (i)
            buf_put_byte(out, ' ');
        buf_put_slice(out, path_address(&v->recipients[i].path));
    }
}

static void each_recipient_stays_once_in_the_order_given(void **state)
{
    static const struct {
        const char *recipients[8], *result;
    } rows[] = {
        {{NULL}, ""},
        {{"a@b"}, "a@b"},
        {{"a@b", "a@b"}, "a@b"},
        {{"c@d", "a@b", "c@d", "a@b", "e@f", "a@b"}, "c@d a@b e@f"},
        {{"a@Example.ORG", "a@example.org"}, "a@Example.ORG"},
        {{"A@b", "a@b", "a@B", "A@B"}, "A@b a@b"},
        {{"a", "a@b", "a", "A"}, "a a@b A"},
        {{"\"a\"@b", "a@b"}, "\"a\"@b a@b"},
        {{"z", "y", "x", "y", "z"}, "z y x"},
        {{"a@\xc3\xa9", "a@\xc3\xa9", "a@\xc3\x89"}, "a@\xc3\xa9 a@\xc3\x89"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 1024);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct envelope v = {0};
        for (size_t j = 0; j < 8 && rows[i].recipients[j]; j++)
            add(&v, rows[i].recipients[j]);
        envelope_drop_duplicates(&v);
        describe(&v, &out);
        check_text(rows[i].result, buf_slice(&out), rows[i].result);
        envelope_drop_duplicates(&v);
        describe(&v, &out);
        check_text("twice", buf_slice(&out), rows[i].result);
        envelope_clear(&v);
        assert_int_equal(v.count, 0);
    }
    buf_clear(&out);
}

static void many_recipients_keep_their_order_too(void **state)
{
    struct envelope v = {0};
    uint32_t seed = 5;
    char text[64];
    bool seen[1000] = {false};
    unsigned expected[1000];
    size_t count = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        unsigned n = check_random(&seed, 1000);
        snprintf(text, sizeof text, "user%u@%s", n, i % 2 ? "Example.Org" : "example.org");
        add(&v, text);
        if (!seen[n])
            expected[count++] = n;
        seen[n] = true;
    }
    envelope_drop_duplicates(&v);
    assert_int_equal(v.count, count);
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "user%u", expected[i]);
        check_text(text, path_local(&v.recipients[i].path), text);
    }
    envelope_clear(&v);
}

/* FNV-1a, folded: where a table of 1024 places would put it. */
static unsigned place_of(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (unsigned)(hash ^ hash >> 32) & 1023;
}

/* Addresses that were chosen to meet at one place are told apart all the same. */
static void what_is_made_to_collide_is_told_apart(void **state)
{
    struct envelope v = {0};
    char text[64];
    unsigned found[500];
    size_t count = 0;

    (void)state;
    for (unsigned n = 0; count < COUNT(found); n++) {
        snprintf(text, sizeof text, "u%u@b", n);
        if (place_of(text) != 7)
            continue;
        found[count++] = n;
        add(&v, text);
        if (count % 50 == 0)
            add(&v, text);
    }
    envelope_drop_duplicates(&v);
    assert_int_equal(v.count, count);
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "u%u", found[i]);
        check_text(text, path_local(&v.recipients[i].path), text);
    }
    envelope_clear(&v);
}

static void utf8_is_found_in_any_address(void **state)
{
    static const struct {
        const char *reverse_path, *recipients[2];
        bool local, domain;
    } rows[] = {
        {"a@b", {"c@d", "e@f"}, false, false},
        {"\xc3\xa9@b", {"c@d", "e@f"}, true, false},
        {"a@\xc3\xa9", {"c@d", "e@f"}, false, true},
        {"", {"c@d", "\xc3\xa9@f"}, true, false},
        {"", {"c@\xc3\xa9", "e@f"}, false, true},
        {"", {"c@\xc3\xa9", "\xc3\xa9@f"}, true, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct envelope v = {0};
        struct err e;
        assert_true(path_parse(&v.reverse_path, slice_of(rows[i].reverse_path), &e));
        add(&v, rows[i].recipients[0]);
        add(&v, rows[i].recipients[1]);
        check_row(rows[i].recipients[0], envelope_has_utf8_local(&v) == rows[i].local, "local");
        check_row(rows[i].recipients[0], envelope_has_utf8_domain(&v) == rows[i].domain, "domain");
        envelope_clear(&v);
    }
}

static void a_decision_is_for_those_without_one(void **state)
{
    struct envelope v = {0};
    struct outcome deferred = {.verdict = VERDICT_DEFERRED, .text = (char[]){"later"}};

    (void)state;
    add(&v, "a");
    add(&v, "b");
    add(&v, "c");
    v.recipients[1].outcome.verdict = VERDICT_DELIVERED;
    envelope_decide(&v, &deferred);
    assert_int_equal(v.recipients[0].outcome.verdict, VERDICT_DEFERRED);
    assert_int_equal(v.recipients[1].outcome.verdict, VERDICT_DELIVERED);
    assert_null(v.recipients[1].outcome.text);
    assert_string_equal(v.recipients[2].outcome.text, "later");
    assert_ptr_not_equal(v.recipients[2].outcome.text, v.recipients[0].outcome.text);
    envelope_clear(&v);
}

static void the_worst_decides(void **state)
{
    static const struct {
        enum verdict verdicts[4];
        size_t worst;
    } rows[] = {
        {{VERDICT_DELIVERED, VERDICT_DELIVERED, VERDICT_DELIVERED, VERDICT_DELIVERED}, 0},
        {{VERDICT_DELIVERED, VERDICT_NONE, VERDICT_DELIVERED, VERDICT_DELIVERED}, 1},
        {{VERDICT_NONE, VERDICT_DELIVERED, VERDICT_DEFERRED, VERDICT_DELIVERED}, 2},
        {{VERDICT_DEFERRED, VERDICT_DELIVERED, VERDICT_DELIVERED, VERDICT_IN_DOUBT}, 3},
        {{VERDICT_IN_DOUBT, VERDICT_REFUSED, VERDICT_DEFERRED, VERDICT_REFUSED}, 1},
    };
    struct envelope none = {0};

    (void)state;
    assert_null(envelope_worst(&none));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct envelope v = {0};
        for (size_t j = 0; j < 4; j++) {
            add(&v, "a");
            v.recipients[j].outcome.verdict = rows[i].verdicts[j];
        }
        assert_ptr_equal(envelope_worst(&v), &v.recipients[rows[i].worst]);
        envelope_clear(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recipient_stays_once_in_the_order_given),
        cmocka_unit_test(many_recipients_keep_their_order_too),
        cmocka_unit_test(what_is_made_to_collide_is_told_apart),
        cmocka_unit_test(utf8_is_found_in_any_address),
        cmocka_unit_test(a_decision_is_for_those_without_one),
        cmocka_unit_test(the_worst_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
