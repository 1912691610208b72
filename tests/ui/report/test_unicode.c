/* Characters to bytes and back (RFC 3629). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/report/unicode.h"

static void every_character_comes_back_from_its_bytes(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        uint8_t bytes[UNICODE_BYTES_MAX];
        uint32_t back;
        if (c >= 0xd800 && c < 0xe000) {
            continue;
        }
        size_t n = unicode_encode(c, bytes);
        assert_int_equal(unicode_decode((struct bytes){bytes, n}, &back), n);
        assert_int_equal(back, c);
    }
}

static void what_is_no_character_takes_as_much_as_one_replacement_stands_for(void **state)
{
    static const struct {
        const char *text;
        size_t takes;
    } wrong[] = {{"\x80", 1},         {"\xc0\x80", 1},         {"\xe2\x82", 2},
                 {"\xe0\x80\x80", 1}, {"\xed\xa0\x80", 1},     {"\xf0\x9f\x98", 3},
                 {"\xff", 1},         {"\xf4\x90\x80\x80", 1}, {"\xe2\x41", 1}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint32_t c;
        assert_int_equal(unicode_decode(bytes_of(wrong[i].text), &c), wrong[i].takes);
        assert_int_equal(c, UNICODE_INVALID);
    }
}

static void what_steers_or_cannot_be_seen_is_unsafe(void **state)
{
    static const uint32_t unsafe[] = {0, 0x1b, 0x7f, 0x9b, 0xad, 0x200b, 0x202e, 0x2066, 0xfeff};
    (void)state;
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
        assert_true(unicode_is_unsafe(unsafe[i]));
    }
    assert_false(unicode_is_unsafe('a'));
    assert_false(unicode_is_unsafe(0x1f600));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_comes_back_from_its_bytes),
        cmocka_unit_test(what_is_no_character_takes_as_much_as_one_replacement_stands_for),
        cmocka_unit_test(what_steers_or_cannot_be_seen_is_unsafe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
