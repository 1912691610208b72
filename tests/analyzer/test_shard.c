/* Shards: a connection is in exactly one part, whichever side sends. */
#include "analyzer/shard.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CONNECTIONS 2000
#define PARTS 5

static struct flow_key key_of(unsigned i, bool turned)
{
    struct flow_key key = {.family = i % 2 == 0 ? 4 : 6};
    key.ip[turned][0] = 10;
    key.ip[turned][3] = (uint8_t)i;
    key.ip[!turned][0] = 192;
    key.port[turned] = (uint16_t)(40000 + i);
    key.port[!turned] = 443;
    return key;
}

static void each_connection_is_in_exactly_one_part(void **state)
{
    struct shard *shards[PARTS];
    unsigned sizes[PARTS] = {0};
    (void)state;
    for (uint32_t p = 0; p < PARTS; p++) {
        shards[p] = shard_new(p + 1, PARTS);
        assert_int_equal(shard_is_first(shards[p]), p == 0);
    }
    for (unsigned round = 0; round < 2; round++) { /* worked out, then remembered */
        for (unsigned i = 0; i < CONNECTIONS; i++) {
            struct flow_key there = key_of(i, false);
            struct flow_key back = key_of(i, true);
            unsigned parts = 0;
            for (unsigned p = 0; p < PARTS; p++) {
                bool has = shard_has(shards[p], &there, i * 2654435761U);
                assert_int_equal(has, shard_has(shards[p], &back, i * 2654435761U));
                parts += has;
                sizes[p] += has;
            }
            assert_int_equal(parts, 1);
        }
    }
    for (unsigned p = 0; p < PARTS; p++) {
        assert_in_range(sizes[p], 2 * CONNECTIONS / PARTS * 3 / 4, 2 * CONNECTIONS / PARTS * 5 / 4);
        shard_free(shards[p]);
    }
}

static void the_part_is_that_of_the_community_id(void **state)
{
    /* 1:yZ/zFnzytWD2m5zDTLLA4crCFdg= is c9 9f f3 16 ...: 0.787 of the way */
    struct flow_key key = {
        .ip = {{192, 168, 43, 1}, {192, 168, 43, 135}}, .port = {50999, 12345}, .family = 4};
    (void)state;
    for (uint32_t part = 1; part <= 10; part++) {
        struct shard *s = shard_new(part, 10);
        assert_int_equal(shard_has(s, &key, 1), part == 8);
        shard_free(s);
    }
}

static void hashes_that_collide_do_not_matter(void **state)
{
    struct shard *one = shard_new(1, 2);
    struct shard *two = shard_new(2, 2);
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        struct flow_key key = key_of(i % 100, false);
        assert_int_not_equal(shard_has(one, &key, key.port[0]), shard_has(two, &key, key.port[0]));
    }
    shard_free(one);
    shard_free(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_connection_is_in_exactly_one_part),
        cmocka_unit_test(the_part_is_that_of_the_community_id),
        cmocka_unit_test(hashes_that_collide_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
