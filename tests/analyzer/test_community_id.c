/* Community IDs as other tools compute them, the same from either end. */
#include "analyzer/community_id.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect(const struct connection *c, const char *expected)
{
    struct connection turned = *c;
    char id[COMMUNITY_ID_BYTES];
    community_id(c, id);
    assert_string_equal(id, expected);
    turned.client = c->server;
    turned.server = c->client;
    community_id(&turned, id);
    assert_string_equal(id, expected);
}

static void ipv4(void **state)
{
    struct connection c = {.client = {.ip = {192, 168, 43, 1}, .port = 50999},
                           .server = {.ip = {192, 168, 43, 135}, .port = 12345},
                           .family = 4};
    (void)state;
    expect(&c, "1:yZ/zFnzytWD2m5zDTLLA4crCFdg=");
}

static void equal_addresses_are_ordered_by_port(void **state)
{
    struct connection c = {.client = {.ip = {127, 0, 0, 1}, .port = 40000},
                           .server = {.ip = {127, 0, 0, 1}, .port = 80},
                           .family = 4};
    (void)state;
    expect(&c, "1:5rFr+y3i0wpQbEhThSaj08U8BaE=");
}

static void ipv6(void **state)
{
    struct connection c = {.client = {.ip = {0x20, 1, 0x0d, 0xb8, [15] = 2}, .port = 50000},
                           .server = {.ip = {0x20, 1, 0x0d, 0xb8, [15] = 1}, .port = 443},
                           .family = 6};
    (void)state;
    expect(&c, "1:UFel+zfGDXB/GhABjlRQUzVNUI8=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4),
        cmocka_unit_test(equal_addresses_are_ordered_by_port),
        cmocka_unit_test(ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
