/* Capture filters, through the source. */
#include "lib/capture_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LINK_ETHERNET 1
#define LINK_RAW_FILE 101

/* Raw IPv4 UDP, 28 bytes of headers, to the port. */
static struct bytes udp_packet(uint8_t *to, uint16_t port)
{
    memset(to, 0, 28);
    to[0] = 0x45;
    to[3] = 28;
    to[8] = 64;
    to[9] = 17;
    to[22] = (uint8_t)(port >> 8);
    to[23] = (uint8_t)port;
    to[25] = 8;
    return (struct bytes){to, 28};
}

static void a_filter_works_on_each_link_type(void **state)
{
    (void)state;
    uint8_t data[28], framed[42] = {0};
    struct capture_write w = {0};
    write_section(&w);
    write_interface(&w, LINK_RAW_FILE, 0, NULL, -1);
    write_interface(&w, LINK_ETHERNET, 0, NULL, -1);
    for (uint16_t port = 50; port < 56; port++) {
        struct bytes b = udp_packet(data, port);
        memcpy(framed + 14, b.p, b.n);
        framed[12] = 8;
        write_packet(&w, 0, port, b, 28);
        write_packet(&w, 1, port, (struct bytes){framed, 42}, 42);
    }
    struct seen seen;
    see_with(&seen, write_view(&w), &(struct source_options){.filter = "udp port 53"});
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.packets[0].no, 7); /* numbered before the filter */
    assert_int_equal(seen.packets[1].no, 8);
    assert_int_equal(seen.info.filtered_out, 10);
    see_with(&seen, write_view(&w), &(struct source_options){.filter = "wlan type mgt"});
    assert_int_equal(seen.n, 0);
    assert_true(seen.filter_problem[0] != '\0');
    write_done(&w);
}

static void expect_filter_error(const char *filter, const char *part)
{
    struct err err = {""};
    struct source_options options = {.filter = filter};
    assert_null(source_open_memory(bytes_of(""), &options, &err));
    if (strstr(err.text, part) == NULL) {
        fail_msg("'%s' does not say '%s'", err.text, part);
    }
}

static void a_wrong_filter_is_refused_with_the_reason(void **state)
{
    (void)state;
    expect_filter_error("tcp port", "syntax error");
    expect_filter_error("tcp prot 80", "tcp port 80");
    expect_filter_error("websocket", "use -Y");
    expect_filter_error("ws", "tcp port 80");
    expect_filter_error("tcp and (WebSocket.opcode == 1)", "use -Y");
    struct err err = {""};
    struct source_options options = {.filter = "not port 22 and less 1500"};
    struct source *source = source_open_memory(bytes_of(""), &options, &err);
    assert_non_null(source);
    source_free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_works_on_each_link_type),
        cmocka_unit_test(a_wrong_filter_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
