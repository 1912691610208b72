/* Pools: every object is its own, zeroed, at a cache line, and comes back. */
#include "decoders/base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OBJECTS 20000

static void objects_do_not_overlap_and_are_zeroed(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, 200);
    assert_int_equal(pool.size, 256);
    uint8_t **objects = calloc(OBJECTS, sizeof *objects);
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i] = pool_alloc(&pool);
        assert_non_null(objects[i]);
        assert_int_equal((uintptr_t)objects[i] % POOL_LINE_BYTES, 0);
        for (size_t j = 0; j < pool.size; j++) {
            assert_int_equal(objects[i][j], 0);
        }
        memset(objects[i], (int)(i % 255 + 1), pool.size);
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        assert_int_equal(objects[i][0], i % 255 + 1);
        assert_int_equal(objects[i][pool.size - 1], i % 255 + 1);
        pool_free(&pool, objects[i]);
    }
    free(objects);
    pool_done(&pool);
}

static void an_object_that_was_freed_comes_back_zeroed(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, 64);
    for (int i = 0; i < 1000; i++) {
        uint8_t *p = pool_alloc(&pool);
        for (size_t j = 0; j < 64; j++) {
            assert_int_equal(p[j], 0);
        }
        memset(p, 0xff, 64);
        pool_free(&pool, p);
    }
    pool_free(&pool, NULL);
    pool_done(&pool);
}

static void objects_larger_than_the_first_slab(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, 100000);
    uint8_t *a = pool_alloc(&pool);
    uint8_t *b = pool_alloc(&pool);
    memset(a, 1, 100000);
    memset(b, 2, 100000);
    assert_int_equal(a[99999], 1);
    pool_free(&pool, a);
    pool_free(&pool, b);
    pool_done(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_do_not_overlap_and_are_zeroed),
        cmocka_unit_test(an_object_that_was_freed_comes_back_zeroed),
        cmocka_unit_test(objects_larger_than_the_first_slab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
