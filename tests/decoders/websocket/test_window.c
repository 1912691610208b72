/* Whether a sender keeps to the window that was agreed on; the senders are zlib's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoders/websocket/window.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define TEXT_BYTES 2000
#define OUT_BYTES 100000

static uint8_t text[TEXT_BYTES];

/* What repeats itself after TEXT_BYTES, and nowhere nearer. */
static int setup(void **state)
{
    uint32_t random = 1;
    (void)state;
    for (size_t i = 0; i < sizeof text; i++) {
        random = random * 1664525 + 1013904223;
        text[i] = (uint8_t)(random >> 24);
    }
    return 0;
}

/* Pushes the text `times` times as a sender with such a window compresses it, `step` bytes at once.
 */
static enum window_verdict verdict_of(struct window_check *w, int bits, int times, size_t step,
                                      int flush)
{
    uint8_t *out = malloc(OUT_BYTES);
    enum window_verdict verdict = WINDOW_KEPT_SO_FAR;
    z_stream z = {0};
    assert_non_null(out);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (int i = 0; i < times && verdict == WINDOW_KEPT_SO_FAR; i++) {
        z.next_in = text;
        z.avail_in = sizeof text;
        z.next_out = out;
        z.avail_out = OUT_BYTES;
        assert_true(deflate(&z, flush) >= Z_OK);
        struct bytes rest = {out, OUT_BYTES - z.avail_out};
        while (rest.n > 0 && verdict == WINDOW_KEPT_SO_FAR) {
            struct bytes piece = bytes_part(rest, 0, step);
            rest = bytes_from(rest, piece.n);
            verdict = window_check_push(w, piece, flush == Z_FINISH && rest.n == 0);
        }
    }
    deflateEnd(&z);
    free(out);
    return verdict;
}

static enum window_verdict verdict(unsigned agreed, int used, size_t step)
{
    struct window_check *w = window_check_new(agreed);
    assert_non_null(w);
    enum window_verdict v = verdict_of(w, used, 3, step, Z_SYNC_FLUSH);
    window_check_free(w);
    return v;
}

static void who_refers_beyond_the_window_is_found(void **state)
{
    (void)state;
    for (unsigned agreed = 8; agreed <= 10; agreed++) {
        assert_int_equal(verdict(agreed, 15, SIZE_MAX), WINDOW_BROKEN);
        assert_int_equal(verdict(agreed, 15, 1), WINDOW_BROKEN);
        assert_int_equal(verdict(agreed, 12, 7), WINDOW_BROKEN);
    }
}

static void who_keeps_to_it_is_not_accused(void **state)
{
    (void)state;
    for (unsigned agreed = 9; agreed <= 14; agreed++) {
        assert_int_equal(verdict(agreed, (int)agreed, SIZE_MAX), WINDOW_KEPT_SO_FAR);
        assert_int_equal(verdict(agreed, 9, 1), WINDOW_KEPT_SO_FAR);
    }
    assert_int_equal(verdict(11, 15, 3), WINDOW_KEPT_SO_FAR); /* it could, but has not */
}

static void a_block_that_ends_the_data_does_not_end_the_window(void **state)
{
    struct window_check *w = window_check_new(9);
    (void)state;
    assert_int_equal(verdict_of(w, 15, 1, SIZE_MAX, Z_FINISH), WINDOW_KEPT_SO_FAR);
    assert_int_equal(verdict_of(w, 15, 2, SIZE_MAX, Z_SYNC_FLUSH), WINDOW_BROKEN);
    window_check_free(w);
}

static void only_the_beginning_is_looked_at(void **state)
{
    struct window_check *w = window_check_new(9);
    (void)state;
    int times = (int)(WINDOW_CHECK_BYTES / TEXT_BYTES) + 1;
    assert_int_equal(verdict_of(w, 9, times, SIZE_MAX, Z_SYNC_FLUSH), WINDOW_CHECK_OVER);
    window_check_free(w);
}

static void what_is_no_deflate_ends_it(void **state)
{
    struct window_check *w = window_check_new(9);
    (void)state;
    assert_int_equal(window_check_push(w, (struct bytes){(const uint8_t *)"\xff\xff", 2}, false),
                     WINDOW_CHECK_OVER);
    window_check_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_refers_beyond_the_window_is_found),
        cmocka_unit_test(who_keeps_to_it_is_not_accused),
        cmocka_unit_test(a_block_that_ends_the_data_does_not_end_the_window),
        cmocka_unit_test(only_the_beginning_is_looked_at),
        cmocka_unit_test(what_is_no_deflate_ends_it),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
