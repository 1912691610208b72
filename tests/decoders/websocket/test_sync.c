/* Finding frames from the middle of a stream: any start must lead to a true header, or to none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoders/websocket/sync.h"
#include "lib/frame_stream.h"

#include <stdio.h>
#include <stdlib.h>

/* How the bytes come. */
enum cutting {
    CUT_FRAMES, /* a segment a frame */
    CUT_1448,
    CUT_RANDOM,
    CUT_BYTES,
    CUT_WHOLE,
    CUTTINGS
};

static size_t cut(const struct frame_stream *f, enum cutting how, size_t at, uint32_t *seed)
{
    size_t left = f->b.n - at;
    size_t n = left;
    if (how == CUT_FRAMES) {
        for (n = 1; n < left && !frame_stream_begins(f, at + n); n++) {
        }
    } else if (how != CUT_WHOLE) {
        n = how == CUT_1448 ? 1448 : how == CUT_BYTES ? 1 : 1 + frame_stream_random(seed) % 300;
    }
    return n < left ? n : left;
}

/* Feeds a stream as a decoder would get it. Where the search ends, or SIZE_MAX. */
static size_t find(struct sync *s, const struct frame_stream *f, size_t from, enum cutting how)
{
    uint32_t seed = (uint32_t)from * 7919 + 1;
    size_t first = from; /* of what is not taken */
    size_t end = from;
    while (end < f->b.n) {
        end += cut(f, how, end, &seed);
        size_t take = 1;
        while (take > 0 && first < end) {
            /* In memory of its own, so that a sanitizer sees a byte too far. */
            uint8_t *copy = malloc(end - first);
            assert_non_null(copy);
            memcpy(copy, f->b.p + first, end - first);
            assert_true(end - first <= SYNC_MAX_KEEP_BYTES || how == CUT_WHOLE);
            bool found = sync_data(s, (struct bytes){copy, end - first}, &take);
            free(copy);
            assert_true(take <= end - first);
            first += take;
            if (found) {
                return first;
            }
        }
    }
    return SIZE_MAX;
}

static size_t find_from(const struct frame_stream *f, enum dir dir, size_t from, enum cutting how)
{
    struct sync *s =
        sync_new(&(struct sync_setup){.dir = dir, .deflate = DEFLATE_UNKNOWN, .certain = true});
    assert_non_null(s);
    size_t at = find(s, f, from, how);
    sync_free(s);
    return at;
}

/* Tries starts all over the stream's first half. Returns frames lost per start. */
static double check_starts(enum frames_kind kind, enum dir dir, enum cutting how, size_t frames,
                           size_t step, uint32_t seed)
{
    struct frame_stream f;
    frame_stream_make(&f, kind, dir, frames, seed);
    size_t lost = 0, starts = 0, next = 0;
    for (size_t from = 0; from < f.header[f.count / 2]; from += step) {
        size_t at = find_from(&f, dir, from, how);
        if (at == SIZE_MAX || !frame_stream_begins(&f, at)) {
            fail_msg("kind %d, direction %d, cutting %d, seed %u, start %zu: %zu is no header",
                     (int)kind, (int)dir, (int)how, seed, from, at);
        }
        while (f.header[next] < from) {
            next++;
        }
        for (size_t i = next; f.header[i] < at; i++) {
            lost++;
        }
        starts++;
    }
    frame_stream_free(&f);
    return (double)lost / (double)starts;
}

static void any_start_in_small_frames_leads_to_a_true_header(void **state)
{
    (void)state;
    for (int kind = 0; kind < FRAMES_LARGE; kind++) {
        for (int dir = 0; dir < 2; dir++) {
            for (int how = 0; how < CUTTINGS; how++) {
                size_t step = how == CUT_BYTES ? 131 : 13;
                double lost = check_starts((enum frames_kind)kind, (enum dir)dir, (enum cutting)how,
                                           60, step, (uint32_t)kind + 1);
                if (getenv("SYNC_VERBOSE") != NULL) {
                    printf("kind %d dir %d cut %d: %.2f frames lost\n", kind, dir, how, lost);
                }
                assert_true(lost < (kind == FRAMES_TEXT ? 1 : 9));
            }
        }
    }
}

static void any_start_in_large_frames_leads_to_a_true_header(void **state)
{
    (void)state;
    for (int dir = 0; dir < 2; dir++) {
        check_starts(FRAMES_LARGE, (enum dir)dir, CUT_1448, 16, 99991, 5);
    }
}

static void text_frames_at_the_start_are_found_there_at_once(void **state)
{
    (void)state;
    for (int dir = 0; dir < 2; dir++) {
        struct frame_stream f;
        frame_stream_make(&f, FRAMES_TEXT, (enum dir)dir, 20, 3);
        for (size_t i = 0; i + 4 < f.count; i++) {
            for (int how = 0; how < CUTTINGS; how++) {
                assert_int_equal(find_from(&f, (enum dir)dir, f.header[i], (enum cutting)how),
                                 f.header[i]);
            }
        }
        frame_stream_free(&f);
    }
}

static bool sync_text(enum dir dir, enum deflate_use deflate, const char *hex, size_t *take)
{
    uint8_t b[256];
    size_t n = 0;
    unsigned byte;
    for (; sscanf(hex, " %2x", &byte) == 1; hex += *hex == ' ' ? 3 : 2) {
        b[n++] = (uint8_t)byte;
    }
    struct sync *s =
        sync_new(&(struct sync_setup){.dir = dir, .deflate = deflate, .certain = true});
    assert_non_null(s);
    bool found = sync_data(s, (struct bytes){b, n}, take);
    sync_free(s);
    return found;
}

static void one_whole_text_frame_in_a_segment_is_enough(void **state)
{
    (void)state;
    size_t take = 99;
    assert_true(sync_text(DIR_SERVER_TO_CLIENT, DEFLATE_UNKNOWN,
                          "81 0d 7b 22 74 79 70 65 22 3a 22 61 22 2c 7d", &take));
    assert_int_equal(take, 0);
}

static void frames_of_the_other_side_are_not_found(void **state)
{
    (void)state;
    size_t take;
    assert_false(sync_text(DIR_CLIENT_TO_SERVER, DEFLATE_UNKNOWN,
                           "81 0d 7b 22 74 79 70 65 22 3a 22 61 22 2c 7d"
                           "81 0d 7b 22 74 79 70 65 22 3a 22 61 22 2c 7d",
                           &take));
}

static void text_that_is_not_utf8_is_no_evidence(void **state)
{
    (void)state;
    size_t take;
    assert_false(sync_text(DIR_SERVER_TO_CLIENT, DEFLATE_UNKNOWN,
                           "81 0d 7b ff 74 79 70 65 22 3a 22 61 22 2c 7d"
                           "81 0d 7b ff 74 79 70 65 22 3a 22 61 22 2c 7d",
                           &take));
}

static void rsv1_is_only_legal_when_compression_may_be_in_use(void **state)
{
    (void)state;
    static const char frames[] = "c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00"
                                 "c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00";
    size_t take = 99;
    assert_true(sync_text(DIR_SERVER_TO_CLIENT, DEFLATE_UNKNOWN, frames, &take));
    assert_int_equal(take, 0);
    assert_false(sync_text(DIR_SERVER_TO_CLIENT, DEFLATE_NONE, frames, &take));
}

static void zeros_are_no_frames(void **state)
{
    (void)state;
    static const uint8_t zeros[20000];
    for (int dir = 0; dir < 2; dir++) {
        struct sync *s = sync_new(&(struct sync_setup){.dir = (enum dir)dir, .certain = true});
        size_t take;
        assert_non_null(s);
        assert_false(sync_data(s, (struct bytes){zeros, sizeof zeros}, &take));
        assert_true(take > sizeof zeros - 20);
        sync_free(s);
    }
}

static void whether_compression_is_in_use_is_told(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct frame_stream f;
        frame_stream_make(&f, (enum frames_kind)kind, DIR_CLIENT_TO_SERVER, 30, 7);
        struct sync *s =
            sync_new(&(struct sync_setup){.deflate = DEFLATE_UNKNOWN, .certain = true});
        assert_non_null(s);
        assert_int_equal(find(s, &f, 0, CUT_FRAMES), 0);
        assert_int_equal(sync_saw_rsv1(s), kind == FRAMES_COMPRESSED);
        sync_free(s);
        frame_stream_free(&f);
    }
}

/* Half of a stream is searched, then there is a gap of every kind: the rest leads to a header. */
static void a_gap_during_the_search_does_no_harm(void **state)
{
    (void)state;
    for (int dir = 0; dir < 2; dir++) {
        struct frame_stream f;
        frame_stream_make(&f, FRAMES_BINARY, (enum dir)dir, 80, 9);
        for (size_t gap = 1; gap < 3000; gap += 97) {
            struct sync *s = sync_new(&(struct sync_setup){
                .dir = (enum dir)dir, .deflate = DEFLATE_UNKNOWN, .certain = true});
            assert_non_null(s);
            size_t take;
            bool found = sync_data(s, (struct bytes){f.b.p + 50, 40}, &take);
            assert_false(found);
            sync_gap(s, 40 - take + gap);
            size_t at = find(s, &f, 90 + gap, CUT_RANDOM);
            assert_true(at != SIZE_MAX && frame_stream_begins(&f, at));
            sync_free(s);
        }
        frame_stream_free(&f);
    }
}

static void a_frame_that_reaches_over_a_gap_still_tells_where_the_next_one_is(void **state)
{
    (void)state;
    struct frame_stream f;
    frame_stream_make(&f, FRAMES_LARGE, DIR_CLIENT_TO_SERVER, 5, 11);
    struct sync *s = sync_new(&(struct sync_setup){.deflate = DEFLATE_UNKNOWN, .certain = true});
    assert_non_null(s);
    size_t take;
    assert_false(sync_data(s, bytes_part(f.b, 0, 1448), &take));
    sync_gap(s, 1448 - take + 5000);
    size_t at = find(s, &f, 6448, CUT_1448);
    assert_true(at == f.header[1] || at == f.header[2]);
    sync_free(s);
    frame_stream_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_start_in_small_frames_leads_to_a_true_header),
        cmocka_unit_test(any_start_in_large_frames_leads_to_a_true_header),
        cmocka_unit_test(text_frames_at_the_start_are_found_there_at_once),
        cmocka_unit_test(one_whole_text_frame_in_a_segment_is_enough),
        cmocka_unit_test(frames_of_the_other_side_are_not_found),
        cmocka_unit_test(text_that_is_not_utf8_is_no_evidence),
        cmocka_unit_test(rsv1_is_only_legal_when_compression_may_be_in_use),
        cmocka_unit_test(zeros_are_no_frames),
        cmocka_unit_test(whether_compression_is_in_use_is_told),
        cmocka_unit_test(a_gap_during_the_search_does_no_harm),
        cmocka_unit_test(a_frame_that_reaches_over_a_gap_still_tells_where_the_next_one_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
