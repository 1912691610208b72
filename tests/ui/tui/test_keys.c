/* Keys by name, bindings of sngrep's and of vim's users, counts, and settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/tui/columns.h"
#include "ui/tui/settings.h"

#include <string.h>

static enum action press(struct keys *k, unsigned place, const char *name, uint64_t *count)
{
    bool pending;
    enum action a = keys_action(k, place, key_parse(name), count, &pending);
    return pending ? ACTION_NONE : a;
}

struct expected {
    unsigned place;
    const char *name;
    enum action action;
};

static void expect_all(const struct expected *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct keys k;
        uint64_t count;
        keys_init(&k);
        enum action found = press(&k, list[i].place, list[i].name, &count);
        if (found != list[i].action) {
            fail_msg("%s is %s, not %s", list[i].name, action_kind(found)->name,
                     action_kind(list[i].action)->name);
        }
    }
}

static void the_keys_of_sngrep_work(void **state)
{
    static const struct expected keys[] = {{PLACE_SESSIONS, "F1", ACTION_HELP},
                                           {PLACE_SESSIONS, "F2", ACTION_SAVE},
                                           {PLACE_SESSIONS, "F3", ACTION_SEARCH},
                                           {PLACE_FLOW, "F4", ACTION_FRAMES},
                                           {PLACE_SESSIONS, "F5", ACTION_CLEAR},
                                           {PLACE_FLOW, "F6", ACTION_RAW},
                                           {PLACE_SESSIONS, "F7", ACTION_FILTER},
                                           {PLACE_SESSIONS, "F9", ACTION_FILTER_CLEAR},
                                           {PLACE_SESSIONS, "F10", ACTION_COLUMNS},
                                           {PLACE_SESSIONS, "i", ACTION_STATISTICS},
                                           {PLACE_SESSIONS, "<", ACTION_SORT_PREVIOUS},
                                           {PLACE_SESSIONS, "z", ACTION_SORT_TURN},
                                           {PLACE_SESSIONS, "A", ACTION_AUTOSCROLL},
                                           {PLACE_FLOW, "t", ACTION_PREVIEW},
                                           {PLACE_FLOW, "9", ACTION_PREVIEW_GROW},
                                           {PLACE_FLOW, "0", ACTION_PREVIEW_SHRINK},
                                           {PLACE_FLOW, "w", ACTION_TIME},
                                           {PLACE_FLOW, "^B", ACTION_PAGE_UP}};
    (void)state;
    expect_all(keys, sizeof keys / sizeof *keys);
}

static void the_keys_of_vim_work(void **state)
{
    static const struct expected keys[] = {
        {PLACE_FLOW, "j", ACTION_DOWN},     {PLACE_FLOW, "^D", ACTION_HALF_DOWN},
        {PLACE_FLOW, "/", ACTION_SEARCH},   {PLACE_FLOW, "N", ACTION_SEARCH_PREVIOUS},
        {PLACE_SESSIONS, "h", ACTION_LEFT}, {PLACE_FLOW, "h", ACTION_HIDE_CONTROL}};
    (void)state;
    expect_all(keys, sizeof keys / sizeof *keys);
}

static void a_key_of_two_characters_and_a_count_come_in_pieces(void **state)
{
    struct keys k;
    uint64_t count;
    (void)state;
    keys_init(&k);
    assert_int_equal(press(&k, PLACE_SESSIONS, "g", &count), ACTION_NONE);
    assert_int_equal(press(&k, PLACE_SESSIONS, "g", &count), ACTION_FIRST);
    assert_int_equal(count, 0);
    press(&k, PLACE_SESSIONS, "1", &count);
    press(&k, PLACE_SESSIONS, "0", &count);
    assert_int_equal(press(&k, PLACE_SESSIONS, "G", &count), ACTION_LAST);
    assert_int_equal(count, 10);
}

static void every_key_of_the_table_has_a_name_that_is_read_back(void **state)
{
    struct keys k;
    char label[KEY_LABEL_BYTES];
    (void)state;
    keys_init(&k);
    for (size_t i = 0; i < k.n; i++) {
        key_label(label, k.list[i].key);
        assert_int_equal(key_parse(label), k.list[i].key);
    }
    assert_int_equal(key_parse("Nonsense"), 0);
    assert_int_equal(key_parse("F13"), 0);
    assert_int_equal(key_parse(""), 0);
}

static void no_key_means_two_things_in_one_place(void **state)
{
    struct keys k;
    (void)state;
    keys_init(&k);
    for (size_t i = 0; i < k.n; i++) {
        for (size_t j = i + 1; j < k.n; j++) {
            unsigned a = action_kind(k.list[i].action)->places;
            unsigned b = action_kind(k.list[j].action)->places;
            if (k.list[i].key == k.list[j].key && k.list[i].then == k.list[j].then && a == b) {
                fail_msg("%s and %s", action_kind(k.list[i].action)->name,
                         action_kind(k.list[j].action)->name);
            }
        }
    }
}

/*--- Settings -----------------------------------------------------------------------------------*/

static void complain(void *ctx, const char *text)
{
    strcat(ctx, text);
    strcat(ctx, "\n");
}

static void what_is_printed_can_be_read_and_changes_nothing(void **state)
{
    struct settings before, after;
    char complaints[1024] = "";
    FILE *f = tmpfile();
    (void)state;
    settings_print(f);
    rewind(f);
    settings_init(&before);
    settings_init(&after);
    settings_read(&after, f, "config", complain, complaints);
    fclose(f);
    assert_string_equal(complaints, "");
    assert_int_equal(after.n_columns, before.n_columns);
    assert_memory_equal(after.columns, before.columns, sizeof after.columns);
    assert_int_equal(after.keys.n, before.keys.n);
}

static void a_bad_line_is_reported_with_its_number_and_skipped(void **state)
{
    struct settings s;
    char complaints[1024] = "";
    FILE *f = tmpfile();
    (void)state;
    fputs("# mine\ntime = start\nbackground = pink\nnonsense\ncolumns = number nothing\n"
          "key save = X F13\nkey dance = d\nzone = utc\ncolumns = number client:30\nkey save = X\n",
          f);
    rewind(f);
    settings_init(&s);
    settings_read(&s, f, "config", complain, complaints);
    fclose(f);
    assert_string_equal(complaints, "config, line 3: 'pink': it takes auto, dark or light\n"
                                    "config, line 4: NAME = VALUE is expected\n"
                                    "config, line 5: there is no column 'nothing'\n"
                                    "config, line 6: 'F13' is no key\n"
                                    "config, line 7: there is no action 'dance'\n");
    assert_int_equal(s.time, TIME_START);
    assert_true(s.utc);
    assert_int_equal(s.n_columns, 2);
    assert_int_equal(s.widths[1], 30);
    uint64_t count;
    assert_int_equal(press(&s.keys, PLACE_SESSIONS, "X", &count), ACTION_SAVE);
    assert_int_equal(press(&s.keys, PLACE_SESSIONS, "s", &count), ACTION_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_of_sngrep_work),
        cmocka_unit_test(the_keys_of_vim_work),
        cmocka_unit_test(a_key_of_two_characters_and_a_count_come_in_pieces),
        cmocka_unit_test(every_key_of_the_table_has_a_name_that_is_read_back),
        cmocka_unit_test(no_key_means_two_things_in_one_place),
        cmocka_unit_test(what_is_printed_can_be_read_and_changes_nothing),
        cmocka_unit_test(a_bad_line_is_reported_with_its_number_and_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
