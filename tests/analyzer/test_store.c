/* The bodies that are kept, and the store of sessions and messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/limits.h"
#include "analyzer/store.h"
#include "analyzer/units.h"
#include "lib/capture_world.h"

#include <stdlib.h>
#include <zlib.h>

/*--- body_log -----------------------------------------------------------------------------------*/

static uint8_t byte_at(uint64_t at)
{
    return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

static void fill(struct body_log *log, size_t pieces, size_t size)
{
    uint8_t *piece = malloc(size);
    uint64_t at, expected = 0;
    for (size_t i = 0; i < pieces; i++) {
        for (size_t j = 0; j < size; j++) {
            piece[j] = byte_at(expected + j);
        }
        assert_true(body_log_append(log, (struct bytes){piece, size}, &at));
        assert_int_equal(at, expected);
        expected += size;
    }
    free(piece);
}

static void expect_bytes(const struct body_log *log, uint64_t at, size_t n)
{
    uint8_t *back = malloc(n);
    assert_true(body_log_read(log, at, back, n));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(back[i], byte_at(at + i));
    }
    free(back);
}

static void what_does_not_fit_the_budget_is_read_back_from_the_spool_file(void **state)
{
    (void)state;
    struct body_log *log = body_log_new(2 * BODY_LOG_CHUNK_BYTES, BODY_LOG_ALL);
    fill(log, 70, 30011);
    struct body_log_stats stats = body_log_stats(log);
    assert_int_equal(stats.bytes, 70 * 30011);
    assert_int_equal(stats.lost, 0);
    assert_true(stats.spooled >= 70 * 30011 - 2 * BODY_LOG_CHUNK_BYTES);
    expect_bytes(log, 0, 1000);
    expect_bytes(log, BODY_LOG_CHUNK_BYTES - 5, 10); /* across two chunks of the file */
    expect_bytes(log, 3, 70 * 30011 - 3);            /* file and memory */
    body_log_free(log);
}

static void reading_beyond_the_end_fails(void **state)
{
    (void)state;
    uint8_t byte;
    struct body_log *log = body_log_new(0, BODY_LOG_ALL);
    assert_false(body_log_read(log, 0, &byte, 1));
    fill(log, 1, 10);
    assert_true(body_log_read(log, 9, &byte, 1));
    assert_false(body_log_read(log, 9, &byte, 2));
    assert_false(body_log_read(log, UINT64_MAX, &byte, 1));
    body_log_free(log);
}

/* A log with room for two chunks loses the oldest of what does not fit. */
static void expect_oldest_lost(bool spools, bool error)
{
    uint8_t byte;
    struct body_log *log = body_log_new(0, spools);
    fill(log, 4, BODY_LOG_CHUNK_BYTES);
    assert_int_equal(body_log_stats(log).lost, 2 * BODY_LOG_CHUNK_BYTES);
    assert_int_equal(body_log_stats(log).spooled, 0);
    assert_int_equal(body_log_stats(log).error != 0, error);
    assert_false(body_log_read(log, 0, &byte, 1));
    expect_bytes(log, 2 * BODY_LOG_CHUNK_BYTES, 100);
    body_log_free(log);
}

static void bytes_that_no_file_takes_are_lost_and_counted(void **state)
{
    (void)state;
    char *before = getenv("TMPDIR");
    char *old = before != NULL ? strdup(before) : NULL;
    setenv("TMPDIR", "/nonexistent/folder", 1);
    expect_oldest_lost(true, true);
    old != NULL ? setenv("TMPDIR", old, 1) : unsetenv("TMPDIR");
    free(old);
}

/*--- The store over a capture -------------------------------------------------------------------*/

static void every_message_is_kept_with_its_body_and_frames(void **state)
{
    (void)state;
    struct world w;
    world_of(&w, "captures/ws-fragmented.pcap", 1 << 20);
    struct buffer body;
    uint64_t messages = 0, fragmented = 0;
    buffer_init(&body, 1 << 24);
    assert_int_equal(store_count(w.store), model_totals(w.model)->sessions);
    for (size_t i = 0; i < store_count(w.store); i++) {
        const struct store_session *s = store_session(w.store, i);
        assert_int_equal(s->index, i);
        messages += s->n;
        for (uint32_t j = 0; j < s->n; j++) {
            const struct store_message *m = &s->messages[j];
            uint64_t wire = 0;
            struct queued_frame f;
            for (uint32_t k = 0; k < m->frames; k++) {
                assert_true(store_frame(w.store, m, k, &f));
                wire += f.len;
                assert_int_equal(f.first >> 7, k + 1 == m->frames);
                assert_int_equal(f.masked, store_dir(m) == DIR_CLIENT_TO_SERVER);
            }
            assert_false(store_frame(w.store, m, m->frames, &f));
            assert_int_equal(wire, m->wire_len);
            fragmented += m->frames > 1;
            assert_true(store_body(w.store, m, SIZE_MAX, &body));
            assert_int_equal(body.n, m->len);
        }
    }
    assert_int_equal(messages, store_messages(w.store));
    assert_true(fragmented > 0);
    buffer_done(&body);
    world_done(&w);
}

static void a_pong_and_its_ping_find_each_other(void **state)
{
    (void)state;
    struct world w;
    world_of(&w, "captures/tour.pcapng", 1 << 20);
    uint64_t pairs = 0, rtts = 0;
    for (size_t i = 0; i < store_count(w.store); i++) {
        const struct store_session *s = store_session(w.store, i);
        for (uint32_t j = 0; j < s->n; j++) {
            int64_t other = store_partner(s, j);
            if (store_opcode(&s->messages[j]) == 10) {
                rtts += s->messages[j].rtt >= 0;
                if (other >= 0) {
                    assert_int_equal(store_opcode(&s->messages[other]), 9);
                    assert_int_equal(store_partner(s, (uint32_t)other), j);
                    pairs++;
                }
            }
        }
    }
    assert_true(rtts > 0);
    assert_int_equal(pairs, rtts);
    world_done(&w);
}

static void what_is_summed_up_agrees_with_the_model(void **state)
{
    (void)state;
    struct world w;
    world_of(&w, "captures/tour.pcapng", 1 << 20);
    const struct totals *t = model_totals(w.model);
    const struct store_series *series = store_series(w.store);
    uint64_t bytes = 0, messages = 0, sessions[2] = {0, 0};
    for (size_t i = 0; i < STORE_SERIES_BUCKETS; i++) {
        bytes += series->bytes[0][i] + series->bytes[1][i];
        messages += series->messages[i];
    }
    assert_int_equal(bytes, t->dir[0].payload_bytes + t->dir[1].payload_bytes);
    assert_int_equal(messages, store_messages(w.store));
    size_t n;
    const struct store_talker *talkers = store_talkers(w.store, &n);
    for (size_t i = 0; i < n; i++) {
        sessions[talkers[i].server] += talkers[i].sessions;
    }
    assert_int_equal(sessions[0], t->sessions);
    assert_int_equal(sessions[1], t->sessions);
    for (int id = 0; id < FINDING_COUNT; id++) {
        uint64_t have = 0;
        for (size_t i = 0; i < store_count(w.store); i++) {
            const struct session *s = store_session(w.store, i)->session;
            bool has = false;
            for (uint32_t f = 0; f < s->finding_count; f++) {
                has |= (int)s->findings[f].id == id;
            }
            have += has;
        }
        assert_int_equal(store_finding_sessions(w.store, (enum finding_id)id), have);
    }
    world_done(&w);
}

static void a_sparkline_holds_every_byte_of_a_session(void **state)
{
    (void)state;
    struct world w;
    world_of(&w, "captures/ws-plain.pcapng", 1 << 20);
    for (size_t i = 0; i < store_count(w.store); i++) {
        const struct store_session *s = store_session(w.store, i);
        uint64_t spark = 0, bytes = 0;
        for (size_t b = 0; b < STORE_SPARK_BUCKETS; b++) {
            spark += s->spark.bytes[b];
        }
        for (uint32_t j = 0; j < s->n; j++) {
            bytes += s->messages[j].wire_len + 1;
        }
        assert_int_equal(spark, bytes);
    }
    world_done(&w);
}

static void what_a_message_was_before_inflation_inflates_to_it(void **state)
{
    (void)state;
    struct world w;
    world_of(&w, "captures/ws-deflate.pcapng", 1 << 20);
    struct buffer body, deflated;
    unsigned inflated = 0;
    static const uint8_t tail[] = {0, 0, 0xff, 0xff};
    buffer_init(&body, 1 << 24);
    buffer_init(&deflated, STORE_DEFLATED_MAX_BYTES + sizeof tail);
    for (size_t i = 0; i < store_count(w.store); i++) {
        const struct store_session *s = store_session(w.store, i);
        bool first[2] = {true, true}; /* in its direction: it needs nothing from before */
        for (uint32_t j = 0; j < s->n; j++) {
            const struct store_message *m = &s->messages[j];
            bool compressed = m->flags & MESSAGE_COMPRESSED && m->wire_len > 0;
            assert_int_equal(store_deflated(w.store, m, &deflated), compressed);
            if (!compressed || !first[store_dir(m)] || m->wire_len > STORE_DEFLATED_MAX_BYTES) {
                continue;
            }
            first[store_dir(m)] = false;
            uint8_t out[4096];
            z_stream z = {0};
            assert_int_equal(deflated.n, m->wire_len);
            assert_true(buffer_append(&deflated, (struct bytes){tail, sizeof tail}));
            assert_true(store_body(w.store, m, sizeof out, &body));
            assert_int_equal(inflateInit2(&z, -15), Z_OK);
            z.next_in = deflated.p;
            z.avail_in = (uInt)deflated.n;
            z.next_out = out;
            z.avail_out = sizeof out;
            assert_true(inflate(&z, Z_SYNC_FLUSH) >= Z_OK);
            assert_int_equal(sizeof out - z.avail_out, body.n);
            assert_memory_equal(out, body.p, body.n);
            inflateEnd(&z);
            inflated++;
        }
    }
    assert_true(inflated > 10);
    buffer_done(&body);
    buffer_done(&deflated);
    world_done(&w);
}

/* The client of the capture sends its CONNECT of 58 bytes in 17 messages. */
static void a_unit_in_many_messages_is_read_whole_from_each_of_them(void **state)
{
    (void)state;
    struct world w;
    world_of(&w, "captures/subprotocols.pcapng", 1 << 20);
    const struct store_session *s = store_session(w.store, 0);
    struct dissection *d = malloc(sizeof *d);
    struct buffer unit;
    bool partial;
    buffer_init(&unit, 1 << 16);
    assert_non_null(d);
    for (uint32_t i = 0; i < 17; i++) {
        assert_true(units_dissect(w.store, s, i, 4096, &unit, d));
        assert_int_equal(unit.n, 58);
        assert_memory_equal(d->summary, "CONNECT wsight-4", d->summary_n);
        assert_null(d->wrong);
    }
    assert_true(units_read(w.store, s, 3, 20, &unit, &partial));
    assert_int_equal(unit.n, 20);
    assert_true(partial);
    for (uint32_t i = 0; i < s->n; i++) {
        if (store_opcode(&s->messages[i]) < 8) {
            assert_true(units_dissect(w.store, s, i, 4096, &unit, d));
            assert_false(d->partial);
            assert_null(d->wrong);
        }
    }
    buffer_done(&unit);
    free(d);
    world_done(&w);
}

static void a_message_of_no_stream_is_its_own_unit(void **state)
{
    (void)state;
    struct world w;
    world_of(&w, "captures/subprotocols.pcapng", 1 << 20);
    const struct store_session *s = store_session(w.store, 7);
    struct buffer unit;
    bool partial;
    buffer_init(&unit, 1 << 16);
    assert_null(s->track);
    assert_string_equal(s->subprotocol->name, "OCPP");
    assert_true(units_read(w.store, s, 0, 4096, &unit, &partial));
    assert_int_equal(unit.n, s->messages[0].len);
    assert_false(partial);
    buffer_done(&unit);
    world_done(&w);
}

static void without_a_file_the_oldest_bodies_are_lost_and_counted(void **state)
{
    (void)state;
    expect_oldest_lost(false, false);
}

static void a_file_that_may_grow_no_longer_keeps_the_newest(void **state)
{
    (void)state;
    uint8_t byte;
    struct body_log *log = body_log_new(0, 3 * BODY_LOG_CHUNK_BYTES);
    body_log_open(log);
    fill(log, 9, BODY_LOG_CHUNK_BYTES); /* 2 in memory, 3 in the file, 4 lost */
    assert_int_equal(body_log_stats(log).lost, 4 * BODY_LOG_CHUNK_BYTES);
    assert_int_equal(body_log_stats(log).spooled, 3 * BODY_LOG_CHUNK_BYTES);
    assert_int_equal(body_log_stats(log).error, 0);
    assert_false(body_log_read(log, 4 * BODY_LOG_CHUNK_BYTES - 1, &byte, 1));
    expect_bytes(log, 4 * BODY_LOG_CHUNK_BYTES, 5 * BODY_LOG_CHUNK_BYTES);
    body_log_free(log);
}

static bool is_the_second(void *ctx, uint32_t index)
{
    (void)ctx;
    return index == 1;
}

static void the_oldest_sessions_give_way_but_those_in_use(void **state)
{
    (void)state;
    struct world w;
    world_of(&w, "captures/tour.pcapng", 1 << 20);
    size_t n = store_count(w.store), last = n - 1;
    uint64_t messages = store_messages(w.store), id = store_session(w.store, last)->session->id;
    size_t gone = store_give_way(w.store, w.model, is_the_second, NULL);
    assert_int_equal(gone, n / 8 + 1);
    assert_int_equal(store_gave_way(w.store), gone);
    assert_int_equal(store_count(w.store), n);
    assert_int_equal(store_messages(w.store), messages);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(store_is_gone(store_session(w.store, i)), i != 1 && i < gone + 1);
    }
    assert_int_equal(store_first(w.store), 1);
    while (store_give_way(w.store, w.model, is_the_second, NULL) > 0) {
    }
    assert_int_equal(store_gave_way(w.store), n - 1);
    assert_false(store_is_gone(store_session(w.store, 1)));
    assert_true(store_is_gone(store_session(w.store, last)));
    assert_int_not_equal(store_session(w.store, last)->session->id, id);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_the_budget_is_read_back_from_the_spool_file),
        cmocka_unit_test(reading_beyond_the_end_fails),
        cmocka_unit_test(bytes_that_no_file_takes_are_lost_and_counted),
        cmocka_unit_test(without_a_file_the_oldest_bodies_are_lost_and_counted),
        cmocka_unit_test(a_file_that_may_grow_no_longer_keeps_the_newest),
        cmocka_unit_test(the_oldest_sessions_give_way_but_those_in_use),
        cmocka_unit_test(every_message_is_kept_with_its_body_and_frames),
        cmocka_unit_test(a_pong_and_its_ping_find_each_other),
        cmocka_unit_test(what_is_summed_up_agrees_with_the_model),
        cmocka_unit_test(what_a_message_was_before_inflation_inflates_to_it),
        cmocka_unit_test(a_unit_in_many_messages_is_read_whole_from_each_of_them),
        cmocka_unit_test(a_message_of_no_stream_is_its_own_unit),
        cmocka_unit_test(a_sparkline_holds_every_byte_of_a_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
