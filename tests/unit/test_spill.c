/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/spill.h"

static char octet_at(uint64_t i)
{
    return (char)(i * 31 % 251);
}

static void put_octets(struct spill *s, uint64_t count, size_t step)
{
    char block[1000];
    struct err e;

    while (s->size < count) {
        size_t len = count - s->size < step ? (size_t)(count - s->size) : step;
        for (size_t i = 0; i < len; i++)
            block[i] = octet_at(s->size + i);
        assert_true(spill_put(s, slice_make(block, len), &e));
    }
}

static void check_octets(const struct spill *s, uint64_t from)
{
    char *block = mem_alloc(LIMIT_BLOCK);
    uint64_t offset = from, at = from;
    struct slice bytes;
    struct err e;

    do {
        assert_true(spill_read(s, &offset, block, &bytes, &e));
        assert_true(bytes.len <= LIMIT_BLOCK);
        for (size_t i = 0; i < bytes.len; i++)
            assert_int_equal(bytes.data[i], octet_at(at++));
    } while (bytes.len);
    assert_int_equal(offset, s->size);
    free(block);
}

static void octets_come_back_from_memory_and_file_as_often_as_wanted(void **state)
{
    static const struct {
        uint64_t count;
        size_t limit;
        bool in_file;
    } rows[] = {
        {0, 100, false},     {0, 0, false},           {1, 0, true},
        {99, 100, false},    {100, 100, false},       {101, 100, true},
        {200000, 100, true}, {200000, 200000, false}, {LIMIT_BLOCK * 3, LIMIT_BLOCK, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t step = 7; step < 1000; step += 700) {
            struct spill s;
            spill_init(&s, rows[i].limit, "/tmp");
            put_octets(&s, rows[i].count, step);
            assert_int_equal(s.size, rows[i].count);
            assert_int_equal(s.fd >= 0, rows[i].in_file);
            check_octets(&s, 0);
            check_octets(&s, 0);
            check_octets(&s, rows[i].count / 2);
            check_octets(&s, rows[i].count);
            spill_clear(&s);
            assert_int_equal(s.size, 0);
        }
}

static void the_file_is_made_only_when_it_is_needed(void **state)
{
    struct spill s;
    struct err e;

    (void)state;
    spill_init(&s, 10, "/nonexistent");
    assert_true(spill_put(&s, SLICE("0123456789"), &e));
    assert_true(spill_put(&s, SLICE(""), &e));
    assert_false(spill_put(&s, SLICE("x"), &e));
    assert_int_equal(e.kind, ERR_CREATE);
    check_contains("directory", e.text, "/nonexistent");
    spill_clear(&s);
}

static void a_file_that_is_cut_from_outside_is_an_error(void **state)
{
    char *block = mem_alloc(LIMIT_BLOCK);
    uint64_t offset = 0;
    struct slice bytes;
    struct spill s;
    struct err e;

    (void)state;
    spill_init(&s, 10, "/tmp");
    put_octets(&s, 1000, 100);
    assert_int_equal(ftruncate(s.fd, 500), 0);
    assert_false(spill_read(&s, &offset, block, &bytes, &e));
    assert_int_equal(e.kind, ERR_IO);
    spill_clear(&s);
    free(block);
}

static void a_full_disk_is_an_error(void **state)
{
    struct spill s;
    struct err e;

    (void)state;
    spill_init(&s, 10, "/tmp");
    s.fd = open("/dev/full", O_RDWR);
    if (s.fd < 0)
        skip();
    assert_false(spill_put(&s, SLICE("more than ten octets"), &e));
    assert_int_equal(e.kind, ERR_IO);
    assert_true(e.errnum != 0);
    spill_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octets_come_back_from_memory_and_file_as_often_as_wanted),
        cmocka_unit_test(the_file_is_made_only_when_it_is_needed),
        cmocka_unit_test(a_file_that_is_cut_from_outside_is_an_error),
        cmocka_unit_test(a_full_disk_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
