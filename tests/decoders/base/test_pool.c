/* Pools: every object is its own, zeroed, at a cache line, and comes back. */
#include "decoders/base/pool.h"
#include "decoders/base/sanitizer.h"

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
    struct slab_heap heap = {0};
    struct pool pool;
    pool_init(&pool, &heap, 200);
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
    slab_heap_free(&heap);
}

static void an_object_that_was_freed_comes_back_zeroed(void **state)
{
    (void)state;
    struct slab_heap heap = {0};
    struct pool pool;
    pool_init(&pool, &heap, 64);
    for (int i = 0; i < 1000; i++) {
        uint8_t *p = pool_alloc(&pool);
        for (size_t j = 0; j < 64; j++) {
            assert_int_equal(p[j], 0);
        }
        memset(p, 0xff, 64);
        pool_free(&pool, p);
    }
    pool_free(&pool, NULL);
    slab_heap_free(&heap);
}

static void objects_larger_than_the_first_slab(void **state)
{
    (void)state;
    struct slab_heap heap = {0};
    struct pool pool;
    pool_init(&pool, &heap, 100000);
    uint8_t *a = pool_alloc(&pool);
    uint8_t *b = pool_alloc(&pool);
    memset(a, 1, 100000);
    memset(b, 2, 100000);
    assert_int_equal(a[99999], 1);
    pool_free(&pool, a);
    pool_free(&pool, b);
    slab_heap_free(&heap);
}

static void pools_of_one_heap_do_not_overlap(void **state)
{
    (void)state;
    struct slab_heap heap = {0};
    struct pool small, large;
    pool_init(&small, &heap, 64);
    pool_init(&large, &heap, 1000);
    struct {
        uint8_t *small, *large;
    } *pairs = calloc(OBJECTS, sizeof *pairs);
    for (size_t i = 0; i < OBJECTS; i++) {
        pairs[i].small = pool_alloc(&small);
        pairs[i].large = pool_alloc(&large);
        memset(pairs[i].small, (int)(i % 255), 64);
        memset(pairs[i].large, (int)(i % 253), 1000);
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        assert_int_equal(pairs[i].small[0], i % 255);
        assert_int_equal(pairs[i].small[63], i % 255);
        assert_int_equal(pairs[i].large[0], i % 253);
        assert_int_equal(pairs[i].large[999], i % 253);
        pool_free(&small, pairs[i].small);
        pool_free(&large, pairs[i].large);
    }
    free(pairs);
    slab_heap_free(&heap);
}

static void what_was_given_back_is_spare(void **state)
{
    (void)state;
    struct slab_heap heap = {0};
    struct pool pool;
    pool_init(&pool, &heap, 1000);
    void *a = pool_alloc(&pool);
    void *b = pool_alloc(&pool);
    size_t spare = heap.spare;
    pool_free(&pool, a);
    assert_int_equal(heap.spare, !SANITIZER_ALLOCATES ? spare + 1024 : 0);
    a = pool_alloc(&pool);
    assert_int_equal(heap.spare, spare);
    pool_free(&pool, a);
    pool_free(&pool, b);
    slab_heap_free(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_do_not_overlap_and_are_zeroed),
        cmocka_unit_test(an_object_that_was_freed_comes_back_zeroed),
        cmocka_unit_test(objects_larger_than_the_first_slab),
        cmocka_unit_test(pools_of_one_heap_do_not_overlap),
        cmocka_unit_test(what_was_given_back_is_spare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
