/*
 * The harness of decoder tests, and with it the stream, run with a small decoder of its own: each
 * direction is a run of records of a length byte and that many bytes; 'w' waits for the server's
 * first record, 's' switches to raw bytes.
 */
#include "lib/decode_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct records {
    bool answered, begun;
};

static const struct decoder raw_decoder;

static void emit_message(struct stream *s, enum dir d, struct bytes b)
{
    struct event e = {.type = EVENT_MESSAGE, .dir = d};
    e.message.opcode = 2;
    e.message.frames = 1;
    e.message.masked = d == DIR_CLIENT_TO_SERVER;
    e.message.flags = MESSAGE_FINISHED;
    e.message.len = e.message.wire_len = b.n;
    e.message.body = b;
    stream_emit(s, &e);
}

static void records_open(struct stream *s, const struct hint *hint)
{
    (void)hint;
    (void)s;
}

static size_t records_data(struct stream *s, const struct chunk *c)
{
    struct records *r = stream_state(s);
    size_t n = 1 + (size_t)c->b.p[0];
    if (c->b.n < n) {
        stream_want(s, n);
        return 0;
    }
    struct bytes body = bytes_part(c->b, 1, n - 1);
    if (!r->begun) {
        r->begun = true;
        stream_begin_session(s, SESSION_MIDSTREAM, 50);
    }
    if (bytes_equal(body, bytes_of("w")) && !r->answered) {
        stream_block(s);
        return 0;
    }
    r->answered = r->answered || c->dir == DIR_SERVER_TO_CLIENT;
    emit_message(s, c->dir, body);
    if (bytes_equal(body, bytes_of("s"))) {
        stream_switch(s, &raw_decoder, NULL);
    }
    return n;
}

static bool records_gap(struct stream *s, enum dir d, uint64_t n)
{
    stream_finding(s, d, FINDING_TCP_GAP, "%llu", (unsigned long long)n);
    return n < 100;
}

static void records_end(struct stream *s, enum dir d)
{
    stream_finding(s, d, FINDING_TCP_URGENT, NULL);
}

static void records_close(struct stream *s)
{
    (void)s;
}

static const struct decoder records_decoder = {.name = "records",
                                               .state_size = sizeof(struct records),
                                               .max_keep = 256,
                                               .open = records_open,
                                               .data = records_data,
                                               .gap = records_gap,
                                               .end = records_end,
                                               .close = records_close};

static size_t raw_data(struct stream *s, const struct chunk *c)
{
    stream_finding(s, c->dir, FINDING_PICKED_UP, "%02x", c->b.p[0]);
    return 1;
}

static const struct decoder raw_decoder = {.name = "raw",
                                           .state_size = 1,
                                           .max_keep = 1,
                                           .open = records_open,
                                           .data = raw_data,
                                           .gap = records_gap,
                                           .end = records_end,
                                           .close = records_close};

/* Nobody else is asked here; this also keeps the real ones out of the program. */
const struct decoder http1_decoder, tls_decoder, websocket_pickup_decoder;

static const struct decode_text records = {.decoder = &records_decoder};

static void records_come_out_whatever_the_cuts(void **state)
{
    (void)state;
    decode_text_check(&records,
                      "# a comment\n"
                      "> 05 \"Hello\" 00\n"
                      "\n"
                      "< 03 \"a\\r\\n\"   # and another\n"
                      "> 04 \"ab\"*2 mask:01020304 02 \"HI\" | 01 61\n",
                      "session midstream 50\n"
                      "message > binary len=5 \"Hello\"\n"
                      "message > binary len=0 \"\"\n"
                      "message < binary len=3 \"a\\r\\n\"\n"
                      "message > binary len=4 \"abab\"\n"
                      "message > binary len=3 \"JJ\\x01\"\n"
                      "finding > tcp.urgent\n"
                      "finding < tcp.urgent\n"
                      "end open\n");
}

static void a_direction_waits_for_the_other(void **state)
{
    (void)state;
    decode_text_check(&records, "> 01 \"w\" 01 \"x\"\n> 01 \"y\"\n< 01 \"a\"\nend <\nend >\n",
                      "session midstream 50\n"
                      "message < binary len=1 \"a\"\n"
                      "message > binary len=1 \"w\"\n"
                      "message > binary len=1 \"x\"\n"
                      "message > binary len=1 \"y\"\n"
                      "finding < tcp.urgent\n"
                      "finding > tcp.urgent\n"
                      "end fin first=<\n");
}

static void a_switch_takes_what_is_left(void **state)
{
    (void)state;
    decode_text_check(&records, "< 01\n> 01 \"s\" aa bb\n< cc\nclose reset\n",
                      "session midstream 50\n"
                      "message > binary len=1 \"s\"\n"
                      "finding > ws.picked_up \"aa\"\n"
                      "finding > ws.picked_up \"bb\"\n"
                      "finding < ws.picked_up \"01\"\n"
                      "finding < ws.picked_up \"cc\"\n"
                      "finding > tcp.urgent\n"
                      "finding < tcp.urgent\n"
                      "end reset\n");
}

static void gaps_are_passed_on_with_what_was_kept(void **state)
{
    (void)state;
    decode_text_check(&records, "> 01 61 09 62\ngap > 7\n> 01 63\ngap > 100\n> 01 64\n< 01 65\n",
                      "session midstream 50\n"
                      "message > binary len=1 \"a\"\n"
                      "finding > tcp.gap \"9\"\n"
                      "message > binary len=1 \"c\"\n"
                      "finding > tcp.gap \"100\"\n"
                      "message < binary len=1 \"e\"\n"
                      "finding > tcp.urgent\n"
                      "finding < tcp.urgent\n"
                      "end open\n");
}

static void a_log_that_depends_on_the_cuts_is_told_apart(void **state)
{
    (void)state;
    const char *input = "> 05 \"Hello\" 01 \"x\"\n";
    char *whole = decode_text_log(&records, input, 0);
    char *bytes = decode_text_log(&records, input, 1);
    assert_string_equal(whole, bytes);
    free(whole);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_out_whatever_the_cuts),
        cmocka_unit_test(a_direction_waits_for_the_other),
        cmocka_unit_test(a_switch_takes_what_is_left),
        cmocka_unit_test(gaps_are_passed_on_with_what_was_kept),
        cmocka_unit_test(a_log_that_depends_on_the_cuts_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
