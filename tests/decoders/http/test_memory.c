// What the opening handshake remembers across connections.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above.
#include <cmocka.h>

#include "decoders/http/memory.h"

static void the_accept_text_is_the_rfcs(void **state)
{
    (void)state;
    struct upgrade_memory *m = upgrade_memory_new();
    char text[ACCEPT_TEXT_BYTES + 1];
    struct bytes key = bytes_of("dGhlIHNhbXBsZSBub25jZQ==");
    uint64_t first = upgrade_accept_text(m, key, text);
    assert_string_equal(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_true(upgrade_accept_text(NULL, key, text) == first);
    assert_string_equal(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_true(upgrade_accept_text(m, bytes_of(""), text) != first);
    upgrade_memory_free(m);
}

static void a_key_is_known_once_its_handshake_is_over(void **state)
{
    (void)state;
    struct upgrade_memory *m = upgrade_memory_new();
    assert_false(upgrade_key_seen(m, 42));
    assert_false(upgrade_key_seen(m, 42)); // forwarded by a proxy
    upgrade_key_done(m, 42);
    assert_true(upgrade_key_seen(m, 42));
    upgrade_key_done(m, 42);
    upgrade_key_done(m, 44);
    assert_false(upgrade_key_seen(m, 44));
    assert_true(upgrade_key_seen(m, 42));
    upgrade_memory_free(m);
}

static void old_keys_are_forgotten(void **state)
{
    (void)state;
    struct upgrade_memory *m = upgrade_memory_new();
    for (uint64_t key = 2; key < 2000000; key += 2) {
        assert_false(upgrade_key_seen(m, key));
        upgrade_key_done(m, key);
    }
    assert_true(upgrade_key_seen(m, 1999998));
    assert_true(upgrade_key_seen(m, 1999998 - 100000));
    upgrade_key_done(m, 2);
    assert_false(upgrade_key_seen(m, 2));
    upgrade_memory_free(m);
}

static void connecting_counts_by_client_and_server(void **state)
{
    (void)state;
    struct upgrade_memory *m = upgrade_memory_new();
    struct connection a = {.client = {{1}, 1000}, .server = {{2}, 80}};
    struct connection same = {.client = {{1}, 1001}, .server = {{2}, 80}};
    struct connection other = {.client = {{1}, 1001}, .server = {{2}, 81}};
    assert_false(upgrade_connecting(m, &a));
    assert_false(upgrade_connecting(m, &other));
    assert_true(upgrade_connecting(m, &same));
    upgrade_connected(m, &a);
    assert_true(upgrade_connecting(m, &a));
    upgrade_connected(m, &a);
    upgrade_connected(m, &same);
    assert_false(upgrade_connecting(m, &a));
    upgrade_memory_free(m);
}

static void more_clients_than_there_is_room_for_are_not_counted(void **state)
{
    (void)state;
    struct upgrade_memory *m = upgrade_memory_new();
    struct connection c = {.server = {{2}, 80}};
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < 20000; i++) {
            c.tunnel = i;
            (void)(pass == 0 ? upgrade_connecting(m, &c) : (upgrade_connected(m, &c), true));
        }
    }
    for (uint32_t i = 0; i < 5000; i++) {
        c.tunnel = i;
        assert_false(upgrade_connecting(m, &c));
        upgrade_connected(m, &c);
    }
    upgrade_memory_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_accept_text_is_the_rfcs),
        cmocka_unit_test(a_key_is_known_once_its_handshake_is_over),
        cmocka_unit_test(old_keys_are_forgotten),
        cmocka_unit_test(connecting_counts_by_client_and_server),
        cmocka_unit_test(more_clients_than_there_is_room_for_are_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
